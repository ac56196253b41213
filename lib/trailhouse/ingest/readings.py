"""`raw_files`: what was read, as it was then; beside it, what lies in the folder now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from trailhouse.ingest.commits import Batch, RawFile, telling
from trailhouse.ledger import Counts, frame
from trailhouse.progress import how_many
from trailhouse.run import Run
from trailhouse.storage import Lake
from trailhouse.tables import TABLES
from trailhouse.tables.raw_files import STATES

_TOLD = 3
"""Files that a sentence names; of more it gives the number."""
_SINCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Compared:
    """Files of the folder beside their last reading: `again` are those that it gave nothing of.

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


def folder(run: Run) -> DataFrame:
    """`facts` of every raw file that lies in the folder now."""
    files = run.lake.spark.read.format("binaryFile").option("recursiveFileLookup", True)
    return facts(files.load(run.settings.raw.path))


def latest(lake: Lake, states: Sequence[str] = STATES) -> DataFrame | None:
    """`name` of each file that was ever met, and `was`: its newest row of `raw_files` in one of these
    states; None without any.
    """
    if not lake.exists("raw_files"):
        return None
    row = F.struct(*[name for name in TABLES["raw_files"].schema.names if name != "file"])
    rows = lake.read("raw_files").where(F.col("state").isin(*states))
    return rows.groupBy(F.col("file").alias("name")).agg(F.max_by(row, "read_time").alias("was"))


def compare(run: Run) -> Compared:
    """What changed in the folder of raw files since each was read; a file that is gone is no change."""
    both = _beside_last_reading(run)
    if both is None:
        return Compared()
    was = F.col("was")
    unread = was["state"].isin("unreadable", "held")
    other = (was["state"] == "read") & (
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
    both = _beside_last_reading(run)
    rows = [] if both is None else both.where("was IS NULL").orderBy("path").collect()
    return list(map(raw_file, rows))


def _beside_last_reading(run: Run) -> DataFrame | None:
    """`facts` of files in the folder, and `was`: the last reading of each; None when none was ever read."""
    known = latest(run.lake)
    return None if known is None else folder(run).join(known, on="name", how="left")


def tell_changed(run: Run, compared: Compared) -> None:
    """A warning and a ledger row of files that are not what was read of them."""
    if not compared.changed:
        return
    files = how_many(compared.changed, "raw file")
    text = (
        f"{files} changed after being read: {_some(compared.examples, compared.changed)}; "
        "nothing is read again on its own: --rebuild reads what they hold now, and keeps the events of before"
    )
    run.progress.warn(text)
    run.records.stage("events", "raw_files", "unchanged", note=text)


def record(run: Run, batch: Batch, unreadable: Mapping[str, str], unpublished: Counts | None = None) -> None:
    """A row a file of the batch, after all of it is published; `unreadable` gives reasons by name.

    `unpublished` is how the batch balances where it has no commit of `events` that tells it.
    """
    states = {file.name: ("read", None) for file in batch.files} | _unreadable(unreadable)
    with telling(run, "raw_files", batch, unpublished, unreadable) if unpublished else nullcontext():
        _append(run, batch, states)


def record_held(run: Run, batch: Batch, unreadable: Mapping[str, str], checks: Sequence[str]) -> None:
    """A row a file of a batch that these checks hold; those accepted before are told with them."""
    told = ", ".join(sorted({*checks, *batch.accepted}))
    _append(run, batch, {file.name: ("held", told) for file in batch.files} | _unreadable(unreadable))
    run.progress.warn(
        f"batch {batch.stream}/{batch.number} ({how_many(len(batch.files), 'raw file')}) is held and tried "
        "again at each run; python -m trailhouse held --release or --reject decides about it"
    )


def _unreadable(reasons: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    return {name: ("unreadable", reason) for name, reason in reasons.items()}


def _append(run: Run, batch: Batch, states: Mapping[str, tuple[str, str | None]]) -> None:
    """A row a file, with its state and reason by name."""
    at = datetime.now(UTC)
    told = [
        {
            "file": file.name,
            "size": file.size,
            "modified_time": file.modified,
            "state": states[file.name][0],
            "reason": states[file.name][1],
            "read_time": at,
            "run_id": run.id,
            "stream": batch.stream,
            "batch": batch.number,
        }
        for file in batch.files
    ]
    run.lake.append(TABLES["raw_files"], frame(run.lake.spark, TABLES["raw_files"], told))


def tell_unreadable(run: Run, batch: Batch, unreadable: Mapping[str, str]) -> None:
    """A warning and a ledger row of files that were left out."""
    if not unreadable:
        return
    paths = {file.name: file.path for file in batch.files}
    named = [f"{paths[name]} ({why})" for name, why in sorted(unreadable.items())]
    verb = "is" if len(named) == 1 else "are"
    text = (
        f"{how_many(len(named), 'raw file')} of {len(batch.files)} cannot be read and {verb} left out: "
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


def _some(named: Iterable[str], number: int, most: int = _TOLD) -> str:
    first = list(named)[:most]
    more = number - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")
