"""Lifecycle: who is new, returning, resurrecting or dormant, a period.

Of a unit's active periods, in order, the first one is new; one right after another is returning; one
after a pause is resurrecting; and the period right after, if not active, is dormant: once a pause.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.active import FIRST, by_day_alone, events, person_days
from trailhouse.questions.asked import Asked
from trailhouse.questions.calendar import first_day, number_of
from trailhouse.questions.periods import WATERMARK, has_begun, with_watermark
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN, limited, spread
from trailhouse.settings import Lifecycle, Project
from trailhouse.settings.questions.intervals import event_text
from trailhouse.stage import Check

STATES = ("new", "returning", "resurrecting", "dormant")


def definition(question: Lifecycle, project: Project) -> str:
    """What is asked, in one line."""
    weeks = f" from {project.week_start}" if question.interval == "week" else ""
    calendar = f"by {question.interval}{weeks} in {project.timezone}"
    return f"{event_text(question.event)} {calendar}, new of all history, {question.about}"


def answer(question: Lifecycle, asked: Asked) -> DataFrame:
    """Rows of `lifecycle` for one question: a row a period and breakdown, until the watermark.

    A period in which nobody was active is a row of zeros. Of the days asked for the periods that hold
    them are shown, as all of history gives them. A unit stands under the value of its first event ever.
    """
    project = asked.project
    units = _units(question, asked)
    steps = spread(units.withColumn("step", _steps()), question).select(
        *BREAKDOWN, F.inline("step").alias("p", "state")
    )
    counted = steps.groupBy(*BREAKDOWN, "p", "state").agg(F.count("*").alias("n"))
    # By all of history: a unit may not change from a value into 'other', else the law of dormant would fail.
    counted = limited(counted, question, F.when(F.col("state") == 0, F.col("n")))
    by_state = counted.groupBy(*BREAKDOWN, "p").agg(
        *(
            F.coalesce(F.sum(F.when(F.col("state") == number, F.col("n"))), F.lit(0)).alias(name)
            for number, name in enumerate(STATES)
        )
    )
    every = _every_period(question, asked, by_state)
    rows = every.join(by_state, on=[*BREAKDOWN, "p"], how="left").na.fill(0, list(STATES))
    day = first_day(F.col("p"), question.interval, project)
    after = first_day(F.col("p") + 1, question.interval, project)
    return rows.select(
        *told(question, definition(question, project)),
        F.lit(question.interval).alias("interval"),
        day.alias("date"),
        *BREAKDOWN,
        (F.col("new") + F.col("returning") + F.col("resurrecting")).alias("active"),
        *STATES,
        has_begun(after, project.timezone).alias("complete"),
    )


def _units(question: Lifecycle, asked: Asked) -> DataFrame:
    """A row a unit: periods ARRAY<INT>, sorted, and `values` of its first event with breakdowns."""
    if by_day_alone(question, question.event) and not question.breakdowns:
        active = person_days(question, asked)
    else:
        active = events(question, asked, {"active": question.event})
    number = number_of(F.col("day"), question.interval, asked.project)
    by_period = active.withColumn("p", number).groupBy("unit", "p")
    if not question.breakdowns:
        # Two steps: numbers are made unique in a hash table, which arrays would overflow.
        units = by_period.agg(F.lit(True)).groupBy("unit").agg(F.collect_list("p").alias("periods"))
        return units.select(F.array_sort("periods").alias("periods"))
    first = by_period.agg(F.min(FIRST).alias(FIRST)).groupBy("unit")
    units = first.agg(F.collect_list("p").alias("periods"), F.min(FIRST).alias(FIRST))
    return units.select(F.array_sort("periods").alias("periods"), f"{FIRST}.values")


def _steps() -> Column:
    """ARRAY<STRUCT<p, state>>: a state of STATES, by its place, for each period that has one."""
    periods = F.col("periods")

    def state(period: Column, place: Column) -> Column:
        before = F.get(periods, place - 1)
        number = F.when(before.isNull(), 0).when(before == period - 1, 1).otherwise(2)
        return F.struct(period.alias("p"), number.alias("state"))

    def is_last_in_a_row(period: Column, place: Column) -> Column:
        after = F.get(periods, place + 1)
        return after.isNull() | (after != period + 1)

    left = F.transform(
        F.filter(periods, is_last_in_a_row),
        lambda period: F.struct((period + 1).alias("p"), F.lit(3).alias("state")),
    )
    return F.concat(F.transform(periods, state), left)


def _every_period(question: Lifecycle, asked: Asked, by_state: DataFrame) -> DataFrame:
    """Breakdowns x periods, from the first one of all to that of the watermark; with `watermark`."""
    project = asked.project

    def number(day: Column) -> Column:
        return number_of(day, question.interval, project)

    values = by_state.groupBy(*BREAKDOWN).agg(F.min("p").alias("first"))
    first = values.agg(F.min("first").alias("first"))
    now = number(project_day(F.col(WATERMARK), project.timezone))
    ends = with_watermark(first, asked["watermark"]).withColumn("last", now)
    if question.from_day is not None:
        ends = ends.withColumn("first", F.greatest("first", number(F.lit(question.from_day))))
    if question.to_day is not None:
        ends = ends.withColumn("last", F.least("last", number(F.lit(question.to_day))))
    periods = ends.where("last >= first").select(WATERMARK, F.explode(F.sequence("first", "last")).alias("p"))
    return values.select(*BREAKDOWN).crossJoin(F.broadcast(periods))


CHECKS = (
    Check(
        "lifecycle",
        "active_are_of_three_kinds",
        "Active units are new, returning or resurrecting.",
        "active = new + returning + resurrecting",
    ),
    Check(
        "lifecycle",
        "dormant_did_not_return",
        "Of those active in a period, who does not return in the next is dormant there.",
        query=(
            "SELECT question, date, breakdown_by, breakdown FROM (SELECT *, lag(active) OVER "
            "(PARTITION BY question, breakdown_by, breakdown ORDER BY date) AS before FROM {batch}) "
            "WHERE dormant <> before - returning"
        ),
    ),
    Check(
        "lifecycle",
        "breakdowns_add_up",
        "The values of a breakdown add up to 'all', in every period.",
        query=(
            "WITH summed AS (SELECT question, breakdown_by, date, sum(new) AS new, "
            "sum(returning) AS returning, sum(resurrecting) AS resurrecting, "
            "sum(dormant) AS dormant FROM {batch} GROUP BY ALL) "
            "SELECT one.question, one.date FROM summed one JOIN summed whole "
            "ON one.question = whole.question AND one.date = whole.date "
            "AND whole.breakdown_by = 'all' AND one.breakdown_by <> 'all' "
            "WHERE (one.new, one.returning, one.resurrecting, one.dormant) "
            "<> (whole.new, whole.returning, whole.resurrecting, whole.dormant)"
        ),
    ),
)
