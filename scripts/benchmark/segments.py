"""Memberships of five segments over all days, beside the same stretches in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import drawn
from trailhouse.segments.rules import members
from trailhouse.settings import Project, Segment

_DAYS, _A_PERSON, _A_SESSION = 90, 200, 20
_NAMES = (*("page_view",) * 10, *("product_view",) * 5, "cart_add", "cart_add", "order", "search", "feedback")
_SEQUENCE = ("product_view", "cart_add", "order")
_RULES: dict[str, dict[str, Any]] = {
    "buyers": {"did": "order", "at_least": 2, "within": timedelta(days=28)},
    "lapsed": {"all": [{"did": "order"}, {"did_not": "*", "within": timedelta(days=14)}]},
    "quick": {
        "in_sequence": list(_SEQUENCE),
        "window": timedelta(hours=1),
        "within": timedelta(days=30),
        "ties": "strict",
    },
    "german": {
        "all": [
            {"field": "profile.country", "value": "DE"},
            {"not": {"did": "search", "within": timedelta(days=7)}},
        ]
    },
    "new": {
        "any": [
            {"did": "order", "first_ever": True, "within": timedelta(days=30)},
            {"did": "feedback", "exactly": 1},
        ]
    },
}
_DUCKDB = """
WITH others AS (SELECT session_id FROM sessions WHERE is_bot OR internal),
    kept AS (SELECT person_id, event_name, epoch_us(event_time) AS t, event_time::DATE AS day, event_id
        FROM activity a WHERE NOT is_bot AND NOT internal AND person_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM others o WHERE o.session_id = a.session_id)),
    one AS (SELECT *, CASE WHEN event_name = 'product_view' THEN t END AS s1
        FROM kept WHERE event_name IN ('product_view', 'cart_add', 'order')),
    two AS (SELECT *, CASE WHEN event_name = 'cart_add' THEN last_value(s1 IGNORE NULLS) OVER w END AS s2
        FROM one WINDOW w AS (PARTITION BY person_id ORDER BY t, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    three AS (SELECT *, CASE WHEN event_name = 'order' THEN last_value(s2 IGNORE NULLS) OVER w END AS s3
        FROM two WINDOW w AS (PARTITION BY person_id ORDER BY t, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    runs AS (SELECT person_id, day, max(make_timestamp(s3)::DATE) AS begun FROM three
        WHERE t - s3 <= 3600000000 GROUP BY ALL),
    counts AS (SELECT person_id, day, count(*) AS events, count_if(event_name = 'order') AS orders,
        count_if(event_name = 'search') AS searches, count_if(event_name = 'feedback') AS feedback
        FROM kept GROUP BY ALL),
    calendar AS (SELECT person_id, country, unnest(generate_series(CAST(first_seen AS DATE), DATE '{last}',
        INTERVAL 1 DAY))::DATE AS day FROM profiles),
    daily AS (SELECT c.person_id, c.country, c.day, coalesce(events, 0) AS events,
        coalesce(orders, 0) AS orders, coalesce(searches, 0) AS searches,
        coalesce(feedback, 0) AS feedback, begun
        FROM calendar c LEFT JOIN counts USING (person_id, day) LEFT JOIN runs USING (person_id, day)),
    state AS (SELECT person_id, day,
        sum(orders) OVER (w RANGE BETWEEN INTERVAL 27 DAYS PRECEDING AND CURRENT ROW) >= 2 AS buyers,
        sum(orders) OVER past > 0
            AND sum(events) OVER (w RANGE BETWEEN INTERVAL 13 DAYS PRECEDING AND CURRENT ROW) = 0 AS lapsed,
        coalesce(max(begun) OVER past + INTERVAL 30 DAYS > day, false) AS quick,
        coalesce(country = 'DE', false)
            AND sum(searches) OVER (w RANGE BETWEEN INTERVAL 6 DAYS PRECEDING AND CURRENT ROW) = 0 AS german,
        coalesce(min(CASE WHEN orders > 0 THEN day END) OVER past + INTERVAL 30 DAYS > day, false)
            OR sum(feedback) OVER past = 1 AS new
        FROM daily WINDOW w AS (PARTITION BY person_id ORDER BY day),
            past AS (PARTITION BY person_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    long AS (SELECT person_id, day, unnest(['buyers', 'lapsed', 'quick', 'german', 'new']) AS segment,
        unnest([buyers, lapsed, quick, german, new]) AS inside FROM state),
    islands AS (SELECT *, day - row_number() OVER (PARTITION BY segment, person_id ORDER BY day)::INT
        AS island FROM long WHERE inside)
SELECT segment, person_id, min(day) AS valid_from,
    CASE WHEN max(day) < DATE '{last}' THEN max(day) + 1 END AS valid_to FROM islands
GROUP BY segment, person_id, island
"""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """200 events a person, over 90 days; from Parquet to Parquet."""
    source = {name: str(folder / f"segments-{name}") for name in ("activity", "sessions", "profiles")}
    _activity(spark, events).write.mode("overwrite").parquet(source["activity"])
    activity = spark.read.parquet(source["activity"])
    sessions = activity.select("session_id").distinct()
    other = (F.pmod(F.xxhash64("session_id"), F.lit(50)) == 0).alias("is_bot")
    sessions.select("session_id", other, F.lit(False).alias("internal")).write.mode("overwrite").parquet(
        source["sessions"]
    )
    bots = spark.read.parquet(source["sessions"]).where("is_bot").select("session_id")
    people = activity.join(bots, on="session_id", how="left_anti").groupBy("person_id")
    country = F.element_at(
        F.array(*map(F.lit, ("DE", "FR", "US"))), (drawn("person_id", 7, 3) + 1).cast("int")
    )
    people.agg(F.min("event_time").alias("first_seen")).select(
        "*", country.alias("country"), F.lit(None).cast("STRING").alias("traits")
    ).write.mode("overwrite").parquet(source["profiles"])
    last = activity.agg(F.max(F.to_date("event_time")).alias("day")).collect()[0]["day"]
    segments = {name: Segment.model_validate(rule) for name, rule in _RULES.items()}

    def ours() -> int:
        frames = {name: spark.read.parquet(path) for name, path in source.items()}
        frames["watermark"] = spark.range(1).select(
            F.lit(last + timedelta(days=1)).cast("TIMESTAMP").alias("watermark")
        )
        target = str(folder / "segments-ours")
        members(segments, frames, Project()).write.mode("overwrite").parquet(target)
        return spark.read.parquet(target).count()

    def by_duckdb() -> int:
        connection, target = duckdb.connect(), folder / "segments-duckdb.parquet"
        connection.execute("SET TimeZone = 'UTC'")
        for name, path in source.items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}/*.parquet')")
        connection.execute(f"COPY ({_DUCKDB.format(last=last)}) TO '{target}' (FORMAT parquet)")
        (found,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()
        return int(found[0])

    ours(), by_duckdb()
    _require_equal(folder)
    yield Row(f"5 segments, {events:,} events", ours, "DuckDB, same stretches", by_duckdb)


def _require_equal(folder: Path) -> None:
    """AssertionError where the two differ in any stretch."""
    columns = "segment, person_id, valid_from::DATE, valid_to::DATE"
    both = [
        f"SELECT {columns} FROM read_parquet('{folder}/segments-ours/*.parquet')",
        f"SELECT {columns} FROM read_parquet('{folder}/segments-duckdb.parquet')",
    ]
    for one, other in (both, both[::-1]):
        differ = duckdb.sql(f"{one} EXCEPT {other} LIMIT 3").fetchall()
        assert not differ, f"memberships differ from DuckDB's: {differ}"


def _activity(spark: SparkSession, events: int) -> DataFrame:
    """The columns that rules read; a person's events lie together, as in the table."""
    placed = spark.range(events).select(
        "id",
        F.floor(F.col("id") / _A_PERSON).alias("person"),
        F.floor(F.col("id") / _A_SESSION).alias("session"),
    )
    began = drawn("session", 1, _DAYS * 86_400) * F.lit(1_000_000) + F.lit(1_767_225_600_000_000)
    at = began + F.col("id") % _A_SESSION * 90_000_000 + drawn("id", 2, 80_000_000)
    name = F.element_at(F.array(*map(F.lit, _NAMES)), (drawn("id", 3, len(_NAMES)) + 1).cast("int"))
    return placed.select(
        F.md5(F.col("person").cast("STRING")).alias("person_id"),
        F.md5(F.col("session").cast("STRING")).alias("session_id"),
        F.sha2(F.col("id").cast("STRING"), 224).alias("event_id"),
        F.timestamp_micros(at).alias("event_time"),
        F.to_date(F.timestamp_micros(at)).alias("event_date"),
        name.alias("event_name"),
        F.lit(None).cast("BIGINT").alias("sequence"),
        F.lit(False).alias("is_bot"),
        F.lit(False).alias("internal"),
    )
