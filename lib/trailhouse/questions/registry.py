"""Every kind of question: append one, and its stage, its notebook call and its place in `ask` follow."""

from __future__ import annotations

from trailhouse.questions import attribution, churn, experiments, funnel, retention, revenue, trials
from trailhouse.questions.kinds import Kind
from trailhouse.settings import Attribution, Churn, Experiment, Funnel, Retention, Revenue, Trials

_WITH_WATERMARK = ("activity", "sessions", "watermark")

KINDS: tuple[Kind, ...] = (
    Kind(
        "funnels",
        Funnel,
        "funnels",
        ("activity", "sessions", "watermark"),
        funnel.answer,
        funnel.CHECKS,
        version=2,
    ),
    Kind(
        "retention",
        Retention,
        "retention",
        ("activity", "sessions", "person_days", "watermark"),
        retention.answer,
        retention.CHECKS,
    ),
    Kind(
        "attribution",
        Attribution,
        "attribution",
        ("activity", "sessions"),
        attribution.answer,
        attribution.CHECKS,
    ),
    Kind("revenue", Revenue, "revenue", _WITH_WATERMARK, revenue.answer, revenue.CHECKS),
    Kind("churn", Churn, "churn", (*_WITH_WATERMARK, "person_days"), churn.answer, churn.CHECKS),
    Kind("trials", Trials, "trials", _WITH_WATERMARK, trials.answer, trials.CHECKS),
    Kind("experiments", Experiment, "experiments", _WITH_WATERMARK, experiments.answer, experiments.CHECKS),
)
