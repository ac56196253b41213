"""Settings of retention."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from trailhouse.settings.questions.base import Question


class Retention(Question):
    kind: ClassVar[str] = "retention"
    positional: ClassVar[tuple[str, ...]] = ("start", "event")

    start: str | None = Field(None, description="event that puts a person into a cohort; none: any event")
    event: str | None = Field(None, description="event that counts as a return; none: any event")
    periods: int = Field(8, ge=1, le=104)
    interval: Literal["week"] = "week"
