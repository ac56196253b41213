"""Paths and a trend by device from activity, beside DuckDB's hand-written SQL for the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.questions import paths, trends
from trailhouse.questions.asked import Asked
from trailhouse.settings.questions import Paths, Trend
from trailhouse.tables import TABLES

_NAMES = ("page_view", "click", "click", "scroll", "mouse_move", "mouse_move", "heartbeat", "heartbeat")
_A_SESSION, _PAGES, _DEVICES, _DAYS = 40, 60, ("desktop", "mobile", "tablet"), 30

FLOW = Paths(name="flow", steps=5, node_limit=10, path_limit=10)
BUYERS = Trend.model_validate(
    {
        "name": "buyers",
        "series": [
            {"name": "orders", "event": "order"},
            {"name": "visitors", "event": "page_view", "measure": "units"},
        ],
        "formulas": [{"name": "rate", "formula": "orders / visitors * 100"}],
        "breakdowns": ["device_type"],
    }
)

_PEOPLE = (
    "FROM activity ANTI JOIN (SELECT session_id FROM sessions WHERE is_bot OR internal) USING (session_id)"
)
_FLOW_SQL = f"""
WITH seen AS (SELECT person_id AS u, session_id AS s, epoch_us(event_time) AS t, event_id AS id,
        page_group AS node {_PEOPLE} WHERE event_name = 'page_view' AND NOT is_bot AND NOT internal),
    merged AS (SELECT * FROM seen
        QUALIFY node IS DISTINCT FROM lag(node) OVER (PARTITION BY u, s ORDER BY t, id)),
    numbered AS (SELECT *, row_number() OVER w AS p, lag(node) OVER w AS came, lead(node) OVER w AS goes,
        lead(t) OVER w AS later FROM merged WINDOW w AS (PARTITION BY u, s ORDER BY t, id) QUALIFY p <= 5),
    known AS (SELECT *, list(node) OVER (PARTITION BY u, s ORDER BY p) AS been FROM numbered),
    top AS (SELECT p, node FROM numbered GROUP BY p, node
        QUALIFY row_number() OVER (PARTITION BY p ORDER BY count(DISTINCT u) DESC, node) <= 10),
    links AS (
        SELECT u, 'begin' AS kind, 0 AS step, NULL AS source, node AS target, NULL AS us, false AS loop,
            false AS u_turn FROM known WHERE p = 1
        UNION ALL SELECT u, 'edge', p, node, goes, later - t, list_contains(been, goes),
            coalesce(came = goes, false) FROM known WHERE p < 5 AND goes IS NOT NULL
        UNION ALL SELECT u, if(goes IS NULL, 'end', 'cut'), p, node, NULL, NULL, false, false
            FROM known WHERE goes IS NULL OR p = 5),
    lumped AS (SELECT u, kind, step,
        if(source IS NULL, NULL, if(a.node IS NULL, 'other', source)) AS source,
        if(target IS NULL, NULL, if(b.node IS NULL, 'other', target)) AS target, us, loop, u_turn
        FROM links LEFT JOIN top a ON a.p = step AND a.node = source
        LEFT JOIN top b ON b.p = step + 1 AND b.node = target),
    whole AS (SELECT u, list(node ORDER BY p) AS path, max(t) - min(t) AS us FROM numbered GROUP BY u, s)
SELECT kind, step, source, target, NULL AS path, count(DISTINCT u) AS units, count(*) AS paths,
    count_if(loop) AS loops, count_if(u_turn) AS u_turns, round(median(us))::BIGINT AS median_us
    FROM lumped GROUP BY ALL
UNION ALL SELECT * FROM (SELECT 'path', NULL, NULL, NULL, path, count(DISTINCT u) AS units, count(*) AS paths,
    count_if(len(list_distinct(path)) < len(path)),
    count_if(len(list_filter(path, lambda x, i: i > 2 AND x = path[i - 2])) > 0), round(median(us))::BIGINT
    FROM whole GROUP BY path ORDER BY units DESC, paths DESC, path LIMIT 10)
"""
_TREND_SQL = f"""
WITH seen AS (SELECT person_id AS u, event_time::DATE AS day, event_name AS name,
        unnest(['all', coalesce(device.type, 'unknown')]) AS value {_PEOPLE}
        WHERE event_name IN ('order', 'page_view') AND NOT is_bot AND NOT internal),
    counted AS (SELECT value, day, count_if(name = 'order') AS orders,
        count(DISTINCT u) FILTER (name = 'page_view') AS visitors FROM seen GROUP BY ALL)
