"""What is known of items and persons as of a day: all that models of next items are made from.

Interactions up to the day, within the horizon before it, give the catalogue (items by faded persons), each
person's history (items by faded weight, from the person's own last day back), and pairs of items that go
together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.settings import Items
from trailhouse.why.interactions import UNIT, at_age, faded

AS_OF = "as_of"
LATEST = 100
"""Interactions of a person that pairs are made of at most: the latest."""
History = list[tuple[int, float]]
"""Numbers of items, each once, with their weights."""


@dataclass(frozen=True)
class Known:
    """What is known as of a day; numbers of items are places in `items`: by faded persons, then by name."""

    day: date
    items: list[str]
    categories: list[str | None]
    popular: list[int]
    """Faded persons by item, in millionths."""
    persons: dict[str, History]
    """person -> numbers and weights of items; at most `training_persons`, all of equal footing."""
    pairs: list[tuple[int, int, int]]
    pair_persons: list[int]
    """Persons by item among those that pairs are made of."""


def learned(
    interactions: DataFrame,
    items: Items,
    days: list[date],
    keep: Callable[[DataFrame], DataFrame],
) -> dict[date, Known]:
    """1. By day what is known of it: nothing of a later day enters."""
    spark = interactions.sparkSession
    asked = F.broadcast(spark.createDataFrame([(day,) for day in days], f"{AS_OF} DATE"))
    seen = interactions.crossJoin(asked).where(
        (F.col("day") <= F.col(AS_OF)) & (F.col("day") > F.date_sub(AS_OF, items.horizon.days))
    )
    seen = keep(seen.select(AS_OF, "person_id", "item", "category", "day", "time", "session_id", "event_id",
                            "weight"))  # fmt: skip
    catalogue = _catalogue(seen, items)
    of_catalogue = keep(seen.join(F.broadcast(catalogue.select(AS_OF, "item", "number")), on=[AS_OF, "item"]))
    chosen = _chosen_persons(of_catalogue, items)
    histories = collected(_histories(chosen, items))
    pairs, counted = (_by_day(collected(one)) for one in _pairs(chosen, items))
    of_day, listed = _by_day(histories), _by_day(collected(catalogue))
    found = {}
    for day in days:
        rows = sorted(listed[day], key=lambda row: int(row["number"]))
        persons: dict[str, History] = defaultdict(list)
        for row in sorted(of_day[day], key=lambda row: (row["person_id"], row["number"])):
            persons[row["person_id"]].append((row["number"], row["units"] / UNIT))
        numbers = {row["number"]: row["persons"] for row in counted[day]}
        found[day] = Known(
            day,
            [row["item"] for row in rows],
            [row["category"] for row in rows],
            [row["popular"] for row in rows],
            dict(persons),
            sorted((row["a"], row["b"], row["both"]) for row in pairs[day]),
            [numbers.get(number, 0) for number in range(len(rows))],
        )
    return found


def collected(frame: DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.toArrow().to_pylist()
    return rows


def _by_day(rows: Iterable[dict[str, Any]]) -> Mapping[date, list[dict[str, Any]]]:
    found: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[AS_OF]].append(row)
    return found


def _catalogue(seen: DataFrame, items: Items) -> DataFrame:
    """as_of, item, category (the last told), popular (faded persons, millionths), number from 0."""
    told = F.when(F.col("category").isNotNull(), F.struct("time", "event_id", "category"))
    each = seen.groupBy(AS_OF, "item", "person_id").agg(F.max("day").alias("day"), F.max(told).alias("told"))
    counted = each.groupBy(AS_OF, "item").agg(
        F.sum(at_age(items, F.datediff(AS_OF, "day"))).alias("popular"),
        F.max("told")["category"].alias("category"),
    )
    order = Window.partitionBy(AS_OF).orderBy(F.desc("popular"), "item")
    numbered = counted.withColumn("number", F.row_number().over(order) - 1)
    return numbered.where(F.col("number") < items.catalogue)


def _chosen_persons(seen: DataFrame, items: Items) -> DataFrame:
    """Rows of those persons whose ids have the least hashes, as many as models learn from."""
    persons = seen.select(AS_OF, "person_id").distinct()
    order = Window.partitionBy(AS_OF).orderBy(F.xxhash64("person_id"), "person_id")
    chosen = persons.withColumn("_n", F.row_number().over(order)).where(F.col("_n") <= items.training_persons)
    return seen.join(chosen.drop("_n"), on=[AS_OF, "person_id"])


def _histories(seen: DataFrame, items: Items) -> DataFrame:
    rows = faded(seen, items, (AS_OF, "person_id"))
    return rows.groupBy(AS_OF, "person_id", "number").agg(F.sum("units").alias("units"))


def _pairs(seen: DataFrame, items: Items) -> tuple[DataFrame, DataFrame]:
    """(as_of, a, b, both) of numbers a < b that go together, and (as_of, number, persons)."""
    latest = Window.partitionBy(AS_OF, "person_id").orderBy(F.desc("time"), "event_id", "number")
    rows = seen.withColumn("_n", F.row_number().over(latest)).where(F.col("_n") <= LATEST)
    rows = rows.select(AS_OF, "person_id", "number", "day", "session_id").distinct()
    a, b = (
        rows.select(AS_OF, "person_id", *(F.col(name).alias(f"{name}_{side}") for name in
                                          ("number", "day", "session_id")))
        for side in "ab"
    )  # fmt: skip
    near = F.abs(F.datediff("day_a", "day_b")) <= items.together.days
    together = near | F.coalesce(F.col("session_id_a") == F.col("session_id_b"), F.lit(False))
    both = a.join(b, on=[AS_OF, "person_id"]).where(F.col("number_a") < F.col("number_b")).where(together)
    pairs = both.groupBy(AS_OF, F.col("number_a").alias("a"), F.col("number_b").alias("b")).agg(
        F.count_distinct("person_id").alias("both")
    )
    counted = rows.groupBy(AS_OF, "number").agg(F.count_distinct("person_id").alias("persons"))
    return pairs.where(F.col("both") >= items.support), counted
