"""How large segments are, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.settings import Segment

_LATELY = 28


def sizes(
    segments: Mapping[str, Segment], members: DataFrame, profiles: DataFrame, as_of: DataFrame
) -> DataFrame:
    """Rows of `segments`: of each declared one, members or none. `as_of` has one row."""
    last = F.date_sub("as_of", _LATELY)
    by_person = (
        members.crossJoin(F.broadcast(as_of))
        .groupBy("segment", "person_id")
        .agg(
            F.count_if(F.col("valid_to").isNull()).alias("size"),
            F.count_if(F.col("valid_from") > last).alias("joined_28"),
            F.count_if(F.col("valid_to") > last).alias("left_28"),
        )
    )
    summed = [F.sum(name).alias(name) for name in ("size", "joined_28", "left_28")]
    counted = by_person.groupBy("segment").agg(F.count("*").alias("ever"), *summed)
    return (
        _declared(segments, as_of)
        .join(counted, on="segment", how="left")
        .na.fill(0, ["size", "ever", "joined_28", "left_28"])
        .crossJoin(F.broadcast(profiles.agg(F.count("*").alias("persons"))))
        .withColumn("share", ratio(F.col("size"), F.col("persons")))
    )


def overlap(segments: Mapping[str, Segment], members: DataFrame) -> DataFrame:
    """Rows of `segment_overlap`: of each pair, whether they have anybody in common or not."""
    own = members.where("valid_to IS NULL").groupBy("person_id").agg(F.collect_list("segment").alias("own"))
    # Who is in a and in a is in a: sizes and pairs are one count, and one row that every pair looks into.
    counts = own.select(F.inline(_pairs(F.col("own"), Column.__ge__))).groupBy("a", "b").count()
    key = F.struct("a", "b")
    found = counts.agg(F.map_from_entries(F.collect_list(F.struct(key, "count"))).alias("found"))
    names = F.array(*map(F.lit, segments))
    pairs = found.select("found", F.inline(_pairs(names, Column.__gt__)))

    def size(a: str, b: str) -> Column:
        pair = F.struct(F.col(a).alias("a"), F.col(b).alias("b"))
        return F.coalesce(F.try_element_at("found", pair), F.lit(0).cast("BIGINT"))

    sized = pairs.select(
        "a", "b", size("a", "b").alias("both"), size("a", "a").alias("n"), size("b", "b").alias("m")
    )
    both, n, m = (F.col(name) for name in ("both", "n", "m"))
    only_a, only_b = (n - both).alias("only_a"), (m - both).alias("only_b")
    return sized.select("a", "b", "both", only_a, only_b, ratio(both, n + m - both).alias("jaccard"))


def _pairs(names: Column, follows: Callable[[Column, Column], Column]) -> Column:
    """ARRAY<STRUCT<a, b>>: the pairs of names of which b follows a."""
    each = F.transform(
        names,
        lambda a: F.transform(
            F.filter(names, lambda b: follows(b, a)), lambda b: F.struct(a.alias("a"), b.alias("b"))
        ),
    )
    return F.flatten(each)


def _declared(segments: Mapping[str, Segment], as_of: DataFrame) -> DataFrame:
    """A row a segment: segment, version, definition, description, as_of; none while there are no events."""
    rows = [
        F.struct(
            F.lit(name).alias("segment"),
            F.lit(one.version).alias("version"),
            F.lit(one.text).alias("definition"),
            F.lit(one.description or None).cast("STRING").alias("description"),
        )
        for name, one in segments.items()
    ]
    return as_of.where("as_of IS NOT NULL").select("as_of", F.inline(F.array(*rows)))
