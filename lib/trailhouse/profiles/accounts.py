"""Accounts as of a day: the companies of events that name one, whoever of them it was."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import NO_CURRENCY, project_day
from trailhouse.profiles.days import WORTH, worth
from trailhouse.profiles.habits import latest_traits
from trailhouse.profiles.keys import ACCOUNT, happened, moments, seen_until
from trailhouse.profiles.measures import ACCOUNT_MEASURES, WINDOWS, sums
from trailhouse.questions.people import of_people
from trailhouse.settings import Settings
from trailhouse.stage import Frames
from trailhouse.tables.accounts import TABLE

_DISTINCT = {"persons": "person_id", "sessions": "session_id", "active_days": "day"}
"""Measure -> the column of which each value is one."""


def accounts_on(frames: Frames, days_asked: DataFrame, settings: Settings) -> DataFrame:
    """Rows of the table `accounts` for each of `days_asked` (as_of DATE, each once), by what had come then.

    `frames`: activity, and sessions to tell bots and own staff by.
    """
    project = settings.project
    people = of_people(frames["activity"], frames["sessions"]).where("account_id IS NOT NULL")
    activity = seen_until(people, moments(days_asked, project), happened())
    activity = activity.withColumn("day", project_day(F.col("event_time"), project.timezone))
    found = _summed(activity, settings)
    groups = activity.where("event_name = 'group'")
    for part in (
        _counted(activity),
        worth(_amounts(activity, settings), ACCOUNT),
        latest_traits(groups, "account_id"),
    ):
        found = found.join(part, on=list(ACCOUNT), how="left")
    none = F.array().cast(TABLE.column("value").type)
    first_day = project_day(F.col("first_seen"), project.timezone)
    return TABLE.select(
        found.withColumns(
            {
                **{name: F.coalesce(name, none).cast(TABLE.column(name).type) for name in WORTH},
                "plan": F.try_element_at("_traits", F.lit(settings.profiles.plan)),
                "cohort_month": F.trunc(first_day, "month"),
            }
        ).select(*TABLE.schema.names)
    )


def _summed(activity: DataFrame, settings: Settings) -> DataFrame:
    name = F.col("event_name")
    amounts = {
        "events": F.lit(1),
        "conversions": name.isin(*[one.event for one in settings.conversions]).cast("INT"),
        "orders": (name == "order").cast("INT"),
    }
    rows = activity.select(
        *ACCOUNT,
        "day",
        "event_time",
        *(amount.cast("BIGINT").alias(measure) for measure, amount in amounts.items()),
    )
    return rows.groupBy(*ACCOUNT).agg(
        F.min("event_time").alias("first_seen"),
        F.max("event_time").alias("last_seen"),
        *sums(one for one in ACCOUNT_MEASURES if one.name in amounts),
    )


def _counted(activity: DataFrame) -> DataFrame:
    """Distinct persons, sessions and days: in a window if they have an event in it."""
    each = [
        F.when(
            F.col(column).isNotNull(),
            F.struct(F.lit(measure).alias("what"), F.col(column).cast("STRING").alias("one")),
        )
        for measure, column in _DISTINCT.items()
    ]
    ones = activity.select(
        *ACCOUNT, "day", F.explode(F.filter(F.array(*each), lambda one: one.isNotNull())).alias("it")
    )
    last = ones.groupBy(*ACCOUNT, "it.what", "it.one").agg(F.max("day").alias("day"))

    def number(measure: str, among: Column) -> Column:
        return F.count_if((F.col("what") == measure) & among)

    aggregates = []
    for one in ACCOUNT_MEASURES:
        if one.name in _DISTINCT:
            aggregates.append(number(one.name, F.lit(True)).alias(one.name))
            aggregates += [
                number(one.name, F.col("day") > F.date_sub("as_of", days)).alias(name)
                for name, days in zip(one.windows, WINDOWS, strict=True)
            ]
    return last.groupBy(*ACCOUNT).agg(*aggregates)


def _amounts(activity: DataFrame, settings: Settings) -> DataFrame:
    """Rows with `value`, as those of person_days have it: what conversions of worth were worth."""
    names = [one.event for one in settings.conversions if one.value]
    money = F.struct(
        F.coalesce("currency", F.lit(NO_CURRENCY)).alias("currency"), F.col("value").alias("amount")
    )
    worthy = activity.where(F.col("event_name").isin(*names) & F.col("value").isNotNull())
    return worthy.select(*ACCOUNT, "day", F.array(money).alias("value"))
