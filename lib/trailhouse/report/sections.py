"""Funnels, retention, friction, channels and data quality as the template needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trailhouse.report import charts, text
from trailhouse.report.text import Row
from trailhouse.signals.registry import STRUGGLES

Frames = Mapping[str, pd.DataFrame]

EVERYONE = "all"
BREAKDOWNS = 8
COHORTS = 16
PERIODS = 13
LABELS = {kind.name: kind.label for kind in STRUGGLES}


def _grouped(rows: Sequence[Row], *keys: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)].append(row)
    return found


def funnels(frames: Frames) -> list[Row]:
    """A funnel: name, definition, unit, steps of everyone, breakdown rows, chart."""
    found = []
    for name, rows in _grouped(text.rows_of(frames, "funnels"), "question").items():
        parts = _grouped(sorted(rows, key=lambda row: int(row["step"])), "breakdown_by", "breakdown")
        steps = parts.pop((EVERYONE, EVERYONE), [])
        if not steps:
            continue
        several = len({by for by, _ in parts}) > 1
        named = {(by, f"{by}: {value}" if several else value): part for (by, value), part in parts.items()}
        largest = sorted(named.items(), key=lambda part: (-int(part[1][0]["units"]), str(part[0])))
        found.append(
            {
                "name": name,
                "title": name.replace("_", " "),
                "definition": steps[0]["definition"],
                "unit": steps[0]["unit"],
                "steps": steps,
                "overall": steps[-1]["from_start"],
                "breakdown": [{"value": value, "steps": part} for (_, value), part in largest[:BREAKDOWNS]],
                "left_out": max(0, len(largest) - BREAKDOWNS),
                "chart": charts.funnel(name, steps),
            }
        )
    return found


def retention(frames: Frames) -> list[Row]:
    """A triangle: name, definition, periods, and a row a cohort with a cell or None a period.

    `average` is weighted by cohort size over complete cells alone.
    """
    found = []
    for name, rows in _grouped(text.rows_of(frames, "retention"), "question").items():
        cohorts = _grouped(rows, "cohort")
        shown = sorted(cohorts, key=text.day)[-COHORTS:]
        ends = {int(row["period"]): int(row["period_end"]) for row in rows}
        periods = sorted(ends)[:PERIODS]
        lines = []
        for cohort in shown:
            cells = {int(row["period"]): row for row in cohorts[cohort]}
            lines.append(
                {
                    "cohort": cohort,
                    "size": cohorts[cohort][0]["cohort_size"],
                    "cells": [_cell(cells.get(period)) for period in periods],
                }
            )
        found.append(
            {
                "name": name,
                "title": name.replace("_", " "),
                "definition": rows[0]["definition"],
                "unit": rows[0]["unit"],
                "interval": rows[0]["interval"],
                "periods": [_periods(period, ends[period]) for period in periods],
                "average": [_average(cohorts, shown, period) for period in periods],
                "cohorts": lines,
                "left_out": len(cohorts) - len(shown),
            }
        )
    return found


def _periods(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _cell(row: Row | None) -> Row | None:
    if row is None or row["rate"] is None:
        return None
    # Seven steps are enough for the eye, and can be named in the stylesheet.
    return {**row, "level": min(6, int(float(row["rate"]) * 10 * 0.7 + 0.999)) if row["rate"] else 0}


def _average(cohorts: Mapping[Any, Sequence[Row]], shown: Sequence[Any], period: int) -> float | None:
    rows = [row for cohort in shown for row in cohorts[cohort] if row["period"] == period and row["complete"]]
    if any(row["base"] != "total" for row in rows):
        return None  # a share of the period before, which other cohorts have another of
    return text.ratio(sum(int(row["units"]) for row in rows), sum(int(row["cohort_size"]) for row in rows))


def friction(frames: Frames) -> Row:
    """Pages with counts, the chart of the worst, and the elements by kind of signal."""
    pages = sorted(
        text.rows_of(frames, "pages"),
        key=lambda row: (-int(row["friction_sessions"]), -int(row["sessions"]), str(row["page_group"])),
    )
    most = max((int(row["sessions"]) for row in pages), default=0)
    # A rate over a handful of sessions would top every list.
    least = max(5, most // 100)
    rated = [row for row in pages if int(row["sessions"]) >= least and row["friction_sessions"]]
    worst = sorted(rated, key=lambda row: (-float(row["friction_rate"]), str(row["page_group"])))[:12]
    elements = _grouped(text.rows_of(frames, "elements"), "kind")
    return {
        "pages": pages,
        "least": least,
        "chart": charts.friction(worst) if worst else None,
        "kinds": list(LABELS.items()),
        "elements": [(label, elements[kind]) for kind, label in LABELS.items() if kind in elements],
    }


def channels(frames: Frames) -> list[Row]:
    """Channels with shares: of all sessions, engaged, converted, engaged time a session."""
    rows = text.rows_of(frames, "channels")
    total = sum(int(row["sessions"]) for row in rows)
    return [
        {
            **row,
            "share": text.ratio(row["sessions"], total),
            "engaged_share": text.ratio(row["engaged"], row["sessions"]),
            "conversion": text.ratio(row["converted"], row["sessions"]),
            "time": text.ratio(row["engaged_us"], row["sessions"]),
        }
        for row in rows
    ]


def quality(frames: Frames) -> Row:
    """Verdicts by table, failed checks, the ledger's balance, the state of each table."""
    gates = [
        {**row, "verdict": "failed" if row["errors"] else "warned" if row["warnings"] else "passed"}
        for row in text.rows_of(frames, "gates")
    ]
    rank = {"failed": 0, "warned": 1, "passed": 2}
    balance = {bool(row["held"]): row for row in text.rows_of(frames, "balance")}
    return {
        "gates": sorted(
            gates, key=lambda row: (rank[row["verdict"]], str(row["stage"]), str(row["table_name"]))
        ),
        "checks": sum(int(row["checks"]) for row in gates),
        "errors": sum(int(row["errors"]) for row in gates),
        "warnings": sum(int(row["warnings"]) for row in gates),
        "failures": text.rows_of(frames, "gate_failures"),
        "ledger": _balanced(balance.get(False)),
        "held": _balanced(balance.get(True)),
        "tables": text.rows_of(frames, "tables"),
    }


def _balanced(row: Row | None) -> Row | None:
    if row is None:
        return None
    parts = [(name, int(row[name] or 0)) for name in ("kept", "duplicate", "quarantined", "refused")]
    total = sum(count for _, count in parts)
    return {
        **row,
        "parts": [
            {"name": name, "count": count, "share": text.ratio(count, row["records_in"])}
            for name, count in parts
        ],
        "accounted": total,
        "balanced": total == int(row["records_in"] or 0),
    }
