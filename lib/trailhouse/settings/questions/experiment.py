"""Settings of experiments."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.fields import FieldName
from trailhouse.settings.section import Section


class Metric(Section):
    """What an experiment should move, per unit, from its exposure on."""

    name: str = Field(min_length=1, max_length=100)
    event: Step = Step(event="order")
    measure: Literal["share", "count", "value"] = Field(
        "share", description="units that did it; how often; or the sum of its value in one currency"
    )
    currency: str | None = None

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if (self.measure == "value") != (self.currency is not None):
            raise ValueError("value takes a currency, share and count take none")
        return self


class Experiment(Question):
    """How variants differ in metrics."""

    kind: ClassVar[str] = "experiment"
    positional: ClassVar[tuple[str, ...]] = ("experiment",)

    experiment: str = Field(min_length=1, description="its name, as exposures tell it")
    exposure: Step = Field(
        Step(event="experiment_exposure"), description="events that can expose; * = any that carry the name"
    )
    variant: FieldName | None = Field(
        None, description="field with the variant; none: that of the experiment's name in `experiments`"
    )
    control: str = Field("control", min_length=1, description="the variant that others are compared with")
    expected: dict[str, int] = Field(
        default_factory=dict, description="variant -> planned parts of the units; empty: as many each"
    )
    metrics: tuple[Metric, ...] = Field((Metric(name="conversion"),), min_length=1, max_length=20)
    window: Duration | None = Field(
        None, description="time after exposure that counts; units with less behind them wait; none: all"
    )
    before: Duration = Field(timedelta(days=14), description="time before exposure that CUPED adjusts by")
    confidence: float = Field(0.95, gt=0.5, lt=1)
    planned_units: int = Field(
        10_000, ge=10, description="units at which the sequential interval shall be narrowest"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [one.name for one in self.metrics]
        if len(set(names)) < len(names):
            raise ValueError("a metric is named twice")
        if self.expected and self.control not in self.expected:
            raise ValueError(f"expected does not name the control, {self.control}")
        if any(parts < 1 for parts in self.expected.values()):
            raise ValueError("expected gives each variant 1 part or more")
        return self
