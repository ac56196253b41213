"""The periods of a trend: which there are, which come before them, which are over."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day, week_of
from trailhouse.questions.periods import WATERMARK, begins, with_watermark
from trailhouse.settings import Project
from trailhouse.settings.questions import Trend

_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Back:
    """How far back what a period is compared with lies."""

    hours: int = 0
    days: int = 0
    months: int = 0

    def of_day(self, day: date) -> date:
        """The day so far before; where its month is too short, the month's last. Hours count as a day."""
        month = day.year * 12 + day.month - 1 - self.months
        year, number = divmod(month, 12)
        last = calendar.monthrange(year, number + 1)[1]
        before = date(year, number + 1, min(day.day, last))
        return before - timedelta(days=self.days + (1 if self.hours else 0))


def period_of(question: Trend, project: Project, time: Column) -> Column:
    """The period of an instant: its first day in the project's zone; of an hour its first instant."""
    if question.interval == "hour":
        return _hour_of(time, project.timezone)
    return _floor(question, project, project_day(time, project.timezone))


def first_day(question: Trend, project: Project, day: date) -> date:
    """The first day of the period that a day lies in."""
    match question.interval:
        case "week":
            return day - timedelta(days=(day.weekday() + (project.week_start == "sunday")) % 7)
        case "month":
            return day.replace(day=1)
    return day


def last_day(question: Trend, project: Project, day: date) -> date:
    """The last day of the period that a day lies in."""
    first = first_day(question, project, day)
    match question.interval:
        case "week":
            return first + timedelta(days=6)
        case "month":
            return first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return first


def back(question: Trend, project: Project) -> Back | None:
    """How far back it compares; None: not at all."""
    hourly, daily = question.interval == "hour", question.interval in ("hour", "day")
    match question.compare:
        case "interval":
            whole = {"hour": Back(hours=1), "day": Back(days=1), "week": Back(days=7)}
            return whole.get(question.interval, Back(months=1))
        case "week":
            return Back(days=7)
        case "year":
            return Back(days=364) if question.interval == "week" else Back(months=12)
        case "range" if question.from_day and question.to_day:
            first = first_day(question, project, question.from_day)
            last = last_day(question, project, question.to_day)
            if hourly or daily or question.interval == "week":
                return Back(days=(last - first).days + 1)
            return Back(months=(last.year - first.year) * 12 + last.month - first.month + 1)
    return None


def begin_of_reading(question: Trend, project: Project) -> date | None:
    """The first day of the first period that is computed, for its own sake or to compare with."""
    if question.from_day is None:
        return None
    first = first_day(question, project, question.from_day)
    behind = back(question, project)
    return first if behind is None else first_day(question, project, behind.of_day(first))


def grid(question: Trend, project: Project, watermark: DataFrame, seen: DataFrame) -> DataFrame:
    """A row a period that the watermark has reached: period, date, start, previous, shown, complete.

    `seen` has one row, `first`: the least period with an event; the grid begins there unless the question
    says from when. `shown` is false for periods that are only compared with.
    """
    zone, hourly = project.timezone, question.interval == "hour"
    known = with_watermark(seen, watermark)
    at = _floor(question, project, project_day(F.col(WATERMARK), zone))
    last = at
    if question.to_day is not None:
        last = F.least(at, F.lit(first_day(question, project, question.to_day)))
    given = begin_of_reading(question, project)
    if given is not None:
        first = F.lit(given)
    else:
        first = project_day(F.col("first"), zone) if hourly else F.col("first")
    step = {"week": "INTERVAL '7' DAY", "month": "INTERVAL '1' MONTH"}.get(
        question.interval, "INTERVAL '1' DAY"
    )
    bounded = known.select(WATERMARK, first.alias("first"), last.alias("last"))
    days = bounded.select(
        WATERMARK,
        F.explode(F.when(F.col("first") <= F.col("last"), F.expr(f"sequence(first, last, {step})"))).alias(
            "date"
        ),
    )
    if hourly:
        days = _hours(days, zone)
    else:
        days = days.withColumn("period", F.col("date")).withColumn("start", begins(F.col("date"), zone))
    ends = _end(question, zone)
    shown = F.lit(True)
    if question.from_day is not None:
        shown = F.col("date") >= F.lit(first_day(question, project, question.from_day))
    return days.select(
        "period",
        "date",
        "start",
        _previous(question, project).alias("before"),
        shown.alias("shown"),
        (F.col(WATERMARK) >= ends).alias("complete"),
    )


def _floor(question: Trend, project: Project, day: Column) -> Column:
    match question.interval:
        case "week":
            return week_of(day, project.week_start)
        case "month":
            return F.date_trunc("month", day).cast("DATE")
    return day


def _hour_of(time: Column, zone: str) -> Column:
    """The instant at which the hour on the project's clocks began, a zone of half hours included."""
    into = F.pmod(F.unix_micros(F.from_utc_timestamp(time, zone)), F.lit(_HOUR_US))
    return F.timestamp_micros(F.unix_micros(time) - into)


def _hours(days: DataFrame, zone: str) -> DataFrame:
    """The hours of each day: 23 or 25 of them where clocks change, by half hours for odd changes."""
    begin, end = begins(F.col("date"), zone), begins(F.date_add("date", 1), zone)
    instants = F.sequence(begin, end, F.expr("INTERVAL '30' MINUTE"))
    hours = days.select("date", WATERMARK, F.explode(instants).alias("at"), end.alias("end"))
    hours = hours.where(F.col("at") < F.col("end")).select("date", WATERMARK, _hour_of(F.col("at"), zone))
    named = hours.toDF("date", WATERMARK, "period").where(F.col("period") <= F.col(WATERMARK))
    return named.distinct().withColumn("start", F.col("period"))


def _end(question: Trend, zone: str) -> Column:
    match question.interval:
        case "hour":
            return F.timestamp_micros(F.unix_micros("period") + F.lit(_HOUR_US))
        case "day":
            return begins(F.date_add("date", 1), zone)
        case "week":
            return begins(F.date_add("date", 7), zone)
    return begins(F.add_months("date", 1), zone)


def _previous(question: Trend, project: Project) -> Column:
    """The period that it is compared with; null: none."""
    behind, zone = back(question, project), project.timezone
    if behind is None:
        return F.lit(None).cast("TIMESTAMP" if question.interval == "hour" else "DATE")
    if question.interval != "hour":
        return F.date_sub(F.add_months("date", -behind.months), behind.days)
    if behind.hours:
        return F.timestamp_micros(F.unix_micros("period") - F.lit(behind.hours * _HOUR_US))
    local = F.from_utc_timestamp("period", zone)
    ago = F.make_interval(months=F.lit(behind.months), days=F.lit(behind.days))
    return _hour_of(F.to_utc_timestamp(local - ago, zone), zone)
