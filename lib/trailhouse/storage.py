"""The lake: Delta tables below one root, read at a version and published by difference.

Publishing in three steps: `stage` writes rows where no reader looks, a gate judges them, `publish`
makes one commit of the partitions that differ. No difference, no commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.contract import Table
from trailhouse.difference import changed_partitions, different_partitions, not_among
from trailhouse.errors import StorageError
from trailhouse.files import Files, java, reason
from trailhouse.scope import Scope
from trailhouse.snapshot import at_version, number_of_files, number_of_rows, rows_by_value, small_table
from trailhouse.sql import literal, quoted

CONSUMED = "trailhouse.consumed"
DATA_VERSION = "trailhouse.data_version"
MARKED_VERSION = "trailhouse.marked_version"
SAME_ROWS = "trailhouse.same_rows"
"""Of versions whose files were put together since: the version that has their rows in larger files."""
NONE = -1
"""The version of a table that is not there."""
_REMEMBERED = 50
_LONGEST_LOOK = 1000
"""Commits whose log is read to learn what changed; after more of them, all may have."""
_FILE = "struct<partitionValues: map<string, string>, dataChange: boolean>"
_ACTIONS = f"add {_FILE}, remove {_FILE}"
_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
_UNCHANGING = ("SET TBLPROPERTIES", "OPTIMIZE", "VACUUM START", "VACUUM END")
"""Operations that change no rows."""


@dataclass(frozen=True)
class Published:
    """What a publish did: `version` is the last version that changed data."""

    action: Literal["published", "unchanged"]
    version: int


@dataclass(frozen=True)
class State:
    """A table at one look: its newest version, the number of its files, when it was made, its properties."""

    version: int
    files: int
    created: datetime
    properties: Mapping[str, str]

    @property
    def marked(self) -> bool:
        """Whether nothing was committed after the mark, so that the rows are those it speaks of."""
        return self.properties.get(MARKED_VERSION) == str(self.version)

    @property
    def data_version(self) -> int:
        """The last version that changed rows, which is what a reader consumes."""
        known = self.properties.get(DATA_VERSION)
        # A table without inputs is marked by its care alone: what came since is rows.
        if known is None or (CONSUMED not in self.properties and not self.marked):
            return self.version
        return int(known)

    @property
    def consumed(self) -> dict[str, Any]:
        """What the published rows were made from; empty when unknown."""
        return dict(json.loads(self.properties.get(CONSUMED, "{}")))

    @property
    def same(self) -> dict[str, int]:
        """Of versions whose files were put together since: the version that has their rows."""
        return dict(json.loads(self.properties.get(SAME_ROWS, "{}")))

    def same_rows(self, version: int) -> int:
        """The newest version known to have the rows of `version`.

        That of the mark, if it speaks of them: mostly the newest of all, whose files Delta keeps in
        memory. Else that in which their files were put together; the old ones may be deleted by now.
        """
        if self.marked and self.data_version == version:
            return self.version
        return self.same.get(str(version), version)


class Lake:
    """Tables by name below `root` (any Hadoop URL)."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark = spark
        self.files = Files(spark)
        self.root = self.files.absolute(root.rstrip("/") or "/")

    def check(self) -> None:
        """Raise StorageError, one sentence, when the root cannot be written."""
        try:
            made = self.files.make_folder(self.root)
        except (Py4JJavaError, PySparkException) as error:
            raise StorageError(f"lake {self.root} cannot be reached: {reason(error)}") from None
        if not made:
            raise StorageError(f"lake {self.root} cannot be written: its folder could not be made")

    def path(self, table: str) -> str:
        """Where a table lies."""
        return f"{self.root}/{table}"

    def exists(self, table: str) -> bool:
        """Whether the table was ever published."""
        delta = java(self.spark, "io.delta.tables.DeltaTable")
        return bool(delta.isDeltaTable(self.spark._jsparkSession, self.path(table)))

    def create(self, table: Table, properties: Mapping[str, str] | None = None) -> None:
        """An empty table of this contract; one that is there gets the columns that it lacks.

        `properties` are those of a table that is made by this call.
        """
        if self.exists(table.name):
            self._add_columns(table)
            return
        if table.private:
            self.files.make_private_folder(self.path(table.name))
        builder = (
            DeltaTable.createIfNotExists(self.spark)
            .location(self.path(table.name))
            .addColumns(table.schema)
            .comment(table.sentence)
        )
        if table.partition_by:
            builder = builder.partitionedBy(*table.partition_by)
        for name, value in {**_table_properties(table), **(properties or {})}.items():
            builder = builder.property(name, value)
        builder.execute()

    def _add_columns(self, table: Table) -> None:
        schema = json.loads(str(self._snapshot(table.name).schema().json()))
        known = {field["name"] for field in schema["fields"]}
        added = [f"{quoted(c.name)} {c.type}" for c in table.columns if c.name not in known]
        if added:
            self.spark.sql(
                f"ALTER TABLE delta.{quoted(self.path(table.name))} ADD COLUMNS ({', '.join(added)})"
            )

    def state(self, table: str) -> State:
        """What the log says of a table that is there."""
        return self._state(self._snapshot(table))

    def _state(self, snapshot: Any) -> State:
        metadata = snapshot.metadata()
        entries, properties = metadata.configuration().iterator(), {}
        while entries.hasNext():
            entry = entries.next()
            properties[str(entry._1())] = str(entry._2())
        made = metadata.createdTime()
        created = _SINCE + timedelta(milliseconds=int(made.get()) if made.isDefined() else 0)
        return State(int(snapshot.version()), number_of_files(self.spark, snapshot), created, properties)

    def rows(self, table: str) -> int:
        """How many rows the newest version has."""
        known = number_of_rows(self._snapshot(table))
        return self.read(table).count() if known is None else known

    def version(self, table: str) -> int:
        """The newest version, properties included."""
        return self.state(table).version

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
        same = None if version is None else self._state(snapshot).same_rows(version)
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
            return self.spark.createDataFrame([], table.schema)
        return self.read(table.name, version)

    def last_change(self, table: str) -> int:
        """The last version that changed rows, marked or not; NONE for a table that is not there."""
        return self._last_data_version(table, self.state(table)) if self.exists(table) else NONE

    def stage(self, name: str, frame: DataFrame) -> DataFrame:
        """`frame` written below `_staging` and read back: computed once, seen by no reader."""
        target = self.staged(name)
        # Read two or three times and thrown away: looking for repeated values costs more than it saves.
        frame.write.mode("overwrite").option("parquet.enable.dictionary", "false").parquet(target)
        return self.spark.read.schema(frame.schema).parquet(target)

    def staged(self, name: str) -> str:
        """Where `stage` writes rows of this name."""
        return f"{self.root}/_staging/{name}"

    def scratch(self, name: str) -> str:
        """A folder for an engine's own files."""
        return f"{self.root}/_scratch/{name}"

    def clear(self, *folders: str) -> None:
        """Remove folders below the root, such as `_staging/events`."""
        for folder in folders:
            self.files.remove(f"{self.root}/{folder}")

    def publish(
        self,
        table: Table,
        staged: DataFrame,
        scope: Scope | None = None,
        *,
        differs: bool = False,
        consumed: Mapping[str, Any] | None = None,
    ) -> Published:
        """One commit that makes the table equal to `staged`; none when it is already.

        With a `scope` it is its rows inside of the scope that become `staged`, and others stay.
        `differs` says that most days of a table by days are known to: it is written without a look.
        A table that is made by this commit is marked by it as made from what was `consumed`.
        """
        if not self.exists(table.name):
            return self._publish_first(table, staged, consumed)
        self._add_columns(table)
        state = self.state(table.name)
        if scope is not None and state.files:
            return self._publish_within(table, staged, scope, state)
        if state.files == 0:
            condition = None  # nothing to compare with: all of it is new
            if staged.isEmpty():
                return Published("unchanged", self._last_data_version(table.name, state))
        elif differs and table.partition_by:
            condition = None
        else:
            different = different_partitions(table, self.read(table.name), staged)
            if not different:
                return Published("unchanged", self._last_data_version(table.name, state))
            condition = _predicate(table, different) if table.partition_by else None
        rows = staged if condition is None else staged.where(condition)
        writer = _laid_out(table, rows).write.format("delta").mode("overwrite")
        if condition is not None:
            writer = writer.option("replaceWhere", condition)
        writer.save(self.path(table.name))
        return Published("published", self.version(table.name))

    def _publish_within(self, table: Table, staged: DataFrame, scope: Scope, state: State) -> Published:
        current = self.read(table.name).select(*table.schema.names)
        found = changed_partitions(table, scope.inside(current), staged)
        if not found:
            return Published("unchanged", self._last_data_version(table.name, state))
        if not any(found.values()):
            # Rows are added alone, which is what most runs do: none of the others is written again.
            fresh = not_among(scope.inside(current), staged.select(*table.schema.names))
            _laid_out(table, fresh).write.format("delta").mode("append").save(self.path(table.name))
            return Published("published", self.version(table.name))
        rows, condition = staged.unionByName(scope.outside(current)), None
        if table.partition_by:
            condition = _predicate(table, list(found))
            rows = rows.where(condition)
        writer = _laid_out(table, rows).write.format("delta").mode("overwrite")
        if condition is not None:
            writer = writer.option("replaceWhere", condition)
        writer.save(self.path(table.name))
        return Published("published", self.version(table.name))

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

    def _publish_first(
        self, table: Table, staged: DataFrame, consumed: Mapping[str, Any] | None = None
    ) -> Published:
        """The table, its rows and its mark in one commit, which fails when another run made the table
        meanwhile."""
        writer = _laid_out(table, staged).writeTo(f"delta.{quoted(self.path(table.name))}").using("delta")
        mark = {} if consumed is None else {**_mark(consumed, 0), MARKED_VERSION: "0"}
        for name, value in {"comment": table.sentence, **_table_properties(table), **mark}.items():
            writer = writer.tableProperty(name, value)
        if table.partition_by:
            writer = writer.partitionedBy(*[F.col(name) for name in table.partition_by])
        writer.create()
        return Published("published" if self.rows(table.name) else "unchanged", self.version(table.name))

    def mark(self, table: str, consumed: Mapping[str, Any], data_version: int) -> None:
        """Record as table properties what the rows were made from, after their commit."""
        state, wanted = self.state(table), _mark(consumed, data_version)
        if state.marked and wanted.items() <= state.properties.items():
            return
        self._note(table, state, data_version, wanted)

    def mark_same_rows(self, table: str, data_version: int) -> None:
        """Say that no commit since `data_version` changed rows, as after files were put together."""
        state = self.state(table)
        same = state.same | {str(data_version): state.version + 1}
        last = dict(sorted(same.items(), key=lambda item: int(item[0]))[-_REMEMBERED:])
        self._note(table, state, data_version, {SAME_ROWS: json.dumps(last)})

    def note(self, table: str, values: Mapping[str, str]) -> None:
        """Properties that say nothing new of the rows: who has read these need not read again."""
        state = self.state(table)
        self._note(table, state, state.data_version, values)

    def _note(self, table: str, state: State, data_version: int, values: Mapping[str, str]) -> None:
        """Properties, and that the commit which sets them leaves the rows those of `data_version`."""
        marks = {DATA_VERSION: str(data_version), MARKED_VERSION: str(state.version + 1)}
        self._set_properties(table, {**values, **marks})

    def _set_properties(self, table: str, values: Mapping[str, str]) -> None:
        pairs = ", ".join(f"{literal(name)} = {literal(value)}" for name, value in values.items())
        self.spark.sql(f"ALTER TABLE delta.{quoted(self.path(table))} SET TBLPROPERTIES ({pairs})")

    def checkpoint(self, table: str) -> int | None:
        """Write the newest version's state beside the log; the version, or None when that is there."""
        snapshot = self._snapshot(table)
        version = int(snapshot.version())
        if self.files.reachable(f"{self.path(table)}/_delta_log/{version:020d}.checkpoint.parquet"):
            return None
        snapshot.deltaLog().checkpoint(snapshot, java(self.spark, "scala.Option").empty())
        return version

    def append(self, table: Table, frame: DataFrame) -> None:
        """Add rows to a table that speaks of arrival (ledger, gate results)."""
        self.create(table)
        table.select(frame).coalesce(1).write.format("delta").mode("append").save(self.path(table.name))

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


