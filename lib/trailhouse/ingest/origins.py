"""`event_origins`, written behind each commit of `events` from the very rows of that commit.

The rows lie in staging before events are published. A label beside them, which goes once origins are
published, tells the next run that a dead one left them to do: no raw file is read for it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.ingest.commits import Batch, committed
from trailhouse.ingest.replays import publish_chunks
from trailhouse.run import Run
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

_LABEL = "_staging/events/origins.json"
_ROWS = "events/origins"


@dataclass(frozen=True)
class Staged:
    """Rows of `event_id` and `file` in staging, and the batch that they are of.

    `merge` tells that some of these events may have an origin already, `chunks` that recordings lie in
    staging too, to be published with them.
    """

    rows: str
    stream: str
    number: int
    merge: bool
    chunks: bool = False


def of_batch(lake: Lake, batch: Batch, rows: DataFrame, *, replaces: bool) -> Staged:
    """The origins of the rows that a batch publishes."""
    lake.stage(_ROWS, rows.select("event_id", "file"))
    return Staged(_ROWS, batch.stream, batch.number, merge=replaces)


def of_rebuild(lake: Lake, batch: Batch, rows: DataFrame, same: DataFrame) -> Staged:
    """Those too of `same` records, published before, whose origin is not known."""
    known = lake.read("event_origins").select("event_id")
    missing = same.select("event_id", "file").join(known, on="event_id", how="left_anti")
    lake.stage(_ROWS, rows.select("event_id", "file").unionByName(missing))
    return Staged(_ROWS, batch.stream, batch.number, merge=True)


def announce(lake: Lake, staged: Staged) -> None:
    """Say which batch's origins are staged, before its events are published."""
    lake.files.write_text(f"{lake.root}/{_LABEL}", json.dumps(asdict(staged)))


def publish_origins(run: Run, staged: Staged) -> None:
    """The staged origins, and recordings, after the events that they are of."""
    if staged.chunks:
        publish_chunks(run)
    lake, table = run.lake, TABLES["event_origins"]
    found = lake.spark.read.schema("event_id STRING, file STRING").parquet(lake.staged(staged.rows))
    rows = table.select(
        found.withColumns({"run_id": F.lit(run.id), "batch": F.lit(staged.number).cast("BIGINT")})
    )
    if staged.merge:
        (
            DeltaTable.forPath(lake.spark, lake.path(table.name))
            .alias("old")
            .merge(rows.alias("new"), "old.event_id = new.event_id")
            .whenMatchedUpdateAll()
            .whenNotMatchedInsertAll()
            .execute()
        )
    else:
        (
            rows.write.format("delta")
            .mode("append")
            .option("txnAppId", staged.stream)
            .option("txnVersion", staged.number)
            .save(lake.path(table.name))
        )
    lake.clear(_LABEL)


def restore_origins(run: Run) -> None:
    """Publish what a run left that ended between its commits of `events` and of origins."""
    text = run.lake.files.read_text(f"{run.lake.root}/{_LABEL}")
    if text is None:
        return
    staged = Staged(**json.loads(text))
    if (staged.stream, staged.number) in committed(run, "events"):
        publish_origins(run, staged)
    else:
        run.lake.clear(_LABEL)
