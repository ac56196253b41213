"""Next items as a file, and in a sentence how far to trust them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trailhouse.errors import SettingsError
from trailhouse.progress import how_many
from trailhouse.storage import Lake
from trailhouse.table_file import write


def export_next_items(lake: Lake, out: Path) -> str:
    """Write `next_items` of a lake, by person and rank, to a CSV or Parquet file; what was written.

    SettingsError when the lake has no such table; StorageError when the file cannot be written.
    """
    if not (lake.exists("next_items") and lake.exists("recommendation_quality")):
        raise SettingsError(f"lake {lake.root} has no next items: declare items.events, and run the metrics")
    number = write(lake.read("next_items").orderBy("person_id", "rank"), out)
    judged = {row.model: row for row in lake.read("recommendation_quality").collect()}
    return f"{how_many(number, 'next item')}: {out}; {told(judged)}"


def told(judged: dict[str, Any]) -> str:
    """How the chosen model held, by rows of recommendation_quality."""
    own = next((row for row in judged.values() if row.chosen), None)
    if own is None:
        return "no model"
    words = f"by {own.model.replace('_', '-')}"
    if own.hit_rate is None:
        return f"{words}, not judged: {own.verdict}"
    rate = f"{own.hit_rate:.1%} of {how_many(own.judged_persons, 'person')} had one of them later"
    if own.verdict == "baseline":
        return f"{words}, as no model is better than popularity: {rate}"
    return f"{words}: {rate} ({judged['popularity'].hit_rate:.1%} by popularity)"
