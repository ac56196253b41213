"""Headline numbers: the last seven complete days against the seven before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from trailhouse.report import text
from trailhouse.report.text import Change, Row

WEEK = timedelta(days=7)
Better = Literal["up", "down", "none"]


@dataclass(frozen=True)
class Card:
    """One headline number: its value, its change, and its last 28 days as points of a small line."""

    label: str
    value: str
    note: str
    meaning: str
    change: Change | None = None
    line: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calendar:
    """The days that the report speaks of, each with its numbers."""

    days: tuple[Row, ...]
    last: date | None
    first: date | None
    by_day: Mapping[date, Row] = field(default_factory=dict)

    @property
    def has_two_weeks(self) -> bool:
        """Whether the week before is within the data."""
        return bool(self.last and self.first and self.first <= self.last - 2 * WEEK + timedelta(days=1))

    def week(self, back: int = 0) -> tuple[date, date] | None:
        """First and last day of the seven days that end `back` weeks before the last complete day."""
        if self.last is None:
            return None
        end = self.last - back * WEEK
        return end - WEEK + timedelta(days=1), end


def calendar(frames: Mapping[str, pd.DataFrame]) -> Calendar:
    """The rows of `days` (of `engagement`), one for each day from the first to the last."""
    found = {text.as_date(row["day"]): row for row in text.rows_of(frames, "days")}
    if not found:
        return Calendar((), None, None)
    complete = [day for day, row in found.items() if row["complete"]]
    first, newest = min(found), max(found)
    last = max(complete) if complete else newest
    span = [first + timedelta(days=offset) for offset in range((newest - first).days + 1)]
    blank = dict.fromkeys(found[newest], 0)
    # A quiet day before a complete one is over too.
    days = tuple({**blank, **found.get(day, {}), "day": day, "complete": day <= last} for day in span)
    whole = text.rows_of(frames, "totals")
    begin = text.as_date(whole[0]["first_day"]) if whole and whole[0]["first_day"] else first
    return Calendar(days, last, begin, {row["day"]: row for row in days})


def cards(frames: Mapping[str, pd.DataFrame], known: Calendar) -> tuple[Card, ...]:
    """The cards in their order; none when there is no day at all."""
    if known.last is None:
        return ()
    return (
        *_people(frames, known),
        *_visits(known),
        *_money(frames, known),
        _nps(text.rows_of(frames, "feedback")),
        _rate(
            known,
            "Friction rate",
            "friction_sessions",
            "down",
            "Sessions with a sign of struggle, such as a rage click, a dead click or a U-turn.",
        ),
    )


def _people(frames: Mapping[str, pd.DataFrame], known: Calendar) -> tuple[Card, ...]:
    assert known.last is not None
    now = known.by_day[known.last]["wau"]
    earlier = known.by_day.get(known.last - WEEK)
    before = earlier["wau"] if earlier and known.has_two_weeks else None
    totals = text.rows_of(frames, "totals")
    return (
        Card(
            "People",
            text.number(now),
            f"{text.number(totals[0]['persons'])} over all days" if totals else "",
            "Distinct persons with any event in the seven days.",
            text.change(now, before, "up"),
            _line(known, "active_persons"),
        ),
    )


def _visits(known: Calendar) -> tuple[Card, ...]:
    sessions, before = _sum(known, "sessions", 0), _sum(known, "sessions", 1)
    engaged = text.ratio(_sum(known, "engaged_us", 0), sessions)
    return (
        Card(
            "Sessions",
            text.number(sessions),
            f"{text.number(_per(sessions, known))} a day",
            "Visits that began in the seven days.",
            text.change(sessions, before, "up"),
            _line(known, "sessions"),
        ),
        Card(
            "Engaged time",
            text.duration(engaged),
            "a session, on average",
            "Time with attention, divided by sessions.",
            text.change(engaged, text.ratio(_sum(known, "engaged_us", 1), before), "up"),
            _line(known, "engaged_us", "sessions"),
        ),
        _rate(known, "Bounce rate", "bounces", "down", "Sessions that were not engaged."),
        _rate(known, "Conversion rate", "converted_sessions", "up", "Sessions with a conversion event."),
    )


def _rate(known: Calendar, label: str, part: str, better: Better, meaning: str) -> Card:
    count, sessions = _sum(known, part, 0), _sum(known, "sessions", 0)
    now = text.ratio(count, sessions)
    before = text.ratio(_sum(known, part, 1), _sum(known, "sessions", 1))
    return Card(
        label,
        text.percent(now, "no sessions"),
        f"{text.number(count)} of {text.number(sessions)} sessions" if sessions else "",
        meaning,
        text.change(now, before, better, points=True),
        _line(known, part, "sessions"),
    )


def _money(frames: Mapping[str, pd.DataFrame], known: Calendar) -> tuple[Card, ...]:
    orders = _sum(known, "orders", 0)
    values = [{**row, "day": text.as_date(row["day"])} for row in text.rows_of(frames, "value_days")]
    currencies = sorted({row["currency"] or "" for row in values})
    sums = []
    for currency in currencies:
        mine = [row for row in values if (row["currency"] or "") == currency]
        now, before = (_between(mine, known.week(back)) for back in (0, 1))
        if now or before:
            sums.append((currency, now, before if known.has_two_weeks else None))
    sums.sort(key=lambda entry: -entry[1])
    cards = [
        Card(
            "Orders",
            text.number(orders),
            "in the seven days",
            "Order events; refunds are not taken off.",
            text.change(orders, _sum(known, "orders", 1), "up"),
            _line(known, "orders"),
        )
    ]
    if sums:
        currency, latest, earlier = sums[0]
        cards.append(
            Card(
                "Value",
                text.money(latest, currency),
                "of conversions",
                "Value of conversion events; currencies are never added up.",
                text.change(latest, earlier, "up"),
                _value_line(values, currency, known),
                more=tuple(text.money(other[1], other[0]) for other in sums[1:4]),
            )
        )
    return tuple(cards)


def _nps(feedback: Sequence[Row]) -> Card:
    """Over all weeks: a single week of a small survey says little."""
    overall = [row for row in feedback if row["kind"] == "nps" and row["week"] == "all"]
    surveys = [row for row in overall if row["score"] is not None]
    meaning = "Share of 9 and 10 minus share of 0 to 6, over all weeks, with its 95% interval."
    if not surveys:
        return Card("NPS", "–", "no NPS survey answered", meaning)
    row = max(surveys, key=lambda entry: entry["answers"])
    return Card(
        "NPS",
        text.signed(row["score"]),
        f"95% interval {text.signed(row['low'])} to {text.signed(row['high'])}, "
        f"{text.number(row['answers'])} answers",
        meaning,
    )


def _sum(known: Calendar, name: str, back: int) -> int | None:
    """Sum over the week `back` weeks ago; None when the data does not reach over it."""
    week = known.week(back)
    if week is None or (back and not known.has_two_weeks):
        return None
    return sum(int(row[name] or 0) for row in known.days if week[0] <= row["day"] <= week[1])


def _between(rows: Sequence[Row], week: tuple[date, date] | None) -> float:
    return sum(float(row["amount"] or 0) for row in rows if week and week[0] <= row["day"] <= week[1])


def _per(count: int | None, known: Calendar) -> float | None:
    if count is None or known.last is None or known.first is None:
        return None
    return count / min(7, (known.last - known.first).days + 1)


def _line(known: Calendar, name: str, whole: str | None = None) -> str:
    """A line of counts, or of shares, which skips the days that have none."""
    shown = [row for row in known.days if row["complete"]][-28:]
    if whole is None:
        return _points([float(row[name] or 0) for row in shown])
    shares = [text.ratio(row[name], row[whole]) for row in shown]
    return _points([share for share in shares if share is not None])


def _value_line(values: Sequence[Row], currency: str, known: Calendar) -> str:
    by_day = {row["day"]: float(row["amount"] or 0) for row in values if (row["currency"] or "") == currency}
    return _points([by_day.get(row["day"], 0.0) for row in known.days if row["complete"]][-28:])


def _points(values: Sequence[float]) -> str:
    """Points of an SVG polyline in a box of 100 x 28."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    reach = high - low or 1.0
    step = 100 / (len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{26 - 24 * (value - low) / reach:.1f}" for index, value in enumerate(values)
    )
