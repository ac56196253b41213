"""Settings of questions: funnels and retention."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.section import Section


class Step(Section):
    event: str
    page_group: str | None = None
    properties: dict[str, str] = Field(default_factory=dict)
    name: str | None = None

    @property
    def label(self) -> str:
        """What the step is called in a table."""
        return self.name or (f"{self.event} {self.page_group}" if self.page_group else self.event)


class Funnel(Section):
    name: str
    steps: tuple[Step, ...] = Field(min_length=2, max_length=30)
    window: Duration = timedelta(days=14)
    breakdown: Literal["device_type", "channel"] | None = None


class Retention(Section):
    name: str
    start: str | None = Field(None, description="event that puts a person into a cohort; none: any event")
    event: str | None = Field(None, description="event that counts as a return; none: any event")
    periods: int = Field(8, ge=1, le=104)
    unit: Literal["week"] = "week"


class Questions(Section):
    funnels: tuple[Funnel, ...] = ()
    retention: tuple[Retention, ...] = (Retention(name="weekly_return"),)

    @model_validator(mode="after")
    def _names_once(self) -> Questions:
        names = [*(funnel.name for funnel in self.funnels), *(one.name for one in self.retention)]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"question names must be unique, found twice: {', '.join(doubled)}")
        return self
