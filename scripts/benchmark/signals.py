"""Signals from activity: all kinds in one pass, beside rage and dead clicks in DuckDB by the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row, must_agree
from benchmark.made import drawn
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import page_views, signals
from trailhouse.tables import TABLES

_NAMES = ("click", "click", "mutation", "mouse_move", "mouse_move", "heartbeat", "scroll", "error")
_A_VIEW, _A_SESSION = 8, 40

_DUCKDB = """
WITH seen AS (
    SELECT session_id, view_id, anonymous_id, event_id, event_name, event_number AS n, app_id, platform,
        event_date, epoch_us(event_time) AS t, element.x AS x, element.y AS y, element.selector AS selector,
        lower(element.tag) AS tag, element.interactive AS interactive
    FROM activity WHERE session_id IS NOT NULL AND view_id IS NOT NULL
),
linked AS (
    SELECT *, t - lag(t) OVER w <= 1000000
        AND coalesce(abs(x - lag(x) OVER w) + abs(y - lag(y) OVER w) <= 30, selector = lag(selector) OVER w)
        AS linked
    FROM seen WHERE event_name = 'click' WINDOW w AS (PARTITION BY session_id, view_id ORDER BY t, n)
),
bursts AS (
    SELECT *, sum(CASE WHEN linked THEN 0 ELSE 1 END) OVER (PARTITION BY session_id, view_id ORDER BY t, n
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS burst FROM linked
),
rage AS (
    SELECT 'rage_click' AS kind, session_id, view_id, min(t) AS start_at, max(t) AS end_at, count(*) AS size,
        arg_min(event_id, n) AS first_event_id
    FROM bursts GROUP BY session_id, view_id, burst HAVING count(*) >= 3
),
answered AS (
    SELECT *, min(
        CASE WHEN event_name IN ('click', 'heartbeat', 'mouse_move', 'media_progress', 'web_vital')
        THEN NULL ELSE t END
    ) OVER (PARTITION BY session_id, view_id ORDER BY t DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS answer_at FROM seen
),
dead AS (
    SELECT 'dead_click' AS kind, session_id, view_id, t AS start_at, t AS end_at, 1 AS size,
        event_id AS first_event_id
    FROM answered a SEMI JOIN (
        SELECT DISTINCT app_id, platform, event_date FROM activity WHERE event_name = 'mutation'
    ) told USING (app_id, platform, event_date)
    WHERE event_name = 'click' AND coalesce(answer_at - t > 2750000, true)
        AND coalesce(tag NOT IN ('input', 'textarea', 'select'), true) AND coalesce(interactive, true)
        AND NOT EXISTS (
            SELECT 1 FROM page_views v WHERE v.session_id = a.session_id
                AND v.anonymous_id IS NOT DISTINCT FROM a.anonymous_id AND v.view_id <> a.view_id
                AND v.page_view_events > 0 AND epoch_us(v.start_time) BETWEEN a.t AND a.t + 2750000)
)
SELECT * FROM rage UNION ALL SELECT * FROM dead
"""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Eight events a view, five views a session, from activity in Parquet to signals in Parquet."""
    context = Context(Settings(), "")
    source = {name: str(folder / f"signals-{name}") for name in ("activity", "page_views", "capabilities")}
    _activity(spark, events).write.mode("overwrite").parquet(source["activity"])
    made = page_views.transform({"activity": spark.read.parquet(source["activity"])}, context)
    for name, frame in made.items():
        frame.write.mode("overwrite").parquet(source[name])
    del made

    def ours() -> int:
        inputs = {name: spark.read.parquet(path) for name, path in source.items()}
        target = str(folder / "signals-ours")
        signals.transform(inputs, context)["signals"].write.mode("overwrite").parquet(target)
        return spark.read.parquet(target).where("kind IN ('rage_click', 'dead_click')").count()

    def by_duckdb() -> int:
        connection, target = duckdb.connect(), folder / "signals-duckdb.parquet"
        for name in ("activity", "page_views"):
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{source[name]}/*.parquet')"
            )
        connection.execute(f"COPY ({_DUCKDB}) TO '{target}' (FORMAT parquet)")
        (found,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()
        return int(found[0])

    stage = f"signals of all kinds, {events:,} events"
    yield Row(stage, ours, "DuckDB, rage and dead clicks", by_duckdb)
    must_agree(
        stage,
        folder / "signals-ours",
        folder / "signals-duckdb.parquet",
        "kind, session_id, view_id, size, first_event_id",
        "kind IN ('rage_click', 'dead_click')",
    )


def _activity(spark: SparkSession, events: int) -> DataFrame:
    """Sessions of some seconds a view: bursts of clicks, answers, errors, the pointer's moves."""
    id_ = F.col("id")
    session, view = F.floor(id_ / _A_SESSION).cast("BIGINT"), F.floor(id_ / _A_VIEW).cast("BIGINT")
    number = id_ % _A_SESSION

    begin = drawn(session, 1, 30 * 86_400_000_000) + F.lit(1_767_225_600_000_000)
    # Every view is quick or slow: up to 0.5 s between events, or up to 4 s.
    pace = F.when(drawn(view, 2, 3) == 0, 500_000).otherwise(4_000_000)
    at = begin + F.floor(number / _A_VIEW) * 40_000_000 + (id_ % _A_VIEW) * pace + drawn(id_, 3, 400_000)
    drawn_name = F.element_at(F.array(*map(F.lit, _NAMES)), (drawn(id_, 4, len(_NAMES)) + 1).cast("INT"))
    name = F.when(id_ % _A_VIEW == 0, "page_view").otherwise(drawn_name)
    path = F.concat(F.lit("/p"), drawn(view, 5, 40).cast("STRING"))
    element = F.struct(
        F.concat(F.lit("button.b"), drawn(view, 6, 30).cast("STRING")).alias("selector"),
        F.lit("Buy").alias("text"),
        F.lit("button").alias("tag"),
        F.lit(None).cast("STRING").alias("href"),
        (drawn(id_, 7, 10) > 0).alias("interactive"),
        F.lit(None).cast("STRUCT<x: INT, y: INT, width: INT, height: INT>").alias("box"),
        (100 + drawn(id_, 8, 40)).cast("INT").alias("x"),
        (100 + drawn(id_, 9, 40)).cast("INT").alias("y"),
    )
    pointed = name.isin("click", "mouse_move")
    size = "STRUCT<width: INT, height: INT>"
    known: dict[str, Column] = {
        "event_id": F.sha2(id_.cast("STRING"), 224),
        "event_date": F.to_date(F.timestamp_micros(at)),
        "event_time": F.timestamp_micros(at),
        "event_name": name,
        "person_id": F.md5(drawn(session, 10, max(events // 200, 1)).cast("STRING")),
        "session_id": F.md5(session.cast("STRING")),
        "view_id": F.sha2(view.cast("STRING"), 224),
        "event_number": (number + 1).cast("INT"),
        "view_number": (F.floor(number / _A_VIEW) + 1).cast("INT"),
        "session_start": F.timestamp_micros(begin),
        "run_start": F.timestamp_micros(begin),
        "platform": F.lit("web"),
        "app_id": F.lit("shop"),
        "anonymous_id": F.md5(session.cast("STRING")),
        "tab_id": F.lit("t"),
        "navigation_type": F.when(name == "page_view", "link"),
        "page_url": F.concat(F.lit("https://shop.example"), path),
        "page_path": path,
        "page_group": path,
        "scroll_offset": F.when(name == "scroll", drawn(id_, 11, 3000)).cast("INT"),
        "viewport": F.lit(None).cast(size),
        "element": F.when(pointed, element),
        "is_bot": F.lit(False),
        "internal": F.lit(False),
        "bot_reasons": F.array().cast("ARRAY<STRING>"),
    }
    nothing = {
        field.name: F.lit(None).cast(field.dataType)
        for field in TABLES["activity"].schema.fields
        if field.name not in known
    }
    return spark.range(events).select(*[column.alias(one) for one, column in {**known, **nothing}.items()])
