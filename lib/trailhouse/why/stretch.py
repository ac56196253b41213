"""The stretch of each unit: which pages are the way, where a unit left it, and what it was like before.

1. Of every unit the pages that it saw after it came to the point, and the segments it was in the day before.
2. The way: pages that at least half of those who went on saw before they did.
3. A unit leaves the way with the first page that is neither on it nor the one where it stood. There its
   stretch ends, by the same rule for both groups; the page is its detour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.numbers import quantile
from trailhouse.why.asked import UNITS, Number

Frames = Mapping[str, DataFrame]
Keep = Callable[[DataFrame], DataFrame]
"""Computes a frame once, as it is read several times."""
PAGES = 100
"""Pages of a unit that are looked at, the first ones."""
SLOW = 0.8
"""The quantile of the times above which one is slow."""
_NO_TIME = 2**62


def with_views(numbers: Sequence[Number], frames: Frames) -> DataFrame:
    """All numbers' units with `here` (the page where they stood), `pages` (start, page), `segments`.

    And `size`: of how many units of its person, number and group it is one.
    """
    units = reduce(DataFrame.unionByName, (one.units for one in numbers if one.units is not None))
    people = Window.partitionBy("number", "now", "person_id")
    sized = units.withColumn("size", F.count("*").over(people))
    views = (
        frames["page_views"]
        .where("NOT is_bot AND NOT internal AND page_group IS NOT NULL")
        .select(
            F.col("session_id").alias("of_session"),
            F.unix_micros("start_time").alias("start_us"),
            F.col("page_group").alias("page"),
        )
    )
    seen = (F.col("session_id") == F.col("of_session")) & (F.col("start_us") <= F.col("until_us"))
    view, after = F.struct("start_us", "page"), F.col("start_us") > F.col("from_us")
    with_pages = (
        _with_segments(sized, frames)
        .join(views, seen, how="left")
        .groupBy(*UNITS, "size", "segments")
        .agg(
            F.max(F.when(~after, view))["page"].alias("here"),
            F.slice(F.sort_array(F.collect_list(F.when(after, view))), 1, PAGES).alias("pages"),
        )
    )
    return with_pages


def _with_segments(units: DataFrame, frames: Frames) -> DataFrame:
    """With `segments`: those that the person was in when the day before ended; so none tells what came."""
    members = frames.get("segment_members")
    if members is None:
        return units.withColumn("segments", F.array().cast("ARRAY<STRING>"))
    before = F.date_sub(F.to_date(F.timestamp_micros("from_us")), 1)
    known = members.select(F.col("person_id").alias("member"), "segment", "valid_from", "valid_to")
    during = (F.col("valid_from") <= before) & (F.col("valid_to").isNull() | (F.col("valid_to") > before))
    joined = units.join(known, (F.col("person_id") == F.col("member")) & during, how="left")
    return joined.groupBy(*units.columns).agg(F.sort_array(F.collect_set("segment")).alias("segments"))


def way_of(kept: DataFrame, numbers: Sequence[Number]) -> dict[str, list[str]]:
    """By number the pages of the way, sorted. An action."""
    wanted = [number.key for number in numbers if number.leaves]
    went_on = kept.where(F.col("number").isin(*wanted) & F.col("done_us").isNotNull())
    before = F.filter("pages", lambda one: one["start_us"] <= F.col("done_us"))
    seen = went_on.select("number", F.explode(F.array_distinct(before["page"])).alias("page"))
    counted = (
        seen.groupBy("number", "page")
        .agg(F.count("*").alias("n"))
        .unionByName(
            went_on.groupBy("number")
            .agg(F.count("*").alias("n"))
            .withColumn("page", F.lit(None).cast("STRING"))
        )
        .collect()
    )
    size = {row["number"]: row["n"] for row in counted if row["page"] is None}
    way: dict[str, list[str]] = {key: [] for key in wanted}
    for row in counted:
        if row["page"] is not None and 2 * row["n"] >= size[row["number"]]:
            way[row["number"]].append(row["page"])
    return {key: sorted(pages) for key, pages in way.items()}


def slow_from(kept: DataFrame) -> dict[str, int]:
    """By number the microseconds to come to the point, above which a fifth of all were. An action."""
    times = kept.where("before_us IS NOT NULL").groupBy("number")
    rows = times.agg(quantile("before_us", SLOW).alias("at"), F.min("before_us").alias("least")).collect()
    return {row["number"]: row["at"] for row in rows if row["at"] > row["least"]}


def stretched(
    kept: DataFrame, way: Mapping[str, Sequence[str]], slow: Mapping[str, int], words: Callable[[int], str]
) -> DataFrame:
    """`with_views` with `to_us` (where the stretch ends), `detour` and `slow` (its words), without pages."""
    on_way: Column = F.lit(None).cast("ARRAY<STRING>")
    is_slow: Column = F.lit(None).cast("STRING")
    for key, pages in way.items():
        on_way = F.when(F.col("number") == key, F.array(*map(F.lit, pages)).cast("ARRAY<STRING>")).otherwise(
            on_way
        )
    for key, at in slow.items():
        is_slow = F.when((F.col("number") == key) & (F.col("before_us") > at), F.lit(words(at))).otherwise(
            is_slow
        )
    beside = F.filter(
        "pages",
        lambda one: ~F.array_contains(F.col("on_way"), one["page"]) & ~one["page"].eqNullSafe(F.col("here")),
    )
    left = F.get(F.when(F.col("on_way").isNotNull(), beside), F.lit(0))
    done = F.coalesce("done_us", F.lit(_NO_TIME))
    return (
        kept.withColumn("on_way", on_way)
        .withColumn("left_way", left)
        .select(
            *UNITS,
            "size",
            "segments",
            F.least(
                F.col("until_us"), done, F.coalesce(F.col("left_way.start_us") - 1, F.lit(_NO_TIME))
            ).alias("to_us"),
            F.col("left_way.page").alias("detour"),
            is_slow.alias("slow"),
        )
    )
