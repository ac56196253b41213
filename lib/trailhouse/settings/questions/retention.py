"""Settings of retention."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.intervals import Returning, event_text

LONGEST = 400
"""Periods that a question follows a cohort for, at most."""
Counted = Literal["on", "on_or_after", "on_or_before", "brackets", "streak"]
_BRACKET = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")
_WORDS = {"first_ever": "first ever", "first_in_range": "first in range", "recurring": "every"}


def _brackets(given: Any) -> Any:
    """Pairs of first and last period; as people write them: `1, 2-3, 4-7`, or a list of such."""
    parts = given if isinstance(given, list | tuple) else str(given).split(",")
    return [_bracket(part) for part in parts]


def _bracket(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return part
    found = _BRACKET.fullmatch(str(part).strip())
    if found is None:
        raise ValueError(f"{part!r} is no bracket of periods, such as 2-3 or 1")
    return int(found[1]), int(found[2] or found[1])


class Retention(Returning):
    """Who of a cohort comes back. `event` is the return; the days asked for are those of the starts."""

    kind: ClassVar[str] = "retention"
    positional: ClassVar[tuple[str, ...]] = ("start", "event")

    start: Step | None = Field(None, description="event that puts a unit into a cohort; none: any event")
    starts: Literal["first_ever", "first_in_range", "recurring"] = Field(
        "first_ever",
        description="the first of all history, the first of the days asked for, or each period's",
    )
    counted: Counted = "on"
    brackets: Annotated[tuple[tuple[int, int], ...], BeforeValidator(_brackets)] = Field(
        (), description="periods that count as one, for counted: brackets; such as 1, 2-3, 4-7"
    )
    periods: int = Field(8, ge=1, le=LONGEST, description="periods after the cohort's own")
    clock: Literal["calendar", "rolling"] = Field(
        "calendar",
        description="periods of the calendar, or of 24 hours (a week 7, a month 30 times) from the start",
    )
    minimum: int = Field(1, ge=1, le=1000, description="events in a period that make a return")
    base: Literal["total", "previous"] = Field(
        "total", description="what the rate is a share of: the cohort, or the period before"
    )

    @model_validator(mode="after")
    def _brackets_fit(self) -> Self:
        if (self.counted == "brackets") != bool(self.brackets):
            raise ValueError("brackets belong to counted: brackets, and to nothing else")
        last = 0
        for first, end in self.brackets:
            if not last < first <= end <= LONGEST:
                raise ValueError(f"brackets are in order, apart, and within 1 to {LONGEST}: {first}-{end}")
            last = end
        return self

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """First and last period of each row of a cohort, from the cohort's own on."""
        later = self.brackets or tuple((number, number) for number in range(1, self.periods + 1))
        return ((0, 0), *later)

    @property
    def last_period(self) -> int:
        """The last period that it follows a cohort for."""
        return self.lines[-1][1]

    @property
    def text(self) -> str:
        """What is asked, but for the project's calendar."""
        rows = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in self.brackets)
        counted = self.counted.replace("_", " ")
        how = f"{counted} {self.interval} {rows or f'0 to {self.periods}'}"
        many = f", at least {self.minimum} times" if self.minimum > 1 else ""
        share = ", as a share of the period before" if self.base == "previous" else ""
        start = f"{_WORDS[self.starts]} {event_text(self.start)}"
        return f"{start}, then {event_text(self.event)}{many}; {how}{share}"
