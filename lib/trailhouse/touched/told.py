"""What late data did to sessions that were published: numbers for the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.difference import not_among


def split_and_joined(before: DataFrame, now: DataFrame) -> Mapping[str, int]:
    """Sessions of `before` whose events lie in several of `now`, and the other way round.

    Both are rows of `activity`: event_id, session_id.
    """
    # Numbers alone are told, so that 64 bits of each id do: a fifth of the bytes to be shuffled.
    both = [
        side.where("session_id IS NOT NULL").select(
            F.xxhash64("event_id").alias("event"), F.xxhash64("session_id").alias(name)
        )
        for side, name in ((before, "old"), (now, "new"))
    ]
    pairs = (
        both[0]
        .unionByName(both[1], allowMissingColumns=True)
        .groupBy("event")
        .agg(F.max("old").alias("old"), F.max("new").alias("new"))
        .where("old IS NOT NULL AND new IS NOT NULL")
        .select("old", "new")
        .distinct()
    )
    # Both countings at once: a row for each side of a pair.
    sides = pairs.select(
        F.explode(
            F.array(
                F.struct(F.lit("split").alias("what"), F.col("old").alias("session")),
                F.struct(F.lit("joined").alias("what"), F.col("new").alias("session")),
            )
        ).alias("side")
    )
    several = sides.groupBy("side").count().where("count > 1").groupBy("side.what").count().collect()
    return {"split": 0, "joined": 0} | {row.what: row["count"] for row in several}


def restated(before: DataFrame, now: DataFrame) -> Mapping[str, int]:
    """Rows of `sessions` that were closed and are not among those of `now`."""
    # A table of an earlier release may lack a column.
    shared = [name for name in now.columns if name in before.columns]
    closed = before.where("closed").select(*shared)
    return {"restated": not_among(now.select(*shared), closed).count()}
