"""A case's numbers as people read them: money without cents where it is large, shares, intervals, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from trailhouse.report import text
from trailhouse.settings.impact import Amount, Case, Option

Row = Mapping[str, Any]
Number = Decimal | float | int
TOO_FEW = "too few"


@dataclass(frozen=True)
class Told:
    """A number in words with its interval, both '' where there is none."""

    value: str
    interval: str
    few: bool = False


def money(amount: Number | None, currency: str, beside: Number | None = None) -> str:
    """USD 16,000; with cents below 100 (or where the amount that it stands beside is); a true minus sign."""
    if amount is None:
        return text.NOTHING
    exact, size_of = Decimal(str(amount)), abs(Decimal(str(amount if beside is None else beside)))
    size = f"{abs(exact):,.0f}" if size_of >= 100 or size_of == 0 else f"{abs(exact):,.2f}"
    return f"{'−' if exact < 0 else ''}{currency} {size}"


def percent(share: Number | None, digits: int = 1) -> str:
    """12.3 %; a share that would round to none but is some as <0.1 %; a true minus sign."""
    if share is None:
        return text.NOTHING
    least = 10.0**-digits
    if 0 < 100 * float(share) < least / 2:
        return f"<{least:.{digits}f} %"
    shown = f"{abs(100 * float(share)):.{digits}f} %"
    return f"{'−' if float(share) < 0 and float(shown[:-2]) else ''}{shown}"


def points(share: Number | None) -> str:
    """+11.2 points."""
    if share is None:
        return text.NOTHING
    return f"{'−' if float(share) < 0 else '+'}{abs(100 * float(share)):.1f} points"


def parts_of(row: Row) -> dict[str, Row]:
    """The parts of a row of `impact`, by name."""
    return {part["name"]: part for part in row["parts"]}


def told_money(row: Row | None) -> Told:
    """An estimate of money a month."""
    if row is None or row["value"] is None:
        return Told("not known", "", bool(row and row["too_few"]))
    currency = row["currency"] or ""
    ends = _ends(*(money(row[end], currency, row["value"]) for end in ("low", "high")))
    return Told(money(row["value"], currency), ends, bool(row["too_few"]))


def told_share(part: Row | None, digits: int = 1) -> Told:
    """A share with its interval."""
    if part is None or part["value"] is None:
        return Told(text.NOTHING, "")
    if part["low"] is None:
        return Told(percent(part["value"], digits), "")
    low = percent(part["low"], digits).removesuffix(" %")
    return Told(percent(part["value"], digits), _ends(low, percent(part["high"], digits)))


def told_points(part: Row | None) -> Told:
    """A difference of shares in points, with its interval."""
    if part is None or part["value"] is None:
        return Told(text.NOTHING, "")
    return Told(points(part["value"]), "" if part["low"] is None else _point_ends(part))


def _point_ends(part: Row) -> str:
    return _ends(points(part["low"]).removesuffix(" points"), points(part["high"]))


def _ends(low: str, high: str) -> str:
    return f"{low} to {high}"


def source(of: Amount | None, what: str) -> str:
    """Where an amount comes from, in words."""
    if of is None:
        return "not given"
    return of.source if of.amount is not None else f"{what} of revenue question {of.revenue}"


def option(case: Case, one: Option, rows: Sequence[Row]) -> dict[str, Any]:
    """A line of the table of options: what it would take off either estimate a month."""
    worth = {}
    for estimate in ("stated", "observed"):
        row = next((r for r in rows if r["estimate"] == estimate and r["month"] == "all"), None)
        known = row is not None and row["value"] is not None
        worth[estimate] = money(row["value"] * one.effect, case.currency) if known and row else text.NOTHING
        if known and row and row["too_few"]:
            worth[estimate] += f" ({TOO_FEW})"
    ends = "" if one.low is None else _ends(percent(one.low, 0).removesuffix(" %"), percent(one.high, 0))
    return {
        "name": one.name,
        "customer": one.customer,
        "business": one.business,
        "effect": percent(one.effect, 0),
        "effect_ends": ends,
        "cost": one.cost,
        "source": one.source,
        **worth,
    }


_MEASURES = {
    "pain": "customers with the pain",
    "churn": "customers who left a period",
    "money": "leaves a month",
}


def released(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Predicted against observed, a line a measure."""
    found = []
    for row in rows:
        if row["estimate"] != "release":
            continue
        parts = parts_of(row)
        currency = row["currency"]

        def shown(number: Number | None, currency: str | None = currency) -> str:
            return percent(number) if currency is None else money(number, currency)

        change = row["value"]
        ends = ""
        if row["low"] is not None:
            both = (_signed(row[end], currency) for end in ("low", "high"))
            ends = _point_ends(row) if currency is None else _ends(*both)
        found.append(
            {
                "measure": _MEASURES[row["measure"]],
                "before": shown(_value(parts, "before")),
                "predicted": shown(_value(parts, "predicted")),
                "after": shown(_value(parts, "after")),
                "change": text.NOTHING if change is None else _signed(change, currency),
                "interval": ends,
                "control": "control_change" in parts,
                "verdict": row["verdict"],
            }
        )
    return found


def _value(parts: Mapping[str, Row], name: str) -> Number | None:
    return parts[name]["value"] if name in parts else None


def _signed(number: Number, currency: str | None) -> str:
    if currency is None:
        return points(number)
    shown = money(number, currency)
    return shown if number < 0 else f"+{shown}"


def by_month(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Reach by whole month, for a row of bars: label, persons, height in percent of the most."""
    own = {row["month"]: row["reach"] for row in rows if row["month"] != "all" and row["reach"] is not None}
    most = max(own.values(), default=0)
    return [
        {
            "label": f"{date.fromisoformat(month):%b %Y}",
            "persons": persons,
            "height": round(100 * persons / most, 1) if most else 0,
        }
        for month, persons in sorted(own.items())
    ][-12:]
