"""Funnels: how many persons get through declared steps, and how long that takes them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.asked import Asked
from trailhouse.questions.matcher import attempts
from trailhouse.questions.numbers import whole_quotient
from trailhouse.questions.people import of_people
from trailhouse.questions.rows import told
from trailhouse.settings import Funnel
from trailhouse.stage import Check

ALL = "all"
UNKNOWN = "unknown"


def definition(funnel: Funnel) -> str:
    """What is asked, in one line."""
    steps = " > ".join(step.text for step in funnel.steps)
    by = f", by {funnel.breakdown} at step 1" if funnel.breakdown else ""
    return f"{steps}; ordered, within {funnel.window} of step 1, persons{by}"


def answer(funnel: Funnel, asked: Asked) -> DataFrame:
    """Rows of `funnels` for one question: a row a step for 'all', and for each breakdown value.

    A person stands under the value at the step 1 of the attempt that counts, so that the values sum
    up to 'all'; where it is not known, under 'unknown'. Times between steps are in microseconds,
    over the persons who did the step; median and p90 interpolate between neighbours.
    """
    activity, sessions = asked["activity"], asked["sessions"]
    keep = F.col("device.type") if funnel.breakdown == "device_type" else F.col("session_id")
    chosen = attempts(of_people(activity, sessions), funnel.steps, funnel.window, keep=keep)
    if funnel.breakdown == "channel":
        channels = sessions.select(F.col("session_id").alias("kept"), "channel")
        chosen = chosen.join(channels, on="kept", how="left").withColumn("kept", F.col("channel"))
    values = [F.lit(ALL)] + ([F.coalesce("kept", F.lit(UNKNOWN))] if funnel.breakdown else [])
    count = len(funnel.steps)
    each = F.sequence(F.lit(1), F.lit(count))
    done = F.col("step") <= F.size("times")
    since_previous = F.when(
        done & (F.col("step") > 1), F.get("times", F.col("step") - 1) - F.get("times", F.col("step") - 2)
    )
    counted = (
        chosen.select("times", F.explode(F.array(*values)).alias("breakdown"))
        .select("*", F.explode(each).alias("step"))
        .select("breakdown", "step", done.alias("done"), since_previous.alias("us"))
        .groupBy("breakdown", "step")
        .agg(
            F.count_if("done").alias("units"),
            _quantile(0.5).alias("median_us"),
            whole_quotient(F.sum("us"), F.count("us")).alias("mean_us"),
            _quantile(0.9).alias("p90_us"),
        )
    )
    # One row a step is there even when nobody came.
    every = chosen.agg(F.count("*")).select(F.lit(ALL).alias("breakdown"), F.explode(each).alias("step"))
    steps = every.join(counted, on=["breakdown", "step"], how="full").fillna(0, subset=["units"])
    in_order = Window.partitionBy("breakdown").orderBy("step")
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return steps.select(
        *told(funnel, definition(funnel)),
        "breakdown",
        "step",
        F.element_at(F.array(*(F.lit(step.label) for step in funnel.steps)), F.col("step")).alias(
            "step_name"
        ),
        "units",
        ratio(F.col("units"), F.lag("units").over(in_order)).alias("from_previous"),
        ratio(F.col("units"), F.first("units", ignorenulls=False).over(whole)).alias("from_start"),
        "median_us",
        "mean_us",
        "p90_us",
    )


def _quantile(share: float) -> Column:
    return F.round(F.percentile("us", share)).cast("bigint")


CHECKS = (
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
)
