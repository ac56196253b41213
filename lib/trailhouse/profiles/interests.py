"""Of profiles: which categories and items a person's interactions speak of most."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.profiles.keys import PERSON
from trailhouse.settings import Items
from trailhouse.tables.profiles import INTERESTS
from trailhouse.why.interactions import faded, of_events, weight

_KINDS = {"interest_categories": "category", "interest_items": "item"}
LISTS = tuple(_KINDS)
"""The columns that list names."""
LAST = "last_interest_day"


def interests(activity: DataFrame, items: Items, zone: str) -> DataFrame:
    """interest_categories, interest_items and last_interest_day by person.

    `activity` has `as_of` and rows of people alone. Weights are as of the person's own last day of
    interest, so that a profile whose person did nothing stays the same; shares are of all that the person
    cared for.
    """
    rows = faded(of_events(activity, items, zone, PERSON), items, PERSON)
    names = F.array(
        *(F.struct(F.lit(column).alias("of"), F.col(name).alias("name")) for column, name in _KINDS.items())
    )
    each = rows.select(*PERSON, "last_day", "units", F.inline(names)).where("name IS NOT NULL")
    summed = each.groupBy(*PERSON, "of", "name").agg(
        F.sum("units").alias("units"), F.max("last_day").alias("last_day")
    )
    total = F.sum("units").over(Window.partitionBy(*PERSON, "of"))
    entry = F.struct(
        (-F.col("units")).alias("less"),
        F.struct("name", weight(F.col("units")).alias("weight"), ratio(F.col("units"), total).alias("share"))
        .alias("told"),
    )  # fmt: skip
    entries = summed.select(*PERSON, "of", "last_day", entry.alias("entry"))

    def top(column: str) -> Column:
        ranked = F.array_sort(F.collect_list(F.when(F.col("of") == column, F.col("entry"))))
        told = F.transform(F.slice(ranked, 1, items.top), lambda one: one["told"])
        return told.cast(INTERESTS).alias(column)

    return entries.groupBy(*PERSON).agg(F.max("last_day").alias(LAST), *(top(column) for column in _KINDS))
