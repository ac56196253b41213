"""From a case's counts (why/impact_facts.py) to its estimates, as rows of the table `impact`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Any

import pandas as pd

from trailhouse.settings.impact import Amount, Case
from trailhouse.why.impact import Estimate, Money, Part, Sides, changed, linked, observed, stated

Fact = Mapping[str, Any]
"""A row of `facts` as a dict."""
ALL = "all"
_EPOCH = date(1970, 1, 1)
_CONTEXT = Context(prec=60)


@dataclass(frozen=True)
class Counted:
    """The counts of a case, by kind; `months` are those that are over, and covered from their first day."""

    case: Case
    by_kind: Mapping[str, Sequence[Fact]]
    months: tuple[date, ...]

    def of(self, kind: str, month: date | None) -> list[Fact]:
        """Its counts of a month; of all time for None."""
        return [row for row in self.by_kind.get(kind, ()) if month is None or row["month"] == month]

    def total(self, kind: str, number: str, month: date | None) -> int:
        """The sum of a count."""
        return sum(int(row[number] or 0) for row in self.of(kind, month))

    def a_month(self, kind: str, number: str, month: date | None) -> Decimal | None:
        """A count or money of a month; for None its mean over all whole months, None without one.

        A month of which something is still to come, such as who leaves after its end, is none of them.
        """
        rows = self.by_kind.get(kind, ())
        chosen = set(self.months if month is None else (month,))
        chosen -= {row["month"] for row in rows if not row["complete"]}
        if not chosen or not rows:
            return None
        own = (Decimal(row[number] or 0) for row in rows if row["month"] in chosen)
        return _CONTEXT.divide(sum(own, Decimal(0)), len(chosen))


def of_cases(cases: Sequence[Case], facts: Iterable[Fact]) -> Iterator[dict[str, Any]]:
    """Rows of `impact` of all cases, in their order."""
    of: dict[str, list[Fact]] = defaultdict(list)
    for row in facts:
        of[row["case"]].append(row)
    for case in cases:
        yield from estimates(case, of[case.name])


def estimates(case: Case, facts: Iterable[Fact]) -> Iterator[dict[str, Any]]:
    """Rows of `impact` of one case: every estimate of all time, then by whole month, then of its release."""
    known = _known(case, facts)
    for month in (None, *known.months):
        if case.churn is not None:
            yield _row(known, "stated", "money", month, _stated(known, month))
            yield _row(known, "observed", "money", month, _observed(known, month))
        else:
            yield _row(known, "reach", "persons", month, _reach(known, month))
        if case.link is not None:
            yield _row(known, "link", "money", month, _linked(known, month))
    if case.release is not None:
        yield from _released(known)


def _known(case: Case, facts: Iterable[Fact]) -> Counted:
    by_kind: dict[str, list[Fact]] = defaultdict(list)
    for row in facts:
        by_kind[row["kind"]].append(row)
    for rows in by_kind.values():
        rows.sort(key=lambda row: (row["month"] or date.min, row["key"] or ""))
    reach = by_kind.get("reach", [])
    first = min((_EPOCH + timedelta(days=int(row["x3"])) for row in reach), default=date.max)
    months = sorted(row["month"] for row in reach if row["complete"] and row["month"] >= first)
    return Counted(case, by_kind, tuple(months))


def _amount(of: Amount | None, found: Decimal | None) -> Money | None:
    """What the settings state, else what the tables tell; None where neither does."""
    if of is None:
        return None
    if of.amount is not None:
        return Money(of.amount, of.low, of.high)
    return None if found is None else Money(found)


def _customer(known: Counted, month: date | None) -> Money | None:
    """The monthly value of one customer: all that is paid / all who pay, of the months that are over."""
    paid = known.a_month("customer_value", "money", month)
    units = known.a_month("customer_value", "x1", month)
    each = _CONTEXT.divide(paid, units) if paid is not None and units else None
    return _amount(known.case.of_customer, each)


def _stated(known: Counted, month: date | None) -> Estimate:
    value = _amount(known.case.churned_value, known.a_month("churned_value", "money", month))
    return stated(value, *(known.total("left", number, month) for number in ("x1", "x2", "x3")))


def _strata(known: Counted, month: date | None) -> pd.DataFrame:
    """a, n, b, m by stratum, of all months that are asked about."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in known.of("risk", month):
        for place in range(4):
            sums[row["key"]][place] += int(row[f"x{place + 1}"])
    return pd.DataFrame([sums[key] for key in sorted(sums)], columns=list("anbm"), dtype="int64")


def _observed(known: Counted, month: date | None) -> Estimate:
    affected = known.a_month("risk", "x2", month)
    each = None if affected is None else float(affected)
    return observed(_strata(known, month), each, _customer(known, month))


