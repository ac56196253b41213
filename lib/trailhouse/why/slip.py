"""The day on which a share changed: one change point of a series of daily counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import inf, log

from scipy.stats import fisher_exact

from trailhouse.why.evidence import FEW


@dataclass(frozen=True)
class Slip:
    """The likeliest change: `last_before` and `first_after` are neighbouring days with observations.

    `before` and `after` are (hits, n). `p` is that of no change at all; `too_few`: below FEW on a side.
    """

    last_before: date
    first_after: date
    before: tuple[int, int]
    after: tuple[int, int]
    p: float
    too_few: bool


def slipped(days: Mapping[date, tuple[int, int]]) -> Slip | None:
    """The change point of hits of n by day; None where there are fewer than two days, or nothing differs.

    1. Every gap between two days with observations is a place where the share may have changed.
    2. The place is that of the greatest binomial likelihood (D. V. Hinkley and E. A. Hinkley, 1970, Inference
       about the change-point in a sequence of binomial variables, Biometrika 57); of equals the earliest.
    3. p is Fisher's exact p at that place times the number of places (Bonferroni): over all of them it is
       exceeded no oftener than it says, whatever the shares.
    """
    order = sorted(day for day, (_, n) in days.items() if n)
    hits = [days[day][0] for day in order]
    counts = [days[day][1] for day in order]
    all_hits, all_n = sum(hits), sum(counts)
    if len(order) < 2 or all_hits in (0, all_n):
        return None
    best, place, x, n = -inf, 0, 0, 0
    for k in range(len(order) - 1):
        x, n = x + hits[k], n + counts[k]
        likelihood = _likelihood(x, n) + _likelihood(all_hits - x, all_n - n)
        if likelihood > best + 1e-9:  # of equals the earliest, whatever the last digit of a logarithm
            best, place = likelihood, k
    x, n = sum(hits[: place + 1]), sum(counts[: place + 1])
    y, m = all_hits - x, all_n - n
    p = min(1.0, float(fisher_exact([[x, n - x], [y, m - y]]).pvalue) * (len(order) - 1))
    return Slip(order[place], order[place + 1], (x, n), (y, m), p, min(n, m) < FEW)


def _likelihood(x: int, n: int) -> float:
    """The greatest log-likelihood of x hits of n."""
    return sum(part * log(part / n) for part in (x, n - x) if part)
