"""Of profiles: what `person_days` tells, and the lifecycle."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import week_of
from trailhouse.profiles.keys import PERSON
from trailhouse.profiles.measures import WINDOWS, of, sums
from trailhouse.settings import Project
from trailhouse.tables import _shapes as shapes

WORTH = ("value", *(f"value_{days}" for days in WINDOWS))
"""Columns of value by currency: ever, and over the last days."""


def from_days(days: DataFrame, project: Project) -> DataFrame:
    """A row a person and `as_of`, from rows of person_days with it, none of a later day."""
    day, this_week = F.col("day"), week_of(F.col("as_of"), project.week_start)
    week = week_of(day, project.week_start)
    measures = of("days")
    counted = [one.name for one in measures if one.name != "active_days"]
    frame = days.select(
        *PERSON,
        "day",
        "first_time",
        "last_time",
        *counted,
        F.lit(1).cast("BIGINT").alias("active_days"),
        (week == this_week).alias("_now"),
        (week == F.date_sub(this_week, 7)).alias("_before"),
        (week < this_week).alias("_ever"),
    )
    grouped = frame.groupBy(*PERSON).agg(
        F.min("first_time").alias("first_seen"),
        F.max("last_time").alias("last_seen"),
        *sums(measures),
        *(F.bool_or(name).alias(name) for name in ("_now", "_before", "_ever")),
    )
    state = (
        F.when(~F.col("_now"), "dormant")
        .when(~F.col("_ever"), "new")
        .when(F.col("_before"), "returning")
        .otherwise("resurrecting")
    )
    return grouped.withColumn("lifecycle", state).drop("_now", "_before", "_ever")


def worth(days: DataFrame, grain: tuple[str, ...] = PERSON) -> DataFrame:
    """Value by currency of those who had some: the columns of WORTH, sorted by currency.

    `days` has the columns of `grain`, as_of among them, day, and value by currency.
    """
    amounts = days.select(*grain, "day", F.explode("value").alias("money")).select(
        *grain, "day", "money.currency", "money.amount"
    )
    amount = F.col("amount")
    inside = [F.when(F.col("day") > F.date_sub("as_of", number), amount) for number in WINDOWS]
    by_currency = amounts.groupBy(*grain, "currency").agg(
        *(
            F.sum(one).cast("DECIMAL(18,4)").alias(name)
            for name, one in zip(WORTH, (amount, *inside), strict=True)
        )
    )
    # None of a currency in these days is no entry, as for one that was never paid in.
    entries = [
        F.when(F.col(name).isNotNull(), F.struct("currency", F.col(name).alias("amount"))) for name in WORTH
    ]
    return by_currency.groupBy(*grain).agg(
        *(
            F.array_sort(F.collect_list(entry)).cast(shapes.MONEY).alias(name)
            for name, entry in zip(WORTH, entries, strict=True)
        )
    )
