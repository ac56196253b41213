"""Every kind of question: append one, and its stage, its notebook call and its place in `ask` follow."""

from __future__ import annotations

from trailhouse.questions import (
    attribution,
    churn,
    experiments,
    funnel,
    lifecycle,
    paths,
    retention,
    revenue,
    stickiness,
    trends,
    trials,
)
from trailhouse.questions.kinds import Kind
from trailhouse.settings import (
    Activation,
    Attribution,
    Churn,
    Experiment,
    Feeling,
    Funnel,
    Lifecycle,
    Paths,
    Retention,
    Revenue,
    Stickiness,
    Trend,
    Trials,
)
from trailhouse.why import feelings, predictors

_EVENTS = ("activity", "sessions", "watermark")
_RETURNS = (*_EVENTS, "person_days")

KINDS: tuple[Kind, ...] = (
    Kind("funnels", Funnel, "funnels", _EVENTS, funnel.answer, funnel.CHECKS, version=2),
    Kind("retention", Retention, "retention", _RETURNS, retention.answer, retention.CHECKS, version=2),
    Kind("lifecycle", Lifecycle, "lifecycle", _RETURNS, lifecycle.answer, lifecycle.CHECKS),
    Kind("stickiness", Stickiness, "stickiness", _RETURNS, stickiness.answer, stickiness.CHECKS),
    Kind(
        "attribution", Attribution, "attribution", _EVENTS, attribution.answer, attribution.CHECKS, version=3
    ),
    Kind("revenue", Revenue, "revenue", _EVENTS, revenue.answer, revenue.CHECKS),
    Kind("churn", Churn, "churn", _RETURNS, churn.answer, churn.CHECKS, version=2),
    Kind("trials", Trials, "trials", _EVENTS, trials.answer, trials.CHECKS),
    Kind("experiments", Experiment, "experiments", _EVENTS, experiments.answer, experiments.CHECKS),
    Kind("paths", Paths, "paths", _EVENTS, paths.answer, paths.CHECKS, version=2),
    Kind("trends", Trend, "trends", _EVENTS, trends.answer, trends.CHECKS),
    Kind("activations", Activation, "activations", _EVENTS, predictors.answer, predictors.CHECKS),
    Kind("feelings", Feeling, "feelings", _EVENTS, feelings.answer, feelings.CHECKS),
)
