"""Rows of exact counts to rows of a table that need statistics: one worker sees all, in one order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import isfinite
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema

from trailhouse.contract import Table

Row = dict[str, Any]
Judge = Callable[[list[Row]], Iterable[Row]]
_CONTEXT = Context(prec=60)


def judged(counts: DataFrame, judge: Judge, table: Table) -> DataFrame:
    """Rows of `table` that `judge` makes of all of `counts`.

    `counts` must be few, some ten thousand rows at most; they come in no order, so the judge sorts them.
    """
    engine = _Engine(judge, to_arrow_schema(table.schema))
    return counts.coalesce(1).mapInArrow(engine, table.schema)


@dataclass(frozen=True)
class _Engine:
    judge: Judge
    schema: pa.Schema

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [row for batch in batches for row in batch.to_pylist()]
        yield pa.RecordBatch.from_pylist(list(self.judge(rows)), schema=self.schema)


def rounded(value: float | int | Decimal | None, places: int, digits: int = 9) -> Decimal | None:
    """A figure for a column DECIMAL(digits, places): half to even; None where it has no value or no room."""
    if value is None or not isfinite(value):
        return None
    exact = _CONTEXT.create_decimal(value)
    if abs(exact) >= Decimal(10) ** (digits - places):
        return None
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _CONTEXT)


def whole(value: float | None) -> int | None:
    """A figure to the nearest whole number; None where it has no value."""
    return None if value is None or not isfinite(value) else round(value)
