"""The activation moment: of all candidates the one that tells the outcome best, and held on later starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from trailhouse.from_counts import Row, records
from trailhouse.settings import Activation
from trailhouse.why.candidates import KEY, Counted
from trailhouse.why.evidence import ALPHA


def judged(question: Activation, counts: pd.DataFrame) -> list[Row]:
    """Rows of `activations` from the rows of `predictors.counts`, whatever their order."""
    counted = Counted(question, counts)
    if not counted.actions:
        return []
    figures = counted.figures
    told = records(figures)
    verdicts = [_verdict(row) for row in told]
    best = _best(told, verdicts)
    shared: Row = {"outcome": question.outcome, "split_day": counted.split_day}
    by_key: dict[Any, pd.DataFrame] = dict(list(counted.times_of.groupby(KEY)))
    entered = counted.entered.groupby("i")["n"].sum().to_dict()
    rows = []
    for number, (row, verdict) in enumerate(zip(told, verdicts, strict=True)):
        times = by_key.get((row["action"], row["i"], row["j"]), counted.times_of[:0])
        found = {
            **_named(question, row),
            **shared,
            **row,
            **counted.reach(times, int(entered.get(row["i"], 0))),
            "cohort": "all",
            "verdict": "best" if number == best else verdict,
        }
        if number == best:
            found["sentence"] = sentence(question, found)
        rows.append(found)
        if number == best:
            rows += [{**one, **shared} for one in _months(counted, row, times)]
    return sorted(rows, key=lambda one: tuple(one[name] for name in ("action", "times", "days", "cohort")))


def _named(question: Activation, row: Mapping[str, Any]) -> Row:
    return {
        "action": row["action"],
        "times": question.times[row["j"]],
        "days": question.days[row["i"]],
    }


def _verdict(row: Mapping[str, Any]) -> str:
    """What can be said of a candidate.

    Learned: its q (adjusted for all candidates) on earlier starts. Stable: later starts, which had no part in
    choosing it, show the same by themselves, and so do the adjusted odds.
    """
    if row["learned_few"]:
        return "too few"
    if not row["q_value"] <= ALPHA:
        return "none shown"
    if row["later_few"]:
        return "not checked"
    more = row["learned_share_with"] > row["learned_share_without"]
    same = (row["later_share_with"] > row["later_share_without"]) == more
    held = row["later_p_value"] <= ALPHA and same
    apart = row["odds_low"] > 1 if more else row["odds_high"] < 1  # nan: neither
    return "stable" if held and apart else "not confirmed"


def _best(rows: Sequence[Row], verdicts: list[str]) -> int | None:
    """The stable candidate that goes with more of the outcome and tells it best, by Matthews' correlation.

    Of as good ones the one of fewer days, then of fewer times, then the first by name.
    """
    stable = [n for n, verdict in enumerate(verdicts) if verdict == "stable"]
    more = [n for n in stable if rows[n]["share_with"] > rows[n]["share_without"]]

    def order(n: int) -> tuple[Any, ...]:
        row = rows[n]
        return -round(row["mcc"], 9), row["i"], row["j"], row["action"]

    return min(more, key=order, default=None)


def sentence(question: Activation, row: Mapping[str, Any]) -> str:
    """The best candidate in words: what is seen, and that it is an association."""
    often = "once" if row["times"] == 1 else f"{row['times']} times"
    when = "on the first day" if row["days"] == 1 else f"within the first {row['days']} days"
    name = "Warning sign" if question.outcome == "churn" else "Activation moment"
    share, with_, without = (row[key] for key in ("share_reached", "share_with", "share_without"))
    return (
        f"{name}: {row['action']} at least {often} {when}. {share:.1%} of {question.unit}s reach it; "
        f"{with_:.1%} of these {question.outcome_text}, {without:.1%} of the others. It held for starts from "
        f"{row['split_day']} on, and between alike {question.unit}s. This is an association: whether "
        "bringing more to it changes anything, an experiment tells."
    )


def _months(counted: Counted, row: Mapping[str, Any], times: pd.DataFrame) -> Iterator[Row]:
    """Of the best candidate a row a month of the start."""
    entered = counted.entered[counted.entered["i"] == row["i"]].set_index("month")["n"]
    own = counted.done_by_day
    own = own[(own["action"] == row["action"]) & (own["i"] == row["i"]) & (own["j"] == row["j"])]
    all_, done = (
        frame.assign(month=[f"{day:%Y-%m}" for day in frame["day"]]).groupby("month")[["n", "hits"]].sum()
        for frame in (counted.by_day, own)
    )
    for month in sorted({*entered.index, *all_.index}):
        units, hits = all_.loc[month] if month in all_.index else (0, 0)
        n, a = done.loc[month] if month in done.index else (0, 0)
        units, hits, n, a = int(units), int(hits), int(n), int(a)
        yield {
            **_named(counted.question, row),
            "cohort": month,
            "verdict": "best",
            **counted.reach(times[times["month"] == month], int(entered.get(month, 0))),
            "units": units,
            "with_units": n,
            "outcomes_with": a,
            "outcomes_without": hits - a,
            "share_with": a / n if n else None,
            "share_without": (hits - a) / (units - n) if units > n else None,
        }
