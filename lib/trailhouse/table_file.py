"""Rows of a table as a file: CSV that no spreadsheet takes for formulas, or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType

from trailhouse.csv_cells import safe_cell
from trailhouse.errors import SettingsError, StorageError

_KINDS = (".csv", ".parquet")


def require_kind(out: Path, what: str) -> None:
    """SettingsError unless the file's name says which kind it is to be; `what` goes into it."""
    if out.suffix.lower() not in _KINDS:
        raise SettingsError(f"{what} are written as {' or '.join(_KINDS)}, not as {out.name}")


def write(table: DataFrame, out: Path) -> int:
    """Write rows of a table to a file of a kind that `require_kind` takes; how many.

    StorageError when the file cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return _as_csv(table, out) if out.suffix.lower() == ".csv" else _as_parquet(table, out)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from None


def _as_csv(table: DataFrame, out: Path) -> int:
    """Lists and maps as JSON, instants in UTC."""

    def cell(name: str) -> Column:
        if isinstance(table.schema[name].dataType, ArrayType | MapType):
            return F.to_json(name).alias(name)
        return F.col(name).cast("STRING")

    rows: Iterator[Any] = table.select(*map(cell, table.columns)).toLocalIterator(prefetchPartitions=True)
    number = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        for row in rows:
            writer.writerow(map(safe_cell, row))
            number += 1
    return number


def _as_parquet(table: DataFrame, out: Path) -> int:
    import pyarrow.parquet as pq

    found = table.toArrow()
    pq.write_table(found, out)
    return int(found.num_rows)