def _linked(known: Counted, month: date | None) -> Estimate:
    units, completed, converted, both = (known.total("link", f"x{place}", month) for place in (1, 2, 3, 4))
    a_month = known.a_month("link", "x1", month)
    return linked(units, completed, converted, both, float(a_month or 0), _customer(known, month))


def _reach(known: Counted, month: date | None) -> Estimate:
    persons = known.a_month("reach", "x1", month)
    return Estimate(persons, None, None, known.total("reach", "x1", month), False)


def _released(known: Counted) -> Iterator[dict[str, Any]]:
    """The pain and churn around the release, and what the change in churn is worth."""
    built = known.case.built
    effect = None if built is None else float(built.effect)
    pain = changed(*_sides(known, "pain"), effect=effect)
    yield _row(known, "release", "pain", None, pain)
    if known.case.churn is None:
        return
    # Of the churn only the part that goes with the pain can go with it.
    all_time = _observed(known, None)
    gone = changed(*_sides(known, "gone"))
    excess, before = all_time.part("difference").value, gone.part("before").value
    struck = known.total("risk", "x2", None)
    at_risk = struck + known.total("risk", "x4", None)
    rate = struck / at_risk if at_risk else None
    predicted: float | None = None
    if None not in (effect, excess, before, rate):
        predicted = float(before or 0) - (effect or 0.0) * float(excess or 0) * (rate or 0.0)
        gone = _with(gone, Part("predicted", predicted))
    yield _row(known, "release", "churn", None, gone)
    yield _row(known, "release", "money", None, _money_after(known, gone))


def _money_after(known: Counted, gone: Estimate) -> Estimate:
    """What leaves a month, in money: churn x customers asked a month x value of one; less is better."""
    value = _customer(known, None)
    struck, others = (known.a_month("risk", number, None) for number in ("x2", "x4"))
    asked = float((struck or 0) + (others or 0))
    if value is None:
        return Estimate(None, None, None, gone.n, gone.too_few)
    parts = [
        Part(one.name, *(_times(value, asked, each) for each in (one.value, one.low, one.high)))
        for one in gone.parts
    ]
    worth = [_times(value, asked, one) for one in (gone.value, gone.low, gone.high)]
    parts += [Part("customer_value", value.amount), Part("customers_a_month", asked)]
    return Estimate(worth[0], worth[1], worth[2], gone.n, gone.too_few, tuple(parts))


def _times(value: Money, asked: float, rate: float | Decimal | None) -> Decimal | None:
    return None if rate is None else value.times(asked * float(rate), 0.0, 0.0)[0]


def _sides(known: Counted, kind: str) -> tuple[Sides, Sides | None]:
    rows = {row["key"]: row for row in known.by_kind.get(kind, ())}

    def sides(group: str) -> Sides:
        before, after = rows.get(f"{group}|before"), rows.get(f"{group}|after")
        over = after is not None and after["complete"]
        return Sides(
            int(before["x1"]) if before else 0,
            int(before["x2"]) if before else 0,
            int(after["x1"]) if after and over else 0,
            int(after["x2"]) if after and over else None,
        )

    release = known.case.release
    return sides("reached"), sides("control") if release is not None and release.control else None


def _with(of: Estimate, part: Part) -> Estimate:
    return Estimate(of.value, of.low, of.high, of.n, of.too_few, (*of.parts, part))


def _row(known: Counted, estimate: str, measure: str, month: date | None, of: Estimate) -> dict[str, Any]:
    money = measure == "money"
    return {
        "case": known.case.name,
        "version": known.case.version,
        "unit": known.case.unit,
        "estimate": estimate,
        "measure": measure,
        "month": ALL if month is None else str(month),
        "currency": known.case.currency if money else None,
        **_ends(of),
        "n": of.n,
        "too_few": of.too_few,
        "verdict": _verdict(known, estimate, of),
        "reach": known.a_month("reach", "x1", month),
        "reach_units": known.a_month("reach", "x2", month),
        "months": len(known.months) if month is None else 1,
        "parts": [{"name": one.name, **_ends(one)} for one in of.parts],
    }


def _ends(of: Estimate | Part) -> dict[str, Decimal | None]:
    """A number and its ends: floats as they are written, so that a half is one when the table rounds it."""
    numbers = {"value": of.value, "low": of.low, "high": of.high}
    return {name: None if one is None else Decimal(str(one)) for name, one in numbers.items()}


def _verdict(known: Counted, estimate: str, of: Estimate) -> str:
    if estimate == "release":
        if not known.by_kind.get("pain"):
            return "not released"
        if of.value is None and not of.too_few:
            return "too early"
    if of.too_few:
        return "too few"
    return "not known" if of.value is None else "estimate"
