"""The stage `plan_violations`: where events differ from the tracking plan."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.plan.paths import REST
from trailhouse.plan.validate import FOUND, judge_batches
from trailhouse.settings import Plan
from trailhouse.sources.cast import lookup
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.plan_violations import TABLE

_GRAIN = ("event_name", "release", "property", "kind")


def transform(inputs: Frames, context: Context) -> Frames:
    """Events that are not planned, and what is wrong in those that are; nothing without a plan."""
    plan, limit = context.settings.plan, context.settings.catalog.paths
    rows = inputs["events"].select("event_name", "release", "event_time", "properties")
    is_planned = F.col("event_name").isin(list(plan.events))
    found = _unplanned(rows.where(~is_planned if plan.path and plan.unplanned != "ignore" else F.lit(False)))
    if plan.events:
        wrong = rows.where(is_planned).mapInArrow(judge_batches(dict(plan.events)), FOUND)
        times = {name: F.timestamp_micros(name) for name in ("first_seen", "last_seen")}
        found = found.unionByName(wrong.withColumns(times))
    return {TABLE.name: TABLE.select(_with_plan(_limited(_counted(found), limit), plan))}


def _unplanned(rows: DataFrame) -> DataFrame:
    return rows.groupBy("event_name", "release").agg(
        F.lit("").alias("property"),
        F.lit("unplanned").alias("kind"),
        F.count(F.lit(1)).alias("rows"),
        F.min("event_time").alias("first_seen"),
        F.max("event_time").alias("last_seen"),
    )


def _counted(found: DataFrame) -> DataFrame:
    return found.groupBy(*_GRAIN).agg(
        F.sum("rows").alias("rows"),
        F.min("first_seen").alias("first_seen"),
        F.max("last_seen").alias("last_seen"),
    )


def _limited(counted: DataFrame, limit: int) -> DataFrame:
    """The most frequent properties by kind, event and release, the others as one: names may be ids."""
    order = Window.partitionBy("event_name", "release", "kind").orderBy(
        F.col("rows").desc(), F.col("property").asc()
    )
    ranked = counted.withColumn("_rank", F.row_number().over(order))
    place = F.when(F.col("_rank") <= limit, F.col("property")).otherwise(F.lit(REST))
    return _counted(ranked.withColumn("property", place))


def _with_plan(found: DataFrame, plan: Plan) -> DataFrame:
    unplanned = F.lit("error" if plan.unplanned == "error" else "warn")
    severity = _planned({name: event.severity for name, event in plan.events.items()})
    return found.withColumns(
        {
            "severity": F.coalesce(severity, unplanned),
            "owner": _planned({name: event.owner for name, event in plan.events.items() if event.owner}),
        }
    )


def _planned(words: dict[str, str]) -> Column:
    """The plan's word for an event; null for one that it has none for."""
    return lookup(words, F.col("event_name")) if words else F.lit(None).cast("STRING")


STAGE = Stage(
    name="plan_violations",
    reads=("events",),
    writes=("plan_violations",),
    transform=transform,
    settings=("plan", "catalog"),
    wanted=lambda settings: bool(settings.plan.path),
    # An error of the plan holds what follows: nothing is made of events that are not to be trusted.
    barrier=True,
    checks=(
        Check(
            "plan_violations",
            "plan_kept",
            "No event differs from a plan of severity error.",
            "severity <> 'error'",
        ),
        Check(
            "plan_violations",
            "plan_followed",
            "Events are as the tracking plan has them (plan_violations tells which are not).",
            "severity <> 'warn'",
            severity="warn",
        ),
        Check(
            "plan_violations",
            "seen_in_order",
            "What was seen was seen last no earlier than first.",
            "last_seen >= first_seen",
        ),
    ),
)
