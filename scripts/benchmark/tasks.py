"""All tasks of a conf, and all features, each in one pass over activity; beside DuckDB's counts of the same.

Of tasks ours tells detours, failures, changes and each attempt as well, of features when each person was
offered and used each; the queries tell counts alone. These are compared in each run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages.tasks import STAGE
from trailhouse.why.feature_use import exposed_persons, marked, offered

_A_SESSION, _TASKS, _FEATURES, _MINUTES = 40, 8, 12, 2
_SETTINGS = Settings.model_validate(
    {
        "tasks": [
            {
                "name": f"t{k}",
                "start": f"begin {k}",
                "steps": [f"mid {k}"],
                "end": f"done {k}",
                "time_limit": f"{_MINUTES}m",
            }
            for k in range(_TASKS)
        ],
        "features": {
            "declared": {
                f"f{k:02d}": {"use": [f"use {k}"], "exposed": [f"see {k}"]} for k in range(_FEATURES)
            }
        },
    }
)
_PEOPLE = (
    "FROM activity ANTI JOIN (SELECT session_id FROM sessions WHERE is_bot OR internal) USING (session_id) "
    "WHERE NOT is_bot AND NOT internal"
)
_TASKS_SQL = f"""
WITH seen AS (SELECT session_id, epoch_us(event_time) AS t, event_id, split_part(event_name, ' ', 1) AS kind,
        't' || split_part(event_name, ' ', 2) AS task {_PEOPLE} AND event_name SIMILAR TO '(begin|done) .*'),
    following AS (SELECT *, lead(kind) OVER w AS next_kind, lead(t) OVER w AS next_t FROM seen
        WINDOW w AS (PARTITION BY session_id, task ORDER BY t, event_id))
SELECT task, count(*), count_if(next_kind = 'done' AND next_t - t <= {_MINUTES * 60_000_000})
FROM following WHERE kind = 'begin' GROUP BY task ORDER BY task
"""
_FEATURES_SQL = f"""
SELECT format('f{{:02d}}', split_part(event_name, ' ', 2)::INT) AS feature, count(DISTINCT person_id),
    count(DISTINCT person_id) FILTER (event_name LIKE 'use %')
{_PEOPLE} AND event_name SIMILAR TO '(use|see) .*' GROUP BY feature ORDER BY feature
"""
Counts = list[tuple[str, int, int]]


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Forty events a session: one in six is of a task, one in eight of a feature, the others are views."""
    at = folder / "tasks"
    _activity(spark, events).write.mode("overwrite").parquet(str(at / "activity"))
    _sessions(spark, events // _A_SESSION).write.mode("overwrite").parquet(str(at / "sessions"))
    told: dict[str, Counts] = {}

    def frames() -> dict[str, DataFrame]:
        found = {name: spark.read.parquet(str(at / name)) for name in ("activity", "sessions")}
        empty = {name: as_table(name, spark.range(0)) for name in ("signals", "page_views", "person_days")}
        mark = spark.createDataFrame([("2027-01-01 00:00:00",)], "at STRING")
        return {**found, **empty, "watermark": mark.selectExpr("CAST(at AS TIMESTAMP) AS watermark")}

    def agreed(what: str, found: Counts) -> int:
        assert told.setdefault(what, found) == found, f"DuckDB tells other {what}"
        return len(found)

    def tasks() -> int:
        inputs = {**frames(), "segment_members": as_table("segment_members", spark.range(0))}
        made = STAGE.transform(inputs, Context(_SETTINGS, str(at / "scratch")))
        for name, frame in made.items():
            frame.write.mode("overwrite").parquet(str(at / name))
        whole = spark.read.parquet(str(at / "tasks")).where("breakdown = 'all' AND period = 'all'")
        found = whole.select("task", "attempts", "completed").orderBy("task").collect()
        return agreed("tasks", [tuple(row) for row in found])

    def features() -> int:
        declared, project, inputs = _SETTINGS.features.declared, _SETTINGS.project, frames()
        marks = marked(inputs["activity"], inputs["sessions"], declared, project)
        others = (inputs[name] for name in ("page_views", "sessions", "person_days"))
        persons = exposed_persons(offered(marks, *others, declared, project))
        persons.write.mode("overwrite").parquet(str(at / "persons"))
        counted = spark.read.parquet(str(at / "persons")).groupBy("feature")
        found = counted.agg(F.count("*").alias("exposed"), F.count("first_use").alias("tried"))
        return agreed("features", [tuple(row) for row in found.orderBy("feature").collect()])

    def by_duckdb(what: str, sql: str) -> int:
        connection = duckdb.connect()
        for name in ("activity", "sessions"):
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{at}/{name}/*.parquet')")
        return agreed(what, connection.execute(sql).fetchall())

    yield Row(
        f"{_TASKS} tasks, {events:,} events",
        tasks,
        "DuckDB, counts alone",
        lambda: by_duckdb("tasks", _TASKS_SQL),
    )
    yield Row(
        f"{_FEATURES} features, {events:,} events",
        features,
        "DuckDB, counts alone",
        lambda: by_duckdb("features", _FEATURES_SQL),
    )


def _activity(spark: SparkSession, events: int) -> DataFrame:
    id_ = F.col("id")
    session, number = F.floor(id_ / _A_SESSION).cast("BIGINT"), id_ % _A_SESSION

    def one_of(kinds: tuple[str, ...], seed: int, count: int) -> Column:
        kind = F.element_at(F.array(*map(F.lit, kinds)), (drawn(id_, seed, len(kinds)) + 1).cast("INT"))
        return F.concat_ws(" ", kind, drawn(session, seed + 1, count).cast("STRING"))

    kind = drawn(id_, 1, 24)
    name = (
        F.when(kind < 4, one_of(("begin", "mid", "done"), 2, _TASKS))
        .when(kind < 7, one_of(("see", "see", "use"), 4, _FEATURES))
        .otherwise("page_view")
    )
    begin = F.lit(1_772_409_600) + drawn(session, 6, 30 * 86_400)
    time = F.timestamp_micros(begin * 1_000_000 + number * 9_000_000 + drawn(id_, 7, 5_000_000))
    page = F.concat(F.lit("/page/"), drawn(F.floor(id_ / 3), 8, 20).cast("STRING"))
    return as_table(
        "activity",
        spark.range(events).select(
            F.md5(F.pmod(session, F.lit(max(events // _A_SESSION // 3, 1))).cast("STRING")).alias(
                "person_id"
            ),
            F.md5(session.cast("STRING")).alias("session_id"),
            F.sha2(id_.cast("STRING"), 224).alias("event_id"),
            F.to_date(time).alias("event_date"),
            time.alias("event_time"),
            name.alias("event_name"),
            page.alias("page_group"),
            F.lit(False).alias("is_bot"),
            F.lit(False).alias("internal"),
        ),
    )


def _sessions(spark: SparkSession, sessions: int) -> DataFrame:
    session = F.col("id")
    device = F.element_at(
        F.array(*map(F.lit, ("desktop", "mobile", "tablet"))), (drawn(session, 9, 3) + 1).cast("INT")
    )
    return as_table(
        "sessions",
        spark.range(sessions).select(
            F.md5(session.cast("STRING")).alias("session_id"),
            (drawn(session, 10, 50) == 0).alias("is_bot"),
            F.lit(False).alias("internal"),
            F.struct(device.alias("type"), F.lit("b").alias("browser"), F.lit("o").alias("os")).alias(
                "device"
            ),
            F.lit("Direct").alias("channel"),
        ),
    )
