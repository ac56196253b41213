"""What a pain costs, from whole counts: stated, observed, and what a link would be worth.

Two estimates stand side by side, and neither proves the other:

1. **Stated**: the monthly value of the customers who left x the share of them who name the pain. How many
   people are hit (reach) is no factor of it.
2. **Observed**: (churn among the affected - churn among others who are alike) x how many are affected a
   month x the value of one. It is an association: those who were hit were not drawn by lot.

Money is Decimal, of one currency; shares are floats that go no further than the last rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import hypot, isnan

import pandas as pd

from trailhouse.questions.shares import share_of
from trailhouse.why.evidence import FEW, differences, matched

FEW_ANSWERS = 4 * FEW
"""Below so many answers a share of them is too few to claim anything."""


@dataclass(frozen=True)
class Part:
    """A number that an estimate is made of; the ends of its 95 % interval where it has one."""

    name: str
    value: float | Decimal | None
    low: float | Decimal | None = None
    high: float | Decimal | None = None


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval and what it is made of; None where it is not known.

    `n` are the units that it rests on; `too_few` of them make it no claim.
    """

    value: float | Decimal | None
    low: float | Decimal | None
    high: float | Decimal | None
    n: int
    too_few: bool
    parts: tuple[Part, ...] = ()

    def part(self, name: str) -> Part:
        """The part of this name; KeyError when there is none."""
        for one in self.parts:
            if one.name == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True)
class Money:
    """An amount a month, with an interval where there is one."""

    amount: Decimal
    low: Decimal | None = None
    high: Decimal | None = None

    def times(self, share: float, low: float, high: float) -> tuple[Decimal, Decimal, Decimal]:
        """The amount times a share that may be below 0, and both ends of the product.

        The ends are the outermost of all products of ends: no less sure than either interval.
        """
        ends = [
            one * _exact(other)
            for one in (self.low if self.low is not None else self.amount, self.amount)
            + ((self.high,) if self.high is not None else ())
            for other in (low, high)
        ]
        return self.amount * _exact(share), min(ends), max(ends)


def _money(name: str, of: Money | None) -> Part:
    return Part(name, None) if of is None else Part(name, of.amount, of.low, of.high)


def stated(value: Money | None, churned: int, answered: int, named: int) -> Estimate:
    """Money a month: `value` of all who left a month, times the share that names the pain.

    Of `churned` units `answered` gave a reason, and `named` of these named the pain. The interval is
    that of the share among those who answered (Wilson), and of the value where it has one; that the
    silent ones think alike is an assumption, which the response rate helps to judge.
    ValueError unless named <= answered <= churned.
    """
    if not 0 <= named <= answered <= churned:
        raise ValueError(f"{named} named of {answered} answers of {churned} who left")
    told, response = share_of(named, answered), share_of(answered, churned)
    parts = (
        _money("churned_value", value),
        Part("share", *told),
        Part("response_rate", *response),
        Part("churned", float(churned)),
        Part("answered", float(answered)),
        Part("named", float(named)),
    )
    few = answered < FEW_ANSWERS
    if value is None or told[0] is None or told[1] is None or told[2] is None:
        return Estimate(None, None, None, answered, few, parts)
    return Estimate(*value.times(told[0], told[1], told[2]), answered, few, parts)


def observed(strata: pd.DataFrame, affected: float | None, value: Money | None) -> Estimate:
    """Money a month: the matched difference in churn, x `affected` customers a month, x `value` of one.

    `strata`: a row a stratum of customers alike, with whole counts a of n affected and b of m others who
    left (why/evidence.py `matched`). A negative number says that the affected left less often.
    """
    found = matched(strata)
    sums = {name: int(strata[name].sum()) for name in "anbm"}
    rates = {"churn_affected": share_of(sums["a"], sums["n"]), "churn_others": share_of(sums["b"], sums["m"])}
    parts = (
        Part("difference", _known(found.difference), _known(found.low), _known(found.high)),
        *(Part(name, *rate) for name, rate in rates.items()),
        Part("p", _known(found.p)),
        Part("affected_a_month", affected),
        _money("customer_value", value),
        Part("affected", float(sums["n"])),
        Part("others", float(sums["m"])),
        Part("matched", float(found.units)),
        Part("left_out", float(found.left_out)),
    )
    if value is None or affected is None or isnan(found.difference):
        return Estimate(None, None, None, found.units, found.too_few, parts)
    worth = value.times(*(affected * one for one in (found.difference, found.low, found.high)))
    return Estimate(*worth, found.units, found.too_few, parts)


