"""Who comes back: retention, lifecycle and engagement, beside hand-written SQL with the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.questions.asked import Asked
from trailhouse.questions.engagement import daily
from trailhouse.questions.lifecycle import answer as lifecycle
from trailhouse.questions.retention import answer as retention
from trailhouse.settings import Lifecycle, Project, Retention
from trailhouse.tables import TABLES

_EVENTS_A_DAY, _DAYS_A_PERSON, _DAYS, _WEEKS = 5, 10, 120, 12
_NAMES = ("page_view", "click", "scroll", "order")
_START = "2026-01-05"
_NOW = f"TIMESTAMP '{_START} 00:00:00' + INTERVAL {_DAYS} DAY"


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Five events a person and day, ten days a person over 120; from Parquet to Parquet."""
    home = folder / "returns"
    sources = {"activity": _activity(spark, events), "sessions": _sessions(spark, events)}
    for name, frame in sources.items():
        frame.write.mode("overwrite").parquet(str(home / name))
    _person_days(spark.read.parquet(str(home / "activity"))).write.mode("overwrite").parquet(
        str(home / "person_days")
    )
    watermark = spark.sql(f"SELECT {_NOW} AS watermark")

    def frames() -> dict[str, DataFrame]:
        read = {
            name: spark.read.parquet(str(home / name)) for name in ("activity", "sessions", "person_days")
        }
        return {**read, "watermark": watermark}

    weekly = Retention(name="any", periods=_WEEKS)
    named = Retention(name="named", start="page_view", event="order", periods=_WEEKS)
    states = Lifecycle(name="states")
    days = f"{events // _EVENTS_A_DAY:,} person days"
    cases: tuple[tuple[str, Callable[[], DataFrame], str, str], ...] = (
        (
            f"retention 12 weeks, {days}",
            lambda: TABLES["retention"].select(retention(weekly, Asked(frames()))),
            "cohort, period, cohort_size, units, unbounded",
            _retention_sql(_ANY, _ANY),
        ),
        (
            f"retention of 2 events, {events:,} rows",
            lambda: TABLES["retention"].select(retention(named, Asked(frames()))),
            "cohort, period, cohort_size, units, unbounded",
            _retention_sql(_of("page_view"), _of("order")),
        ),
        (
            f"lifecycle by week, {days}",
            lambda: TABLES["lifecycle"].select(lifecycle(states, Asked(frames()))),
            'date, active, new, "returning", resurrecting, dormant',
            _LIFECYCLE_SQL,
        ),
        (
            f"engagement by day, {days}",
            lambda: TABLES["engagement"].select(
                daily(frames()["person_days"], frames()["sessions"], watermark, Project())
            ),
            "day, active_persons, new_persons, wau, mau, sessions, bounces",
            _ENGAGEMENT_SQL,
        ),
    )
    for stage, answer, columns, sql in cases:
        yield Row(
            stage,
            lambda answer=answer: _ours(spark, home, answer()),
            "DuckDB, same numbers",
            lambda columns=columns, sql=sql: _peer(home, columns, sql),
        )


def _ours(spark: SparkSession, home: Path, answer: DataFrame) -> int:
    answer.write.mode("overwrite").parquet(str(home / "ours"))
    return spark.read.parquet(str(home / "ours")).count()


def _peer(home: Path, columns: str, sql: str) -> int:
    """DuckDB's answer, which must be ours of just before."""
    connection = duckdb.connect()
    for name in ("activity", "sessions", "person_days"):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{home / name / '*.parquet'}')")
    target = home / "duckdb.parquet"
    connection.execute(f"COPY (SELECT {columns} FROM ({sql})) TO '{target}' (FORMAT parquet)")
    ours, theirs = (
        f"(SELECT {columns} FROM read_parquet('{path}'))" for path in (home / "ours" / "*.parquet", target)
    )
    (differ,) = connection.execute(
        f"SELECT count(*) FROM ((FROM {ours} EXCEPT ALL FROM {theirs}) UNION ALL "
        f"(FROM {theirs} EXCEPT ALL FROM {ours}))"
    ).fetchall()
    if differ[0]:
        raise AssertionError(f"{differ[0]} rows differ from DuckDB's")
    (found,) = connection.execute(f"SELECT count(*) FROM {theirs}").fetchall()
    return int(found[0])


