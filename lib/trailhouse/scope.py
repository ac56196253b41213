"""Which rows of a published table a partial result stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Scope:
    """`inside` keeps the published rows that a partial result replaces, `outside` all others."""

    inside: Callable[[DataFrame], DataFrame]
    outside: Callable[[DataFrame], DataFrame]


def of_days(column: str, days: Collection[date]) -> Scope:
    """The rows of some days."""
    chosen = sorted(days)
    return Scope(
        lambda rows: rows.where(F.col(column).isin(chosen)),
        lambda rows: rows.where(~F.col(column).isin(chosen)),
    )


def of_keys(keys: DataFrame, *columns: tuple[str, ...]) -> Scope:
    """The rows that name a key of `keys`: in `columns`, or in any of several sets of columns.

    `keys` holds each key once; its columns stand for those of each set, in order.
    """

    def flagged(rows: DataFrame) -> DataFrame:
        for number, names in enumerate(columns):
            named = keys.toDF(*names).withColumn(f"_inside_{number}", F.lit(True))
            rows = rows.join(named, on=list(names), how="left")
        flags = [F.col(f"_inside_{number}") for number in range(len(columns))]
        return rows.withColumn("_inside", F.coalesce(*flags, F.lit(False))).drop(*flags)

    def kept(inside: bool) -> Callable[[DataFrame], DataFrame]:
        def keep(rows: DataFrame) -> DataFrame:
            found = flagged(rows).where(F.col("_inside") == inside)
            return found.select(*[F.col(f"`{name}`") for name in rows.columns])

        return keep

    return Scope(kept(True), kept(False))


def within_days(column: str, days: Collection[date], keys: DataFrame, key: str) -> Scope:
    """The rows of those days that name one of `keys`, which holds each once."""
    some, named = of_days(column, days), of_keys(keys, (key,))
    return Scope(
        lambda rows: named.inside(some.inside(rows)),
        lambda rows: some.outside(rows).unionByName(named.outside(some.inside(rows))),
    )


def of_new_rows() -> Scope:
    """No row that is published: the partial result is added to them."""
    return Scope(lambda rows: rows.where(F.lit(False)), lambda rows: rows)
