"""Few exact counts to the rows of a table, by plain Python on one worker; its figures are rounded here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import StructField, StructType

from trailhouse.contract import Column

Row = dict[str, Any]
Counts = TypeVar("Counts")
Judge = Callable[[Counts], Iterable[Mapping[str, Any]]]
"""Makes the rows of a table; a column that a row does not name is null."""
_CONTEXT = Context(prec=60)


def from_counts(counts: DataFrame, columns: Sequence[Column], judge: Judge[list[Row]]) -> DataFrame:
    """`judge` of all rows of `counts` at once, as a frame of these columns of a contract.

    `counts` are exact and few; they come in no order, and `judge` gives rows in a fixed one; of no counts it
    is not asked, and there is no row. Its numbers are rounded half to even as their columns take them; nan
    and what has more digits than the column become null.
    """
    return _told(counts, columns, lambda table: judge(table.to_pylist()))


def from_frame(counts: DataFrame, columns: Sequence[Column], judge: Judge[pd.DataFrame]) -> DataFrame:
    """As `from_counts`, for a `judge` that takes a pandas frame."""
    return _told(counts, columns, lambda table: judge(table.to_pandas()))


def records(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame as `judge` gives them."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _told(counts: DataFrame, columns: Sequence[Column], judge: Judge[pa.Table]) -> DataFrame:
    types = [(column.name, to_arrow_type(column.data_type())) for column in columns]
    fields = [StructField(column.name, column.data_type(), True) for column in columns]
    schema = pa.schema(types)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        given = [batch for batch in batches if batch.num_rows]
        if given:
            rows = judge(pa.Table.from_batches(given))
            found = [{name: fitted(row.get(name), kind) for name, kind in types} for row in rows]
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    return counts.coalesce(1).mapInArrow(run, StructType(fields))


def fitted(value: Any, kind: pa.DataType) -> Any:
    """A value as the type takes it: numbers rounded, in lists and structs, too; None for nan."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if pa.types.is_list(kind):
        return [fitted(one, kind.value_type) for one in value]
    if pa.types.is_struct(kind):
        inside = {kind.field(n).name: kind.field(n).type for n in range(kind.num_fields)}
        return {name: fitted(value[name], one) for name, one in inside.items()}
    if pa.types.is_integer(kind):
        return round(value)
    return rounded(value, kind.precision, kind.scale) if pa.types.is_decimal(kind) else value


def rounded(value: float | Decimal | Fraction | None, digits: int, places: int) -> Decimal | None:
    """A number for a DECIMAL(digits, places), half to even; None where it is none, or has no room."""
    if value is None or not math.isfinite(value):
        return None
    exact = _exact(value)
    if abs(exact) >= Decimal(10) ** (digits - places):
        return None
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _CONTEXT)


def _exact(value: float | Decimal | Fraction) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Fraction):
        return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
    # A number of numpy is none to Decimal.
    return Decimal(int(value)) if isinstance(value, int | np.integer) else Decimal(float(value))
