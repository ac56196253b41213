"""Settings of predictions: who will leave, who will convert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step

NUMBERS = (
    "active_days",
    "active_days_7",
    "active_days_28",
    "sessions",
    "sessions_7",
    "sessions_28",
    "views_7",
    "views_28",
    "clicks_28",
    "searches_28",
    "cart_adds_28",
    "engaged_us_28",
    "conversions",
    "orders",
    "orders_28",
    "devices",
    "rage_clicks_28",
    "signals_28",
    "latest_nps",
    "latest_csat",
)
"""Features of `profiles` that are numbers. Days since the first and the last event come with them."""
CATEGORIES = ("first_channel", "last_channel", "device_type", "country", "lifecycle")
"""Features of `profiles` that are texts."""


class Prediction(Question):
    """Who will leave, or do something, and why; as of the last day asked for, else the last complete one."""

    kind: ClassVar[str] = "prediction"
    positional: ClassVar[tuple[str, ...]] = ("outcome",)
    clauses: ClassVar[Mapping[str, str]] = {"window": "horizon"}
    nothing: ClassVar[str | None] = "churn"

    outcome: Step | None = Field(None, description="the event to come; none: churn, no event at all")
    horizon: Duration = Field(timedelta(days=28), description="within so many days after the features")
    active_within: Duration = Field(
        timedelta(days=28), description="persons with an event in so many days up to that day"
    )
    once: bool = Field(True, description="whether those who did the outcome before are left out")
    numbers: tuple[str, ...] = NUMBERS
    categories: tuple[str, ...] = CATEGORIES
    levels: int = Field(8, ge=1, le=50, description="values of a category that count by themselves")
    training_persons: int = Field(200_000, ge=100, description="that the model is fitted to, at most")
    enough: int = Field(30, ge=5, description="persons with, and without, the outcome that a model needs")
    penalty: float = Field(0.01, ge=0, description="of the squares of the coefficients (L2)")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for given, known in ((self.numbers, NUMBERS), (self.categories, CATEGORIES)):
            unknown = sorted(set(given) - set(known))
            if unknown:
                raise ValueError(f"no feature {', '.join(unknown)}; there are {', '.join(known)}")
        if self.unit != "person":
            raise ValueError("predictions are of persons")
        if self.breakdowns:
            raise ValueError("predictions are not broken down: join them with profiles by person_id")
        if self.from_day is not None:
            raise ValueError("predictions learn from all of history: leave the first day out")
        if self.where and self.outcome is None:
            raise ValueError("where narrows the outcome's events, and churn is that there are none")
        for name in ("horizon", "active_within"):
            length: timedelta = getattr(self, name)
            if length % timedelta(days=1) or not length:
                raise ValueError(f"{name} is a number of whole days, such as 28d")
        return self
