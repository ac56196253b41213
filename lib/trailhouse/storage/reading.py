"""Reading a lake: its tables at a version, and what their logs say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.contract import Table
from trailhouse.errors import StorageError
from trailhouse.files import Files, java, reason
from trailhouse.snapshot import at_version, number_of_rows, rows_by_value, small_table
from trailhouse.sql import no_rows
from trailhouse.storage.state import State, state_of

NONE = -1
"""The version of a table that is not there."""
_LONGEST_LOOK = 1000
"""Commits whose log is read to learn what changed; after more of them, all may have."""
_FILE = "struct<partitionValues: map<string, string>, dataChange: boolean>"
_ACTIONS = f"add {_FILE}, remove {_FILE}"
_UNCHANGING = ("SET TBLPROPERTIES", "OPTIMIZE", "VACUUM START", "VACUUM END")
"""Operations that change no rows."""


class ReadableLake:
    """Tables by name below `root` (any Hadoop URL), to read."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark = spark
        self.files = Files(spark)
        self.root = self.files.absolute(root.rstrip("/") or "/")

    def path(self, table: str) -> str:
        """Where a table lies."""
        return f"{self.root}/{table}"

    def exists(self, table: str) -> bool:
        """Whether the table was ever published."""
        delta = java(self.spark, "io.delta.tables.DeltaTable")
        return bool(delta.isDeltaTable(self.spark._jsparkSession, self.path(table)))

    def state(self, table: str) -> State:
        """What the log says of a table that is there."""
        return state_of(self.spark, self._snapshot(table))

    def version(self, table: str) -> int:
        """The newest version, properties included."""
        return self.state(table).version

    def rows(self, table: str) -> int:
        """How many rows the newest version has."""
        known = number_of_rows(self._snapshot(table))
        return self.read(table).count() if known is None else known

    def consumed(self, table: str) -> dict[str, Any]:
        """What the published rows were made from; empty when unknown."""
        return self.state(table).consumed if self.exists(table) else {}

    def up_to_date(self, table: str, consumed: Mapping[str, Any]) -> bool:
        """Whether the rows are those that were made from this, and no commit came after."""
        if not self.exists(table):
            return False
        state = self.state(table)
        return state.marked and state.consumed == consumed

    def read(self, table: str, version: int | None = None) -> DataFrame:
        """The table, at a version. StorageError when it is not there, naming what to do."""
        if not self.exists(table):
            raise StorageError(f"lake {self.root} has no table {table}: run the stage that writes it first")
        snapshot = self._snapshot(table)
        same = None if version is None else state_of(self.spark, snapshot).same_rows(version)
        if same is None or same == int(snapshot.version()):
            small = small_table(self.spark, snapshot)
            if small is not None:
                return small
        reader = self.spark.read.format("delta")
        if same is not None:
            reader = reader.option("versionAsOf", same)
        try:
            frame = reader.load(self.path(table))
        except PySparkException as error:
            raise StorageError(
                f"{table} cannot be read at version {version} ({reason(error)}): run again with --rebuild"
            ) from None
        if same is None:
            return frame
        small = small_table(self.spark, at_version(self.spark, snapshot, same))
        return frame if small is None else small

    def read_as_of(self, table: Table, version: int) -> DataFrame:
        """The table at a version; no rows at version NONE, at which it was not there."""
        if version == NONE:
            return no_rows(self.spark, table.schema)
        return self.read(table.name, version)

    def last_change(self, table: str) -> int:
        """The last version that changed rows, marked or not; NONE for a table that is not there."""
        return self._last_data_version(table, self.state(table)) if self.exists(table) else NONE

    def changed_days(self, table: Table, since: int, until: int) -> list[date] | None:
        """The values of the table's partition column whose rows may differ between two versions, sorted.

        By the log alone, without a look at a row; None where it does not tell: the table has no days,
        or commits between the two are no longer in the log.
        """
        if since == until:
            return []
        if len(table.partition_by) != 1 or not 0 < until - since <= _LONGEST_LOOK:
            return None
        log = f"{self.path(table.name)}/_delta_log"
        commits = [f"{log}/{version:020d}.json" for version in range(since + 1, until + 1)]
        try:
            actions = self.spark.read.schema(_ACTIONS).json(commits)
            files = actions.select(F.explode(F.array("add", "remove")).alias("file")).select("file.*")
            value = F.try_element_at("partitionValues", F.lit(table.partition_by[0]))
            rows = files.where("dataChange").select(value.cast("date").alias("day")).distinct().collect()
        except PySparkException:
            return None  # a commit that the log has let go of
        days = [row.day for row in rows]
        return None if None in days else sorted(days)

    def changes(self, table: str, since: int, until: int) -> DataFrame:
        """The rows that came and went after version `since`, up to `until`, plus `_change_type`.

        Of a table with a change feed (Delta's words: insert, delete, update_preimage, update_postimage).
        """
        reader = self.spark.read.format("delta").option("readChangeFeed", "true")
        reader = reader.option("startingVersion", since + 1).option("endingVersion", until)
        return reader.load(self.path(table))

    def rows_by_day(self, table: Table) -> dict[date, int]:
        """The rows of each value of the partition column, by the log; a day is 0 where it does not tell."""
        (column,), snapshot = table.partition_by, self._snapshot(table.name)
        known = rows_by_value(snapshot, column)
        if known is not None:
            return {date.fromisoformat(day): number for day, number in known.items()}
        files = DataFrame(snapshot.allFiles().toDF(), self.spark)
        day = F.try_element_at("partitionValues", F.lit(column)).cast("date")
        number = F.get_json_object("stats", "$.numRecords").cast("bigint")
        rows = files.groupBy(day.alias("day")).agg(F.sum(number).alias("rows")).collect()
        return {row.day: row.rows or 0 for row in rows if row.day is not None}

    def _last_data_version(self, table: str, state: State) -> int:
        if state.marked:
            return state.data_version
        history = DeltaTable.forPath(self.spark, self.path(table)).history(20)
        rows = history.where(~F.col("operation").isin(*_UNCHANGING)).agg(F.max("version")).collect()
        return int(rows[0][0]) if rows[0][0] is not None else state.version

    def _snapshot(self, table: str) -> Any:
        log = java(self.spark, "org.apache.spark.sql.delta.DeltaLog").forTable(
            self.spark._jsparkSession, self.path(table)
        )
        nothing = java(self.spark, "scala.Option").empty()
        return log.update(False, nothing, nothing)
