"""Settings of funnels."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step


class Funnel(Question):
    kind: ClassVar[str] = "funnel"
    positional: ClassVar[tuple[str, ...]] = ("steps",)

    steps: tuple[Step, ...] = Field(min_length=2, max_length=30)
    window: Duration = timedelta(days=14)
    breakdown: Literal["device_type", "channel"] | None = None
