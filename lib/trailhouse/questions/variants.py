"""Statistics of experiments from exact sums: intervals, p values, CUPED, and what holds at every look.

Everything is a function of whole numbers; doubles come last and are rounded when told, so that no
order of rows changes a figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from scipy import stats

from trailhouse.questions.shares import wilson

Ends = tuple[float, float]
Told = Mapping[str, float | None]


@dataclass(frozen=True)
class Sums:
    """Of a metric over n units: sums of it (x), of the same before exposure (y), of squares and products."""

    n: int
    x: int
    xx: int
    y: int
    yy: int
    xy: int

    def mean(self) -> Fraction:
        """Mean of x; n is above 0."""
        return Fraction(self.x, self.n)

    def deviations(self) -> tuple[Fraction, Fraction, Fraction]:
        """Sums of squared deviations of x and of y, and of their products."""
        return (
            Fraction(self.n * self.xx - self.x**2, self.n),
            Fraction(self.n * self.yy - self.y**2, self.n),
            Fraction(self.n * self.xy - self.x * self.y, self.n),
        )

    def variance(self, slope: Fraction = Fraction(0)) -> Fraction:
        """Variance of the mean of x - slope y; n is above 1."""
        x, y, both = self.deviations()
        return (x + slope**2 * y - 2 * slope * both) / (self.n * (self.n - 1))


def own_interval(of: Sums, confidence: float, *, share: bool) -> Ends | None:
    """Interval of the mean: E. B. Wilson's (1927) score interval for a share, else Student's t."""
    if share:
        return _wilson(of, confidence)
    if of.n < 2:
        return None
    half = float(stats.t.ppf((1 + confidence) / 2, of.n - 1)) * math.sqrt(of.variance())
    return float(of.mean()) - half, float(of.mean()) + half


def compared(of: Sums, control: Sums, confidence: float, *, share: bool, planned: int) -> Told:
    """The difference of two means with interval and p value, and those that hold at every look.

    A share: R. G. Newcombe (1998), Interval estimation for the difference between independent
    proportions, Statistics in Medicine 17, method 10, and the z test with a pooled share. Else
    B. L. Welch (1947), The generalization of Student's problem, Biometrika 34.
    """
    difference = of.mean() - control.mean()
    told: dict[str, float | None] = {"difference": float(difference)}
    told["lift"] = float(difference / control.mean()) if control.x else None
    if share:
        (low, high), (low_0, high_0) = _wilson(of, confidence), _wilson(control, confidence)
        p, p_0 = float(of.mean()), float(control.mean())
        told["difference_low"] = float(difference) - math.hypot(p - low, high_0 - p_0)
        told["difference_high"] = float(difference) + math.hypot(high - p, p_0 - low_0)
        pooled = Fraction(of.x + control.x, of.n + control.n)
        told["p_value"] = _p_of_z(
            difference, pooled * (1 - pooled) * (Fraction(1, of.n) + Fraction(1, control.n))
        )
    else:
        ends, p_value = _welch(of, control, confidence, Fraction(0))
        told["difference_low"], told["difference_high"] = ends or (None, None)
        told["p_value"] = p_value
    return told | dict(_at_every_look(of, control, confidence, planned))


def adjusted(of: Sums, control: Sums, every: list[Sums], confidence: float) -> Told:
    """The difference after CUPED, with Welch's interval and p value; empty where nothing was before.

    A. Deng, Y. Xu, R. Kohavi, T. Walker (2013), Improving the sensitivity of online controlled
    experiments by utilizing pre-experiment data, WSDM. The slope is that within the variants, of all
    together.
    """
    parts = [one.deviations() for one in every if one.n]
    before = sum((y for _, y, _ in parts), Fraction(0))
    if not before or min(of.n, control.n) < 2:
        return {}
    slope = sum((both for _, _, both in parts), Fraction(0)) / before
    ends, p_value = _welch(of, control, confidence, slope)
    plain = of.variance() + control.variance()
    left = of.variance(slope) + control.variance(slope)
    return {
        "cuped_difference": float(_difference(of, control, slope)),
        "cuped_low": ends and ends[0],
        "cuped_high": ends and ends[1],
        "cuped_p_value": p_value,
        "cuped_reduction": float(1 - left / plain) if plain else None,
    }


def ratio_p_value(exposed: Mapping[str, int], planned: Mapping[str, int]) -> float | None:
    """Chi-square p value of the split against the planned parts, without such: equal ones; None for one."""
    parts = {name: planned.get(name, 0) for name in exposed} if planned else dict.fromkeys(exposed, 1)
    named = [name for name, part in parts.items() if part]
    units, whole = sum(exposed[name] for name in named), sum(parts[name] for name in named)
    if len(named) < 2 or not units:
        return None
    expected = [units * parts[name] / whole for name in named]
    return float(stats.chisquare([exposed[name] for name in named], expected).pvalue)


def _wilson(of: Sums, confidence: float) -> Ends:
    low, high = wilson(of.x, of.n, confidence)
    return float(low), float(high)


def _difference(of: Sums, control: Sums, slope: Fraction) -> Fraction:
    before = Fraction(of.y, of.n) - Fraction(control.y, control.n)
    return of.mean() - control.mean() - slope * before


def _p_of_z(difference: Fraction, variance: Fraction) -> float | None:
    return float(2 * stats.norm.sf(abs(float(difference)) / math.sqrt(variance))) if variance else None


def _welch(of: Sums, control: Sums, confidence: float, slope: Fraction) -> tuple[Ends | None, float | None]:
    """Interval and p value; None where no variance can be told, or there is none."""
    if min(of.n, control.n) < 2:
        return None, None
    a, b = of.variance(slope), control.variance(slope)
    if not a + b:
        return None, None
    df = float((a + b) ** 2 / (a**2 / (of.n - 1) + b**2 / (control.n - 1)))
    difference, error = float(_difference(of, control, slope)), math.sqrt(a + b)
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    return (difference - half, difference + half), float(2 * stats.t.sf(abs(difference) / error, df))


def _at_every_look(of: Sums, control: Sums, confidence: float, planned: int) -> Told:
    """A confidence sequence: its interval holds at all times at once, so that one may look at any time.

    I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas (2024), Time-uniform central limit
    theory and asymptotic confidence sequences, Annals of Statistics 52(6): a normal mixture, as in the
    mixture SPRT, narrowest when as many units are in as `planned`.
    """
    if min(of.n, control.n) < 2 or not (variance := of.variance() + control.variance()):
        return {}
    alpha, units = 1 - confidence, of.n + control.n
    width = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / planned * units
    difference, error = float(of.mean() - control.mean()), math.sqrt(variance)
    half = error * math.sqrt(2 * (width + 1) / width * math.log(math.sqrt(width + 1) / alpha))
    evidence = (difference / error) ** 2 / 2 * width / (width + 1)
    return {
        "always_low": difference - half,
        "always_high": difference + half,
        "always_p_value": min(1.0, math.exp(math.log(width + 1) / 2 - evidence)),
    }
