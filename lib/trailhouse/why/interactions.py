"""Which events speak of which items, and how interest in them fades.

1. An event counts for the first declaration that it matches. Its items are the value of a field, or the
   entries of a list, each item once an event.
2. An interaction weighs its weight times 0.5 ^ (age / half-life), of whole days of age, from a table of whole
   millionths: sums of whole numbers come out the same in every row order.
3. Age is counted back from a person's own last interaction, not from today. So weights change only when the
   person does something; shares and ranks are those of any later day, as all weights of a person fade alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.fields import field, matches
from trailhouse.settings import ItemEvent, Items
from trailhouse.settings.questions import names_of
from trailhouse.settings.questions.fields import known_field

UNIT = 1_000_000_000
"""A weight of 1 in the whole numbers that are summed: thousandths of weights times millionths of fading."""
_USES = "ARRAY<STRUCT<item: STRING, category: STRING, kind: STRING, weight: DECIMAL(9,3)>>"
_MAP = "MAP<STRING, STRING>"
_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)


def of_events(events: DataFrame, items: Items, zone: str, keep: Sequence[str]) -> DataFrame:
    """`keep`, day (DATE, of the project) and item, category, kind, weight: a row an item of an event.

    `events` are rows of activity. 1.
    """
    names = names_of(tuple(one.event for one in items.events))
    if names is not None:
        events = events.where(F.col("event_name").isin(*sorted(names)))
    day = project_day(F.col("event_time"), zone)
    return events.select(*keep, day.alias("day"), F.inline(_uses(items.events)))


def _uses(declared: Sequence[ItemEvent]) -> Column:
    def first(rest: Column, one: ItemEvent) -> Column:
        return F.when(matches(one.event), _listed(one) if one.list else _single(one)).otherwise(rest)

    return reduce(first, reversed(declared), F.array().cast(_USES))


def _single(one: ItemEvent) -> Column:
    category = F.lit(None) if one.category is None else field(known_field(one.category))
    found = F.array(_use(one, field(known_field(one.item)), category))
    return F.filter(found.cast(_USES), lambda use: use["item"].isNotNull())


def _listed(one: ItemEvent) -> Column:
    text = F.try_element_at(F.from_json("properties", _MAP), F.lit(one.list))
    entries = F.coalesce(F.from_json(text, f"ARRAY<{_MAP}>"), F.array().cast(f"ARRAY<{_MAP}>"))

    def of_entry(entry: Column) -> Column:
        category = F.lit(None) if one.category is None else F.try_element_at(entry, F.lit(one.category))
        return _use(one, F.try_element_at(entry, F.lit(one.item)), category)

    named = F.filter(F.transform(entries, of_entry).cast(_USES), lambda use: use["item"].isNotNull())
    ids = F.array_distinct(F.transform(named, lambda use: use["item"]))
    return F.transform(ids, lambda item: F.get(F.filter(named, lambda use: use["item"] == item), F.lit(0)))


def _use(one: ItemEvent, item: Column, category: Column) -> Column:
    text = item.cast("STRING")
    if one.pattern is not None:
        text = F.regexp_extract(text, one.pattern, 1)
    told = (F.nullif(F.trim(value.cast("STRING")), F.lit("")) for value in (text, category))
    return F.struct(
        *(value.alias(name) for name, value in zip(("item", "category"), told, strict=True)),
        F.lit(one.kind).alias("kind"),
        F.lit(one.weight).cast("DECIMAL(9,3)").alias("weight"),
    )


def fading(items: Items) -> list[int]:
    """2. By age in days, up to the horizon's last day, millionths that an interaction still weighs."""
    half = Decimal(items.half_life.days)
    return [
        int((_EXACT.power(Decimal("0.5"), age / half) * 1_000_000).to_integral_value())
        for age in range(items.horizon.days)
    ]


def faded(interactions: DataFrame, items: Items, whose: Sequence[str]) -> DataFrame:
    """Rows within the horizon of the last day of `whose`, with that `last_day` and `units` (BIGINT). 3."""
    last = F.max("day").over(Window.partitionBy(*whose))
    rows = interactions.withColumn("last_day", last)
    age = F.datediff("last_day", "day")
    rows = rows.where(age < items.horizon.days)
    return rows.withColumn("units", (F.col("weight") * 1000).cast("BIGINT") * at_age(items, age))


def at_age(items: Items, age: Column) -> Column:
    """BIGINT: what is left of a million after so many days; null beyond the horizon."""
    return F.get(F.lit(fading(items)).cast("ARRAY<BIGINT>"), age)


def weight(units: Column) -> Column:
    """Units as DECIMAL(18,6), half up."""
    return F.round(units.cast("DECIMAL(28,0)") / F.lit(Decimal(UNIT)), 6).cast("DECIMAL(18,6)")
