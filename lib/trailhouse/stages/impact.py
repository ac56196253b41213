"""The stage `impact`: what the declared pains cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce

from pyspark.sql import DataFrame

from trailhouse.from_counts import from_counts
from trailhouse.identity.settle import settled
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.impact_facts import facts
from trailhouse.why.impact_given import Given
from trailhouse.why.impact_rows import of_cases

TABLE = TABLES["impact"]
_WHERE_ASKED = ("revenue", "segment_members", "feedback_answers", "profiles", "accounts")


def transform(inputs: Frames, context: Context) -> Frames:
    """Both estimates of each case, its link and its release; no row where none is declared."""
    settings = context.settings
    if not settings.impact.cases:
        return {TABLE.name: no_rows(TABLE, inputs["activity"])}
    return {
        TABLE.name: estimated(inputs, settings, lambda frame: settled(frame, context.scratch, TABLE.name))
    }


def estimated(inputs: Frames, settings: Settings, settle: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """Rows of `impact` for all cases of the settings; there must be one.

    An engine: `settle` writes down what several counts read.
    """
    cases = settings.impact.cases
    each = (facts(Given(case, inputs, settings, settle)) for case in cases)
    counted = reduce(DataFrame.unionByName, each)
    # A few hundred counts: on one worker they become estimates, in a fixed order.
    return TABLE.select(from_counts(counted, TABLE.columns, partial(of_cases, cases)))


def declared(settings: Settings) -> bool:
    """Whether there is any case."""
    return bool(settings.impact.cases)


STAGE = Stage(
    name="impact",
    reads=("activity", "sessions", "signals", "watermark", *_WHERE_ASKED),
    writes=("impact",),
    transform=transform,
    settings=(
        "impact",
        "project",
        "tasks",
        "profiles.traits",
        "questions.churn",
        "questions.trials",
    ),
    optional=_WHERE_ASKED,
    pins={"activity": "person_days", "sessions": "person_days", "signals": "sessions"},
    wanted=declared,
    checks=(
        Check(
            "impact",
            "value_in_its_interval",
            "An estimate lies in its interval.",
            "(low <= value AND value <= high) IS NOT FALSE",
        ),
        Check(
            "impact",
            "claims_have_numbers",
            "What is claimed is known, rests on somebody, and is not of too few.",
            "verdict <> 'estimate' OR (value IS NOT NULL AND NOT too_few)",
        ),
        Check(
            "impact",
            "money_has_a_currency",
            "Money is of one currency, and nothing else is.",
            "(currency IS NOT NULL) = (measure = 'money')",
        ),
    ),
)
