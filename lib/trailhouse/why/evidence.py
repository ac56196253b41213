"""How sure a difference between two groups is: lifts, differences, matched differences, many comparisons.

Plain functions of whole counts. `a` of `n` are those with it in the group that is asked about, `b` of `m`
those in the group it is held against.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control, fisher_exact, norm
from scipy.stats import t as student_t

from trailhouse.questions.intervals import Z
from trailhouse.questions.shares import Numbers, wilson

FEW = 5
"""A count below it that is expected by chance is too few."""
ALPHA = 0.05
"""Adjusted p up to which a difference is taken for one."""

Counts = NDArray[np.int64]


def lifts(a: ArrayLike, n: ArrayLike, b: ArrayLike, m: ArrayLike) -> pd.DataFrame:
    """Shares of both groups, and one as a multiple of the other: a row an element.

    Columns share_in, share_out, lift, low, high (95 %), p, too_few. Interval: D. Katz et al. (1978),
    Biometrics 34, by logarithms; where a count is 0, 0.5 is added to counts and totals (S. D. Walter,
    1975, Biometrika 62). p: Fisher's exact test. All of a row is nan, and too few, where a group is
    empty.
    """
    a, n, b, m = _counts(a, n, b, m)
    half = np.where((a == 0) | (b == 0), 0.5, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, wide, long = a + half, b + half, n + half, m + half
        lift = _known((x / wide) / (y / long), n, m)
        width = Z * np.sqrt(np.maximum(1 / x - 1 / wide + 1 / y - 1 / long, 0))
        return pd.DataFrame(
            {
                "share_in": a / n,
                "share_out": b / m,
                "lift": lift,
                "low": lift * np.exp(-width),
                "high": lift * np.exp(width),
                "p": _exact(a, n, b, m),
                "too_few": few(a, n, b, m),
            }
        )


def differences(a: ArrayLike, n: ArrayLike, b: ArrayLike, m: ArrayLike) -> pd.DataFrame:
    """The first group's share less the other's: a row an element.

    Columns difference, low, high (95 %), p, too_few. Interval: R. G. Newcombe (1998), Statistics in
    Medicine 17, pages 873-890, method 10 (Wilson's limits combined). p: Fisher's exact test. All of a row
    is nan, and too few, where a group is empty.
    """
    a, n, b, m = _counts(a, n, b, m)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = a / n, b / m
        (low_one, high_one), (low_other, high_other) = wilson(a, n), wilson(b, m)
        apart = one - other
        low = apart - np.sqrt((one - low_one) ** 2 + (high_other - other) ** 2)
        high = apart + np.sqrt((high_one - one) ** 2 + (other - low_other) ** 2)
    return pd.DataFrame(
        {
            "difference": apart,
            "low": low,
            "high": high,
            "p": _exact(a, n, b, m),
            "too_few": few(a, n, b, m),
        }
    )


@dataclass(frozen=True)
class Matched:
    """A difference between alike units: nan where no stratum holds units of both groups.

    `units` of the first group were matched, `left_out` were not: none of the other group is like them.
    """

    difference: float
    low: float
    high: float
    p: float
    units: int
    left_out: int
    too_few: bool


def matched(strata: pd.DataFrame) -> Matched:
    """The first group's share less what the other's would be, were it made up alike.

    `strata`: a row a stratum of alike units, with whole counts a, n, b, m. Exact matching: strata's
    differences weighed by the first group's units (the average over the exposed: W. G. Cochran, 1968,
    Biometrics 24). Its variance sums the weighed binomial variances, each of the share with Agresti and
    Caffo's added success and failure (2000, The American Statistician 54), so that strata without
    variation count with some.
    """
    a, n, b, m = _counts(*(strata[name] for name in "anbm"))
    both = (n > 0) & (m > 0)
    left_out = int(n[~both].sum())
    a, n, b, m = a[both], n[both], b[both], m[both]
    units = int(n.sum())
    if not units:
        return Matched(nan, nan, nan, nan, 0, left_out, True)
    weights = n / units
    apart = float((weights * (a / n - b / m)).sum())
    spread = float((weights**2 * (_variance(a, n) + _variance(b, m))).sum())
    half = Z * sqrt(spread)
    p = float(2 * norm.sf(abs(apart) / sqrt(spread)))
    return Matched(
        apart,
        max(apart - half, -1.0),
        min(apart + half, 1.0),
        p,
        units,
        left_out,
        bool(few(a.sum(), units, b.sum(), m.sum())[0]),
    )


def mean_differences(first: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The first group's mean less the other's, from exact sums: a row an element.

    Each frame has n, total (of the values) and squares (of their squares), a row an element. Columns
    difference, low, high (95 %), p, too_few: B. L. Welch's test and interval (1947, Biometrika 34). nan
    where a group has fewer than two values.
    """
    n, m = (frame["n"].to_numpy(dtype="float64") for frame in (first, other))
    with np.errstate(divide="ignore", invalid="ignore"):
        (one, one_var), (two, two_var) = _moments(first), _moments(other)
        apart = one - two
        square = one_var / n + two_var / m
        df = square**2 / ((one_var / n) ** 2 / (n - 1) + (two_var / m) ** 2 / (m - 1))
        half = student_t.ppf(0.975, df) * np.sqrt(square)
        p = 2 * student_t.sf(np.abs(apart) / np.sqrt(square), df)
    known = (n > 1) & (m > 1)
    even = known & (square == 0)  # no spread at all: the means are what they are
    return pd.DataFrame(
        {
            "difference": np.where(known, apart, nan),
            "low": np.where(even, apart, np.where(known, apart - half, nan)),
            "high": np.where(even, apart, np.where(known, apart + half, nan)),
            "p": np.where(even, np.where(apart == 0, 1.0, 0.0), np.where(known, p, nan)),
            "too_few": (n < FEW) | (m < FEW),
        }
    )


