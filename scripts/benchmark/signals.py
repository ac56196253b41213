"""Signals of all kinds from activity and page views, beside DuckDB by the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row, must_agree
from benchmark.made import drawn
from benchmark.signals_sql import COMPARED, IN_DUCKDB
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import page_views, signals
from trailhouse.tables import TABLES

_NAMES = ("click", "click", "mutation", "mouse_move", "mouse_move", "heartbeat", "scroll", "error")
_WAYS = ("link", "link", "reload", "back_forward")
_A_VIEW, _A_SESSION = 8, 40


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
        return spark.read.parquet(target).count()

    def by_duckdb() -> int:
        connection, target = duckdb.connect(), folder / "signals-duckdb.parquet"
        connection.execute("SET TimeZone = 'UTC'")
        for name in source:
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{source[name]}/*.parquet')"
            )
        connection.execute(f"COPY ({IN_DUCKDB}) TO '{target}' (FORMAT parquet)")
        (found,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()
        return int(found[0])

    stage = f"signals of all kinds, {events:,} events"
    yield Row(stage, ours, "DuckDB, same rules", by_duckdb)
    must_agree(stage, folder / "signals-ours", folder / "signals-duckdb.parquet", COMPARED)


def _activity(spark: SparkSession, events: int) -> DataFrame:
    """Sessions of some seconds a view: bursts of clicks, answers, errors, forms, the pointer thrown about.

    One in four is hasty: its views are of three pages and are left after five seconds.
    """
    id_ = F.col("id")
    session, view = F.floor(id_ / _A_SESSION).cast("BIGINT"), F.floor(id_ / _A_VIEW).cast("BIGINT")
    number = id_ % _A_SESSION

    begin = drawn(session, 1, 30 * 86_400_000_000) + F.lit(1_767_225_600_000_000)
    hasty, thrashed = drawn(session, 12, 4) == 0, drawn(view, 13, 20) == 0
    # Every view is quick or slow: up to 0.5 s between events, or up to 4 s.
    pace = F.when(thrashed, 450_000).when(hasty | (drawn(view, 2, 3) == 0), 500_000).otherwise(4_000_000)
    of_view = F.floor(number / _A_VIEW) * F.when(hasty, 5_000_000).otherwise(40_000_000)
    at = begin + of_view + (id_ % _A_VIEW) * pace + drawn(id_, 3, 400_000)
    of_form = F.when(drawn(id_, 14, 3) == 0, "form_submit").otherwise("form_start")
    name = (
        F.when(id_ % _A_VIEW == 0, "page_view")
        .when(thrashed, "mouse_move")
        .when(drawn(id_, 15, 40) == 0, of_form)
        .otherwise(_one_of(_NAMES, id_, 4))
    )
    path = F.concat(F.lit("/p"), drawn(view, 5, F.when(hasty, 3).otherwise(40)).cast("STRING"))
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
    form = F.struct(F.lit("signup").alias("id"), F.lit("email").alias("field"))
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
        "navigation_type": F.when(name == "page_view", _one_of(_WAYS, view, 16)),
        "page_url": F.concat(F.lit("https://shop.example"), path),
        "page_path": path,
        "page_group": path,
        "scroll_offset": F.when(name == "scroll", drawn(id_, 11, 3000)).cast("INT"),
        "viewport": _size(1000, 800),
        "document": _size(1000, 3000),
        "form": F.when(name.startswith("form"), form),
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


def _one_of(words: tuple[str, ...], of: Column, seed: int) -> Column:
    return F.element_at(F.array(*map(F.lit, words)), (drawn(of, seed, len(words)) + 1).cast("INT"))


def _size(width: int, height: int) -> Column:
    return F.struct(F.lit(width).alias("width"), F.lit(height).alias("height"))
