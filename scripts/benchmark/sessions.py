"""Sessions from resolved events: beside the same rules in DuckDB, and as a chain of Spark SQL models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import drawn
from trailhouse.columns import with_place
from trailhouse.sessionize import with_sessions
from trailhouse.settings import Sessions

_NAMES = ("page_view", "click", "click", "scroll", "heartbeat", "mouse_move", "form_submit", "order")

_ORDER = "ORDER BY event_time, sequence NULLS LAST, event_name <> 'page_view', event_id"
_SO_FAR = f"(PARTITION BY person_id {_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
_BEFORE = f"(PARTITION BY person_id {_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
_CLIENT = "platform <> 'server'"
_STARTER = f"{_CLIENT} AND event_name NOT IN ('heartbeat', 'mouse_move', 'mutation', 'visibility')"

MODELS = (
    (
        "gaps",
        f"""SELECT *, row_number() OVER {_SO_FAR} AS n,
            max(CASE WHEN {_CLIENT} THEN event_time END) OVER {_BEFORE} AS last_client FROM events""",
    ),
    (
        "runs",
        f"""SELECT *, sum(CASE WHEN {_CLIENT} AND (last_client IS NULL OR event_time - last_client
            > INTERVAL '30' MINUTE) THEN 1 ELSE 0 END) OVER {_SO_FAR} AS run FROM gaps""",
    ),
    (
        "begun",
        f"""SELECT *, min(CASE WHEN {_STARTER} THEN n END) OVER (PARTITION BY person_id, run) AS begin_n,
            min(CASE WHEN {_STARTER} THEN event_time END) OVER (PARTITION BY person_id, run) AS run_start
            FROM runs""",
    ),
    (
        "pieces",
        f"""SELECT *, {_CLIENT} AND n >= begin_n AS inside,
            CASE WHEN {_CLIENT} AND n >= begin_n
            THEN floor((SECONDS(event_time) - SECONDS(run_start)) / 86400) END AS piece FROM begun""",
    ),
    (
        "joined",
        f"""SELECT *, max(CASE WHEN inside THEN event_time END) OVER {_SO_FAR} AS last_inside,
            max(piece) OVER (PARTITION BY person_id, run {_ORDER}
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last_piece FROM pieces""",
    ),
    (
        "sessions",
        """SELECT HASH(min_by(event_id, n)) AS session_id, person_id, min(run_start) AS run_start,
            min(CASE WHEN inside THEN event_time END) AS start_time,
            max(CASE WHEN inside THEN event_time END) AS end_time, count(*) AS events,
            sum(CASE WHEN event_name = 'click' THEN 1 ELSE 0 END) AS clicks FROM joined
            WHERE inside OR (last_piece IS NOT NULL AND event_time - last_inside <= INTERVAL '30' MINUTE)
            GROUP BY person_id, run, last_piece""",
    ),
)
"""The rules as a chain of models, in words that both dialects know but for HASH and SECONDS."""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """About eight events a session, from resolved events in Parquet to sessions in Parquet."""
    source = str(folder / "events")
    resolved_events(spark, events, 0, max(events // 40, 1)).write.mode("overwrite").parquet(source)

    def ours() -> int:
        placed = with_sessions(with_place(spark.read.parquet(source)), Sessions(), "UTC")
        found = (
            placed.where("session_id IS NOT NULL")
            .groupBy("_unit", "session_id")
            .agg(
                F.min("person_id").alias("person_id"),
                F.min("run_start").alias("run_start"),
                F.min("session_start").alias("start_time"),
                F.max(F.when(F.col("platform") != "server", F.col("event_time"))).alias("end_time"),
                F.count("*").alias("events"),
                F.count_if(F.col("event_name") == "click").alias("clicks"),
            )
        )
        return _written(found.drop("_unit"), str(folder / "ours"))

    def by_duckdb() -> int:
        names = {"HASH": "sha256", "SECONDS": "epoch"}
        steps = ",\n".join(f"{name} AS ({_in_words(model, names)})" for name, model in MODELS)
        target = folder / "duckdb.parquet"
        connection = duckdb.connect()
        connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{source}/*.parquet')")
        connection.execute(f"COPY (WITH {steps} SELECT * FROM sessions) TO '{target}' (FORMAT parquet)")
        (found,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()
        return int(found[0])

    def by_chain() -> int:
        names = {"HASH": "md5", "SECONDS": "unix_micros"}
        spark.read.parquet(source).createOrReplaceTempView("events")
        for name, model in MODELS:
            text = _in_words(model, names).replace("/ 86400)", "/ 86400000000)")
            spark.sql(text).write.mode("overwrite").parquet(str(folder / name))
            spark.read.parquet(str(folder / name)).createOrReplaceTempView(name)
        return spark.table("sessions").count()

    yield Row(f"sessions, {events:,} events", ours, "DuckDB, same rules", by_duckdb)
    yield Row(f"sessions, {events:,} events", ours, "chain of Spark SQL", by_chain, True)


def _in_words(model: str, names: dict[str, str]) -> str:
    for word, name in names.items():
        model = model.replace(f"{word}(", f"{name}(")
    return model


def _written(frame: DataFrame, path: str) -> int:
    frame.write.mode("overwrite").parquet(path)
    return frame.sparkSession.read.parquet(path).count()


def resolved_events(spark: SparkSession, events: int, start: int, people: int) -> DataFrame:
    """Visits of eight events, by so many people, over 30 days; `start`: the number of the first event."""
    visit = F.floor(F.col("id") / 8).cast("bigint")

    begin = drawn(visit, 1, 30 * 86_400_000_000)
    at = (
        F.lit(1_767_225_600_000_000)
        + begin
        + (F.col("id") % 8) * 60_000_000
        + drawn(F.col("id"), 2, 50_000_000)
    )
    name = F.element_at(F.array(*map(F.lit, _NAMES)), (drawn(F.col("id"), 3, len(_NAMES)) + 1).cast("int"))
    return spark.range(start, start + events).select(
        F.concat(F.lit("e"), F.col("id").cast("string")).alias("event_id"),
        F.concat(F.lit("p"), drawn(visit, 4, people).cast("string")).alias("person_id"),
        F.timestamp_micros(at).alias("event_time"),
        name.alias("event_name"),
        F.when(name == "order", "server").otherwise("web").alias("platform"),
        F.lit(None).cast("bigint").alias("sequence"),
    )
