"""The stream over file facts: which files are new, in bounded batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from trailhouse.errors import SourceError, UnreadableFileError
from trailhouse.files import reason, store_failure
from trailhouse.ingest.batch import finish_batch, publish_batch
from trailhouse.ingest.commits import Batch, parted
from trailhouse.ingest.folder import unseen
from trailhouse.ingest.held import read_released
from trailhouse.ingest.origins import restore_origins
from trailhouse.ingest.pending import left_out
from trailhouse.ingest.ranges import read_range
from trailhouse.ingest.readings import (
    Compared,
    compare,
    facts,
    passed_over,
    raw_file,
    tell_changed,
    tell_unseen,
)
from trailhouse.ingest.rescore import remember, remembered, rules, tell_other_rules
from trailhouse.ingest.restore import restore_ledger
from trailhouse.ingest.retention import forget_old_bytes
from trailhouse.ledger import Counts
from trailhouse.run import Run
from trailhouse.sources import SOURCES, Source, recognise, recognised
from trailhouse.sources.lines import read_lines, unreadable_named
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

_FACTS = "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY"
_NEVER = "36500d"
"""The file source silently skips files older than maxFileAge: so far out that none is."""
_LOOKED_INTO = 5
"""Files that are tried for their format, when those before them cannot be read."""


def ingest(run: Run, *, rebuild: bool = False) -> None:
    """Read every raw file that the lake has not read; GateFailed holds the stream at its batch.

    Of a range of days (`raw.from_day`, `raw.to_day`) only those that are of it: see `ranges`.
    `rebuild` reads every file anew and replaces rows that settings or code of today make otherwise.
    Raises SourceError when there is no input at all.
    """
    lake, ranged = run.lake, run.settings.raw.ranged
    source = source_of(run)
    run.tell_geo()
    lake.create(TABLES["events"], remembered(rules(run)))
    for table in ("events_quarantine", "event_origins"):
        lake.create(TABLES[table])
    if not rebuild:
        tell_other_rules(run)
    checkpoint = checkpoint_of(lake, source)
    if (rebuild and not ranged) or not lake.files.reachable(f"{checkpoint}/metadata"):
        # First what names the stream: one without, whose removal was cut short, is removed here.
        folder = checkpoint.removeprefix(f"{lake.root}/")
        lake.clear(f"{folder}/metadata", folder)
    restore_ledger(run)
    restore_origins(run)
    require_input(lake, run.settings.raw.path)
    tell_unseen(run, unseen(run))
    forget_old_bytes(run)
    # The stream hands its own batch out again, and a rebuild reads every file.
    finish_batch(run, but=("events",) if not ranged else ())
    compared = Compared() if rebuild else compare(run)
    tell_changed(run, compared)
    with run.progress.stage("events") as line:
        done = list(read_released(run, source, rebuild=rebuild))
        if ranged:
            done += read_range(run, source, rebuild=rebuild)
        else:
            done += _read_stream(run, source, compared, rebuild=rebuild)
        if rebuild and not ranged:
            remember(run, rules(run))
        line.done(_told(done) if done else "no new files")


def checkpoint_of(lake: Lake, source: Source) -> str:
    """Where the stream remembers which files it has handed out."""
    return f"{lake.root}/_streams/events-{source.name}"


def _read_stream(run: Run, source: Source, compared: Compared, *, rebuild: bool) -> list[Counts]:
    """Every file that the stream has not handed out, then those that it will not, and that want reading."""
    lake, checkpoint = run.lake, checkpoint_of(run.lake, source)
    done: list[Counts] = []
    raised: list[BaseException] = []
    tried: set[str] = set()
    out = left_out(lake, rebuild=rebuild)

    def each(rows: DataFrame, number: int) -> None:
        try:
            found = map(raw_file, rows.orderBy("path").collect())
            files = tuple(file for file in found if file.name not in out)
            tried.update(file.path for file in files)
            if files:
                batch = Batch(_stream_id(lake, checkpoint), number, files)
                done.append(publish_batch(run, source, batch, rebuild=rebuild))
        except BaseException as error:
            raised.append(error)  # Spark would hand on its text alone
            raise

    _drain(run, checkpoint, each, raised)
    again = [file for file in compared.again if file.path not in tried]
    if compared.unknown > len(tried):
        again += passed_over(run)
    for number, files in enumerate(parted(again, run.settings.raw.files_per_batch)):
        done.append(publish_batch(run, source, Batch(f"retry-{run.id}", number, files, "retry")))
    return done


def source_of(run: Run) -> Source:
    """The source that the settings name, or that the first lines of a raw file show."""
    raw, lake = run.settings.raw, run.lake
    if raw.format != "auto":
        return SOURCES[raw.format]
    require_input(lake, raw.path)
    files = lake.files.some_files(raw.path, _LOOKED_INTO)
    if not files:
        raise SourceError(f"raw input {raw.path} holds no file: name its format with raw.format (--format)")
    file, lines = _first_lines(lake, files)
    names = recognised(lines)
    if len(names) != 1:
        like = " and ".join(names) or f"none of {', '.join(sorted(SOURCES))}"
        raise SourceError(
            f"raw input {raw.path}: the first lines of {file} look like {like}: "
            "name the format with raw.format (--format)"
        )
    run.progress.note(f"raw format {names[0]}, recognised by the first lines of {file}")
    return SOURCES[names[0]]


def _first_lines(lake: Lake, files: Sequence[str]) -> tuple[str, list[str]]:
    """The first of the files that can be read, and how it begins. UnreadableFileError when none can."""
    *others, last = files
    for file in others:
        with suppress(UnreadableFileError):
            return file, _lines(lake, file)
    return last, _lines(lake, last)


def _lines(lake: Lake, file: str) -> list[str]:
    with unreadable_named():
        rows = read_lines(lake.spark, [file]).limit(recognise.LINES).collect()
    return [bytes(row.raw).decode(errors="replace") for row in rows]


def _drain(
    run: Run,
    checkpoint: str,
    each: Callable[[DataFrame, int], None],
    raised: list[BaseException],
) -> None:
    raw = run.settings.raw
    try:
        files = (
            run.lake.spark.readStream.format("binaryFile")
            .schema(_FACTS)
            .option("recursiveFileLookup", True)
            .option("maxFileAge", _NEVER)
            .option("maxFilesPerTrigger", raw.files_per_batch)
            .load(raw.path)
        )
        query = (
            facts(files)
            .writeStream.foreachBatch(each)
            .option("checkpointLocation", checkpoint)
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()
    except PySparkException as error:
        if raised:
            raise raised[0] from None
        if store_failure(error):
            raise  # of the checkpoint's store as well as of the raw files': open_run tells it
        raise SourceError(f"raw input {raw.path} cannot be read: {reason(error)}") from None


def require_input(lake: Lake, path: str) -> None:
    """SourceError when there is nothing at the path of the raw files."""
    if not lake.files.reachable(path):
        raise SourceError(f"raw input {path} does not exist: name a file or folder with raw.path (--raw)")


def _stream_id(lake: Lake, checkpoint: str) -> str:
    text = lake.files.read_text(f"{checkpoint}/metadata")
    if not text:
        raise SourceError(
            f"the stream's checkpoint {checkpoint} has no metadata: remove that folder and run again"
        )
    return str(json.loads(text)["id"])


def _told(done: list[Counts]) -> str:
    total = {
        name: sum(getattr(c, name) for c in done)
        for name in ("records_in", "kept", "duplicate", "quarantined")
    }
    return (
        f"{total['records_in']:,} records: {total['kept']:,} kept, {total['duplicate']:,} duplicate, "
        f"{total['quarantined']:,} quarantined"
    )
