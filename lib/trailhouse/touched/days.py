"""Days of one time zone and of another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo


def days_between(days: Iterable[date], of: tzinfo, to: tzinfo) -> set[date]:
    """The days of the zone `to` that overlap some of the zone `of`."""
    found: set[date] = set()
    for day in days:
        first = datetime.combine(day, time(), of).astimezone(to)
        last = datetime.combine(day + timedelta(1), time(), of).astimezone(to) - timedelta(microseconds=1)
        found |= {first.date() + timedelta(step) for step in range((last.date() - first.date()).days + 1)}
    return found
