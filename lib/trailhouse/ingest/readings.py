"""`raw_files`: what was read, as it was then; beside it, what lies in the folder now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from trailhouse.ingest.commits import Batch, RawFile, telling
from trailhouse.ledger import Counts, frame
from trailhouse.run import Run
from trailhouse.tables import TABLES

_TOLD = 3
"""Files that a sentence names; of more it gives the number."""
_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
_FACTS = ("path", "name", "size", "modified")
_FOUND = "_staging/events/files.json"


@dataclass(frozen=True)
class Compared:
    """Files of the folder beside their last reading: `again` are those that could not be read then.

    `unknown` is the number of those that have none.
    """

    changed: int = 0
    examples: tuple[str, ...] = ()
    again: tuple[RawFile, ...] = ()
    unknown: int = 0


def facts(files: DataFrame) -> DataFrame:
    """`path`, `name`, `size` and `modified` (ms since 1970) of a frame of Spark's `binaryFile` reader."""
    return files.select(
        "path",
        F.col("_metadata.file_path").alias("name"),
        F.col("length").alias("size"),
        F.unix_millis("modificationTime").alias("modified"),
    )


def raw_file(row: Row) -> RawFile:
    """A row of `facts`."""
    return RawFile(row.path, row.name, row.size, _SINCE + timedelta(milliseconds=row.modified))


def compare(run: Run) -> Compared:
    """What changed in the folder of raw files since each was read; a file that is gone is no change."""
    if not run.lake.exists("raw_files"):
        return Compared()
    both = _beside_last_reading(run)
    was = F.col("was")
    unread = was["state"] == "unreadable"
    other = ~unread & (
        (F.col("size") != was["size"]) | (F.col("modified") != F.unix_millis(was["modified_time"]))
    )
    now = F.struct("path", "name", "size", "modified")
    told = F.struct("path", "size", was["size"].alias("old"))
    row = both.agg(
        F.count_if(was.isNull()).alias("unknown"),
        F.count_if(other).alias("changed"),
        F.slice(F.array_sort(F.collect_list(F.when(other, told))), 1, _TOLD).alias("examples"),
        F.array_sort(F.collect_list(F.when(unread, now))).alias("again"),
    ).collect()[0]
    examples = [
        f"{e.path} ({e.old:,} bytes then, {e.size:,} now)"
        if e.old != e.size
        else f"{e.path} ({e.size:,} bytes as before, written again)"
        for e in row.examples
    ]
    return Compared(row.changed, tuple(examples), tuple(map(raw_file, row.again)), row.unknown)


def passed_over(run: Run) -> list[RawFile]:
    """Files without a reading. Behind the stream: those that were empty when it came to know their names."""
    rows = _beside_last_reading(run).where("was IS NULL").orderBy("path").collect()
    return list(map(raw_file, rows))


def _beside_last_reading(run: Run) -> DataFrame:
    """The facts of each file in the folder that is not empty, and `was`: those of its last reading."""
    last = run.lake.read("raw_files").groupBy(F.col("file").alias("name"))
    known = last.agg(F.max_by(F.struct("size", "modified_time", "state"), "read_time").alias("was"))
    folder = run.lake.spark.read.format("binaryFile").option("recursiveFileLookup", True)
    return facts(folder.load(run.settings.raw.path)).join(known, on="name", how="left")


def remember(run: Run, batch: Batch) -> None:
    """Keep what the files were like when they were read: a replay, which records them, may find others."""
    files = [[file.path, file.name, file.size, _milliseconds(file.modified)] for file in batch.files]
    told = {"stream": batch.stream, "number": batch.number, "files": files}
    run.lake.files.write_text(f"{run.lake.root}/{_FOUND}", json.dumps(told))


def as_read(run: Run, batch: Batch) -> Batch:
    """The batch with its files as they were when a run that died had read and published them."""
    text = run.lake.files.read_text(f"{run.lake.root}/{_FOUND}")
    told = json.loads(text) if text else {}
    if (told.get("stream"), told.get("number")) != (batch.stream, batch.number):
        return batch
    return replace(
        batch, files=tuple(raw_file(Row(**dict(zip(_FACTS, f, strict=True)))) for f in told["files"])
    )


def _milliseconds(time: datetime) -> int:
    return (time - _SINCE) // timedelta(milliseconds=1)


def tell_changed(run: Run, compared: Compared) -> None:
    """A warning and a ledger row of files that are not what was read of them."""
    if not compared.changed:
        return
    text = (
        f"{_files(compared.changed)} changed after being read: {_some(compared.examples, compared.changed)}; "
        "nothing is read again on its own: --rebuild reads what they hold now, and keeps the events of before"
    )
    run.progress.warn(text)
    run.records.stage("events", "raw_files", "unchanged", note=text)


def record(run: Run, batch: Batch, unreadable: Mapping[str, str], unpublished: Counts | None = None) -> None:
    """A row a file of the batch, after all of it is published; `unreadable` gives reasons by name.

    `unpublished` is how the batch balances where it has no commit of `events` that tells it.
    """
    at = datetime.now(UTC)
    told = [
        {
            "file": file.name,
            "size": file.size,
            "modified_time": file.modified,
            "state": "unreadable" if file.name in unreadable else "read",
            "reason": unreadable.get(file.name),
            "read_time": at,
            "run_id": run.id,
            "stream": batch.stream,
            "batch": batch.number,
        }
        for file in batch.files
    ]
    rows = frame(run.lake.spark, TABLES["raw_files"], told)
    with telling(run.lake, batch, unpublished, unreadable) if unpublished else nullcontext():
        run.lake.append(TABLES["raw_files"], rows)


def tell_unreadable(run: Run, batch: Batch, unreadable: Mapping[str, str]) -> None:
    """A warning and a ledger row of files that were left out."""
    if not unreadable:
        return
    paths = {file.name: file.path for file in batch.files}
    named = [f"{paths[name]} ({why})" for name, why in sorted(unreadable.items())]
    one = len(named) == 1
    text = (
        f"{_files(len(named))} of {len(batch.files)} cannot be read and {'is' if one else 'are'} left out: "
        f"{_some(named, len(named))}; tried again at the next run"
    )
    run.progress.warn(text)
    run.records.stage(
        batch.stage, "raw_files", "published", batch=batch.number, note=f"stream {batch.stream}, {text}"
    )


def tell_unseen(run: Run, unseen: Mapping[str, str]) -> None:
    """A warning and a ledger row of what lies in the folder and cannot be read as a file of it."""
    if not unseen:
        return
    named = [f"{path} ({why})" for path, why in sorted(unseen.items())]
    text = f"left out of the raw files: {_some(named, len(named), most=100)}; mend or remove what is named"
    run.progress.warn(text)
    run.records.stage("events", "raw_files", "unchanged", note=text)


def _files(number: int) -> str:
    return "1 raw file" if number == 1 else f"{number:,} raw files"


def _some(named: Iterable[str], number: int, most: int = _TOLD) -> str:
    first = list(named)[:most]
    more = number - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")