_ANY = (
    "SELECT person_id, first_time, last_time, CAST(date_trunc('week', day) AS DATE) AS week FROM person_days"
)


def _of(name: str) -> str:
    return (
        "SELECT person_id, event_time AS first_time, event_time AS last_time, "
        "CAST(date_trunc('week', event_time) AS DATE) AS week FROM activity "
        f"WHERE event_name = '{name}' AND NOT is_bot AND NOT internal AND session_id NOT IN "
        "(SELECT session_id FROM sessions WHERE is_bot OR internal)"
    )


def _retention_sql(starts: str, returns: str) -> str:
    return f"""
    WITH first AS (SELECT person_id, min(first_time) AS began, min(week) AS cohort FROM ({starts})
            GROUP BY ALL),
        back AS (SELECT DISTINCT person_id, cohort, date_diff('day', cohort, week) // 7 AS period
            FROM first JOIN ({returns}) USING (person_id) WHERE last_time >= began),
        size AS (SELECT cohort, count(*) AS cohort_size FROM first GROUP BY ALL),
        on_it AS (SELECT cohort, period, count(*) AS units FROM back GROUP BY ALL),
        final AS (SELECT person_id, cohort, max(period) AS final FROM back GROUP BY ALL),
        later AS (SELECT cohort, n AS period, count(*) AS unbounded FROM final, range({_WEEKS + 1}) AS r(n)
            WHERE final >= n GROUP BY ALL)
    SELECT size.cohort, CAST(n AS INTEGER) AS period, cohort_size, coalesce(units, 0) AS units,
        coalesce(unbounded, 0) AS unbounded FROM size, range({_WEEKS + 1}) AS r(n)
        LEFT JOIN on_it ON on_it.cohort = size.cohort AND on_it.period = n
        LEFT JOIN later ON later.cohort = size.cohort AND later.period = n
    WHERE size.cohort + CAST(n * 7 AS INTEGER) <= {_NOW}"""


_LIFECYCLE_SQL = f"""
    WITH weeks AS (SELECT DISTINCT person_id, CAST(date_trunc('week', day) AS DATE) AS week FROM person_days),
        near AS (SELECT week, lag(week) OVER w AS before, lead(week) OVER w AS after FROM weeks
            WINDOW w AS (PARTITION BY person_id ORDER BY week)),
        here AS (SELECT week AS date, count(*) AS active, count_if(before IS NULL) AS new,
            count_if(before = week - 7) AS "returning", count_if(before < week - 7) AS resurrecting
            FROM near GROUP BY ALL),
        gone AS (SELECT week + 7 AS date, count(*) AS dormant FROM near
            WHERE after IS NULL OR after > week + 7 GROUP BY ALL)
    SELECT date, coalesce(active, 0) AS active, coalesce(new, 0) AS new,
        coalesce("returning", 0) AS "returning",
        coalesce(resurrecting, 0) AS resurrecting, coalesce(dormant, 0) AS dormant
    FROM here FULL JOIN gone USING (date) WHERE date <= {_NOW}"""

