"""What every question has: a name, whom it counts, when, where, and by what it is broken down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.settings.questions.events import Filter
from trailhouse.settings.questions.fields import FieldName, fields_in, not_of_unit
from trailhouse.settings.section import Day, Section

Unit = Literal["person", "account", "session", "device"]


class Question(Section):
    """A question of any kind. Days are the project's, both ends included."""

    kind: ClassVar[str] = "question"
    positional: ClassVar[tuple[str, ...]] = ()
    """On one line (ask/), the fields that its events fill in turn; `steps` takes all of them."""
    clauses: ClassVar[Mapping[str, str]] = {}
    """On one line, the fields of clauses (`window` of `within 7d`) that are called otherwise here."""
    nothing: ClassVar[str | None] = None
    """On one line, the word in an event's place that stands for none."""

    name: str = Field("question", min_length=1, max_length=100)
    description: str = ""
    unit: Unit = "person"
    segment: str | None = Field(None, description="only its members, as of the last day asked for")
    where: tuple[Filter, ...] = Field((), description="conditions on every event that it looks at")
    breakdowns: tuple[FieldName, ...] = Field((), description="fields to break it down by, each alone")
    breakdown_limit: int = Field(25, ge=1, le=1000, description="values with rows of their own")
    from_day: Day | None = None
    to_day: Day | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise ValueError(f"from_day {self.from_day} comes after to_day {self.to_day}: swap them")
        return self

    @model_validator(mode="after")
    def _of_the_unit(self) -> Self:
        for key, name in fields_in(self):
            if told := not_of_unit(name, self.unit):
                raise ValueError(f"{key} = {name}: {told}")
        return self

    @property
    def fields(self) -> frozenset[str]:
        """Every field that it names, its events' too."""
        return frozenset(name for _, name in fields_in(self))

    @property
    def version(self) -> str:
        """A hash of all that the answer depends on: another definition has another version."""
        given: dict[str, Any] = self.model_dump(mode="json", exclude={"description"})
        return hashlib.sha256(json.dumps([self.kind, given], sort_keys=True).encode()).hexdigest()[:16]

    @property
    def about(self) -> str:
        """The part of its text that every kind has: whom, which events, when, by what."""
        parts = [f"{self.unit}s"]
        parts += [f"in segment {self.segment}"] if self.segment else []
        parts += [f"where {' and '.join(one.text for one in self.where)}"] if self.where else []
        parts += [_days(self.from_day, self.to_day)] if self.from_day or self.to_day else []
        parts += [f"by {', '.join(self.breakdowns)}"] if self.breakdowns else []
        return ", ".join(parts)


def _days(first: date | None, last: date | None) -> str:
    if first and last:
        return f"{first} to {last}"
    return f"from {first}" if first else f"until {last}"
