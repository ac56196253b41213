"""The stage `funnels`: the declared funnels."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from trailhouse.questions.funnel import funnel_steps
from trailhouse.questions.rows import no_rows
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.funnels import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """The steps of every declared funnel; no row where none is declared."""
    activity, sessions = inputs["activity"], inputs["sessions"]
    asked = [funnel_steps(funnel, activity, sessions) for funnel in context.settings.questions.funnels]
    none = no_rows(TABLE, activity)
    return {TABLE.name: TABLE.select(reduce(DataFrame.unionByName, asked, none))}


STAGE = Stage(
    name="funnels",
    reads=("activity", "sessions"),
    writes=("funnels",),
    transform=transform,
    settings=("questions",),
    pins={"activity": "sessions"},
    checks=(
        Check(
            "funnels",
            "steps_only_lose",
            "No step is reached by more persons than the step before.",
            query=(
                "SELECT question, breakdown, step FROM (SELECT *, lag(units) OVER "
                "(PARTITION BY question, breakdown ORDER BY step) AS before FROM {batch}) "
                "WHERE units > before"
            ),
        ),
        Check(
            "funnels",
            "breakdowns_add_up",
            "The values of a breakdown add up to 'all', at every step.",
            query=(
                "SELECT question, 'all' AS breakdown, step FROM {batch} GROUP BY question, step "
                "HAVING count(*) > 1 AND sum(if(breakdown = 'all', units, -units)) <> 0"
            ),
        ),
        Check(
            "funnels",
            "times_in_order",
            "The median time is no longer than the 90th percentile.",
            "median_us <= p90_us",
        ),
    ),
)
