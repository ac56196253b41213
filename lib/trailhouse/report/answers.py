"""What the sections of declared questions share: rows by question, triangles of cohorts, shades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from trailhouse.report import text
from trailhouse.report.text import Row

Frames = Mapping[str, pd.DataFrame]

COHORTS, PERIODS = 16, 13
LEVELS = 6


def grouped(rows: Sequence[Row], *keys: str) -> dict[Any, list[Row]]:
    """Rows by the values of their keys, in the order of these values as text."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)].append(row)
    return dict(sorted(found.items(), key=lambda part: str(part[0])))


def heading(name: Any, rows: Sequence[Row]) -> Row:
    """A question's name, title, definition and unit."""
    return {
        "name": name,
        "title": titled(name),
        "definition": rows[0]["definition"],
        "unit": rows[0]["unit"],
    }


def titled(name: Any) -> str:
    return str(name).replace("_", " ")


def level(share: float | Decimal | None) -> int:
    """Which of the stylesheet's shades a share of 1 has; 0 is none."""
    return 0 if not share else max(0, min(LEVELS, int(float(share) * LEVELS + 0.999)))


def triangle(rows: Sequence[Row], size: str, told: Callable[[Row], Row]) -> Row | None:
    """Cohorts by months since they began: what `told` makes of each row, and the cohort's `size` column.

    `rows` have cohort and period (first days of months), a row a pair; `told` gives text, share (for the
    shade) and title. None for no rows.
    """
    cohorts = grouped(rows, "cohort")
    shown = sorted(cohorts, key=text.as_date)[-COHORTS:]
    lines = []
    for cohort in shown:
        cells = {_months(cohort, row["period"]): row for row in cohorts[cohort]}
        lines.append({"cohort": month(cohort), "size": cells[min(cells)][size], "of": cells})
    periods = sorted({month for line in lines for month in line["of"]})[:PERIODS]
    for line in lines:
        own = line.pop("of")
        line["cells"] = [_cell(own.get(month), told) for month in periods]
    if not lines:
        return None
    return {"periods": periods, "cohorts": lines, "left_out": len(cohorts) - len(shown)}


def _cell(row: Row | None, told: Callable[[Row], Row]) -> Row | None:
    if row is None:
        return None
    one = told(row)
    return {**one, "level": level(one["share"]), "complete": row["complete"]}


def _months(first: Any, last: Any) -> int:
    a, b = text.as_date(first), text.as_date(last)
    return 12 * (b.year - a.year) + b.month - a.month


def month(value: Any) -> str:
    """2026-03, of a month's first day."""
    day: date = text.as_date(value)
    return f"{day:%Y-%m}"