def linked(
    units: int,
    completed: int,
    converted: int,
    both: int,
    units_a_month: float = 0.0,
    value: Money | None = None,
) -> Estimate:
    """What one more percentage point of completion would be worth, **if** completing is the cause.

    Of `units` that could convert `completed` did the first thing, `converted` the second, `both` both.
    The part `points` is the difference between the conversion of completers and others: so many points
    of conversion a further point of completion brings at most, if the link is causal. The estimate is
    money a month, where a value of one is known: a hundredth of `units_a_month` x points x value.
    ValueError for counts that cannot be.
    """
    others, rest = units - completed, converted - both
    if not (0 <= both <= completed <= units and both <= converted <= units and 0 <= rest <= others):
        raise ValueError(f"{both} of both, of {completed} completed and {converted} converted of {units}")
    apart = _difference(both, completed, rest, others)
    parts = (
        Part("points", apart.value, apart.low, apart.high),
        Part("completion", *share_of(completed, units)),
        Part("conversion", *share_of(converted, units)),
        Part("completed_of_converters", *share_of(both, converted)),
        Part("converted_of_completers", *share_of(both, completed)),
        Part("converted_of_others", *share_of(rest, others)),
        Part("units", float(units)),
        Part("units_a_month", units_a_month),
        _money("customer_value", value),
    )
    if value is None or not apart.known:
        return Estimate(None, None, None, units, apart.too_few, parts)
    ends = (apart.of, apart.of - apart.below, apart.of + apart.above)
    worth = value.times(*(units_a_month * one / 100 for one in ends))
    return Estimate(*worth, units, apart.too_few, parts)


@dataclass(frozen=True)
class Sides:
    """Hits among units, before and after; `after_n` None: that time is not over."""

    before: int
    before_n: int
    after: int
    after_n: int | None


def changed(reached: Sides, control: Sides | None = None, effect: float | None = None) -> Estimate:
    """A share after a release less before it, against what was predicted.

    With a control, which the release did not reach, the change is the difference in differences; its
    interval joins both changes' ends as in G. Y. Zou and A. Donner (2008), Statistics in Medicine 27.
    `effect` is the share of the pain that was to go: predicted is before x (1 - effect). Value None while
    the time after is not over, for any of the two.
    """
    parts = [Part("before", *share_of(reached.before, reached.before_n))]
    was = parts[0].value
    if effect is not None and was is not None:
        parts.append(Part("predicted", float(was) * (1 - effect)))
    over = reached.after_n is not None and (control is None or control.after_n is not None)
    if not over:
        return Estimate(None, None, None, reached.before_n, False, tuple(parts))
    parts.append(Part("after", *share_of(reached.after, reached.after_n or 0)))
    found = _change(reached)
    n = reached.before_n + (reached.after_n or 0)
    if control is None:
        return Estimate(found.value, found.low, found.high, n, found.too_few, tuple(parts))
    other = _change(control)
    parts += [
        Part("change", found.value, found.low, found.high),
        Part("control_before", *share_of(control.before, control.before_n)),
        Part("control_after", *share_of(control.after, control.after_n or 0)),
        Part("control_change", other.value, other.low, other.high),
    ]
    n += control.before_n + (control.after_n or 0)
    if not (found.known and other.known):
        return Estimate(None, None, None, n, True, tuple(parts))
    apart = found.of - other.of
    below, above = hypot(found.below, other.above), hypot(found.above, other.below)
    few = found.too_few or other.too_few
    return Estimate(apart, apart - below, apart + above, n, few, tuple(parts))


@dataclass(frozen=True)
class _Apart:
    """A difference of two shares with its interval; nan where a group is empty."""

    of: float
    below: float
    above: float
    too_few: bool

    @property
    def known(self) -> bool:
        return not isnan(self.of)

    @property
    def value(self) -> float | None:
        return self.of if self.known else None

    @property
    def low(self) -> float | None:
        return self.of - self.below if self.known else None

    @property
    def high(self) -> float | None:
        return self.of + self.above if self.known else None


def _change(of: Sides) -> _Apart:
    return _difference(of.after, of.after_n or 0, of.before, of.before_n)


def _difference(a: int, n: int, b: int, m: int) -> _Apart:
    row = differences([a], [n], [b], [m]).iloc[0]
    apart = float(row["difference"])
    return _Apart(apart, apart - float(row["low"]), float(row["high"]) - apart, bool(row["too_few"]))


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _exact(value: float) -> Decimal:
    """A share as a decimal of ten places: what a product of money needs, and the same on every machine."""
    return Decimal(repr(value)).quantize(Decimal("1e-10"))
