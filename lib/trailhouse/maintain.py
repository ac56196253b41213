"""Care of a lake's files: `python -m trailhouse maintain`.

Small files are put together, files that no version within the retention needs are deleted, logs get
a checkpoint, and what dead runs left in staging goes. No row changes, and marks say so: the next run
finds every table up to date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import SettingsError, StorageError
from trailhouse.ingest.origins import restore_origins
from trailhouse.ingest.restore import restore_ledger
from trailhouse.run import Run
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

SAFE = timedelta(days=1)
"""No reader's query takes longer; nobody writes meanwhile, as the lake's lease is held."""
_LEFTOVERS = ("_staging", "_scratch")


@dataclass(frozen=True)
class Care:
    """What was done to a table: files `merged`, `into` how many, files deleted, bytes `freed`, checkpoint."""

    table: str
    merged: int = 0
    into: int = 0
    deleted: int = 0
    freed: int = 0
    checkpoint: int | None = None

    def __str__(self) -> str:
        parts = [
            f"{self.merged:,} files put into {self.into:,}" if self.merged else "",
            f"{self.deleted:,} files deleted ({self.freed:,} bytes)" if self.deleted else "",
            f"checkpoint of version {self.checkpoint}" if self.checkpoint is not None else "",
        ]
        return ", ".join(part for part in parts if part) or "nothing to do"


def maintain(run: Run, *, force: bool = False) -> list[Care]:
    """Care for every table of the lake; what was done is printed, and told in the ledger.

    Raises SettingsError for a retention below a day, unless `force` says that nobody reads the lake.
    """
    retention = run.settings.maintain.retention
    if retention < SAFE and not force:
        raise SettingsError(
            f"maintain.retention = {retention} is shorter than a day: a query that is under way may still "
            "read those files; give --force if nobody reads the lake"
        )
    lake = run.lake
    # What a dead run left to be published lies in staging.
    if lake.exists("events"):
        restore_ledger(run)
        if lake.exists("event_origins"):
            restore_origins(run)
    for folder in _LEFTOVERS:
        files, size = lake.files.measure(f"{lake.root}/{folder}")
        if files:
            lake.clear(folder)
            run.progress.note(f"{folder:<18} {files:,} files of dead runs deleted ({size:,} bytes)")
    done = []
    tables = [name for name in TABLES if lake.exists(name)]
    if not tables:
        raise StorageError(f"lake {lake.root} has no tables: is it the one that is meant (--lake)?")
    for name, oldest in _read_again(lake, tables).items():
        run.lease.require()
        merged, into = _optimize(lake, name, run.settings.maintain.file_bytes)
        deleted, freed = _vacuum(lake, name, _needed(lake, name, oldest, retention))
        care = Care(name, merged, into, deleted, freed, lake.checkpoint(name))
        run.progress.note(f"{name:<18} {care}")
        if care != Care(name):
            run.records.stage("maintain", name, "unchanged", version=lake.version(name), note=str(care))
        done.append(care)
    return done


def _read_again(lake: Lake, tables: Sequence[str]) -> dict[str, int]:
    """The oldest version of each table that a stage may read: the newest, or what a published table is of.

    A stage that was held, or whose job did not run since, reads what its neighbours consumed.
    """
    oldest = {name: lake.state(name).data_version for name in tables}
    for name in tables:
        for table, version in lake.consumed(name).get("inputs", {}).items():
            if table in oldest:
                oldest[table] = min(oldest[table], int(version))
    return oldest


def _optimize(lake: Lake, table: str, file_bytes: int) -> tuple[int, int]:
    """Small files of a partition into ones of about `file_bytes`; how many, and into how many."""
    state = lake.state(table)
    # A table that no stage marks, such as events, is as up to date as it ever is.
    follows = state.marked or (TABLES[table].lawful and not state.consumed)
    conf = {
        "spark.databricks.delta.optimize.maxFileSize": str(file_bytes),
        # A file near that size is left alone: to write it again for a few rows more is no gain.
        "spark.databricks.delta.optimize.minFileSize": str(file_bytes * 3 // 4),
    }
    with _set(lake.spark, conf):
        metrics = DeltaTable.forPath(lake.spark, lake.path(table)).optimize().executeCompaction()
    told = metrics.select("metrics.numFilesRemoved", "metrics.numFilesAdded").collect()[0]
    if told.numFilesRemoved and follows:
        lake.mark_same_rows(table, state.data_version)
    return told.numFilesRemoved, told.numFilesAdded


def _vacuum(lake: Lake, table: str, retention: timedelta) -> tuple[int, int]:
    """Delete files that are in no version of the last `retention`; how many, and their bytes."""
    before = _data(lake, table)
    if before[0] == lake.state(table).files:
        return 0, 0  # to find nothing would take Delta longer than all the rest
    conf = {
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
        # Else each call would make two versions, even one that finds nothing.
        "spark.databricks.delta.vacuum.logging.enabled": "false",
        # So many tasks list folders. Of Spark's default, 10,000, three files take most of a minute.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(
            4 * lake.spark.sparkContext.defaultParallelism
        ),
    }
    with _set(lake.spark, conf):
        DeltaTable.forPath(lake.spark, lake.path(table)).vacuum(retention.total_seconds() / 3600)
    after = _data(lake, table)
    return before[0] - after[0], before[1] - after[1]


def _data(lake: Lake, table: str) -> tuple[int, int]:
    """A table's files of all versions, and their bytes; not the log, to which VACUUM adds a file."""
    files, size = lake.files.measure(lake.path(table))
    log_files, log_size = lake.files.measure(f"{lake.path(table)}/_delta_log")
    return files - log_files, size - log_size


def _needed(lake: Lake, table: str, oldest: int, retention: timedelta) -> timedelta:
    """The retention, or longer: back to the version in whose files the rows of `oldest` lie."""
    state = lake.state(table)
    version = state.same_rows(oldest)
    if version == state.version:
        return retention
    history = DeltaTable.forPath(lake.spark, lake.path(table)).history().where(F.col("version") == version)
    made = history.select((F.now() - F.col("timestamp")).alias("age")).first()
    return retention if made is None else max(retention, made.age + timedelta(hours=1))


@contextmanager
def _set(spark: SparkSession, conf: dict[str, str]) -> Iterator[None]:
    """Settings of the session for a while."""
    before = {key: spark.conf.get(key, None) for key in conf}
    for key, value in conf.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, old)
