"""A random world of events, and in plain Python when its units were active."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows, watermark
from trailhouse.questions.asked import Asked
from trailhouse.settings import Project, Question, Step

NEW_YORK = Project(timezone="America/New_York", week_start="monday")
"""Its clocks change on 2026-03-08."""
BERLIN = Project(timezone="Europe/Berlin", week_start="sunday")
"""Its clocks change on 2026-03-29."""
FIRST = datetime(2026, 2, 20, tzinfo=UTC)
DAYS = 50
NOW = FIRST + timedelta(days=DAYS, hours=13)
MEMBERS = ("p1", "p3", "p4", "p7", "p11")
_UNITS = {"person": "person_id", "account": "account_id", "device": "anonymous_id"}


@dataclass(frozen=True)
class Event:
    """A row of activity, as far as these questions look at it."""

    event_id: str
    at: datetime
    sequence: int | None
    event_name: str
    country: str | None
    person_id: str | None
    account_id: str | None
    anonymous_id: str
    is_bot: bool

    @property
    def place(self) -> tuple[Any, ...]:
        """Its place in a unit's order."""
        return (
            self.at,
            self.sequence is None,
            self.sequence or 0,
            self.event_name != "page_view",
            self.event_id,
        )


def world(chance: random.Random) -> list[Event]:
    """Some hundred events of a few persons, many at equal times, around midnights and period ends."""
    events = []
    for number in range(320):
        person = chance.randrange(14)
        hours = chance.choice((0, 4, 5, 12, 22, 23))
        at = FIRST + timedelta(days=int(DAYS * chance.random() ** 1.3), hours=hours)
        events.append(
            Event(
                event_id=f"e{chance.randrange(10**9)}-{number}",
                at=at + timedelta(microseconds=chance.choice((0, 0, 1, -1))),
                sequence=chance.choice((None, 1, 2)),
                event_name=chance.choice(("page_view", "order", "order", "use")),
                country=chance.choice((None, "DE", "DE", "FR", "US", "IT")),
                person_id=None if person == 0 else f"p{person}",
                account_id=None if person % 3 == 0 else f"a{person % 5}",
                anonymous_id=f"d{chance.randrange(9)}",
                is_bot=person == 13,
            )
        )
    return events


def asked(spark: SparkSession, events: list[Event], project: Project) -> Asked:
    """The tables that hold these events."""
    activity = [
        {
            "person_id": one.person_id,
            "event_time": one.at,
            "event_name": one.event_name,
            "event_id": one.event_id,
            "sequence": one.sequence,
            "account_id": one.account_id,
            "anonymous_id": one.anonymous_id,
            "geo": {"country": one.country},
            "is_bot": one.is_bot,
        }
        for one in events
    ]
    days: dict[tuple[str, date], list[datetime]] = {}
    for one in events:
        if one.person_id and not one.is_bot:
            days.setdefault((one.person_id, day_of(one.at, project)), []).append(one.at)
    person_days = [
        {"person_id": person, "day": day, "first_time": min(times), "last_time": max(times)}
        for (person, day), times in days.items()
    ]
    frames: Mapping[str, DataFrame] = {
        "activity": rows(spark, "activity", activity),
        "person_days": rows(spark, "person_days", person_days),
        "sessions": rows(spark, "sessions"),
        "watermark": watermark(spark, NOW.strftime("%Y-%m-%d %H:%M:%S")),
        "segment_members": spark.createDataFrame(
            [
                *(("best", person, date(2026, 1, 1), None) for person in MEMBERS),
                ("best", "p2", date(2026, 1, 1), date(2026, 2, 1)),  # not any more
                ("rest", "p5", date(2026, 1, 1), None),
            ],
            "segment STRING, person_id STRING, valid_from DATE, valid_to DATE",
        ),
    }
    return Asked(frames, project)


def counted_events(question: Question, events: list[Event]) -> Iterator[tuple[str, Event]]:
    """Units and their events, in order, that a question looks at."""
    for one in sorted(events, key=lambda one: one.place):
        unit = getattr(one, _UNITS[question.unit])
        if unit is None or one.is_bot:
            continue
        if question.segment and one.person_id not in MEMBERS:
            continue
        if question.where and one.country not in question.where[0].values:
            continue
        yield unit, one


def is_step(step: Step | None) -> Callable[[Event], bool]:
    """Whether an event is the step."""
    names = step.event_names if step else None
    return lambda one: names is None or one.event_name in names


def day_of(at: datetime, project: Project) -> date:
    """The project's day of an instant."""
    return at.astimezone(ZoneInfo(project.timezone)).date()


def begin_of(day: date, project: Project) -> datetime:
    """The instant at which a day of the project begins."""
    return datetime.combine(day, time(), ZoneInfo(project.timezone)).astimezone(UTC)


def period_of(day: date, interval: str, project: Project) -> date:
    """The first day of its period."""
    if interval == "month":
        return day.replace(day=1)
    if interval == "week":
        return day - timedelta(days=(day.weekday() + (project.week_start == "sunday")) % 7)
    return day


def later(period: date, count: int, interval: str) -> date:
    """The first day of the period so many after."""
    if interval == "month":
        months = period.year * 12 + period.month - 1 + count
        return date(months // 12, months % 12 + 1, 1)
    return period + timedelta(days=count * (7 if interval == "week" else 1))


def apart(first: date, last: date, interval: str) -> int:
    """How many periods lie from one to another."""
    if interval == "month":
        return (last.year - first.year) * 12 + last.month - first.month
    return (last - first).days // (7 if interval == "week" else 1)


def in_range(question: Question, day: date) -> bool:
    """Whether the day is one of those asked for."""
    return (question.from_day is None or day >= question.from_day) and (
        question.to_day is None or day <= question.to_day
    )


def shown(values: dict[str, int], limit: int) -> dict[str, str]:
    """By value what it is shown as: itself, or 'other' beyond the limit."""
    ranked = sorted(values, key=lambda value: (-values[value], value))
    return {value: value if place < limit else "other" for place, value in enumerate(ranked)}
