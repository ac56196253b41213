"""Settings of revenue, churn and trials: which events tell of subscriptions, and in which fields."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.fields import FieldName


class _Subscribed(Question):
    """What every question about subscriptions says of their events."""

    start: Step = Field(Step(event="subscription_start"), description="a subscription begins")
    change: Step = Field(Step(event="subscription_change"), description="its amount changes")
    cancel: Step = Field(Step(event="subscription_cancel"), description="it ends")
    subscription: FieldName | None = Field(
        None, description="field that tells subscriptions of a unit apart; none: it has one at a time"
    )

    @model_validator(mode="after")
    def _unit_lasts(self) -> Self:
        if self.unit == "session":
            raise ValueError(f"{self.kind} goes on over months: count persons, accounts or devices")
        return self


class Revenue(_Subscribed):
    """Monthly recurring revenue and how it moves."""

    kind: ClassVar[str] = "revenue"

    amount: FieldName = Field("value", description="field with the price of one interval")
    currency: FieldName = "currency"
    interval: FieldName = Field(
        "properties.interval", description="field with day, week, month, quarter or year; not set: month"
    )


class Churn(_Subscribed):
    """Who goes: by cancelling, and by staying away."""

    kind: ClassVar[str] = "churn"

    rules: tuple[Literal["cancelled", "inactive"], ...] = Field(("cancelled", "inactive"), min_length=1)
    inactive_days: int = Field(28, ge=1, le=3650, description="days without activity that are churn")
    gap_share: float = Field(0.95, gt=0, lt=1, description="share of the gaps that learned_days holds")


class Trials(Question):
    """Which trials become subscriptions."""

    kind: ClassVar[str] = "trials"

    start: Step = Field(Step(event="trial_start"), description="a trial begins")
    end: Step = Field(Step(event="trial_end"), description="it ends, where the tracker says so")
    convert: Step = Field(Step(event="subscription_start"), description="it becomes a subscription")
    ends_at: FieldName = Field(
        "properties.trial_end", description="field of the start with the planned end, a time with its zone"
    )
    length: Duration = Field(timedelta(days=14), description="of trials whose end nothing tells")
    grace: Duration = Field(timedelta(days=1), description="how long after its end a trial may convert")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.unit == "session":
            raise ValueError("trials go on over days: count persons, accounts or devices")
        return self
