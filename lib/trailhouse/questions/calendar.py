"""Days, weeks and months of the project as whole numbers, so that periods apart are a difference."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.settings import Project
from trailhouse.settings.questions.intervals import Interval

WEEK = 7
# 1970-01-01 was a Thursday: so many days before it the first week began.
_BEFORE = {"monday": 3, "sunday": 4}


def number_of(day: Column, interval: Interval, project: Project) -> Column:
    """The number of the period that a DATE lies in, INT; the next period has the next number."""
    if interval == "month":
        return (F.year(day) * 12 + F.month(day) - 1).cast("INT")
    days = F.unix_date(day)
    if interval == "day":
        return days
    return F.floor((days + _BEFORE[project.week_start]) / WEEK).cast("INT")


def first_day(number: Column, interval: Interval, project: Project) -> Column:
    """The first day of the period of a number, DATE."""
    if interval == "month":
        year = F.floor(number / 12).cast("INT")
        return F.make_date(year, (number - year * 12 + 1).cast("INT"), F.lit(1))
    if interval == "day":
        return F.date_from_unix_date(number.cast("INT"))
    return F.date_from_unix_date((number * WEEK - _BEFORE[project.week_start]).cast("INT"))
