"""Settings of questions: a tuple a kind."""

from __future__ import annotations

from pydantic import Field, model_validator

from trailhouse.settings.questions.activation import Activation
from trailhouse.settings.questions.attribution import Attribution
from trailhouse.settings.questions.base import Question, Unit
from trailhouse.settings.questions.events import Filter, Step, names_of
from trailhouse.settings.questions.experiment import Experiment, Metric
from trailhouse.settings.questions.feeling import Feeling
from trailhouse.settings.questions.funnel import Funnel
from trailhouse.settings.questions.lifecycle import Lifecycle
from trailhouse.settings.questions.money import Churn, Revenue, Trials
from trailhouse.settings.questions.paths import Paths
from trailhouse.settings.questions.prediction import Prediction
from trailhouse.settings.questions.retention import Retention
from trailhouse.settings.questions.stickiness import Stickiness
from trailhouse.settings.questions.trend import Trend
from trailhouse.settings.section import Section

__all__ = [
    "Activation",
    "Attribution",
    "Churn",
    "Experiment",
    "Feeling",
    "Filter",
    "Funnel",
    "Lifecycle",
    "Metric",
    "Paths",
    "Prediction",
    "Question",
    "Questions",
    "Retention",
    "Revenue",
    "Step",
    "Stickiness",
    "Trend",
    "Trials",
    "Unit",
    "names_of",
]


class Questions(Section):
    path: str = Field("", description="folder of YAML files of questions, conf/questions; empty: none")
    funnels: tuple[Funnel, ...] = ()
    retention: tuple[Retention, ...] = (Retention(name="weekly_return"),)
    predictions: tuple[Prediction, ...] = ()
    attribution: tuple[Attribution, ...] = ()
    revenue: tuple[Revenue, ...] = ()
    churn: tuple[Churn, ...] = ()
    trials: tuple[Trials, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    lifecycle: tuple[Lifecycle, ...] = ()
    stickiness: tuple[Stickiness, ...] = ()
    paths: tuple[Paths, ...] = ()
    trends: tuple[Trend, ...] = ()
    activations: tuple[Activation, ...] = ()
    feelings: tuple[Feeling, ...] = ()

    @property
    def all(self) -> tuple[Question, ...]:
        """Every declared question."""
        return tuple(one for name in type(self).model_fields if name != "path" for one in getattr(self, name))

    @model_validator(mode="after")
    def _names_once(self) -> Questions:
        names = [one.name for one in self.all]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"question names must be unique, found twice: {', '.join(doubled)}")
        return self
