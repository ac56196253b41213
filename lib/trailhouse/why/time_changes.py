"""Why the mean time on a task changed: what alike attempts do otherwise, and what other attempts they are.

Attempts are told apart by release, device and whether they are the person's first; between two releases by
the latter two. At each of these levels, from the first on,

    p1 m1 - p0 m0, summed over the values = sum of (p1 - p0) (m0 + m1) / 2 + sum of (p0 + p1) / 2 (m1 - m0)

with p the shares of the values before (0) and after (1) and m the mean times: E. M. Kitagawa (1955),
Components of a difference between two rates, Journal of the American Statistical Association 50, pages
1168-1194. The first sum is the part of that level; the second goes on to the next level within each value,
with its mean share as its weight. A value that is missing before or after has no mean there: the other one's
is taken, so that all of it is of the level's shares. At the end m1 - m0 is of alike attempts; a time is the
sum of its legs and of what detours took, so each of these has its part. The sums are exact fractions; in
whole microseconds the parts sum to the change by largest remainders.

Intervals of legs and detours take the weights as given: the sum over the kinds of attempts of
weight^2 (v0 / n0 + v1 / n1), v the variance within kinds, by Student's t with F. E. Satterthwaite's degrees
of freedom (1946, Biometrics Bulletin 2). That of the whole change is Welch's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, nan, sqrt

import pandas as pd
from scipy.stats import t as student_t

from trailhouse.why.evidence import mean_differences

Kind = tuple[str | bool, ...]
"""What tells attempts apart: a value a level."""
Ends = tuple[float, float, float]
"""Lower and upper end, and p."""


@dataclass(frozen=True)
class Sums:
    """Of attempts of a kind: how many, and by component sums of microseconds and of their squares.

    Component 0 is the time, which is the sum of the others: legs and, last, detours.
    """

    n: int
    totals: tuple[int, ...]
    squares: tuple[int, ...]

    def mean(self, component: int = 0) -> Fraction:
        """Mean of a component."""
        return Fraction(self.totals[component], self.n)

    def deviations(self, component: int) -> Fraction:
        """Sum of squared deviations from the mean."""
        return self.squares[component] - Fraction(self.totals[component] ** 2, self.n)


Cells = Mapping[Kind, Sums]


def summed(cells: Cells) -> Sums:
    """All kinds as one; there must be one."""
    each = list(cells.values())
    totals = tuple(map(sum, zip(*(one.totals for one in each), strict=True)))
    squares = tuple(map(sum, zip(*(one.squares for one in each), strict=True)))
    return Sums(sum(one.n for one in each), totals, squares)


@dataclass(frozen=True)
class Parts:
    """`levels`: what other shares add, a number a level. `within`: what each component but 0 adds.

    `weights` are those of the kinds that both have. All add up to the change in mean time, exactly.
    """

    levels: tuple[Fraction, ...]
    within: tuple[Fraction, ...]
    weights: Mapping[Kind, Fraction]


def parts(before: Cells, after: Cells) -> Parts:
    """The change in mean time from one set of attempts to another; neither may be empty."""
    size = len(next(iter(after)))
    levels = [Fraction(0)] * size
    weights: dict[Kind, Fraction] = {}
    _split(before, after, 0, Fraction(1), levels, weights)
    of = len(next(iter(after.values())).totals)
    within = tuple(
        sum(
            (weight * (after[kind].mean(one) - before[kind].mean(one)) for kind, weight in weights.items()),
            Fraction(0),
        )
        for one in range(1, of)
    )
    return Parts(tuple(levels), within, weights)


def _split(
    before: Cells,
    after: Cells,
    level: int,
    weight: Fraction,
    levels: list[Fraction],
    weights: dict[Kind, Fraction],
) -> None:
    """Adds to `levels` and `weights` what these attempts, alike at all levels before this one, tell."""
    if level == len(levels):
        weights[next(iter(after))] = weight
        return
    old, new = _by_value(before, level), _by_value(after, level)
    n_old, n_new = summed(before).n, summed(after).n
    for value in sorted({*old, *new}):
        was, is_now = old.get(value), new.get(value)
        sums = [None if one is None else summed(one) for one in (was, is_now)]
        shares = [Fraction(one.n if one else 0, n) for one, n in zip(sums, (n_old, n_new), strict=True)]
        means = [one.mean() for one in sums if one]
        mean = sum(means, Fraction(0)) / len(means)
        levels[level] += weight * (shares[1] - shares[0]) * mean
        if was is not None and is_now is not None:
            _split(was, is_now, level + 1, weight * sum(shares) / 2, levels, weights)


def _by_value(cells: Cells, level: int) -> dict[str | bool, dict[Kind, Sums]]:
    found: dict[str | bool, dict[Kind, Sums]] = defaultdict(dict)
    for kind, sums in cells.items():
        found[kind[level]][kind] = sums
    return found


def in_whole(exact: Sequence[Fraction], total: int) -> list[int]:
    """The numbers as whole ones that sum to `total`, by largest remainders; ties to the first."""
    found = [floor(one) for one in exact]
    each, rest = divmod(total - sum(found), len(found))
    order = sorted(range(len(found)), key=lambda k: (found[k] - exact[k], k))
    return [one + each + (k in order[:rest]) for k, one in enumerate(found)]


def whole_change(before: Sums, after: Sums) -> Ends:
    """Of the change in mean time, by Welch; nan where either has fewer than two attempts."""
    frames = [
        pd.DataFrame({"n": [one.n], "total": [one.totals[0]], "squares": [one.squares[0]]}, dtype="object")
        for one in (after, before)
    ]
    found = mean_differences(*frames).iloc[0]
    return float(found["low"]), float(found["high"]), float(found["p"])


def within_change(before: Cells, after: Cells, found: Parts, component: int) -> Ends:
    """Of what a component of alike attempts adds; nan where too few tell its variance."""
    low = high = p = nan
    squares = [
        (_pooled(cells, component), sum(float(w) ** 2 / cells[k].n for k, w in found.weights.items()))
        for cells in (before, after)
    ]
    if found.weights and all(df for (_, df), _ in squares):
        each = [(variance * scale, df) for (variance, df), scale in squares]
        spread = sum(square for square, _ in each)
        change = float(found.within[component - 1])
        if spread == 0:
            return change, change, float(change == 0)
        df = spread**2 / sum(square**2 / of for square, of in each)
        half = float(student_t.ppf(0.975, df)) * sqrt(spread)
        low, high = change - half, change + half
        p = float(2 * student_t.sf(abs(change) / sqrt(spread), df))
    return low, high, p


def _pooled(cells: Cells, component: int) -> tuple[float, int]:
    """Variance within kinds, and its degrees of freedom."""
    df = sum(one.n - 1 for one in cells.values())
    deviations = sum((one.deviations(component) for one in cells.values()), Fraction(0))
    return (float(deviations / df) if df else nan), df


def in_order(periods: Mapping[str, Cells], order: Sequence[str]) -> Iterator[tuple[str, Cells, str, Cells]]:
    """Each period with the one before it, of those that have attempts."""
    there = [name for name in order if periods.get(name)]
    for earlier, later in zip(there, there[1:], strict=False):
        yield earlier, periods[earlier], later, periods[later]
