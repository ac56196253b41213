"""Lists of a segment's members for other systems, and what `python -m trailhouse similar` tells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.csv_cells import safe_cell
from trailhouse.errors import SettingsError, StorageError
from trailhouse.segments.similar import features_of, look_alikes, similar
from trailhouse.settings import Settings
from trailhouse.settings.segment_names import written_out
from trailhouse.storage import Lake

Format = Literal["csv", "parquet", "json"]
_LISTED = ("person_id", "user_id", "identifiers")


def members_of(lake: Lake, name: str, on: date | None = None) -> DataFrame:
    """person_id, valid_from of the members at the end of a day; None: of the last complete day.

    StorageError where the lake has no segments, SettingsError for one that it does not know.
    """
    if not lake.exists("segments"):
        raise StorageError(
            f"lake {lake.root} has no segments: declare one below segments.rules and run the job profiles"
        )
    known = [row["segment"] for row in lake.read("segments").select("segment").collect()]
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
        raise SettingsError(f"no segment {name} in lake {lake.root}; {hint}")
    members = lake.read("segment_members").where(F.col("segment") == name)
    if on is None:
        members = members.where("valid_to IS NULL")
    else:
        day = F.lit(on)
        valid = (F.col("valid_from") <= day) & (F.col("valid_to").isNull() | (F.col("valid_to") > day))
        members = members.where(valid)
    return members.select("person_id", "valid_from")


def listed(lake: Lake, name: str, on: date | None = None, *, traits: bool = False) -> DataFrame:
    """Members with main user_id and identifiers (and the latest traits, JSON, if asked for), by person_id."""
    columns = [*_LISTED, *(["traits"] if traits else [])]
    profiles = lake.read("profiles").select(*columns)
    members = members_of(lake, name, on).withColumnRenamed("valid_from", "member_since")
    return members.join(profiles, on="person_id").select(*columns, "member_since").orderBy("person_id")


def write_list(rows: DataFrame | pd.DataFrame, format_: Format, out: Path) -> int:
    """Write a list as CSV, Parquet or JSON lines; how many rows it has. StorageError where it cannot be."""
    import pyarrow as pa

    if isinstance(rows, pd.DataFrame):
        table = pa.Table.from_pandas(rows, preserve_index=False)
    else:
        table = rows.toArrow()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if format_ == "parquet":
            import pyarrow.parquet as pq

            pq.write_table(table, out)
        else:
            text = (
                as_csv(table.column_names, table.to_pylist())
                if format_ == "csv"
                else _lines(table.to_pylist())
            )
            out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror or error}") from None
    return int(table.num_rows)


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a head; identifiers as `type:value; type:value`, no cell begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(_cell(row[name])) for name in columns] for row in rows)
    return out.getvalue()


def comparison(
    lake: Lake, settings: Settings, name: str, on: date | None = None, alike: int = 0
) -> tuple[pd.DataFrame, DataFrame | None]:
    """What members share against the others (`similar.COLUMNS`), and if asked for the persons most like them.

    A notebook's way to both: `comparison(Lake(spark, root), load_settings(file), "buyers")`. SettingsError
    where there is nobody to compare.
    """
    members = members_of(lake, name, on).select("person_id")
    frames = {table: lake.read(table) for table in ("profiles", "activity", "sessions")}
    rules = settings.segments.rules
    rule = written_out(rules[name], rules) if name in rules else None
    try:
        found = similar(members, frames, settings.project, rule)
    except ValueError as error:
        raise SettingsError(f"segment {name}: {error}") from None
    if not alike:
        return found, None
    features = features_of(frames, settings.project)
    ids = frames["profiles"].select(*_LISTED)
    near = look_alikes(features, members, found, alike).join(ids, on="person_id")
    columns = [*_LISTED, "score", "reasons"]
    return found, near.select(*columns).orderBy(F.col("score").desc(), "person_id")


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False, default=str)}\n" for row in rows)


def _cell(value: Any) -> Any:
    return "; ".join(_parts(value)) if isinstance(value, list) else value


def _parts(values: Sequence[Any]) -> Iterator[str]:
    for one in values:
        yield f"{one['type']}:{one['value']}" if isinstance(one, Mapping) else str(one)
