"""The commits of a batch, which say what batch they are of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame

from trailhouse.ledger import Counts
from trailhouse.run import Run
from trailhouse.storage import Lake

SAME_EVENT = "old.event_key = new.event_key AND old.event_id = new.event_id"
"""What a MERGE of rows `new` into events `old` matches by: the key first, the full id to confirm."""
_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass(frozen=True)
class RawFile:
    """A raw file as it was found: `path` opens it, `name` is what tables call it (as in a URL)."""

    path: str
    name: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Batch:
    """Files that are published together, once.

    `stream` changes when a lost checkpoint begins a new one; files that are tried again outside of it
    are a batch of `stage` retry, with a stream of their own. Checks of the gate whose names are
    `accepted` do not hold it.
    """

    stream: str
    number: int
    files: tuple[RawFile, ...]
    stage: str = "events"
    accepted: tuple[str, ...] = ()


def parted(files: Sequence[RawFile], size: int) -> list[tuple[RawFile, ...]]:
    """Files as parts of at most `size`, in their order: each is to be a batch."""
    return [tuple(files[start : start + size]) for start in range(0, len(files), size)]


@dataclass(frozen=True)
class Committed:
    """What a commit tells of its batch; `unreadable` are files left out of it, with why."""

    counts: Counts
    stage: str
    unreadable: dict[str, str] = field(default_factory=dict)


def publish_events(
    run: Run, rows: DataFrame, batch: Batch, counts: Counts, unreadable: Mapping[str, str]
) -> None:
    """One commit that carries the batch's number and counts."""
    lake = run.lake
    with telling(run, "events", batch, counts, unreadable):
        if counts.replaced:
            (
                DeltaTable.forPath(lake.spark, lake.path("events"))
                .alias("old")
                .merge(rows.alias("new"), SAME_EVENT)
                .whenMatchedUpdateAll()
                .whenNotMatchedInsertAll()
                .execute()
            )
        else:
            (
                rows.hint("rebalance", "event_date")
                .write.format("delta")
                .mode("append")
                .option("txnAppId", batch.stream)
                .option("txnVersion", batch.number)
                .save(lake.path("events"))
            )


@contextmanager
def telling(
    run: Run, table: str, batch: Batch, counts: Counts, unreadable: Mapping[str, str]
) -> Iterator[None]:
    """What is committed to the table within carries the batch's number and counts: `committed` reads them."""
    conf = run.lake.spark.conf
    told = {
        "stream": batch.stream,
        "batch": batch.number,
        "stage": batch.stage,
        "counts": json.loads(counts.to_json()),
        "unreadable": dict(sorted(unreadable.items())),
    }
    conf.set(_METADATA, json.dumps(told))
    try:
        yield
    except BaseException:
        run.batches.pop(table, None)  # what came of it is in the table's history alone
        raise
    finally:
        conf.unset(_METADATA)
    if table in run.batches:
        known = Committed(counts, batch.stage, dict(unreadable))
        run.batches[table][(batch.stream, batch.number)] = known


def publish_quarantine(lake: Lake, rows: DataFrame) -> None:
    """Bad records that no batch brought before; without any, no commit."""
    known = lake.read("events_quarantine").select("content_hash")
    # One run writes a lake at a time, so that what is not there now is to be added: no MERGE finds out.
    fresh = rows.join(known, on="content_hash", how="left_anti").select(*rows.columns)
    fresh.write.format("delta").mode("append").save(lake.path("events_quarantine"))


def committed(run: Run, *tables: str) -> dict[tuple[str, int], Committed]:
    """Every batch that a commit of these tables carries.

    That of `events` does, or, where a batch brought no rows, that of `raw_files`.
    """
    found: dict[tuple[str, int], Committed] = {}
    for table in tables:
        if table not in run.batches:
            run.batches[table] = _read_batches(run.lake, table)
        found |= run.batches[table]
    return found


def _read_batches(lake: Lake, table: str) -> dict[tuple[str, int], Committed]:
    if not lake.exists(table) or lake.version(table) == 0:
        return {}  # made, and nothing since
    found = {}
    history = DeltaTable.forPath(lake.spark, lake.path(table)).history()
    for row in history.where("userMetadata IS NOT NULL").select("userMetadata").collect():
        try:
            told: dict[str, Any] = json.loads(row.userMetadata)
            found[(told["stream"], int(told["batch"]))] = Committed(
                Counts.of_told(told["counts"]),
                told.get("stage", "events"),
                dict(told.get("unreadable", {})),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # somebody else's metadata
    return found