SELECT 'orders' AS series, value, day, orders::DOUBLE FROM counted
UNION ALL SELECT 'visitors', value, day, visitors FROM counted
UNION ALL SELECT 'rate', value, day, orders / visitors * 100 FROM counted
"""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Forty events a session, one in eight of them a page view; from Parquet to the answer's rows."""
    at = folder / "ways"
    _activity(spark, events).write.mode("overwrite").parquet(str(at / "activity"))
    _sessions(spark, events // _A_SESSION).write.mode("overwrite").parquet(str(at / "sessions"))
    told: dict[str, list[tuple[Any, ...]]] = {}

    def asked() -> Asked:
        frames = {name: spark.read.parquet(str(at / name)) for name in ("activity", "sessions")}
        frames["watermark"] = spark.createDataFrame([("2026-03-31 23:00:00",)], "at STRING").selectExpr(
            "CAST(at AS TIMESTAMP) AS watermark"
        )
        return Asked(frames)

    def in_duckdb(sql: str) -> list[tuple[Any, ...]]:
        connection = duckdb.connect()
        for name in ("activity", "sessions"):
            files = at / name / "*.parquet"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}')")
        return connection.execute(sql).fetchall()

    def flow() -> int:
        found = TABLES["paths"].select(paths.answer(FLOW, asked()))
        wanted = [
            "kind",
            "step",
            "source",
            "target",
            "path",
            "units",
            "paths",
            "loops",
            "u_turns",
            "median_us",
        ]
        told["flow"] = [tuple(row) for row in found.select(*wanted).collect()]
        return len(told["flow"])

    def flow_by_duckdb() -> int:
        found = in_duckdb(_FLOW_SQL)
        assert sorted(map(repr, found)) == sorted(map(repr, told["flow"])), "DuckDB tells other paths"
        return len(found)

    def trend() -> int:
        found = TABLES["trends"].select(trends.answer(BUYERS, asked()))
        told["trend"] = [
            (row["series"], row["breakdown"], row["date"], float(row["value"])) for row in found.collect()
        ]
        return len(told["trend"])

    def trend_by_duckdb() -> int:
        found = in_duckdb(_TREND_SQL)
        ours = {row[:3]: row[3] for row in told["trend"]}
        assert {row[:3] for row in found} == set(ours), "DuckDB tells of other periods"
        assert all(abs(ours[row[:3]] - row[3]) < 1e-6 for row in found), "DuckDB tells other figures"
        return len(found)

    yield Row(f"paths, {events:,} rows", flow, "DuckDB, same rows", flow_by_duckdb)
    yield Row(f"trend, {events:,} rows", trend, "DuckDB, same rows", trend_by_duckdb)


def _id(number: Column) -> Column:
    return F.sha2(number.cast("string"), 256).substr(1, 32)


def _activity(spark: SparkSession, events: int) -> DataFrame:
    number, session = F.col("id"), F.floor(F.col("id") / _A_SESSION)
    name = F.element_at(F.array(*map(F.lit, _NAMES)), (number % len(_NAMES) + 1).cast("int"))
    name = F.when((number % _A_SESSION == _A_SESSION - 1) & (drawn(session, 1, 10) == 0), "order").otherwise(
        name
    )
    device = F.element_at(F.array(*map(F.lit, _DEVICES)), (drawn(session, 2, len(_DEVICES)) + 1).cast("int"))
    # No visit reaches into a day beyond the last.
    begin = F.lit(1_772_409_600) + drawn(session, 3, _DAYS * 86_400 - 600)
    time = F.timestamp_micros(
        begin * 1_000_000 + number % _A_SESSION * 7_000_000 + drawn(number, 4, 5_000_000)
    )
    page = F.floor(F.pow(drawn(F.floor(number / len(_NAMES)), 5, 1000) / 1000, 3) * _PAGES)
    return as_table(
        "activity",
        spark.range(events).select(
            _id(F.pmod(F.xxhash64(session), F.lit(max(events // _A_SESSION // 3, 1)))).alias("person_id"),
            _id(session).alias("session_id"),
            _id(number).alias("event_id"),
            time.alias("event_time"),
            F.to_date(time).alias("event_date"),
            name.alias("event_name"),
            F.concat(F.lit("/page/"), page.cast("string")).alias("page_group"),
            F.struct(device.alias("type"), F.lit("b").alias("browser"), F.lit("o").alias("os")).alias(
                "device"
            ),
            F.lit(False).alias("is_bot"),
            F.lit(False).alias("internal"),
        ),
    )


def _sessions(spark: SparkSession, sessions: int) -> DataFrame:
    return as_table(
        "sessions",
        spark.range(sessions).select(
            _id(F.col("id")).alias("session_id"),
            (drawn(F.col("id"), 6, 50) == 0).alias("is_bot"),
            F.lit(False).alias("internal"),
        ),
    )
