"""The days that profiles are made for, beside the rows that they may see."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, project_day
from trailhouse.questions.periods import begins
from trailhouse.settings import Project

AS_OF, UNTIL = "as_of", "_until"
PERSON = (AS_OF, "person_id")
ACCOUNT = (AS_OF, "account_id")
"""The grains of profiles, and of accounts, of several days."""


def last_complete_day(watermark: DataFrame, project: Project) -> DataFrame:
    """One row, as_of DATE: the day before that of the watermark, which is not over yet."""
    day = project_day(F.col("watermark"), project.timezone)
    return watermark.select(F.date_sub(day, 1).alias(AS_OF))


def moments(days: DataFrame, project: Project) -> DataFrame:
    """`days` (as_of DATE) with the instant at which each ends."""
    return F.broadcast(days.select(AS_OF, begins(F.date_add(AS_OF, 1), project.timezone).alias(UNTIL)))


def seen_until(frame: DataFrame, ends: DataFrame, condition: Column) -> DataFrame:
    """Each row of `frame` beside every day of `ends`, a frame of `moments`, for which it may be seen."""
    return frame.crossJoin(ends).where(condition)


def happened() -> Column:
    """Of a row of activity: whether it had happened when the day ended."""
    return F.col("event_time") < F.col(UNTIL)


def order() -> Column:
    """What sorts as the order of events does: time, the tracker's sequence, views first, then the id."""
    return F.struct(
        "event_time",
        F.col("sequence").isNull().alias("unnumbered"),
        "sequence",
        (~F.col("event_name").isin(*VIEW_EVENTS)).alias("after_views"),
        "event_id",
    )
