"""Recordings on their way into the lake: out of the events that carry them, into `replay_chunks`.

A batch that brings none takes no step of this. Chunks are published behind the commit of `events`, from rows
that lie in staging by then; the label of origins tells a later run of those that a dead one left to do. They
are merged by the event's id, so that doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, StructField, StructType

from trailhouse.columns import REPLAY_CHUNK
from trailhouse.run import Run
from trailhouse.sources.paths import literal
from trailhouse.stages import events as events_stage
from trailhouse.stages import replay_chunks
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

_ROWS = "events/replay_chunks"
_GONE = "_gone"
"""Of a staged row: its event is none of a recording any more."""
_AT_ONCE = 16
"""Chunks that go to Python together, each of up to `replay.max_chunk`."""
_BATCH = "spark.sql.execution.arrow.maxRecordsPerBatch"


def apart(run: Run, prepared: DataFrame) -> DataFrame:
    """Prepared rows, which lie in storage, + `replay`: payloads taken out of properties; in storage too."""
    recorded = _is_recorded()
    named = _with_content(run, prepared.where(recorded))
    found = replay_chunks.taken(named, events_stage.denied(), run.settings)
    with _small_batches(run.lake):
        held = run.lake.stage("events/recorded", found)
    rest = prepared.where(~recorded).withColumn("replay", F.lit(None).cast(replay_chunks.PAYLOAD))
    return rest.select(*held.columns).unionByName(held)


def _with_content(run: Run, recorded: DataFrame) -> DataFrame:
    """Rows of recordings + `content`, the bytes of the file that a row names, and `unread`, why none.

    A file that comes later is read when its record is sent through again (requeue).
    """
    lake, settings = run.lake, run.settings
    rows = recorded.withColumn("_ref", replay_chunks.reference())
    names = [row["_ref"] for row in rows.where("_ref IS NOT NULL").select("_ref").distinct().collect()]
    none = F.lit(None)
    if not names:
        return rows.drop("_ref").withColumns({"content": none.cast("binary"), "unread": none.cast("string")})
    folder = (settings.replay.path or settings.raw.path).rstrip("/")
    paths: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for name in sorted(names):
        path = f"{folder}/{name}"
        if not _lies_within(name):
            problems.append((name, f"replay chunk's {replay_chunks.REFERENCE} leads out of its folder"))
        elif not lake.files.reachable(path):
            problems.append((name, "replay chunk's file is not there"))
        else:
            paths[name] = path
    told = lake.spark.createDataFrame(problems, "_ref STRING, unread STRING")
    told = told.withColumn("content", none.cast("binary"))
    if paths:
        told = told.unionByName(_files(lake, paths, settings.replay.max_chunk))
    return rows.join(told, on="_ref", how="left").drop("_ref")


def _lies_within(name: str) -> bool:
    """Whether a path is a plain one below its folder: no address, no way back up."""
    parts = name.split("/")
    return ":" not in name and "\\" not in name and "" not in parts and not {".", ".."} & set(parts)


def _files(lake: Lake, paths: Mapping[str, str], most: int) -> DataFrame:
    """`_ref`, `content` and `unread` of files that are there."""
    read = lake.spark.read.format("binaryFile").load([literal(path) for path in paths.values()])
    refs = lake.spark.createDataFrame(
        [(name, lake.files.absolute(path)) for name, path in paths.items()], "_ref STRING, _path STRING"
    )
    too_large = F.when(F.col("length") > most, F.lit(replay_chunks.too_large(most)))
    same = _plain("path") == _plain("_path")
    return read.join(F.broadcast(refs), on=same, how="inner").select(
        "_ref", F.when(too_large.isNull(), F.col("content")).alias("content"), too_large.alias("unread")
    )


def _plain(path: str) -> Column:
    # Spark tells a local path with its scheme.
    return F.regexp_replace(path, "^file:/+", "/")


def _is_recorded() -> Column:
    good = (F.size("reasons") == 0) & ~F.col("refused")
    # Of what is null in it, too, each row is either one or none.
    return F.coalesce(good & (F.col("event_name") == REPLAY_CHUNK), F.lit(False))


@contextmanager
def _small_batches(lake: Lake) -> Iterator[None]:
    conf = lake.spark.conf
    before = conf.get(_BATCH)
    conf.set(_BATCH, str(_AT_ONCE))
    try:
        yield
    finally:
        conf.set(_BATCH, str(before))


def stage_chunks(lake: Lake, rows: DataFrame, same: DataFrame | None, *, replaces: bool) -> bool:
    """Chunks of the rows of events to be published, in staging; whether there are any.

    `same` are published before and looked at again, by a rebuild: their chunks may be missing.
    """
    kept = "replay" in rows.columns
    parts = []
    if kept:
        several = [rows] if same is None else [rows, same]
        parts = [_chunks(some.where("replay IS NOT NULL"), gone=False) for some in several]
    if replaces and lake.exists("replay_chunks"):
        other = rows.where("_replaces AND replay IS NULL") if kept else rows.where("_replaces")
        known = lake.read("replay_chunks").join(other.select("event_id"), on="event_id", how="left_semi")
        parts.append(known.withColumn(_GONE, F.lit(True)))
    if not parts:
        return False
    found = parts[0]
    for part in parts[1:]:
        found = found.unionByName(part)
    return not lake.stage(_ROWS, found).isEmpty()


def _chunks(rows: DataFrame, *, gone: bool) -> DataFrame:
    return replay_chunks.chunks(rows).withColumn(_GONE, F.lit(gone))


def staged_chunks(lake: Lake) -> DataFrame:
    """What `stage_chunks` put there for a gate to judge."""
    return _staged(lake).where(~F.col(_GONE)).drop(_GONE)


def _staged(lake: Lake) -> DataFrame:
    schema = StructType([*TABLES["replay_chunks"].schema.fields, StructField(_GONE, BooleanType())])
    return lake.spark.read.schema(schema).parquet(lake.staged(_ROWS))


def publish_chunks(run: Run) -> None:
    """What `stage_chunks` put there, behind the commit of its events; no difference, no commit."""
    lake, table = run.lake, TABLES["replay_chunks"]
    lake.create(table)
    staged, names = _staged(lake), table.schema.names
    published = lake.read(table.name).select("event_id", F.xxhash64(*names).alias("_was"))
    other = staged.join(published, on="event_id", how="left").where(
        F.col(_GONE) | ~F.xxhash64(*[staged[name] for name in names]).eqNullSafe(F.col("_was"))
    )
    if other.isEmpty():
        return
    (
        DeltaTable.forPath(lake.spark, lake.path(table.name))
        .alias("old")
        .merge(other.drop("_was").alias("new"), "old.event_id = new.event_id")
        .whenMatchedDelete(f"new.{_GONE}")
        .whenMatchedUpdate(set={name: f"new.{name}" for name in names})
        .whenNotMatchedInsert(f"NOT new.{_GONE}", {name: f"new.{name}" for name in names})
        .execute()
    )
