"""Profiles as a file: CSV that no spreadsheet takes for formulas, or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from trailhouse.csv_cells import safe_cell
from trailhouse.errors import SettingsError, StorageError
from trailhouse.profiles.build import profiles_as_of

if TYPE_CHECKING:
    from trailhouse.run import Run

_READ = ("person_days", "sessions", "activity", "identities")
_KINDS = (".csv", ".parquet")


def require_kind(out: Path, what: str = "profiles") -> None:
    """SettingsError unless the file's name says which kind it is to be."""
    if out.suffix.lower() not in _KINDS:
        raise SettingsError(f"{what} are written as {' or '.join(_KINDS)}, not as {out.name}")


def export(run: Run, day: date, out: Path) -> int:
    """Write the profiles of a lake as they were when `day` ended, sorted by person; how many.

    StorageError when the lake lacks a table, or the file cannot be written.
    """
    frames = {name: run.lake.read(name) for name in _READ}
    return write(profiles_as_of(frames, day, run.settings).orderBy("person_id"), out)


def write(profiles: DataFrame, out: Path) -> int:
    """Write rows of a table to a file of a kind that `require_kind` takes; how many."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return _as_csv(profiles, out) if out.suffix.lower() == ".csv" else _as_parquet(profiles, out)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from None


def _as_csv(profiles: DataFrame, out: Path) -> int:
    """Lists as JSON, instants in UTC."""

    def cell(name: str) -> Column:
        if isinstance(profiles.schema[name].dataType, ArrayType):
            return F.to_json(name).alias(name)
        return F.col(name).cast("STRING")

    rows: Iterator[Any] = profiles.select(*map(cell, profiles.columns)).toLocalIterator(
        prefetchPartitions=True
    )
    number = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(profiles.columns)
        for row in rows:
            writer.writerow(map(safe_cell, row))
            number += 1
    return number


def _as_parquet(profiles: DataFrame, out: Path) -> int:
    import pyarrow.parquet as pq

    table = profiles.toArrow()
    pq.write_table(table, out)
    return int(table.num_rows)