_ENGAGEMENT_SQL = """
    WITH days AS (SELECT person_id, day, lead(day) OVER w AS next, lag(day) OVER w IS NULL AS first
            FROM person_days WINDOW w AS (PARTITION BY person_id ORDER BY day)),
        counted AS (SELECT day, count(*) AS active_persons, count_if(first) AS new_persons FROM days
            GROUP BY ALL),
        seven AS (SELECT day + CAST(n AS INTEGER) AS day, count(*) AS wau FROM days, range(7) AS r(n)
            WHERE next IS NULL OR day + CAST(n AS INTEGER) < next GROUP BY ALL),
        month AS (SELECT day + CAST(n AS INTEGER) AS day, count(*) AS mau FROM days, range(28) AS r(n)
            WHERE next IS NULL OR day + CAST(n AS INTEGER) < next GROUP BY ALL),
        visits AS (SELECT session_date AS day, count(*) AS sessions, count_if(is_bounce) AS bounces
            FROM sessions WHERE NOT is_bot AND NOT internal GROUP BY ALL)
    SELECT day, coalesce(active_persons, 0) AS active_persons, coalesce(new_persons, 0) AS new_persons,
        coalesce(wau, 0) AS wau, coalesce(mau, 0) AS mau, coalesce(sessions, 0) AS sessions,
        coalesce(bounces, 0) AS bounces
    FROM (SELECT CAST(unnest(range(min(day), max(day) + 1, INTERVAL 1 DAY)) AS DATE) AS day FROM counted)
        LEFT JOIN counted USING (day) LEFT JOIN seven USING (day) LEFT JOIN month USING (day)
        LEFT JOIN visits USING (day)"""


def _visit(number: Column, events: int) -> tuple[Column, Column, Column]:
    """Session, person and day of a person's day of this number; each person's days lie around an own one."""
    persons = max(events // _EVENTS_A_DAY // _DAYS_A_PERSON, 1)
    person = number % persons
    since = drawn(person, 3, _DAYS)
    spread = (drawn(number, 4, _DAYS) * drawn(number, 5, _DAYS) / _DAYS).cast("INT")
    day = F.date_add(F.lit(_START).cast("DATE"), F.least(since + spread, F.lit(_DAYS - 1)).cast("INT"))
    return (
        F.sha2(number.cast("STRING"), 256).substr(1, 32),
        F.sha2(person.cast("STRING"), 256).substr(1, 32),
        day,
    )


def _activity(spark: SparkSession, events: int) -> DataFrame:
    visit = F.floor(F.col("id") / _EVENTS_A_DAY)
    session, person, day = _visit(visit, events)
    seconds = drawn(visit, 6, 80_000) + F.col("id") % _EVENTS_A_DAY * 60
    made = spark.range(events).select(
        session.alias("session_id"),
        person.alias("person_id"),
        day.alias("event_date"),
        F.timestamp_seconds(F.unix_timestamp(day.cast("TIMESTAMP")) + seconds).alias("event_time"),
        F.element_at(
            F.array(*map(F.lit, _NAMES)), (drawn(F.col("id"), 7, len(_NAMES)) + 1).cast("INT")
        ).alias("event_name"),
        F.sha2(F.concat(F.lit("e"), F.col("id").cast("STRING")), 256).alias("event_id"),
        F.lit(False).alias("is_bot"),
        F.lit(False).alias("internal"),
    )
    return as_table("activity", made)


def _sessions(spark: SparkSession, events: int) -> DataFrame:
    """A session a person's day; a few of own staff, on further days of the same persons."""
    session, person, day = _visit(F.col("id"), events)
    internal = drawn(F.col("id"), 8, 50) == 0
    made = spark.range(events // _EVENTS_A_DAY).select(
        session.alias("session_id"),
        person.alias("person_id"),
        day.alias("session_date"),
        F.lit(False).alias("is_bot"),
        internal.alias("internal"),
        F.lit(False).alias("converted"),
        (drawn(F.col("id"), 9, 10) < 3).alias("is_bounce"),
        F.lit(3).cast("BIGINT").alias("views"),
        F.lit(30_000_000).cast("BIGINT").alias("engaged_us"),
    )
    return as_table("sessions", made)


def _person_days(activity: DataFrame) -> DataFrame:
    made = activity.groupBy("person_id", F.col("event_date").alias("day")).agg(
        F.min("event_time").alias("first_time"),
        F.max("event_time").alias("last_time"),
        F.count("*").alias("events"),
    )
    return as_table("person_days", made)
