"""Revenue, churn and trials as the template needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, heading, month, triangle
from trailhouse.report.text import Row

MONTHS, CURRENCIES = 18, 3
KINDS = {
    "new": ("new", "var(--c1)", 1),
    "expansion": ("expansion", "var(--c3)", 1),
    "reactivation": ("reactivation", "var(--c4)", 1),
    "contraction": ("contraction", "var(--c2)", -1),
    "churn": ("churn", "var(--bad)", -1),
}
"""Column of a movement -> its name, colour, and whether it adds or takes away."""


def revenue(frames: Frames) -> list[Row]:
    """A question: for each currency its months, newest first, a chart of movements, cohorts by LTV."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "revenue"), "question").items():
        told = (_currency(str(name), own) for own in grouped(rows, "currency").values())
        parts = [part for part in told if part is not None]
        parts.sort(key=lambda part: (-part["size"], str(part["currency"])))
        if parts:
            found.append(
                {
                    **heading(name, rows),
                    "currencies": parts[:CURRENCIES],
                    "left_out": max(0, len(parts) - CURRENCIES),
                }
            )
    return found


def _currency(name: str, rows: Sequence[Row]) -> Row | None:
    months = _months(row for row in rows if row["cohort"] is None)
    if not months:
        return None
    shown, currency = months[-MONTHS:], rows[0]["currency"]
    most = max((row["ltv"] or 0 for row in rows if row["cohort"] is not None), default=0)
    done = [row for row in months if row["complete"]]
    return {
        "currency": currency,
        "size": max(row["units"] for row in shown),
        "months": list(reversed(shown)),
        "last": done[-1] if done else None,
        "left_out": len(months) - len(shown),
        "chart": answer_charts.movement(
            f"Bars of what moved the recurring revenue of {name} in {currency}, by month",
            [bar for row in shown for bar in _bars(row, currency)],
            {told: colour for told, colour, _ in KINDS.values()},
        ),
        "cohorts": triangle(
            [row for row in rows if row["cohort"] is not None],
            "new_units",
            lambda row: {
                "text": text.amount(row["ltv"]),
                "share": text.ratio(row["ltv"], most),
                "title": f"{text.money(row['mrr'], currency)} MRR of {text.number(row['units'])}",
            },
        ),
    }


def _months(rows: Any) -> list[Row]:
    """In order, each with its label."""
    return sorted(({**row, "label": month(row["period"])} for row in rows), key=lambda row: str(row["label"]))


def _bars(row: Row, currency: str) -> list[Row]:
    return [
        {
            "label": row["label"],
            "kind": told,
            "amount": sign * row[column],
            "told": text.money(row[column], currency),
            "complete": row["complete"],
        }
        for column, (told, _, sign) in KINDS.items()
    ]


def churn(frames: Frames) -> list[Row]:
    """A question and rule: months, newest first, a line of the rate, cohorts by the share retained."""
    found = []
    for (name, rule), rows in grouped(text.rows_of(frames, "churn"), "question", "rule").items():
        months = _months(row for row in rows if row["cohort"] is None)
        if not months:
            continue
        shown = months[-MONTHS:]
        done = [row for row in months if row["complete"]]
        rated = [row for row in shown if row["rate"] is not None]
        found.append(
            {
                **heading(name, rows),
                "rule": rule,
                "inactive_days": rows[0]["inactive_days"],
                "learned_days": rows[0]["learned_days"],
                "months": list(reversed(shown)),
                "last": done[-1] if done else None,
                "left_out": len(months) - len(shown),
                "chart": answer_charts.lines(
                    f"Line of the churn rate of {name} by month",
                    [
                        {
                            "day": text.as_date(row["period"]),
                            "line": "rate",
                            "value": row["rate"],
                            "complete": row["complete"],
                        }
                        for row in rated
                    ],
                    ["rate"],
                    ".1%",
                )
                if len(rated) > 1
                else None,
                "cohorts": triangle(
                    [row for row in rows if row["cohort"] is not None],
                    "new",
                    lambda row: {
                        "text": text.percent(row["retained"]),
                        "share": row["retained"],
                        "title": f"{text.number(row['units_end'])} are there at the month's end",
                    },
                ),
            }
        )
    return found


def trials(frames: Frames) -> list[Row]:
    """A question: months of the trials' start, newest first, and all that have ended."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "trials"), "question").items():
        months = sorted(
            ({**row, "label": month(row["cohort"])} for row in rows), key=lambda row: str(row["label"])
        )
        shown = months[-MONTHS:]
        ended, converted = (sum(int(row[key]) for row in months) for key in ("ended", "converted"))
        found.append(
            {
                **heading(name, rows),
                "months": list(reversed(shown)),
                "left_out": len(months) - len(shown),
                "trials": sum(int(row["trials"]) for row in months),
                "ended": ended,
                "converted": converted,
                "rate": text.ratio(converted, ended),
            }
        )
    return found
