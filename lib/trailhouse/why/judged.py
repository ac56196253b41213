"""Figures as rows of a contract's columns: exact types, numbers rounded once, what is not known null."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pyarrow as pa

from trailhouse.contract import Column, Table

_CONTEXT = Context(prec=60)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_PLAIN: Mapping[str, pa.DataType] = {
    "STRING": pa.string(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
}


@dataclass(frozen=True)
class Told:
    """The columns of a table that an Arrow function gives: all but those of the question."""

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, table: Table, without: Sequence[Column]) -> Told:
        """Those of `table` but for `without`."""
        return cls(tuple(one for one in table.columns if one not in without))

    @property
    def names(self) -> list[str]:
        """In order."""
        return [one.name for one in self.columns]

    @property
    def ddl(self) -> str:
        """As Spark writes a schema."""
        return ", ".join(f"{one.name} {one.type}" for one in self.columns)

    def batch(self, rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
        """The rows, rounded; a column that a row does not name is null."""
        given = [{one.name: _exact(row.get(one.name), one.type) for one in self.columns} for row in rows]
        return pa.RecordBatch.from_pylist(
            given, schema=pa.schema([(one.name, _arrow(one.type)) for one in self.columns])
        )


def _arrow(kind: str) -> pa.DataType:
    found = _DECIMAL.fullmatch(kind)
    return _PLAIN[kind] if found is None else pa.decimal128(int(found[1]), int(found[2]))


def _exact(value: Any, kind: str) -> Any:
    """The value in its column's type; None for nan, infinity and what has more digits than the column."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    found = _DECIMAL.fullmatch(kind)
    if found is None:
        return int(value) if kind in ("INT", "BIGINT") else value
    digits, places = int(found[1]), int(found[2])
    # A numpy number is no number to Decimal.
    number = value if isinstance(value, Decimal | int) else float(value)
    exact = Decimal(number)
    if abs(exact) >= Decimal(10) ** (digits - places):
        return None
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _CONTEXT)
