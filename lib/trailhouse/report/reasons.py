"""Reasons behind numbers, as the template needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trailhouse.report import text
from trailhouse.report.answers import grouped, titled
from trailhouse.report.text import Row

SHOWN = 6
CLAIMED = "association"


def reasons(frames: Mapping[str, pd.DataFrame]) -> Row | None:
    """The numbers with their first reasons, and by (name, step) the anchor of each; None: not asked for."""
    rows = text.rows_of(frames, "reasons")
    if not rows:
        return None
    numbers, anchors = [], {}
    for place, ((name, step), own) in enumerate(_by_number(rows).items(), start=1):
        anchor = f"why-{place}"
        anchors[name, step] = anchor
        ranked = sorted(own, key=lambda row: int(row["rank"]))
        claimed = [row for row in ranked if row["verdict"] == CLAIMED]
        numbers.append(
            {
                "anchor": anchor,
                "title": titled(name),
                "number": own[0]["number"],
                "compared": own[0]["compared"],
                "claimed": len(claimed),
                "rows": [_row(row) for row in (claimed or ranked[:3])[:SHOWN]],
                "left_out": max(0, len(claimed) - SHOWN),
                "most": claimed[0]["sentence"] if claimed else None,
            }
        )
    return {"numbers": numbers, "anchors": anchors}


def _by_number(rows: list[Row]) -> dict[tuple[str, Any], list[Row]]:
    return grouped(rows, "question", "step")


def _row(row: Row) -> Row:
    sessions = zip(row["session_ids"] or [], row["recorded"] or [], strict=True)
    return {
        **row,
        "sure": row["verdict"] == CLAIMED,
        "sessions": [{"id": name, "command": "replay" if kept else "journey"} for name, kept in sessions],
    }
