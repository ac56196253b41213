"""What questions over months share: every month from the first on, and rows by breakdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.asked import Asked
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.fields import value_of
from trailhouse.questions.periods import WATERMARK, begins, with_watermark
from trailhouse.questions.spread import own_values, with_other
from trailhouse.settings import Project, Question

Q = TypeVar("Q", bound=Question)
COHORT = "cohort"


def month_of(time: Column, timezone: str) -> Column:
    """First day of the month of an instant in the project's zone."""
    return F.trunc(project_day(time, timezone), "month")


def every_month(moved: DataFrame, keys: Sequence[str], question: Question, asked: Asked) -> DataFrame:
    """`moved` (keys, period, whole or decimal numbers) with a row of zeros for each month without one.

    Months run to that of the watermark, or to that of the last day asked for. Gives `watermark`, too.
    """
    last = F.greatest("last", F.trunc(project_day(F.col(WATERMARK), asked.project.timezone), "month"))
    if question.to_day is not None:
        last = F.least(last, F.trunc(F.lit(question.to_day), "month"))
    ends = moved.groupBy(*keys).agg(F.min("period").alias("first"), F.max("period").alias("last"))
    months = with_watermark(ends, asked["watermark"]).select(
        *keys, WATERMARK, F.explode(F.sequence("first", last, F.expr("INTERVAL 1 MONTH"))).alias("period")
    )
    numbers = [name for name in moved.columns if name not in (*keys, "period")]
    return months.join(moved, on=[*keys, "period"], how="left").fillna(0, subset=numbers)


def so_far(keys: Sequence[str], number: str) -> Column:
    """The sum of a number over the months up to this one."""
    months = Window.partitionBy(*keys).orderBy("period")
    return F.sum(number).over(months.rowsBetween(Window.unboundedPreceding, Window.currentRow))


def asked_months(question: Question) -> Column:
    """Whether a month has a day that is asked for."""
    inside = F.lit(True)
    if question.from_day is not None:
        inside = inside & (F.col("period") >= F.trunc(F.lit(question.from_day), "month"))
    if question.to_day is not None:
        inside = inside & (F.col("period") <= F.lit(question.to_day))
    return inside


def known_until(question: Question, project: Project) -> Column:
    """The instant up to which is known what happened: the watermark, or the end of the last day asked for."""
    if question.to_day is None:
        return F.col(WATERMARK)
    end = begins(F.date_add(F.lit(question.to_day), 1), project.timezone)
    return F.when(F.col(WATERMARK).isNotNull(), F.least(WATERMARK, end))


def with_history(question: Q) -> Q:
    """The question with all that was before its first day: who is new is known from all history."""
    return question.model_copy(update={"from_day": None})


def values(question: Question) -> dict[str, Column]:
    """A column over `activity` for each breakdown: by_0, by_1, ..."""
    return {f"by_{number}": value_of(name) for number, name in enumerate(question.breakdowns)}


def broken_down(frame: DataFrame, question: Question, *, cohort: str | None = None) -> DataFrame:
    """Each row of `frame` (unit, by_0, by_1, ...) under 'all', and under its value of each breakdown.

    `cohort` names a DATE column to break down by, too. Of each field the values of most units keep their
    names, of as many those that come first; the rest is 'other'.
    """

    def under(by: str, value: Column) -> Column:
        return F.struct(F.lit(by).alias("breakdown_by"), value.alias("breakdown"))

    each = [under(ALL, F.lit(ALL))]
    each += [under(COHORT, F.col(cohort).cast("STRING"))] if cohort else []
    each += [under(name, F.col(f"by_{number}")) for number, name in enumerate(question.breakdowns)]
    own = [name for name in frame.columns if name not in values_of(question)]
    exploded = frame.select(*own, F.explode(F.array(*each)).alias("of")).select(*own, "of.*")
    if not question.breakdowns:
        return exploded
    return with_other(exploded, question, own_values(exploded, question))


def values_of(question: Question) -> list[str]:
    """The names of the columns of `values`."""
    return [f"by_{number}" for number in range(len(question.breakdowns))]
