"""Figures of bands from counts: each band against all others, raw and between alike units."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan, sqrt
from typing import Any

import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student_t

from trailhouse.from_counts import Row
from trailhouse.questions.credit import SCALE
from trailhouse.questions.intervals import Z
from trailhouse.questions.shares import share_of
from trailhouse.settings import Feeling
from trailhouse.why.evidence import ALPHA, FEW, Matched, adjusted, differences, matched, mean_differences

BANDS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "nps": {"detractors 0-6": (0, 6), "passives 7-8": (7, 8), "promoters 9-10": (9, 10)},
    "csat": {"dissatisfied 1-2": (1, 2), "neutral 3": (3, 3), "satisfied 4-5": (4, 5)},
    "ces": {"hard 1-3": (1, 3), "neutral 4": (4, 4), "easy 5-7": (5, 7)},
}
"""Bands of a score, and their first and last points."""
_STRATUM = ["active", "tenure", "device"]


def judged(question: Feeling, counts: pd.DataFrame) -> list[Row]:
    """Rows of `feelings` from the rows of `feelings.counts`, whatever their order."""
    rows = [
        _band(question, own, str(period), band)
        for period, own in sorted(counts.groupby("period"), key=lambda pair: str(pair[0]))
        for band in sorted(own["band"].unique())
    ]
    for of, into in (("p_value", "q_value"), ("matched_p_value", "matched_q_value")):
        few = "few" if of == "p_value" else "matched_few"
        found = adjusted([nan if one[few] else one[of] for one in rows])
        for row, q in zip(rows, found, strict=True):
            row[into] = float(q)
    for row in rows:
        row["verdict"] = _verdict(row)
    return rows


def _verdict(row: Row) -> str:
    if row["few"]:
        return "too few"
    if not row["q_value"] <= ALPHA:
        return "none shown"
    same = (row["matched_difference"] > 0) == (row["difference"] > 0)
    return "association" if row["matched_q_value"] <= ALPHA and same else "gone when matched"


def _band(question: Feeling, own: pd.DataFrame, period: str, band: str) -> Row:
    """A band of a period against the others of that period."""
    known, inside = own[own["known"]], own["band"] == band
    mine, others = known[known["band"] == band], known[known["band"] != band]
    of_value = question.outcome == "revenue"
    measure = _of_values if of_value else _of_shares
    return {
        "score": question.score,
        "outcome": question.outcome,
        "currency": question.currency,
        "period": period,
        "band": band,
        "asked": int(own.loc[inside, "n"].sum()),
        "units": int(mine["n"].sum()),
        "hits": None if of_value else int(mine["hits"].sum()),
        "other_units": int(others["n"].sum()),
        **measure(mine, others),
    }


def _of_shares(mine: pd.DataFrame, others: pd.DataFrame) -> Row:
    a, n, b, m = (int(frame[name].sum()) for frame in (mine, others) for name in ("hits", "n"))
    raw = differences(a, n, b, m).iloc[0]
    alike = matched(_side_by_side(mine, others, {"hits": "a", "n": "n"}, {"hits": "b", "n": "m"}))
    mean, low, high = share_of(a, n)
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "other_mean": b / m if m else None,
        **_raw(raw),
        **_alike(alike),
    }


def _of_values(mine: pd.DataFrame, others: pd.DataFrame) -> Row:
    first, other = (_sums(frame) for frame in (mine, others))
    raw = mean_differences(first, other).iloc[0]
    names = ("n", "total", "squares")
    alike = matched_means(
        _side_by_side(
            mine, others, {name: f"{name}_in" for name in names}, {name: f"{name}_out" for name in names}
        )
    )
    mean, low, high = _student(*first.iloc[0])
    other_mean, _, _ = _student(*other.iloc[0])
    money = ("mean", "low", "high", "other_mean", "difference", "difference_low", "difference_high",
             "matched_difference", "matched_low", "matched_high")  # fmt: skip
    found = {
        "mean": mean, "low": low, "high": high, "other_mean": other_mean, **_raw(raw), **_alike(alike)
    }  # fmt: skip
    return {key: one / SCALE if key in money and one is not None else one for key, one in found.items()}


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    """One row: n, total, squares, in whole numbers of any size."""
    sums = {name: [sum(map(int, frame[name]))] for name in ("n", "total", "squares")}
    return pd.DataFrame(sums, dtype=object)


def _raw(row: pd.Series) -> Row:
    names = {"difference": "difference", "difference_low": "low", "difference_high": "high", "p_value": "p"}
    return {**{name: float(row[of]) for name, of in names.items()}, "few": bool(row["too_few"])}


def _alike(found: Matched) -> Row:
    return {
        "matched_units": found.units,
        "left_out": found.left_out,
        "matched_difference": found.difference,
        "matched_low": found.low,
        "matched_high": found.high,
        "matched_p_value": found.p,
        "matched_few": found.too_few,
    }


def _side_by_side(
    mine: pd.DataFrame, others: pd.DataFrame, of_mine: Mapping[str, str], of_others: Mapping[str, str]
) -> pd.DataFrame:
    """A row a stratum with the sums of both groups by these names; 0 where one has none there."""
    names = [*of_mine.values(), *of_others.values()]
    found: dict[Any, dict[str, int]] = {}
    for frame, of in ((mine, of_mine), (others, of_others)):
        for row in frame[[*_STRATUM, *of]].itertuples(index=False, name=None):
            sums = found.setdefault(row[: len(_STRATUM)], dict.fromkeys(names, 0))
            for name, value in zip(of.values(), row[len(_STRATUM) :], strict=True):
                sums[name] += int(value)  # of any size
    return pd.DataFrame([found[key] for key in sorted(found, key=str)], columns=names, dtype=object)


def matched_means(strata: pd.DataFrame) -> Matched:
    """The first group's mean less what the other's would be, were it made up alike.

    `strata`: a row a stratum of alike units, with n, total and squares of both groups (`_in`, `_out`). As
    evidence.matched, with Student's variances; a stratum needs two units of the other group. The first
    group's variance is that within its strata of two units or more, pooled.
    """
    rows = [tuple(map(int, row)) for row in strata[_MEANS].itertuples(index=False, name=None)]
    both = [row for row in rows if row[0] > 0 and row[3] > 1]
    units = sum(row[0] for row in both)
    left_out = sum(row[0] for row in rows) - units
    inside = [(n, total, squares) for n, total, squares, *_ in both if n > 1]
    free = sum(n - 1 for n, _, _ in inside)
    if units < 2 or not free:
        return Matched(nan, nan, nan, nan, units, left_out, True)
    pooled = sum(squares - total * total / n for n, total, squares in inside) / free
    apart = sum(n * (t / n - v / m) for n, t, _, m, v, _ in both) / units
    spread = sum(
        (n / units) ** 2 * (pooled / n + (s - v * v / m) / (m * (m - 1))) for n, _, _, m, v, s in both
    )
    half = Z * sqrt(spread)
    p = float(2 * norm.sf(abs(apart) / sqrt(spread))) if spread else float(apart == 0)
    few = units < FEW or sum(row[3] for row in both) < FEW
    return Matched(apart, apart - half, apart + half, p, units, left_out, few)


_MEANS = [f"{name}_{side}" for side in ("in", "out") for name in ("n", "total", "squares")]


def _student(n: int, total: int, squares: int) -> tuple[float | None, float | None, float | None]:
    """Mean and both ends of its interval; ends None for fewer than two."""
    if not n:
        return None, None, None
    mean = total / n
    if n < 2:
        return mean, None, None
    half = float(student_t.ppf(0.975, n - 1)) * sqrt((n * squares - total * total) / (n * n * (n - 1)))
    return mean, mean - half, mean + half
