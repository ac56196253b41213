"""What profiles count, over the last days and ever: append a measure, and its columns follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from trailhouse.contract import Column

WINDOWS = (1, 7, 28, 90)
"""Days up to the day of the profile, that day included."""


Source = Literal["days", "sessions", "activity"]


@dataclass(frozen=True)
class Measure:
    """A count by person and day: column `name` for ever, `name_7` and the like for the last days.

    `source` is what it is counted in: person_days, sessions, or for accounts activity. `one` is the word
    for one of them, where the last day with one is told, as `last_<one>_day`.
    """

    name: str
    source: Source
    sentence: str
    one: str | None = None
    low: int = 0

    @property
    def last(self) -> str | None:
        """The column that tells the last day with one."""
        return self.one and f"last_{self.one}_day"

    @property
    def windows(self) -> tuple[str, ...]:
        """Its columns over WINDOWS, in order."""
        return tuple(f"{self.name}_{days}" for days in WINDOWS)

    def columns(self) -> Iterator[Column]:
        """Its columns in `profiles`."""
        yield Column(self.name, "BIGINT", self.sentence, True, low=self.low)
        for name, days in zip(self.windows, WINDOWS, strict=True):
            # That they are there, and in bounds, one check tells for all: see `nest`.
            yield Column(name, "BIGINT", f"Of the last {days} days." if days > 1 else "Of the last day.")
        if self.last and self.one:
            yield Column(self.last, "DATE", f"Last day with one: {self.one.replace('_', ' ')}.")


MEASURES: tuple[Measure, ...] = (
    Measure("active_days", "days", "Days with an event.", low=1),
    Measure("events", "days", "Events.", low=1),
    Measure("views", "days", "Views.", "view"),
    Measure("clicks", "days", "Clicks.", "click"),
    Measure("searches", "days", "Searches.", "search"),
    Measure("cart_adds", "days", "Products put into the cart.", "cart_add"),
    Measure("form_submits", "days", "Forms submitted.", "form_submit"),
    Measure("media_plays", "days", "Videos started.", "media_play"),
    Measure("conversions", "days", "Conversion events.", "conversion"),
    Measure("orders", "days", "Orders.", "order"),
    Measure("sessions", "sessions", "Sessions that have begun.", "session"),
    Measure("engaged_us", "sessions", "Engaged time of sessions that have ended, microseconds."),
    Measure("rage_clicks", "sessions", "Rage-click signals of sessions that have ended."),
    Measure("signals", "sessions", "Signals of struggle of sessions that have ended.", "signal"),
    Measure("friction_sessions", "sessions", "Sessions that have ended with a signal of struggle."),
)

ACCOUNT_MEASURES: tuple[Measure, ...] = (
    Measure("active_days", "activity", "Days with an event.", low=1),
    Measure("persons", "activity", "Persons with an event."),
    Measure("sessions", "activity", "Sessions with an event."),
    Measure("events", "activity", "Events.", low=1),
    Measure("conversions", "activity", "Conversion events.", "conversion"),
    Measure("orders", "activity", "Orders.", "order"),
)
"""What accounts count."""


def of(source: Source) -> tuple[Measure, ...]:
    """The measures counted in this source."""
    return tuple(one for one in MEASURES if one.source == source)


def columns() -> list[Column]:
    """The columns of all measures."""
    return [column for one in MEASURES for column in one.columns()]


def sums(measures: Iterable[Measure], day: str = "day") -> list[Expression]:
    """Aggregates over rows that have `day`, `as_of` and an amount by the name of each measure."""
    found = []
    for one in measures:
        amount = F.col(one.name)
        found.append(F.sum(amount).alias(one.name))
        for name, days in zip(one.windows, WINDOWS, strict=True):
            inside = F.col(day) > F.date_sub("as_of", days)
            found.append(F.sum(F.when(inside, amount).otherwise(0)).alias(name))
        if one.last:
            found.append(F.max(F.when(amount > 0, F.col(day))).alias(one.last))
    return found


def nest(names: Iterable[tuple[str, ...]]) -> str:
    """A SQL condition: of each row of columns, widest last, none is null and none above the next."""
    conditions = []
    for row in names:
        chain = ["0", *row]
        conditions += [f"coalesce({a} <= {b}, false)" for a, b in zip(chain, chain[1:], strict=False)]
    return " AND ".join(conditions)


NESTED: tuple[tuple[str, ...], ...] = tuple((*one.windows, one.name) for one in MEASURES)
"""Columns that hold no less than those before them, a row a measure."""