def adjusted(p: ArrayLike) -> Numbers:
    """p values adjusted for their number; nan stays, and counts for none.

    By Y. Benjamini and Y. Hochberg (1995), Journal of the Royal Statistical Society B 57.
    """
    values = np.asarray(p, dtype="float64")
    found = np.full(len(values), nan)
    known = ~np.isnan(values)
    if known.any():
        found[known] = false_discovery_control(np.clip(values[known], 0.0, 1.0))
    return found


def few(a: ArrayLike, n: ArrayLike, b: ArrayLike, m: ArrayLike) -> NDArray[np.bool_]:
    """Whether chance alone would leave fewer than FEW in a cell of the two by two table."""
    a, n, b, m = _counts(a, n, b, m)
    both, all_ = a + b, n + m
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.minimum(both, all_ - both) * np.minimum(n, m) / all_
    return np.asarray(np.nan_to_num(expected) < FEW)


def _counts(*values: ArrayLike) -> list[Counts]:
    return [np.atleast_1d(one) for one in np.broadcast_arrays(*(np.asarray(v, "int64") for v in values))]


def _known(values: Numbers, n: Counts, m: Counts) -> Numbers:
    return np.where((n > 0) & (m > 0), values, nan)


def _exact(a: Counts, n: Counts, b: Counts, m: Counts) -> Numbers:
    found = [
        fisher_exact([[i, k - i], [j, o - j]]).pvalue if k and o else nan
        for i, k, j, o in zip(a.tolist(), n.tolist(), b.tolist(), m.tolist(), strict=True)
    ]
    return np.array(found, dtype="float64")


def _variance(x: Counts, n: Counts) -> Numbers:
    share = (x + 1) / (n + 2)
    return np.asarray(share * (1 - share) / (n + 2))


def _moments(of: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Means and variances; the squared deviations are exact, in Python's whole numbers."""
    sums = zip(of["n"].tolist(), of["total"].tolist(), of["squares"].tolist(), strict=True)
    if of.empty:
        return np.array([]), np.array([])
    found = [
        (total / n, (n * squares - total * total) / (n * (n - 1))) if n > 1 else (nan, nan)
        for n, total, squares in ((int(n), int(t), int(s)) for n, t, s in sums)
    ]
    means, variances = (np.array(part, dtype="float64") for part in zip(*found, strict=True))
    return means, variances
