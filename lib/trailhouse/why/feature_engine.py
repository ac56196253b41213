"""Exact counts, all on one worker, to rows of a table with what statistics say of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame

PLACES = 6
P_PLACES = 8
_LARGEST = Decimal(10) ** 12
"""Figures beyond it have no meaning, and no room in their column."""
FIGURE, P_VALUE = "DECIMAL(18,6)", "DECIMAL(9,8)"
_ARROW: Mapping[str, pa.DataType] = {
    "STRING": pa.string(),
    "BIGINT": pa.int64(),
    "INT": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "ARRAY<STRING>": pa.list_(pa.string()),
    FIGURE: pa.decimal128(18, PLACES),
    P_VALUE: pa.decimal128(9, P_PLACES),
}


@dataclass(frozen=True)
class Judge:
    """The engine: `judge` makes of all rows, as a pandas frame, one with `columns`: name -> Spark type."""

    judge: Callable[[pd.DataFrame], pd.DataFrame]
    columns: Mapping[str, str]

    def of(self, counts: DataFrame) -> DataFrame:
        """The judged rows of a frame of counts."""
        schema = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return counts.coalesce(1).mapInArrow(self, schema)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [row for batch in batches for row in batch.to_pylist()]
        if not rows:
            return
        judged = self.judge(pd.DataFrame(rows))
        arrays = [
            pa.array([_plain(value, kind) for value in judged[name]], type=_ARROW[kind])
            for name, kind in self.columns.items()
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=list(self.columns))


def _plain(value: Any, kind: str) -> Any:
    """A value as Arrow takes it; figures rounded half to even, null where they are no number or beyond."""
    if kind in (FIGURE, P_VALUE):
        if value is None or not math.isfinite(value):
            return None
        places = PLACES if kind == FIGURE else P_PLACES
        found = Decimal(float(value))
        if abs(found) >= _LARGEST:
            return None
        return found.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    if kind in ("BIGINT", "INT"):
        return None if pd.isna(value) else int(value)
    if kind == "BOOLEAN":
        return bool(value)
    return list(value) if kind.startswith("ARRAY") else value
