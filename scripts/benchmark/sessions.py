"""Sessions by the 30-minute gap, beside window functions in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from trailhouse.columns import with_place
from trailhouse.sessionize import with_sessions
from trailhouse.settings import Sessions


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Sessions by the 30-minute gap, from resolved events in Parquet."""
    path = str(folder / "events")
    person = F.concat(F.lit("p"), F.pmod(F.xxhash64("id"), F.lit(max(events // 40, 1))).cast("string"))
    micros = F.lit(1_767_225_600_000_000) + F.pmod(F.xxhash64("id", F.lit(1)), F.lit(30 * 86_400_000_000))
    spark.range(events).select(
        F.concat(F.lit("e"), F.col("id").cast("string")).alias("event_id"),
        person.alias("person_id"),
        F.timestamp_micros(micros).alias("event_time"),
        F.lit("click").alias("event_name"),
        F.lit("web").alias("platform"),
        F.lit(None).cast("bigint").alias("sequence"),
    ).write.mode("overwrite").parquet(path)

    def ours() -> int:
        placed = with_sessions(with_place(spark.read.parquet(path)), Sessions(max_length=None), "UTC")
        return placed.groupBy("session_id").count().count()

    def peer() -> int:
        found = duckdb.connect().execute(f"""
            WITH gaps AS (
                SELECT *, event_time - lag(event_time) OVER w > INTERVAL 30 MINUTE AS cut
                FROM read_parquet('{path}/*.parquet')
                WINDOW w AS (PARTITION BY person_id ORDER BY event_time, event_id)
            ), numbered AS (
                SELECT *, sum(coalesce(cut, true)::INT) OVER (
                    PARTITION BY person_id ORDER BY event_time, event_id
                ) AS number FROM gaps
            )
            SELECT person_id, number, count(*) FROM numbered GROUP BY ALL
        """)
        return len(found.fetchall())

    yield Row(f"sessions, {events:,} events", ours, "DuckDB SQL", peer)