def _mark(consumed: Mapping[str, Any], data_version: int) -> dict[str, str]:
    return {CONSUMED: json.dumps(dict(consumed), sort_keys=True), DATA_VERSION: str(data_version)}


def _table_properties(table: Table) -> dict[str, str]:
    # Statistics on every column cost more than writing it.
    # Of a flag or a list there is nothing to skip by, and Delta refuses to try.
    without = {c.name for c in table.columns if c.type.startswith(("BOOLEAN", "ARRAY", "MAP", "STRUCT"))}
    wanted = table.stats or table.grain
    stats = [name for name in wanted if name not in table.partition_by and name not in without]
    found = {"delta.dataSkippingStatsColumns": ",".join(stats)} if stats else {}
    if table.name == "events":
        found["delta.enableChangeDataFeed"] = "true"
    return found


def _predicate(table: Table, partitions: list[tuple[Any, ...]]) -> str:
    if len(table.partition_by) != 1:
        raise StorageError(f"{table.name}: tables are partitioned by one column at most")
    name = quoted(table.partition_by[0])
    kind = table.column(table.partition_by[0]).type
    values = ", ".join(f"CAST({literal(str(key))} AS {kind})" for (key,) in partitions)
    return f"{name} IN ({values})"


def _laid_out(table: Table, frame: DataFrame) -> DataFrame:
    """One file a partition where that is small, more where it is large; rows in the table's order."""
    names = [F.col(name) for name in table.partition_by]
    spread = frame.hint("rebalance", *names) if names else frame.coalesce(1)
    # By the partition first, as the writer would else sort by that again.
    return spread.sortWithinPartitions(*names, *table.sort_by) if table.sort_by else spread
