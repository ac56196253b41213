"""After log-in, unexpected ways and sections of pages as the template needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trailhouse.report import text
from trailhouse.report.answers import Frames, grouped
from trailhouse.report.text import Row

KINDS = {"page": "page", "click": "click", "event": "event", "left": "nothing more"}
QUERIES, WEEKS, SECTIONS = 15, 12, 6
_BEFORE = ("what", "value", "share_in", "share_out", "lift", "low", "high", "q", "too_few")


def arrivals(frames: Frames) -> Row | None:
    """First actions by place, sequences, searches, goals; None where no log-in is declared."""
    rows = text.rows_of(frames, "arrivals")
    if not rows:
        return None
    actions = grouped([row for row in rows if row["what"] == "action"], "position")
    sequences = [row for row in rows if row["what"] == "sequence" and row["position"] == 3]
    return {
        "logins": rows[0]["all_logins"],
        "places": [
            {"position": position, "actions": [{**row, "told": KINDS[row["kind"]]} for row in own]}
            for position, own in actions.items()
        ],
        "sequences": sorted(sequences, key=lambda row: int(row["rank"])),
        **_searches(text.rows_of(frames, "arrival_searches")),
    }


def _searches(rows: Sequence[Row]) -> Row:
    def of(what: str, breakdown: str) -> list[Row]:
        return [row for row in rows if (row["what"], row["breakdown"]) == (what, breakdown)]

    queries, everyone = of("search", "all"), of("search_all", "all")
    return {
        "searches": everyone[0] if everyone else None,
        "queries": queries[:QUERIES],
        "more_queries": max(0, len(queries) - QUERIES),
        "by": [
            *of("search_all", "device_type"),
            *sorted(of("search_all", "week"), key=lambda row: str(row["value"]), reverse=True)[:WEEKS],
        ],
        "goals": of("goal", "all"),
    }


def unexpected(frames: Frames) -> list[Row]:
    """Ways with what precedes each."""
    found = []
    for row in text.rows_of(frames, "unexpected_actions"):
        columns = [row[f"before_{name}"] or [] for name in _BEFORE]
        before = [dict(zip(_BEFORE, values, strict=True)) for values in zip(*columns, strict=True)]
        found.append({**row, "before": [{**one, "verdict": verdict(one)} for one in before]})
    return found


def verdict(one: Row) -> str:
    """Whether what was found is more than chance, in two words."""
    if one["too_few"]:
        return "too few"
    return "beyond chance" if float(one["q"]) < 0.05 else "maybe chance"


def held(frames: Frames) -> list[Row]:
    """Pages with their sections from the top, and those that hold people."""
    found: list[dict[str, Any]] = []
    for row in text.rows_of(frames, "page_sections"):
        if not found or found[-1]["page_group"] != row["page_group"]:
            found.append({"page_group": row["page_group"], "views": row["views"], "sections": []})
        found[-1]["sections"].append(row)
    for page in found:
        most = max(float(row["seconds"]) for row in page["sections"])
        page["sections"] = [
            {**row, "of_most": float(row["seconds"]) / most if most else None} for row in page["sections"]
        ]
        page["left_out"] = max(0, len(page["sections"]) - SECTIONS)
        page["sections"] = [row for row in page["sections"] if row["rank"] <= SECTIONS or row["holds"]]
    # One section alone is no choice.
    return [page for page in found if len(page["sections"]) > 1]
