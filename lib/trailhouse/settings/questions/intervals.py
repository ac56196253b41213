"""Lengths of calendar periods, and whose return a question may ask for."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step

Interval = Literal["day", "week", "month"]


class Returning(Question):
    """A question of who comes again; a session does not."""

    event: Step | None = Field(None, description="event that counts; none: any event")
    interval: Interval = "week"

    @model_validator(mode="after")
    def _comes_again(self) -> Self:
        if self.unit == "session":
            raise ValueError("a session does not come back: count persons, accounts or devices")
        return self


def asks_any(step: Step | None) -> bool:
    """Whether every event is meant, whatever it is like."""
    return step is None or (step.event is None and not step.any_of and not step.fields)


def event_text(step: Step | None) -> str:
    """The event in a few words."""
    return "any event" if step is None else step.text
