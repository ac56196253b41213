"""How large segments are, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.settings import Segment
from trailhouse.settings.segment_names import versions

_LATELY = 28


def sizes(
    segments: Mapping[str, Segment], members: DataFrame, profiles: DataFrame, as_of: DataFrame
) -> DataFrame:
    """Rows of `segments`: of each declared one, members or none. `as_of` has one row."""
    last = F.date_sub("as_of", _LATELY)
    counted = (
        members.crossJoin(F.broadcast(as_of))
        .groupBy("segment")
        .agg(
            F.count_if(F.col("valid_to").isNull()).alias("size"),
            F.count_distinct("person_id").alias("ever"),
            F.count_if(F.col("valid_from") > last).alias("joined_28"),
            F.count_if(F.col("valid_to") > last).alias("left_28"),
        )
    )
    return (
        _declared(segments, as_of)
        .join(counted, on="segment", how="left")
        .na.fill(0, ["size", "ever", "joined_28", "left_28"])
        .crossJoin(F.broadcast(profiles.agg(F.count("*").alias("persons"))))
        .withColumn("share", ratio(F.col("size"), F.col("persons")))
    )


def overlap(segments: Mapping[str, Segment], members: DataFrame, as_of: DataFrame) -> DataFrame:
    """Rows of `segment_overlap`: of each pair, whether they have anybody in common or not."""
    now = members.where("valid_to IS NULL").select("person_id", "segment")
    # Members of a and a are those of a: pairs and sizes in one count.
    own = now.groupBy("person_id").agg(F.collect_list("segment").alias("a"))
    pairs = (
        own.select(F.explode("a").alias("a"), F.col("a").alias("b"))
        .select("a", F.explode("b").alias("b"))
        .where("a <= b")
        .groupBy("a", "b")
        .agg(F.count("*").alias("both"))
    )
    names = _declared(segments, as_of).select("segment")
    sizes = pairs.where("a = b")

    def size(of: str) -> DataFrame:
        return sizes.select(F.col("a").alias(of), F.col("both").alias(f"all_{of}"))

    every = names.select(F.col("segment").alias("a")).crossJoin(names.select(F.col("segment").alias("b")))
    found = every.where("a < b").join(pairs, on=["a", "b"], how="left")
    found = found.join(size("a"), on="a", how="left").join(size("b"), on="b", how="left")
    found = found.na.fill(0, ["both", "all_a", "all_b"])
    both, a, b = (F.col(name) for name in ("both", "all_a", "all_b"))
    return found.select(
        "a",
        "b",
        "both",
        (a - both).alias("only_a"),
        (b - both).alias("only_b"),
        ratio(both, a + b - both).alias("jaccard"),
    )


def _declared(segments: Mapping[str, Segment], as_of: DataFrame) -> DataFrame:
    """A row a segment: segment, version, definition, description, as_of; none while there are no events."""
    told = versions(segments)
    rows = [
        F.struct(
            F.lit(name).alias("segment"),
            F.lit(told[name]).alias("version"),
            F.lit(one.text).alias("definition"),
            F.lit(one.description or None).cast("STRING").alias("description"),
        )
        for name, one in segments.items()
    ]
    return as_of.where("as_of IS NOT NULL").select("as_of", F.inline(F.array(*rows)))
