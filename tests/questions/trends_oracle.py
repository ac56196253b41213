"""Trends told in plain Python, period by period, and random worlds of events to tell them of."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from trailhouse.columns import NO_CURRENCY
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.spread import OTHER
from trailhouse.settings import Project
from trailhouse.settings.questions import Trend
from trailhouse.settings.questions.formulas import Name, Term
from trailhouse.settings.questions.trend import Series

Event = dict[str, Any]
Figures = tuple[Any, ...]
Key = tuple[str, str, str, str | None, datetime]
NINE = Decimal("1e-9")


def half_up(number: Fraction | Decimal | None) -> Decimal | None:
    """In nine digits."""
    if number is None:
        return None
    whole = Fraction(number) * 10**9
    digits = (Decimal(whole.numerator) / Decimal(whole.denominator)).quantize(Decimal(1), ROUND_HALF_UP)
    return digits * NINE


def is_of(event: Event, series: Series) -> bool:
    return series.event.event is None or event["event_name"] == series.event.event


def measured(series: Series, events: list[Event], unit: str) -> Fraction | None:
    numbers = sorted(Fraction(one["n"]) for one in events if one["n"] is not None)
    if series.field == "value":
        numbers = sorted(Fraction(one["value"]) for one in events if one["value"] is not None)
    match series.measure:
        case "count":
            return Fraction(len(events))
        case "units":
            return Fraction(len({one[unit] for one in events}))
        case "sessions":
            return Fraction(len({one["session_id"] for one in events} - {None}))
        case "per_unit":
            return Fraction(len(events), len({one[unit] for one in events})) if events else None
        case "sum":
            return sum(numbers, Fraction(0))
    if not numbers:
        return None
    match series.measure:
        case "avg":
            return sum(numbers) / len(numbers)
        case "min":
            return numbers[0]
        case "max":
            return numbers[-1]
    place = Fraction(series.percentile, 100) * (len(numbers) - 1)
    below = int(place)
    above = min(below + 1, len(numbers) - 1)
    return numbers[below] + (numbers[above] - numbers[below]) * (place - below)


def computed(term: Term, known: dict[str, Fraction | None]) -> Fraction | None:
    if isinstance(term, Decimal):
        return Fraction(term)
    if isinstance(term, Name):
        return known[term.name]
    left, right = computed(term.left, known), computed(term.right, known)
    if left is None or right is None or (term.sign == "/" and right == 0):
        return None
    match term.sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def months(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


class Calendar:
    """The periods of a question, as plain Python has them."""

    def __init__(self, question: Trend, project: Project) -> None:
        self.question, self.zone = question, ZoneInfo(project.timezone)
        self.sunday = project.week_start == "sunday"

    def first(self, day: date) -> date:
        if self.question.interval == "week":
            return day - timedelta(days=(day.weekday() + self.sunday) % 7)
        return day.replace(day=1) if self.question.interval == "month" else day

    def next(self, day: date) -> date:
        interval = self.question.interval
        return months(day, 1) if interval == "month" else day + timedelta(days=7 if interval == "week" else 1)

    def begin(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)

    def of(self, at: datetime) -> datetime:
        """The instant at which the period of an instant begins."""
        local = at.replace(tzinfo=UTC).astimezone(self.zone)
        if self.question.interval == "hour":
            return at.replace(minute=0, second=0, microsecond=0)
        return self.begin(self.first(local.date()))

    def between(
        self, first: date, until: datetime, last: date | None
    ) -> list[tuple[date, datetime, datetime]]:
        """(day, begin, end) of each period that has begun."""
        result, day = [], self.first(first)
        while self.begin(day) <= until and (last is None or day <= last):
            begin, end = self.begin(day), self.begin(self.next(day))
            if self.question.interval == "hour":
                while begin < end:
                    result.append((day, begin, begin + timedelta(hours=1)))
                    begin += timedelta(hours=1)
            else:
                result.append((day, begin, end))
            day = self.next(day)
        return [one for one in result if one[1] <= until]

    def before(self, begin: datetime) -> datetime | None:
        question = self.question
        local = begin.replace(tzinfo=UTC).astimezone(self.zone)
        match question.compare:
            case None:
                return None
            case "interval" if question.interval == "hour":
                return begin - timedelta(hours=1)
            case "interval":
                return self.of(begin - timedelta(hours=12))
            case "week":
                ago = local.date() - timedelta(days=7)
            case "year":
                week = question.interval == "week"
                ago = local.date() - timedelta(days=364) if week else months(local.date(), -12)
            case "range":
                assert question.from_day
                assert question.to_day
                last = self.next(self.first(question.to_day))
                ago = local.date() - (last - self.first(question.from_day))
        naive = datetime(ago.year, ago.month, ago.day, local.hour, tzinfo=self.zone)
        return naive.astimezone(UTC).replace(tzinfo=None)


def expected(question: Trend, project: Project, events: list[Event], until: datetime) -> dict[Key, Figures]:
    unit = {
        "person": "person_id",
        "account": "account_id",
        "session": "session_id",
        "device": "anonymous_id",
    }[question.unit]
    calendar = Calendar(question, project)
    known = [
        one for one in events
        if one[unit] is not None and not one.get("is_bot") and one["session_id"] != "bot"
        and any(is_of(one, series) for series in question.series)
    ]  # fmt: skip
    if question.from_day is None:
        if not known:
            return {}
        first = min(one["at"] for one in known).replace(tzinfo=UTC).astimezone(calendar.zone).date()
        shown = first = calendar.first(first)
    else:
        shown = calendar.first(question.from_day)
        ago = calendar.before(calendar.begin(shown))
        first = shown if ago is None else ago.replace(tzinfo=UTC).astimezone(calendar.zone).date()
    last = question.to_day and calendar.first(question.to_day)
    back = timedelta(days=(question.rolling or 1) - 1)
    values: dict[tuple[str, str, str, str | None], dict[datetime, Any]] = defaultdict(dict)
    units: dict[Any, int] = {}
    spans = calendar.between(first, until, last)
    lost: dict[tuple[str, str, datetime], bool] = {}
    figures: dict[tuple[str, str, str, str | None], dict[datetime, list[Event]]] = defaultdict(dict)
    money = [one for one in question.series if one.field == "value"]
    plain = [one for one in question.series if one.field != "value"]
    for day, begin, end in spans:
        since = calendar.begin(day - back) if question.rolling else begin
        inside = [one for one in known if since <= one["at"] < end]
        groups: dict[tuple[str, str], list[Event]] = defaultdict(list, {(ALL, ALL): inside})
        for by in question.breakdowns:
            named: dict[str, list[Event]] = defaultdict(list)
            for one in inside:
                named[one[by] or "unknown"].append(one)
            ranked = sorted(named, key=lambda value: (-len({one[unit] for one in named[value]}), value))
            for place, value in enumerate(ranked):
                beyond = place >= question.breakdown_limit
                groups[by, OTHER if beyond else value] += named[value]
                if beyond:
                    lost[by, value, begin] = True
        for (by, value), own in groups.items():
            for series in plain:
                figures[series.name, by, value, None][begin] = [one for one in own if is_of(one, series)]
            for series in money:
                paid = [one for one in own if is_of(one, series) and one["value"] is not None]
                for code in {one["currency"] or NO_CURRENCY for one in paid}:
                    figures[series.name, by, value, code][begin] = [
                        one for one in paid if (one["currency"] or NO_CURRENCY) == code
                    ]
    cells = {(by, value, code) for _, by, value, code in figures}
    for by, value, code in cells:
        for _, begin, _ in spans:
            if (by, value, begin) in lost:
                continue
            kept: dict[str, Fraction | None] = {}
            for series in question.series:
                which = code if series.field == "value" else None
                if series.field == "value" and code is None:
                    continue
                own = figures[series.name, by, value, which].get(begin, [])
                kept[series.name] = measured(series, own, unit)
                if (series.field == "value") == (code is not None):
                    values[series.name, by, value, code][begin] = half_up(kept[series.name])
                    units[series.name, by, value, code, begin] = len({one[unit] for one in own})
            exact = {
                name: None if number is None else Fraction(half_up(number) or 0)
                for name, number in kept.items()
            }
            for formula in question.formulas:
                used = {name for name in kept if name in formula.formula}
                of_money = {series.name for series in money}
                if all(name in kept for name in _names(formula.term)) and (code is None or used & of_money):
                    values[formula.name, by, value, code][begin] = half_up(computed(formula.term, exact))
    cells_told: dict[Key, Figures] = {}
    for (name, by, value, code), own_values in values.items():
        for day, begin, end in spans:
            if begin not in own_values or day < shown:
                continue
            ago_begin = calendar.before(begin)
            previous = own_values.get(ago_begin) if ago_begin else None
            count = units.get((name, by, value, code, begin))
            cells_told[name, by, value, code, begin] = (day, own_values[begin], count, previous, until >= end)
    return cells_told


def _names(term: Term) -> set[str]:
    if isinstance(term, Name):
        return {term.name}
    return set() if isinstance(term, Decimal) else _names(term.left) | _names(term.right)


def world(chance: random.Random) -> list[Event]:
    """Five weeks around the day on which Berlin's clocks change, with days on which nothing happens."""
    begin = datetime(2026, 3, 10)
    quiet = {chance.randrange(35) for _ in range(12)}
    events: list[Event] = []
    for number in range(260):
        at = begin + timedelta(seconds=chance.randrange(35 * 86_400))
        if (at - begin).days in quiet:
            continue
        person = chance.randrange(20)
        n = chance.choice(("3", "2.5", "-7.125", "0.1", None, "high"))
        events.append({
            "event_id": f"e{number}",
            "person_id": f"p{person}" if chance.random() < 0.95 else None,
            "account_id": chance.choice((f"a{person % 3}", None)),
            "anonymous_id": f"d{person}",
            "session_id": chance.choice(("bot", None, *(f"s{person}-{k}" for k in range(9)))),
            "event_time": at.strftime("%Y-%m-%d %H:%M:%S"),
            "event_name": chance.choice(("order", "visit", "visit", "visit", "noise")),
            "platform": chance.choice(("web", "web", "ios", "android", None)),
            "country_of": None,
            "value": chance.choice((Decimal("19.9900"), Decimal("0.3333"), None)),
            "currency": chance.choice(("EUR", "EUR", "GBP", None)),
            "properties": None if n is None else f'{{"n": "{n}"}}' if n == "high" else f'{{"n": {n}}}',
            "n": None if n == "high" else n,
            "at": at,
            **({"is_bot": True} if chance.random() < 0.03 else {}),
        })  # fmt: skip
    for one in events:
        del one["country_of"]
    return events


def differences(got: dict[Key, Figures], wanted: dict[Key, Figures]) -> dict[Key, Any]:
    """Keys whose figures differ; a quotient of numbers that were rounded may differ in its last digits."""

    def close(one: Any, other: Any) -> bool:
        if isinstance(one, Decimal) and isinstance(other, Decimal):
            return abs(one - other) <= 2 * NINE
        return bool(one == other)

    return {
        key: (got.get(key), wanted.get(key))
        for key in {*got, *wanted}
        if key not in got or key not in wanted or not all(map(close, got[key], wanted[key]))
    }
