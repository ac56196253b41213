"""Traits by declared rules, from the events of persons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.profiles.keys import PERSON, order
from trailhouse.questions.fields import field, matches
from trailhouse.settings import Trait
from trailhouse.settings.questions import names_of
from trailhouse.tables.profiles import COMPUTED_TRAITS

_NUMBER = "DECIMAL(18,4)"


def computed(activity: DataFrame, traits: Sequence[Trait]) -> DataFrame:
    """`computed_traits` by person, from rows of activity with `as_of`, by one rule or more."""
    names = names_of(tuple(one.event for one in traits))
    if names is not None:
        activity = activity.where(F.col("event_name").isin(*sorted(names)))
    each = activity.select(*PERSON, order().alias("at"), F.explode(_uses(traits)).alias("use"))
    by_text = each.groupBy(*PERSON, "use.name", "use.text").agg(
        F.count("*").alias("n"), F.min("at").alias("first"), F.max("at").alias("last")
    )
    amount = F.col("text").try_cast(_NUMBER).cast("DECIMAL(38,4)") * F.col("n").cast("DECIMAL(20,0)")
    by_trait = by_text.groupBy(*PERSON, "name").agg(
        F.sum("n").alias("count"),
        F.sum(amount).alias("sum"),
        F.min_by("text", "first").alias("first"),
        F.max_by("text", "last").alias("last"),
        F.min_by("text", F.struct(-F.col("n"), "text")).alias("most_frequent"),
        F.array_sort(F.collect_set("text")).alias("unique_list"),
    )
    number = _of_kinds(traits, {"count": F.col("count"), "sum": F.col("sum")}, "DECIMAL(28,4)")
    texts = {name: F.col(name) for name in ("first", "last", "most_frequent")}
    entry = F.struct(
        "name",
        number.alias("number"),
        _of_kinds(traits, texts, "STRING").alias("text"),
        _lists(traits).alias("list"),
    )
    return by_trait.groupBy(*PERSON).agg(
        F.array_sort(F.collect_list(entry)).cast(COMPUTED_TRAITS).alias("computed_traits")
    )


def _uses(traits: Sequence[Trait]) -> Column:
    """{name, text} for each trait that a row of activity counts for."""
    found = []
    for one in traits:
        text = F.lit(None).cast("STRING") if one.field is None else field(one.field).cast("STRING")
        counts = matches(one.event) if one.field is None else matches(one.event) & text.isNotNull()
        if one.kind == "sum":
            counts = counts & text.try_cast(_NUMBER).isNotNull()
        found.append(F.when(counts, F.struct(F.lit(one.name).alias("name"), text.alias("text"))))
    return F.filter(F.array(*found), lambda use: use.isNotNull())


def _of_kinds(traits: Sequence[Trait], values: dict[str, Column], kind: str) -> Column:
    """The value by the kind of the row's trait; null for other kinds, and for a sum out of bounds."""
    found = [
        F.when(F.col("name").isin(*names), value.try_cast(kind))
        for of, value in values.items()
        if (names := [one.name for one in traits if one.kind == of])
    ]
    return F.coalesce(*found, F.lit(None).cast(kind))


def _lists(traits: Sequence[Trait]) -> Column:
    def cut(rest: Column, one: Trait) -> Column:
        return F.when(F.col("name") == one.name, F.slice("unique_list", 1, one.limit)).otherwise(rest)

    lists = [one for one in traits if one.kind == "unique_list"]
    return reduce(cut, lists, F.lit(None).cast("ARRAY<STRING>"))
