"""Maps of pages from activity: beside DuckDB, for the bins of clicks alone and for all maps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row, must_agree
from benchmark.sessions import resolved_events
from trailhouse.columns import micros
from trailhouse.questions.elements import clicked_elements
from trailhouse.questions.heatmap import bins
from trailhouse.questions.map_views import views_of_people
from trailhouse.questions.scroll_map import scroll_bands
from trailhouse.settings import Maps, Project

VIEW = "session_id, view_id"
MAP = "page_group, device_type, viewport_band, day"

_PLACED = """
    views AS (
        SELECT v.session_id, view_id, person_id, page_group, device_type, viewport_width, viewport_height,
            document_height, max_scroll_pct, is_exit AS gone, converted, CAST(start_time AS DATE) AS day,
            CASE WHEN viewport_width < 480 THEN '<480' WHEN viewport_width < 768 THEN '480-767'
            WHEN viewport_width < 1280 THEN '768-1279' ELSE '>=1280' END AS viewport_band
        FROM page_views v JOIN sessions s ON v.session_id = s.session_id
        WHERE NOT v.is_bot AND NOT v.internal AND NOT s.is_bot AND NOT s.internal),
    points AS (
        SELECT v.*, event_number, event_time, element.x AS x, element.y AS y, element.selector AS selector,
            element.text AS words, element.href AS href, viewport.width AS width, lead(event_time) OVER
            (PARTITION BY a.session_id, a.view_id ORDER BY event_number) AS following,
            CASE WHEN event_name = 'mouse_move' THEN 'move'
            WHEN NOT element.interactive THEN 'click_inert' ELSE 'click' END AS kind
        FROM activity a JOIN views v ON a.session_id = v.session_id AND a.view_id = v.view_id
        WHERE event_name IN (NAMES)),
    placed AS (
        SELECT *, least(floor(x * 100 / width), 99) AS x_bin, y // 16 AS y_bin FROM points
        WHERE width > 0 AND x BETWEEN 0 AND width AND y BETWEEN 0 AND document_height
        AND x <> 65535 AND y <> 65535)"""

_BINS = f"""
    cells AS (
        SELECT {VIEW}, {MAP}, kind, x_bin, y_bin, gone, converted, count(*) AS points, sum(CASE WHEN
            kind = 'move' THEN least(coalesce(epoch_us(following) - epoch_us(event_time), 0), 10000000) END)
            AS dwell_us FROM placed GROUP BY ALL)
    SELECT {MAP}, kind, x_bin, y_bin, sum(points) AS points, count(*) AS views,
        coalesce(sum(points) FILTER (gone), 0) AS points_left,
        coalesce(sum(points) FILTER (converted), 0) AS points_converted, sum(dwell_us) AS dwell_us
    FROM cells GROUP BY ALL"""

_DEPTHS = f"""
    shown AS (
        SELECT v.*, least(greatest(coalesce(last_value(scroll_offset IGNORE NULLS) OVER so_far, 0), 0),
            document_height - viewport_height) AS top,
            least(coalesce(epoch_us(lead(event_time) OVER in_view) - epoch_us(event_time), 0), 30000000)
            AS gap
        FROM activity a JOIN views v ON a.session_id = v.session_id AND a.view_id = v.view_id
        WINDOW in_view AS (PARTITION BY a.session_id, a.view_id ORDER BY event_number), so_far AS (
            PARTITION BY a.session_id, a.view_id ORDER BY event_number ROWS UNBOUNDED PRECEDING)),
    facts AS (
        SELECT {MAP}, unnest(range(top * 20 // document_height,
            ((top + viewport_height) * 20 + document_height - 1) // document_height)) + 1 AS step,
            0 AS n, 0 AS reached, gap, gone, converted FROM shown WHERE gap > 0
        UNION ALL
        SELECT {MAP}, step, 1, CASE WHEN max_scroll_pct >= 5 * step THEN 1 ELSE 0 END, 0, gone, converted
        FROM views, (SELECT unnest(range(1, 21)) AS step) steps)
    SELECT {MAP}, step * 5 AS depth, sum(n) AS views, sum(reached) AS reached, sum(gap) AS attention_us,
        sum(n) FILTER (gone) AS views_left, sum(reached) FILTER (gone) AS reached_left,
        sum(gap) FILTER (gone) AS attention_left_us, sum(reached) FILTER (converted) AS reached_converted,
        sum(gap) FILTER (converted) AS attention_converted_us
    FROM facts GROUP BY ALL"""

_ELEMENTS = """
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY session_id, view_id ORDER BY event_number) AS place
        FROM points WHERE kind <> 'move'),
    named AS (
        SELECT *, unnest(['page', 'selector', 'text', 'link']) AS named_by,
            unnest([page_group, selector, words, href]) AS element FROM ranked),
    first AS (
        SELECT session_id, view_id, page_group, device_type, day, person_id, gone, converted, named_by,
            element, count(*) AS clicks, min(place) AS place
        FROM named WHERE element IS NOT NULL GROUP BY ALL)
    SELECT page_group, device_type, day, named_by, element, sum(clicks) AS clicks, count(*) AS views,
        count(DISTINCT person_id) AS persons, count(*) FILTER (place = 1) AS first_clicks,
        sum(place) AS order_sum, count(*) FILTER (gone) AS views_left,
        count(*) FILTER (converted) AS views_converted
    FROM first GROUP BY ALL"""

_COMPARED = {
    "bins": f"{MAP}, kind, x_bin, y_bin, points, views, points_left, points_converted, dwell_us",
    "depths": f"{MAP}, depth, views, reached, attention_us, coalesce(views_left, 0), "
    "coalesce(reached_left, 0), coalesce(attention_left_us, 0), coalesce(reached_converted, 0), "
    "coalesce(attention_converted_us, 0)",
    # Pages that nobody clicked on have rows here alone.
    "elements": "page_group, device_type, day, named_by, element, clicks, views, persons, first_clicks, "
    "order_sum, views_left, views_converted",
}
"""By result, what both sides tell of each row."""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """From activity, page views and sessions in Parquet to maps in Parquet."""
    source = folder / "maps"
    _write(spark, source, events)

    def read(name: str) -> DataFrame:
        return spark.read.parquet(str(source / name))

    def clicks() -> int:
        views = views_of_people(read("page_views"), read("sessions"), Project())
        activity = read("activity").where("event_name = 'click'")
        return _written(bins(activity, views, micros(Maps().dwell_cap)), folder / "click_bins")

    def everything() -> int:
        views = views_of_people(read("page_views"), read("sessions"), Project())
        activity = read("activity")
        made = {
            "bins": bins(activity, views, micros(Maps().dwell_cap)),
            "depths": scroll_bands(activity, views, 30_000_000),
            "elements": clicked_elements(activity, views),
        }
        return sum(_written(frame, folder / name) for name, frame in made.items())

    def in_duckdb(*queries: str, names: str) -> int:
        connection = duckdb.connect()
        for name in ("activity", "page_views", "sessions"):
            connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{source}/{name}/*.parquet')")
        found = 0
        for number, query in enumerate(queries):
            target = folder / f"duckdb_{number}.parquet"
            steps = _PLACED.replace("NAMES", names)
            connection.execute(f"COPY (WITH {steps}, {query}) TO '{target}' (FORMAT parquet)")
            (counted,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()
            found += int(counted[0])
        return found

    name, peer = f"maps, {events:,} events", "DuckDB, same rules"
    yield Row(f"click {name}", clicks, peer, lambda: in_duckdb(_BINS, names="'click'"))
    must_agree(f"click {name}", folder / "click_bins", folder / "duckdb_0.parquet", _COMPARED["bins"])
    all_three, both = (_BINS, _DEPTHS, _ELEMENTS), "'click', 'mouse_move'"
    yield Row(f"all {name}", everything, peer, lambda: in_duckdb(*all_three, names=both))
    for number, (table, columns) in enumerate(_COMPARED.items()):
        where = "clicks > 0" if table == "elements" else "true"
        must_agree(
            f"all {name}, {table}", folder / table, folder / f"duckdb_{number}.parquet", columns, where
        )


def _write(spark: SparkSession, folder: Path, events: int) -> None:
    """Visits of eight events as one view each, on forty pages."""
    place = F.pmod(F.xxhash64("event_id"), F.lit(1000)).cast("int")
    session = F.floor(F.substring("event_id", 2, 20).cast("bigint") / 8)
    pointed = F.col("event_name").isin("click", "mouse_move")
    kind = F.concat(F.lit("#e"), (place % 50).cast("string"))
    element = F.struct(
        kind.alias("selector"),
        F.concat(F.lit("Go "), kind).alias("text"),
        F.when(place % 3 == 0, F.lit("/cart")).alias("href"),
        (place % 5 != 0).alias("interactive"),
        place.alias("x"),
        (place * 3).alias("y"),
    )
    size = F.struct(F.lit(1000).alias("width"), F.lit(800).alias("height"))
    in_view = "row_number() OVER (PARTITION BY session_id ORDER BY event_time, event_id)"
    activity = (
        resolved_events(spark, events, 0, max(events // 40, 1))
        .withColumn("session_id", F.concat(F.lit("s"), session.cast("string")))
        .select(
            "*",
            F.col("session_id").alias("view_id"),
            F.expr(in_view).cast("int").alias("event_number"),
            F.when(pointed, element).alias("element"),
            F.when(pointed, size).alias("viewport"),
            F.when(pointed, F.struct(F.lit(1000).alias("width"), F.lit(3000).alias("height"))).alias(
                "document"
            ),
            F.when(F.col("event_name") == "scroll", place * 2).alias("scroll_offset"),
        )
    )
    activity.write.mode("overwrite").parquet(str(folder / "activity"))
    number = F.pmod(F.xxhash64("session_id"), F.lit(200)).cast("int")
    views = (
        spark.read.parquet(str(folder / "activity"))
        .groupBy("session_id", "view_id")
        .agg(
            F.min("person_id").alias("person_id"),
            F.min("event_time").alias("start_time"),
            F.max("event_time").alias("end_time"),
            F.max("scroll_offset").alias("deepest"),
        )
        .select(
            "*",
            F.concat(F.lit("/page/"), (number % 40).cast("string")).alias("page_group"),
            F.when(number % 3 == 0, "mobile").otherwise("desktop").alias("device_type"),
            F.lit(1000).alias("viewport_width"),
            F.lit(800).alias("viewport_height"),
            F.lit(3000).alias("document_height"),
            F.least(F.floor((F.coalesce("deepest", F.lit(0)) + 800) / 30), F.lit(100))
            .cast("int")
            .alias("max_scroll_pct"),
            (number % 2 == 0).alias("is_exit"),
            F.lit(False).alias("is_bot"),
            F.lit(False).alias("internal"),
        )
    )
    views.write.mode("overwrite").parquet(str(folder / "page_views"))
    converted = (F.pmod(F.xxhash64("session_id"), F.lit(7)) == 0).alias("converted")
    views = spark.read.parquet(str(folder / "page_views"))
    sessions = views.select("session_id", converted, "is_bot", "internal")
    sessions.write.mode("overwrite").parquet(str(folder / "sessions"))


def _written(frame: DataFrame, path: Path) -> int:
    frame.write.mode("overwrite").parquet(str(path))
    return frame.sparkSession.read.parquet(str(path)).count()
