"""Attribution, linear and last, beside the same credits in DuckDB, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.questions.asked import Asked
from trailhouse.questions.attribution import answer
from trailhouse.settings import Attribution
from trailhouse.tables import TABLES

_A_SESSION, _A_PERSON, _AN_ORDER, _DAYS = 20, 200, 80, 90
"""Events of a session, of a person, and events to an order."""
_CHANNELS = ("Direct", "Organic Search", "Paid Search", "Email", "Referral", "Organic Social", "Display")
_QUESTION = Attribution(name="credit", models=("last", "linear"))


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """From Parquet to Parquet."""
    place = folder / "attribution"
    sources = {"activity": _activity(spark, events), "sessions": _sessions(spark, events)}
    for name, frame in sources.items():
        frame.write.mode("overwrite").parquet(str(place / name))

    def ours() -> int:
        frames = {name: spark.read.parquet(str(place / name)) for name in sources}
        found = TABLES["attribution"].select(answer(_QUESTION, Asked(frames)))
        found.write.mode("overwrite").parquet(str(place / "ours"))
        return spark.read.parquet(str(place / "ours")).count()

    def by_duckdb() -> int:
        target, connection = place / "duckdb.parquet", duckdb.connect()
        for name in sources:
            files = place / name / "*.parquet"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}')")
        connection.execute(f"COPY ({_DUCKDB}) TO '{target}' (FORMAT parquet)")
        theirs = f"SELECT * FROM read_parquet('{target}')"
        own = (
            "SELECT model, period, currency, touch, conversions, value, touches "
            f"FROM read_parquet('{place / 'ours'}/*.parquet')"
        )
        (count,) = connection.execute(f"SELECT count(*) FROM ({theirs})").fetchall()
        both = connection.execute(f"SELECT count(*) FROM (({theirs}) INTERSECT ({own}))").fetchall()
        if both != [count]:
            raise AssertionError(f"{both} of {count} rows agree")
        return int(count[0])

    yield Row(f"attribution, {events:,} events", ours, "DuckDB, same credits", by_duckdb)


_DUCKDB = """
WITH orders AS (
    SELECT person_id, event_id, epoch_us(event_time) AS t,
        CAST(date_trunc('month', event_time) AS DATE) AS period, currency,
        CAST(value * 100 AS BIGINT) AS cents
    FROM activity WHERE event_name = 'order' AND NOT is_bot AND NOT internal
        AND session_id NOT IN (SELECT session_id FROM sessions WHERE is_bot OR internal)
),
visits AS (
    SELECT person_id, epoch_us(start_time) AS began, channel, channel = 'Direct' AS direct
    FROM sessions WHERE NOT is_bot AND NOT internal
),
near AS (
    SELECT o.*, began, channel, direct, bool_and(direct) OVER (PARTITION BY event_id) AS alone
    FROM orders o LEFT JOIN visits v ON v.person_id = o.person_id
        AND v.began BETWEEN o.t - 2592000000000 AND o.t
),
path AS (
    SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY began, channel) AS i,
        count(*) OVER (PARTITION BY event_id) AS n
    FROM near WHERE channel IS NULL OR alone OR NOT direct
),
credit AS (
    SELECT period, currency, coalesce(channel, 'none') AS touch, count(channel) AS touches,
        sum(CASE WHEN i = n THEN 1000000 ELSE 0 END) AS last,
        sum(CASE WHEN i = n THEN cents ELSE 0 END) AS last_cents,
        sum(1000000 // n + CAST(i <= 1000000 % n AS INT)) AS linear,
        sum(cents // n + CAST(i <= cents % n AS INT)) AS linear_cents
    FROM path GROUP BY ALL
)
SELECT 'last' AS model, period, currency, touch, CAST(last / 1000000.0 AS DECIMAL(18,6)) AS conversions,
    CAST(CAST(last_cents AS DECIMAL(28,4)) / 100 AS DECIMAL(28,4)) AS value, touches FROM credit
UNION ALL
SELECT 'linear', period, currency, touch, CAST(linear / 1000000.0 AS DECIMAL(18,6)),
    CAST(CAST(linear_cents AS DECIMAL(28,4)) / 100 AS DECIMAL(28,4)), touches FROM credit
"""


def _begin(session: Column) -> Column:
    """Microseconds of a session's start."""
    return drawn(session, 1, _DAYS * 86_400) * 1_000_000 + F.lit(1_767_225_600_000_000)


def _activity(spark: SparkSession, events: int) -> DataFrame:
    id_ = F.col("id")
    session = F.floor(id_ / _A_SESSION).cast("BIGINT")
    at = _begin(session) + (id_ % _A_SESSION) * 7_000_000
    order = drawn(id_, 2, _AN_ORDER) == 0
    return as_table(
        "activity",
        spark.range(events).select(
            F.md5(id_.cast("STRING")).alias("event_id"),
            F.to_date(F.timestamp_micros(at)).alias("event_date"),
            F.timestamp_micros(at).alias("event_time"),
            F.when(order, "order").otherwise("page_view").alias("event_name"),
            F.md5(_person(session).cast("STRING")).alias("person_id"),
            F.md5(session.cast("STRING")).alias("session_id"),
            F.when(order, drawn(id_, 3, 30_000) / 100).cast("DECIMAL(18,4)").alias("value"),
            F.when(order, F.when(drawn(id_, 4, 4) == 0, "USD").otherwise("EUR")).alias("currency"),
            F.lit(False).alias("is_bot"),
            F.lit(False).alias("internal"),
        ),
    )


def _person(session: Column) -> Column:
    return F.floor(session / (_A_PERSON // _A_SESSION)).cast("BIGINT")


def _sessions(spark: SparkSession, events: int) -> DataFrame:
    session = F.col("id")
    return as_table(
        "sessions",
        spark.range(events // _A_SESSION).select(
            F.md5(session.cast("STRING")).alias("session_id"),
            F.md5(_person(session).cast("STRING")).alias("person_id"),
            F.timestamp_micros(_begin(session)).alias("start_time"),
            F.to_date(F.timestamp_micros(_begin(session))).alias("session_date"),
            F.element_at(
                F.array(*map(F.lit, _CHANNELS)), (drawn(session, 5, len(_CHANNELS)) + 1).cast("INT")
            ).alias("channel"),
            (drawn(session, 6, 50) == 0).alias("is_bot"),
            F.lit(False).alias("internal"),
        ),
    )
