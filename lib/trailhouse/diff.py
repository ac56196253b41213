"""What differs between two lakes, table by table: what another definition, or another run, changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.contract import Column as Contracted
from trailhouse.contract import Table
from trailhouse.difference import value_hash
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

Number = int | Decimal
_SUMMED = ("BIGINT", "INT", "DECIMAL")


@dataclass(frozen=True)
class TableDiff:
    """One table of two lakes; a side without the table has None rows.

    `changed` rows have one grain and other values; `columns` says in how many rows each column differs,
    and `totals` the sums of both sides of those whole-number columns whose sums differ.
    """

    table: str
    rows_a: int | None
    rows_b: int | None
    only_a: int = 0
    only_b: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, tuple[Number, Number]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether both sides have the table, and the same rows."""
        return not (None in (self.rows_a, self.rows_b) or self.only_a or self.only_b or self.changed)


def diff(a: Lake, b: Lake) -> Iterator[TableDiff]:
    """Each table that one of the lakes has, in the suite's order, without those that speak of arrival."""
    for name, table in TABLES.items():
        there = a.exists(name), b.exists(name)
        if not table.lawful or not any(there):
            continue
        if all(there):
            yield _of_both(table, a.read(name), b.read(name))
        else:
            rows = [lake.rows(name) if known else None for lake, known in zip((a, b), there, strict=True)]
            yield TableDiff(name, rows[0], rows[1], rows[0] or 0, rows[1] or 0)


def _of_both(table: Table, a: DataFrame, b: DataFrame) -> TableDiff:
    # A lake of an earlier release may lack a column.
    shared = [c for c in table.columns if c.name in a.columns and c.name in b.columns]
    valued = [c for c in shared if c.name not in table.grain]
    summed = [c for c in valued if c.type.startswith(_SUMMED)]

    def side(rows: DataFrame, name: str) -> DataFrame:
        hashes = [value_hash(F.col(c.name), c.data_type()).alias(c.name) for c in valued]
        numbers = [_wide(c).alias(c.name) for c in summed]
        return rows.select(
            *[F.col(column).alias(f"{name}_{column}") for column in table.grain],
            F.struct(*hashes).alias(f"{name}_hashes"),
            F.struct(*numbers).alias(f"{name}_numbers"),
            F.lit(True).alias(name),
        )

    same_grain: Column = F.lit(True)
    for column in table.grain:
        same_grain = same_grain & F.col(f"a_{column}").eqNullSafe(F.col(f"b_{column}"))
    both = side(a, "a").join(side(b, "b"), on=same_grain, how="full")
    in_a, in_b = F.col("a").isNotNull(), F.col("b").isNotNull()

    def differs(column: str) -> Column:
        return ~F.col(f"a_hashes.{column}").eqNullSafe(F.col(f"b_hashes.{column}"))

    changed = F.lit(False)
    for one in valued:
        changed = changed | differs(one.name)
    found = both.agg(
        F.count_if(in_a).alias("rows_a"),
        F.count_if(in_b).alias("rows_b"),
        F.count_if(~in_b).alias("only_a"),
        F.count_if(~in_a).alias("only_b"),
        F.count_if(in_a & in_b & changed).alias("changed"),
        F.struct(*[F.count_if(in_a & in_b & differs(c.name)).alias(c.name) for c in valued]).alias("columns"),
        *[
            F.struct(*[F.sum(F.col(f"{name}_numbers.{c.name}")).alias(c.name) for c in summed]).alias(name)
            for name in ("a", "b")
            if summed
        ],
    ).collect()[0]
    columns = {name: number for name, number in found["columns"].asDict().items() if number} if valued else {}
    totals = {}
    if summed:
        for name in (c.name for c in summed):
            before, now = found["a"][name] or 0, found["b"][name] or 0
            if before != now:
                totals[name] = (before, now)
    return TableDiff(
        table.name, found.rows_a, found.rows_b, found.only_a, found.only_b, found.changed, columns, totals
    )


def _wide(column: Contracted) -> Column:
    """A number as one whose sum does not overflow: a table may hold keys of 64 bits."""
    number = F.col(column.name)
    return number if column.type.startswith("DECIMAL") else number.cast("DECIMAL(38,0)")


def told(differences: list[TableDiff], *, most: int = 6) -> Iterator[str]:
    """Lines for a terminal; of many columns those in which most rows differ."""
    for one in differences:
        if one.same:
            yield f"{one.table}: the same {one.rows_a:,} rows"
            continue
        if one.rows_a is None or one.rows_b is None:
            side, rows = ("B", one.rows_b) if one.rows_a is None else ("A", one.rows_a)
            yield f"{one.table}: {rows:,} rows in {side} alone, which the other lake has no table for"
            continue
        yield (
            f"{one.table}: {one.rows_a:,} rows in A, {one.rows_b:,} in B; "
            f"{one.only_a:,} only in A, {one.only_b:,} only in B, {one.changed:,} changed"
        )
        ordered = sorted(one.columns.items(), key=lambda item: (-item[1], item[0]))
        if ordered:
            more = f", and {len(ordered) - most} more columns" if len(ordered) > most else ""
            yield "  changed in: " + ", ".join(f"{name} {n:,}" for name, n in ordered[:most]) + more
        for name, (before, now) in sorted(one.totals.items()):
            yield f"  sum of {name}: {before:,} -> {now:,}"
