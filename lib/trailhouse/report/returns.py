"""Lifecycle and stickiness as the template needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, heading, month
from trailhouse.report.text import Row

PERIODS = 26
NUMBERS = 40
KINDS = {
    "new": "var(--c1)",
    "returning": "var(--c3)",
    "resurrecting": "var(--c4)",
    "dormant": "var(--c2)",
}


def lifecycle(frames: Frames) -> list[Row]:
    """A question: periods, newest first, the last complete one, a chart."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "lifecycle"), "question").items():
        periods = sorted(rows, key=lambda row: text.as_date(row["date"]))
        shown = periods[-PERIODS:]
        done = [row for row in shown if row["complete"]]
        found.append(
            {
                **heading(name, rows),
                "interval": rows[0]["interval"],
                "periods": [{**row, "label": _label(row)} for row in reversed(shown)],
                "left_out": len(periods) - len(shown),
                "last": {**done[-1], "label": _label(done[-1])} if done else None,
                "chart": answer_charts.movement(
                    f"Bars of new, returning, resurrecting and dormant units of {name}, by period",
                    [bar for row in shown for bar in _bars(row)],
                    KINDS,
                ),
            }
        )
    return found


def _label(row: Row, length: str = "interval") -> str:
    return month(row["date"]) if row[length] == "month" else text.day(row["date"])


def _bars(row: Row) -> list[Row]:
    return [
        {
            "label": _label(row),
            "kind": kind,
            "amount": -row[kind] if kind == "dormant" else row[kind],
            "told": text.number(row[kind]),
            "complete": row["complete"],
        }
        for kind in KINDS
    ]


def stickiness(frames: Frames) -> list[Row]:
    """A question: its latest complete range (else the latest) by active periods, and the ones before."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "stickiness"), "question").items():
        ranges = grouped(rows, "date")
        order = sorted(ranges, key=text.as_date, reverse=True)
        whole = [date for date in order if ranges[date][0]["complete"]]
        last = sorted(ranges[(whole or order)[0]], key=lambda row: int(row["periods"]))
        found.append(
            {
                **heading(name, rows),
                "interval": rows[0]["interval"],
                "label": _label(last[0], "within"),
                "complete": last[0]["complete"],
                "total": last[0]["at_least"],
                "rows": last[:NUMBERS],
                "before": [_summed(_label(ranges[date][0], "within"), ranges[date]) for date in order[:12]],
                "chart": answer_charts.numbers(
                    f"Bars of units of {name} by the number of periods in which they were active",
                    [
                        {"number": row["periods"], "units": row["units"], "at_least": row["share"]}
                        for row in last[:NUMBERS]
                    ],
                ),
            }
        )
    return found


def _summed(label: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Units of a range, their mean number of active periods, the share that was active once alone."""
    units = sum(int(row["units"]) for row in rows)
    periods = sum(int(row["units"]) * int(row["periods"]) for row in rows)
    once = sum(int(row["units"]) for row in rows if row["periods"] == 1)
    return {
        "label": label,
        "units": units,
        "mean": text.ratio(periods, units),
        "once": text.ratio(once, units),
        "complete": rows[0]["complete"],
    }
