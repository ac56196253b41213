"""Pages against what is expected of them, beside the same figures in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row, must_agree
from benchmark.made import as_table, drawn
from trailhouse.questions.pages import pages
from trailhouse.settings import Project
from trailhouse.signals.registry import BY_NAME, STRUGGLES
from trailhouse.tables import TABLES
from trailhouse.tables.signals import KINDS

_GROUPS, _CHANNELS, _DEVICES, _DAYS = 60, 8, ("desktop", "mobile", "tablet"), 30
_A_SESSION, _A_SIGNAL = 4, 25
"""Views of a session, and views to a signal."""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Four events a view, four views a session; from Parquet to Parquet."""
    views = events // 4
    sources = {
        "page_views": _views(spark, views),
        "sessions": _sessions(spark, views),
        "signals": _signals(spark, views),
    }
    for name, frame in sources.items():
        frame.write.mode("overwrite").parquet(str(folder / "pages" / name))

    def ours() -> int:
        frames = (spark.read.parquet(str(folder / "pages" / name)) for name in sources)
        found = TABLES["pages"].select(pages(*frames, Project(), KINDS))
        found.write.mode("overwrite").parquet(str(folder / "pages" / "ours"))
        return spark.read.parquet(str(folder / "pages" / "ours")).count()

    def by_duckdb() -> int:
        target = folder / "pages" / "duckdb.parquet"
        connection = duckdb.connect()
        for name in sources:
            files = folder / "pages" / name / "*.parquet"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}')")
        connection.execute(f"COPY ({_in_duckdb()}) TO '{target}' (FORMAT parquet)")
        (found,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()
        return int(found[0])

    stage = f"pages, {views:,} views"
    yield Row(stage, ours, "DuckDB, same figures", by_duckdb)
    counts = "views, sessions, persons, entries, exits, bounces, dwell_us, engaged_us, friction_sessions"
    counts += "".join(f", {kind}_sessions" for kind in KINDS)
    # Half a microsecond is rounded up here, and left there.
    medians = "CAST(floor(median_dwell_us + 0.5) AS BIGINT), CAST(floor(median_scroll_pct + 0.5) AS BIGINT)"
    keys = "page_group, device_type, period"
    must_agree(
        stage, folder / "pages" / "ours", folder / "pages" / "duckdb.parquet", f"{keys}, {counts}, {medians}"
    )


def _in_duckdb() -> str:
    """The counts, persons, medians and expected exits and bounces, as one query."""
    kinds = ",\n".join(f"bool_or(kind = '{kind}') AS {kind}" for kind in KINDS)
    of_pair = ",\n".join(f"bool_or(coalesce({kind}, false)) AS {kind}" for kind in KINDS)
    counted = ",\n".join(f"count_if({kind}) AS {kind}_sessions" for kind in KINDS)
    summed = ",\n".join(f"sum({kind}_sessions) AS {kind}_sessions" for kind in KINDS)
    hurt = " OR ".join(kind.name for kind in STRUGGLES)
    return f"""
    WITH visits AS (SELECT session_id, person_id, device.type AS device_type, channel, is_bounce,
            CAST(CAST(date_trunc('week', session_date) AS DATE) AS VARCHAR) AS week FROM sessions
            WHERE NOT is_bot AND NOT internal),
        seen AS (SELECT v.*, s.person_id AS person, s.device_type AS device, channel, is_bounce, week
            FROM page_views v JOIN visits s USING (session_id) WHERE page_group IS NOT NULL),
        hurt AS (SELECT session_id, view_id, {kinds} FROM signals GROUP BY ALL),
        pairs AS (SELECT page_group, session_id, device, channel, week, count(*) AS views,
            bool_or(is_entry) AS entered, bool_or(is_exit) AS gone,
            bool_or(is_entry AND is_bounce) AS bounced, sum(dwell_us) AS dwell_us,
            sum(engaged_us) AS engaged_us, count(max_scroll_pct) AS scrolled,
            sum(max_scroll_pct) AS scroll_pct, {of_pair}
            FROM seen LEFT JOIN hurt USING (session_id, view_id) GROUP BY ALL),
        by_period AS (SELECT * EXCLUDE week, unnest(['all', week]) AS period FROM pairs),
        cells AS (SELECT page_group, device, channel, period, sum(views) AS views,
            count(*) AS sessions, count_if(entered) AS entries, count_if(gone) AS exits,
            count_if(bounced) AS bounces, sum(dwell_us) AS dwell_us, sum(engaged_us) AS engaged_us,
            sum(scrolled) AS scrolled, sum(scroll_pct) AS scroll_pct, {counted},
            count_if({hurt}) AS friction_sessions
            FROM by_period GROUP BY ALL),
        expected AS (SELECT *, sessions * sum(exits) OVER w / sum(sessions) OVER w AS expected_exits,
            entries * sum(bounces) OVER w / nullif(sum(entries) OVER w, 0) AS expected_bounces
            FROM cells WINDOW w AS (PARTITION BY device, channel, period)),
        by_device AS (SELECT *, unnest(['all', device]) AS device_type FROM expected),
        counts AS (SELECT page_group, device_type, period, sum(views) AS views,
            sum(sessions) AS sessions, sum(entries) AS entries, sum(exits) AS exits,
            sum(bounces) AS bounces, sum(dwell_us) AS dwell_us, sum(engaged_us) AS engaged_us,
            sum(scrolled) AS scrolled, sum(scroll_pct) AS scroll_pct, {summed},
            sum(friction_sessions) AS friction_sessions, sum(expected_exits) AS expected_exits,
            sum(expected_bounces) AS expected_bounces FROM by_device GROUP BY ALL),
        twice AS (SELECT page_group, unnest(['all', device]) AS device_type, week, person, dwell_us,
            max_scroll_pct FROM seen),
        four AS (SELECT * EXCLUDE week, unnest(['all', week]) AS period FROM twice),
        spread AS (SELECT page_group, device_type, period, count(DISTINCT person) AS persons,
            median(dwell_us) AS median_dwell_us, median(max_scroll_pct) AS median_scroll_pct
            FROM four GROUP BY ALL)
    SELECT * FROM counts JOIN spread USING (page_group, device_type, period)"""


def _keys(number: Column) -> list[Column]:
    session = F.floor(number / _A_SESSION)
    return [
        F.sha2(session.cast("string"), 256).substr(1, 32).alias("session_id"),
        F.sha2(number.cast("string"), 256).substr(1, 32).alias("view_id"),
    ]


def _views(spark: SparkSession, views: int) -> DataFrame:
    number, place = F.col("id"), F.col("id") % _A_SESSION
    # Pages are of very different size, as they are on real sites.
    page = F.floor(F.pow(drawn(number, 1, 1000) / 1000, 3) * _GROUPS)
    return as_table(
        "page_views",
        spark.range(views).select(
            *_keys(number),
            F.concat(F.lit("/page/"), page.cast("string")).alias("page_group"),
            drawn(number, 2, 120_000_000).alias("dwell_us"),
            drawn(number, 3, 60_000_000).alias("engaged_us"),
            F.when(drawn(number, 4, 10) > 0, drawn(number, 5, 101).cast("int")).alias("max_scroll_pct"),
            (place == 0).alias("is_entry"),
            (place == _A_SESSION - 1).alias("is_exit"),
        ),
    )


def _sessions(spark: SparkSession, views: int) -> DataFrame:
    number = F.col("id")
    device = F.element_at(F.array(*map(F.lit, _DEVICES)), (drawn(number, 6, len(_DEVICES)) + 1).cast("int"))
    made = spark.range(views // _A_SESSION).select(
        F.sha2(number.cast("string"), 256).substr(1, 32).alias("session_id"),
        F.sha2(drawn(number, 7, max(views // 12, 1)).cast("string"), 256).substr(1, 32).alias("person_id"),
        F.date_add(F.lit("2026-03-02").cast("date"), drawn(number, 8, _DAYS).cast("int")).alias(
            "session_date"
        ),
        F.concat(F.lit("Channel "), drawn(number, 9, _CHANNELS).cast("string")).alias("channel"),
        F.struct(device.alias("type"), F.lit("b").alias("browser"), F.lit("o").alias("os")).alias("device"),
        (drawn(number, 10, 10) < 3).alias("is_bounce"),
        *(F.lit(0).cast("bigint").alias(BY_NAME[kind].counted_as) for kind in KINDS),
        (drawn(number, 11, 50) == 0).alias("is_bot"),
        F.lit(False).alias("internal"),
    )
    return as_table("sessions", made)


def _signals(spark: SparkSession, views: int) -> DataFrame:
    number = F.col("id") * _A_SIGNAL
    kind = F.element_at(F.array(*map(F.lit, KINDS)), (drawn(number, 12, len(KINDS)) + 1).cast("int"))
    return as_table("signals", spark.range(views // _A_SIGNAL).select(*_keys(number), kind.alias("kind")))
