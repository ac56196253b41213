"""Small aggregated rows to the rows of a table, by plain Python on one worker."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import StructField, StructType

from trailhouse.contract import Column

Row = dict[str, Any]
_CONTEXT = Context(prec=60)


def from_counts(
    counts: DataFrame, columns: Sequence[Column], judge: Callable[[list[Row]], Iterable[Mapping[str, Any]]]
) -> DataFrame:
    """`judge` of all rows of `counts` at once, as a frame of these columns of a contract.

    `counts` are exact and few; they come in no order, and `judge` gives rows in a fixed one. Numbers of its
    rows may be floats where the column is a decimal: they are rounded half to even, nan and what has more
    digits than the column become null.
    """
    types = [(column.name, to_arrow_type(column.data_type())) for column in columns]
    fields = [StructField(column.name, column.data_type(), True) for column in columns]
    schema = pa.schema(types)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [row for batch in batches for row in batch.to_pylist()]
        if rows:
            found = [{name: fitted(row.get(name), kind) for name, kind in types} for row in judge(rows)]
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    return counts.coalesce(1).mapInArrow(run, StructType(fields))


def fitted(value: Any, kind: pa.DataType) -> Any:
    """A value as the type takes it: floats as decimals of its scale, in lists and structs, too."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [fitted(one, kind.value_type) for one in value]
    if pa.types.is_struct(kind):
        inside = {kind.field(n).name: kind.field(n).type for n in range(kind.num_fields)}
        return {name: fitted(value[name], one) for name, one in inside.items()}
    if not pa.types.is_decimal(kind):
        return value
    if not math.isfinite(value):
        return None
    exact = Decimal(float(value)) if not isinstance(value, Decimal | int) else Decimal(value)
    if abs(exact) >= Decimal(10) ** (kind.precision - kind.scale):
        return None
    return exact.quantize(Decimal(1).scaleb(-kind.scale), ROUND_HALF_EVEN, _CONTEXT)
