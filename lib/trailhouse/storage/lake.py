"""The lake: Delta tables below one root, read at a version and published by difference.

Publishing in three steps: `stage` writes rows where no reader looks, a gate judges them, `publish`
makes one commit of the partitions that differ. No difference, no commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.contract import Table
from trailhouse.difference import changed_partitions, different_partitions, not_among
from trailhouse.errors import StorageError
from trailhouse.files import java, reason
from trailhouse.scope import Scope
from trailhouse.sql import literal, quoted
from trailhouse.storage.layout import bytes_of, laid_out, predicate, table_properties
from trailhouse.storage.reading import ReadableLake
from trailhouse.storage.state import DATA_VERSION, MARKED_VERSION, SAME_ROWS, State, mark_of

_REMEMBERED = 50
"""Versions whose files were put together that a table speaks of."""


@dataclass(frozen=True)
class Published:
    """What a publish did: `version` is the last version that changed data."""

    action: Literal["published", "unchanged"]
    version: int


class Lake(ReadableLake):
    """Tables by name below `root` (any Hadoop URL), to read and to write."""

    def check(self) -> None:
        """Raise StorageError, one sentence, when the root cannot be written."""
        try:
            made = self.files.make_folder(self.root)
        except (Py4JJavaError, PySparkException) as error:
            raise StorageError(f"lake {self.root} cannot be reached: {reason(error)}") from None
        if not made:
            raise StorageError(f"lake {self.root} cannot be written: its folder could not be made")

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
        for name, value in {**table_properties(table), **(properties or {})}.items():
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

    def stage(self, name: str, frame: DataFrame) -> DataFrame:
        """`frame` written below `_staging` and read back: computed once, seen by no reader.

        Rows that lie in a scratch file as they are stay there: they are as fixed.
        """
        if self._lies_in_scratch(frame):
            return frame
        target = self.staged(name)
        # Read two or three times and thrown away: looking for repeated values costs more than it saves.
        frame.write.mode("overwrite").option("parquet.enable.dictionary", "false").parquet(target)
        return self.spark.read.schema(frame.schema).parquet(target)

    def _lies_in_scratch(self, frame: DataFrame) -> bool:
        plan = frame._jdf.queryExecution().analyzed()
        if plan.nodeName() == "Project" and plan.output().equals(plan.child().output()):
            plan = plan.child()
        if plan.nodeName() != "LogicalRelation":
            return False
        return all(f"{self.root}/_scratch/" in file for file in frame.inputFiles())

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
            condition = predicate(table, different) if table.partition_by else None
        rows = staged if condition is None else staged.where(condition)
        writer = laid_out(table, rows, bytes_of(staged)).write.format("delta").mode("overwrite")
        if condition is not None:
            writer = writer.option("replaceWhere", condition)
        writer.save(self.path(table.name))
        return Published("published", self.version(table.name))

    def _publish_first(
        self, table: Table, staged: DataFrame, consumed: Mapping[str, Any] | None = None
    ) -> Published:
        """The table, its rows and its mark in one commit, which fails when another run made the table
        meanwhile."""
        writer = (
            laid_out(table, staged, bytes_of(staged))
            .writeTo(f"delta.{quoted(self.path(table.name))}")
            .using("delta")
        )
        mark = {} if consumed is None else {**mark_of(consumed, 0), MARKED_VERSION: "0"}
        for name, value in {"comment": table.sentence, **table_properties(table), **mark}.items():
            writer = writer.tableProperty(name, value)
        if table.partition_by:
            writer = writer.partitionedBy(*[F.col(name) for name in table.partition_by])
        writer.create()
        return Published("published" if self.rows(table.name) else "unchanged", self.version(table.name))

    def _publish_within(self, table: Table, staged: DataFrame, scope: Scope, state: State) -> Published:
        current = self.read(table.name).select(*table.schema.names)
        found = changed_partitions(table, scope.inside(current), staged)
        if not found:
            return Published("unchanged", self._last_data_version(table.name, state))
        if not any(found.values()):
            # Rows are added alone, which is what most runs do: none of the others is written again.
            fresh = not_among(scope.inside(current), staged.select(*table.schema.names))
            laid_out(table, fresh).write.format("delta").mode("append").save(self.path(table.name))
            return Published("published", self.version(table.name))
        rows, condition = staged.unionByName(scope.outside(current)), None
        size = bytes_of(staged) + bytes_of(current)
        if table.partition_by:
            condition, size = predicate(table, list(found)), 0
            rows = rows.where(condition)
        writer = laid_out(table, rows, size).write.format("delta").mode("overwrite")
        if condition is not None:
            writer = writer.option("replaceWhere", condition)
        writer.save(self.path(table.name))
        return Published("published", self.version(table.name))

    def append(self, table: Table, frame: DataFrame) -> None:
        """Add rows to a table that speaks of arrival (ledger, gate results)."""
        self.create(table)
        table.select(frame).coalesce(1).write.format("delta").mode("append").save(self.path(table.name))

    def mark(self, table: str, consumed: Mapping[str, Any], data_version: int) -> None:
        """Record as table properties what the rows were made from, after their commit."""
        state, wanted = self.state(table), mark_of(consumed, data_version)
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
