"""Rows of a table for a test: what matters is named, the rest follows from the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    MapType,
    StringType,
    StructType,
    TimestampType,
)

from trailhouse.contract import Column, Table
from trailhouse.tables import TABLES

DAY = date(2026, 3, 2)
"""A Monday: the day of every row that names no time."""


def rows(spark: SparkSession, table: str, given: Iterable[Mapping[str, Any]] = ()) -> DataFrame:
    """A frame of the table's schema, one row a mapping.

    Times and days may be text (`2026-03-02 10:00:00.5`, taken as UTC), structs may be mappings with
    some fields. What is not named: optional columns are null; required ones are the first allowed
    value, the least number, false, an empty array, the day of the first time that is named (else
    `DAY`), or `<column>-<row>`, which is unique. Raises KeyError for a name that is no column.
    """
    contract = TABLES[table]
    data = [_row(contract, number, dict(row)) for number, row in enumerate(given, start=1)]
    return spark.createDataFrame(data, contract.schema)


def watermark(spark: SparkSession, at: str | None) -> DataFrame:
    """The pseudo input `watermark`: one row; null when there are no events."""
    return spark.createDataFrame([(at and _time(at),)], "watermark TIMESTAMP")


def _row(table: Table, number: int, given: dict[str, Any]) -> tuple[Any, ...]:
    types = {field.name: field.dataType for field in table.schema.fields}
    unknown = sorted(given.keys() - types.keys())
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(unknown)}")
    named = {name: _value(types[name], value) for name, value in given.items()}
    times = [value for value in named.values() if isinstance(value, datetime)]
    at = times[0] if times else datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    return tuple(
        named[c.name] if c.name in named else _default(c, types[c.name], number, at) for c in table.columns
    )


def _default(column: Column, kind: DataType, number: int, at: datetime) -> Any:
    if not column.required:
        return None
    if column.values:
        return column.values[0]
    simple: dict[type[DataType], Any] = {
        ArrayType: [],
        BooleanType: False,
        DateType: at.date(),
        DecimalType: Decimal(column.low or 0),
        MapType: {},
        StringType: f"{column.name}-{number}",
        TimestampType: at,
    }
    return simple.get(type(kind), column.low or 0)


def _value(kind: DataType, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, TimestampType) and isinstance(value, str):
        return _time(value)
    if isinstance(kind, DateType) and isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(kind, DecimalType):
        return Decimal(str(value))
    if isinstance(kind, ArrayType):
        return [_value(kind.elementType, item) for item in value]
    if isinstance(kind, StructType) and isinstance(value, Mapping):
        unknown = sorted(value.keys() - set(kind.names))
        if unknown:
            raise KeyError(f"no field {', '.join(unknown)} in {kind.simpleString()}")
        return tuple(_value(field.dataType, value.get(field.name)) for field in kind.fields)
    return value


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
