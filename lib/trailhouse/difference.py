"""What differs between two sets of rows: told by hashes, so that one shuffle of few bytes a row does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from trailhouse.contract import Table
from trailhouse.sql import quoted

_HASHES = ("_one", "_other")


def differing_rows(before: DataFrame, now: DataFrame, columns: Sequence[str]) -> DataFrame:
    """The rows of `columns` that one side has and the other lacks, plus `lost`: it was `before`."""
    hashed = [
        side.select(*columns).withColumns(
            {"_one": F.xxhash64(*columns), "_other": F.xxhash64(F.lit("other"), *columns)}
        )
        for side in (before, now)
    ]
    # Hashes alone are shuffled; the few that differ are looked up in both sides.
    both = [
        side.select("_one", "_other", F.lit(weight).alias("weight"))
        for side, weight in zip(hashed, (-1, 1), strict=True)
    ]
    differing = both[0].unionAll(both[1]).groupBy("_one", "_other").agg(F.sum("weight").alias("weight"))
    differing = differing.where("weight <> 0").withColumn("lost", F.col("weight") < 0).drop("weight")
    gone, come = (
        side.join(differing.where(wanted), on=["_one", "_other"], how="inner")
        for side, wanted in zip(hashed, ("lost", "NOT lost"), strict=True)
    )
    return gone.select(*columns, "lost").unionAll(come.select(*columns, "lost"))


def fingerprint(frame: DataFrame, *by: str) -> DataFrame:
    """Rows, and two order-free sums of row hashes, for each value of `by`.

    Equal rows give equal sums however they lie. A difference escapes only if two independent
    64-bit hashes collide at once.
    """
    one, other = row_hashes(frame)
    return frame.groupBy(*[F.col(quoted(name)) for name in by]).agg(
        F.count("*").alias("_rows"),
        F.sum(one.cast("DECIMAL(38,0)")).alias("_sum"),
        F.bit_xor(other).alias("_xor"),
    )


def row_hashes(frame: DataFrame) -> tuple[Column, Column]:
    """Two independent 64-bit hashes of all of a row of `frame`: equal for equal rows."""
    fields = [_hashable(F.col(quoted(f.name)), f.dataType) for f in frame.schema.fields]
    return F.xxhash64(*fields), F.xxhash64(F.lit("trailhouse"), *fields)


def value_hash(column: Column, kind: DataType) -> Column:
    """A 64-bit hash of one value; null and what looks like it differ."""
    return F.xxhash64(_hashable(column, kind))


def _hashable(column: Column, kind: DataType) -> Column:
    """Hashes skip nulls and refuse maps: nulls are marked, maps become sorted entries."""
    if isinstance(kind, MapType):
        column = F.array_sort(F.map_entries(column))
    if isinstance(kind, (StructType, ArrayType, MapType)):
        # JSON keeps a null field apart from a missing one's neighbour, where a hash would skip it.
        return F.coalesce(F.to_json(column, {"ignoreNullFields": "false"}), F.lit("\0null"))
    return F.struct(column.isNull(), column)


def different_partitions(table: Table, current: DataFrame, staged: DataFrame) -> list[tuple[Any, ...]]:
    """Those where the two have other rows; `()` alone for a table without partitions."""
    weight = F.col("_weight")
    found = (
        _weighed(table, current, staged)
        .groupBy(*_keys(table))
        .agg(
            F.sum(weight).alias("_rows"),
            F.sum(weight * F.col("_one").cast("DECIMAL(20,0)")).alias("_sum"),
            F.bit_xor("_other").alias("_xor"),
        )
    )
    rows = found.where("_rows <> 0 OR _sum <> 0 OR _xor <> 0").collect()
    return [tuple(row[name] for name in table.partition_by) for row in rows]


def changed_partitions(table: Table, current: DataFrame, staged: DataFrame) -> dict[tuple[Any, ...], bool]:
    """The partitions where the two have other rows, and whether `current` has some that `staged` lacks.

    Row by row, where `different_partitions` asks only for sums: for parts of a table.
    """
    keys = _keys(table)
    rows = _weighed(table, current, staged).groupBy(*keys, "_one", "_other").agg(F.sum("_weight").alias("n"))
    found = rows.where("n <> 0").groupBy(*keys).agg(F.bool_or(F.col("n") < 0).alias("_removed")).collect()
    return {tuple(row[name] for name in table.partition_by): row["_removed"] for row in found}


def not_among(known: DataFrame, staged: DataFrame) -> DataFrame:
    """The rows of `staged` that `known` does not have."""
    hashes = known.select(*[one.alias(name) for one, name in zip(row_hashes(known), _HASHES, strict=True)])
    rows = staged.withColumns(dict(zip(_HASHES, row_hashes(staged), strict=True)))
    return rows.join(hashes, on=list(_HASHES), how="left_anti").drop(*_HASHES)


def _keys(table: Table) -> list[Column]:
    return [F.col(quoted(name)) for name in table.partition_by]


def _weighed(table: Table, current: DataFrame, staged: DataFrame) -> DataFrame:
    """The hashes of both sides' rows, with their partition and a weight: -1 and 1.

    Rows of one side weigh against those of the other, so that one pass and one shuffle tell.
    """
    names = table.schema.names

    def side(frame: DataFrame, weight: int) -> DataFrame:
        one, other = row_hashes(frame)
        hashes = [one.alias("_one"), other.alias("_other")]
        return frame.select(*_keys(table), F.lit(weight).alias("_weight"), *hashes)

    return side(current.select(*names), -1).unionAll(side(staged.select(*names), 1))
