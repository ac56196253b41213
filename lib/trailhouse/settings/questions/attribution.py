"""Settings of attribution."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step

Model = Literal["first", "last", "linear", "position", "time_decay", "markov", "shapley"]
MODELS: tuple[Model, ...] = ("first", "last", "linear", "position", "time_decay", "markov", "shapley")


class Attribution(Question):
    """Which visits brought the conversions."""

    kind: ClassVar[str] = "attribution"

    conversion: Step = Field(Step(event="order"), description="the events that credit is given for")
    by: Literal["channel", "source", "campaign"] = Field("channel", description="what credit is given to")
    models: tuple[Model, ...] = Field(MODELS, min_length=1)
    look_back: Duration = Field(timedelta(days=30), description="visits that began this long before count")
    half_life: Duration = Field(timedelta(days=7), description="of time_decay: half the weight a half-life")
    direct: Literal["ignore", "count"] = Field(
        "ignore", description="ignore: direct visits get credit only where there is no other visit"
    )
    interval: Literal["day", "week", "month"] = "month"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.half_life:
            raise ValueError("half_life must be longer than 0")
        if len(set(self.models)) < len(self.models):
            raise ValueError("a model is named twice")
        return self
