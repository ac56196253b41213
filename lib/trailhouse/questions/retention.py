"""Retention: which persons of a week's cohort come back in the weeks after."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio, week_of
from trailhouse.questions.asked import Asked
from trailhouse.questions.people import of_people
from trailhouse.questions.periods import has_begun, with_watermark
from trailhouse.questions.rows import told
from trailhouse.settings import Project, Retention
from trailhouse.stage import Check

WEEK = 7


def definition(question: Retention, project: Project) -> str:
    """What is asked, in one line."""
    start, back = (name or "any event" for name in (question.start, question.event))
    return (
        f"first ever {start}, then {back}; on week 0 to {question.periods}, "
        f"weeks from {project.week_start} in {project.timezone}, persons"
    )


def answer(question: Retention, asked: Asked) -> DataFrame:
    """Rows of `retention` for one question: a row a cohort and week that the watermark has reached.

    A person belongs to the calendar week of the first start event ever, over all history, and
    returns in a week when the return event happens in it, not before the start. `unbounded` counts
    returns in that week or any later one. Any event is read from person_days, a named one from
    `activity`; neither counts bots and internal traffic.
    """
    activity, sessions, person_days = asked["activity"], asked["sessions"], asked["person_days"]
    project, watermark = asked.project, asked["watermark"]
    people = of_people(activity, sessions).where(F.col("person_id").isNotNull())

    def happened(event: str | None) -> DataFrame:
        """person_id, day, first and last time: a row a person and day, or event."""
        if event is None:
            return person_days.select("person_id", "day", "first_time", "last_time")
        time = F.col("event_time")
        return people.where(F.col("event_name") == event).select(
            "person_id",
            project_day(time, project.timezone).alias("day"),
            time.alias("first_time"),
            time.alias("last_time"),
        )

    starts = (
        happened(question.start)
        .groupBy("person_id")
        .agg(
            F.min("first_time").alias("start_time"), week_of(F.min("day"), project.week_start).alias("cohort")
        )
    )
    returns = happened(question.event).select(
        "person_id",
        week_of(F.col("day"), project.week_start).alias("week"),
        F.col("last_time").alias("return_time"),
    )
    counts = F.col("return_time") >= F.col("start_time")
    period = F.when(counts, (F.datediff("week", "cohort") / WEEK).cast("int"))
    persons = (
        starts.join(returns, on="person_id", how="left")
        .withColumn("period", period)
        .groupBy("person_id", "cohort")
        .agg(F.collect_set("period").alias("returned"), F.max("period").alias("last"))
    )
    each = F.sequence(F.lit(0), F.lit(question.periods))
    counted = (
        persons.select("*", F.explode(each).alias("period"))
        .groupBy("cohort", "period")
        .agg(
            F.count("*").alias("cohort_size"),
            F.count_if(F.array_contains("returned", F.col("period"))).alias("units"),
            F.count_if(F.coalesce(F.col("last") >= F.col("period"), F.lit(False))).alias("unbounded"),
        )
    )
    first_day = F.date_add("cohort", F.col("period") * WEEK)
    return (
        with_watermark(counted, watermark)
        .where(has_begun(first_day, project.timezone))
        .select(
            *told(question, definition(question, project)),
            "cohort",
            "period",
            "cohort_size",
            "units",
            "unbounded",
            ratio(F.col("units"), F.col("cohort_size")).alias("rate"),
            has_begun(F.date_add(first_day, WEEK), project.timezone).alias("complete"),
        )
    )


CHECKS = (
    Check(
        "retention",
        "unbounded_holds_more",
        "Returns in a week are no more than returns in it or later, these no more than the cohort.",
        "units <= unbounded AND unbounded <= cohort_size",
    ),
    Check(
        "retention",
        "unbounded_only_falls",
        "Who returned in a week or later has returned in the week before or later.",
        query=(
            "SELECT question, cohort, period FROM (SELECT *, lag(unbounded) OVER "
            "(PARTITION BY question, cohort ORDER BY period) AS before FROM {batch}) "
            "WHERE unbounded > before"
        ),
    ),
)
