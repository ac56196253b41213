"""Activations and feelings as the template needs them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from trailhouse.report import text
from trailhouse.report.answers import Frames, grouped, heading
from trailhouse.report.text import Row

_Number = float | Decimal | None
VERDICTS = {
    "best": ("passed", "best, held later"),
    "stable": ("passed", "held later"),
    "not confirmed": ("warned", "not shown later"),
    "not checked": ("warned", "too few later"),
    "none shown": ("", "none shown"),
    "too few": ("", "too few"),
}
"""Verdict on an action -> tone and words."""
FELT = {
    "association": ("passed", "association, also between alike"),
    "gone when matched": ("warned", "not between alike"),
    "none shown": ("", "none shown"),
    "too few": ("", "too few"),
}
"""Verdict on a band -> tone and words."""


def activations(frames: Frames) -> list[Row]:
    """A question: the sentence of its best candidate if there is one, candidates, months of the best."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "activations"), "question").items():
        whole = [row for row in rows if row["cohort"] == "all"]
        if not whole:
            continue
        first = whole[0]
        outcomes = [row[name] or 0 for row in whole[:1] for name in ("outcomes_with", "outcomes_without")]
        found.append(
            {
                **heading(name, rows),
                "named": "Warning sign" if first["outcome"] == "churn" else "Activation moment",
                "sentence": next((row["sentence"] for row in whole if row["sentence"]), None),
                "split_day": first["split_day"],
                "units": first["units"],
                "base": text.ratio(sum(outcomes), first["units"]),
                "candidates": first["candidates"],
                "rows": [_candidate(row) for row in whole],
                "months": sorted(
                    (row for row in rows if row["cohort"] != "all"),
                    key=lambda row: str(row["cohort"]),
                    reverse=True,
                ),
            }
        )
    return found


def _candidate(row: Row) -> Row:
    tone, told = VERDICTS.get(row["verdict"], ("", row["verdict"]))
    times = "once" if row["times"] == 1 else f"{row['times']} times"
    days = "first day" if row["days"] == 1 else f"first {row['days']} days"
    return {
        **row,
        "tone": tone,
        "told": told,
        "often": f"at least {times}, {days}",
        "lift_told": multiple(row["lift"]),
        "lift_interval": _between(row["lift_low"], row["lift_high"], multiple),
        "odds_told": multiple(row["odds_ratio"]),
        "odds_interval": _between(row["odds_low"], row["odds_high"], multiple),
        "later_told": multiple(row["later_lift"]),
        "later_interval": _between(row["later_low"], row["later_high"], multiple),
    }


def feelings(frames: Frames) -> list[Row]:
    """A question: its bands of all answers, and of each month where there are any."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "feelings"), "question").items():
        periods = grouped([_band(row) for row in rows], "period")
        found.append(
            {
                **heading(name, rows),
                "score": rows[0]["score"],
                "outcome": rows[0]["outcome"],
                "currency": rows[0]["currency"],
                "bands": periods.pop("all", []),
                "months": sorted(periods.items(), key=lambda pair: str(pair[0]), reverse=True),
            }
        )
    return found


def _band(row: Row) -> Row:
    of_money = row["outcome"] == "revenue"

    def plain(value: Any) -> str:
        return text.amount(value) if of_money else text.percent(value)

    def moved(value: _Number) -> str:
        if value is None:
            return text.NOTHING
        size = abs(float(value))
        told = f"{size:,.2f}" if of_money else f"{100 * size:.1f}"
        return f"{'−' if value < 0 else '+'}{told}"

    tone, told = FELT.get(row["verdict"], ("", row["verdict"]))
    return {
        **row,
        "tone": tone,
        "told": told,
        "mean_told": plain(row["mean"]),
        "own": _between(row["low"], row["high"], plain),
        "other_told": plain(row["other_mean"]),
        "raw_told": moved(row["difference"]),
        "raw": _between(row["difference_low"], row["difference_high"], moved),
        "matched_told": moved(row["matched_difference"]),
        "matched": _between(row["matched_low"], row["matched_high"], moved),
    }


def multiple(value: _Number) -> str:
    """2.15×; of a large one no decimals."""
    if value is None:
        return text.NOTHING
    return f"{float(value):,.0f}×" if value >= 100 else f"{float(value):.2f}×"


def _between(low: Any, high: Any, told: Any) -> str | None:
    return None if low is None or high is None else f"{told(low)} to {told(high)}"
