"""Reasons behind one funnel step, all kinds, judged; beside the counts by error, signal and device in DuckDB.

The query tells no page that people wandered to, no element, no words, no interval and no p. The counts of the
first reason are compared in each run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.questions.asked import Asked
from trailhouse.settings import Funnel, KeyElement
from trailhouse.why.asked import funnel_steps
from trailhouse.why.reasons import reasons

_A_SESSION, _A_PAGE = 40, 8
_STEPS = {4: "begun", 9: "filled", 15: "paid"}
_DAY = 86_400_000_000
_FUNNEL = Funnel.model_validate({"name": "pay", "steps": list(_STEPS.values()), "window": "7d"})
_NEXT = KeyElement(name="Pay", page_group="/step-1", selector="button.pay")

_DUCKDB = """
WITH own AS (SELECT session_id, start_time, end_time, device.type AS device FROM sessions
    WHERE NOT is_bot AND NOT internal),
first AS (SELECT person_id, min(event_time) AS t FROM activity WHERE event_name = 'begun' GROUP BY ALL),
second AS (SELECT person_id, min(event_time) AS t, arg_min(session_id, event_time) AS session_id
    FROM activity a JOIN first USING (person_id)
    WHERE event_name = 'filled' AND event_time > t AND event_time <= t + INTERVAL 7 DAY GROUP BY ALL),
third AS (SELECT person_id, min(event_time) AS done FROM activity JOIN second s USING (person_id)
    WHERE event_name = 'paid' AND event_time > t GROUP BY ALL),
units AS (SELECT person_id, session_id, t, done IS NULL AS failed, coalesce(done, end_time) AS until, device
    FROM second LEFT JOIN third USING (person_id) JOIN own USING (session_id)),
found AS (
    SELECT person_id, failed, 'error' AS kind, page_group, release,
        regexp_replace(json_extract_string(properties, '$.message'), '\\d+', '#', 'g') AS value
    FROM units JOIN activity a USING (person_id)
    WHERE a.session_id = units.session_id AND event_name = 'error' AND event_time BETWEEN t AND until
    UNION ALL SELECT u.person_id, failed, 'signal', page_group, selector, kind
    FROM units u JOIN signals s USING (session_id)
    WHERE s.end_time >= t AND s.start_time <= until AND NOT extra
    UNION ALL SELECT person_id, failed, 'device', NULL, NULL, device FROM units
)
SELECT kind, value, page_group, failed, count(DISTINCT person_id) AS n FROM found GROUP BY ALL ORDER BY n DESC
"""


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """A session a person, forty events each; every fifth does not pay, half of these after an error."""
    source = folder / "reasons"
    for name, frame in _tables(spark, events).items():
        frame.write.mode("overwrite").parquet(str(source / name))
    counts: list[int] = []

    def ours() -> int:
        frames = {name: spark.read.parquet(str(source / name)) for name in _NAMES}
        found = reasons(
            funnel_steps(_FUNNEL, Asked(frames), [3]), frames, [_NEXT], lambda frame: frame.localCheckpoint()
        )
        counts.append(int(found.iloc[0]["with_it"]))
        assert found.iloc[0]["kind"] == "error"
        return len(found)

    def by_duckdb() -> int:
        connection = duckdb.connect()
        for name in _NAMES:
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{source}/{name}/*.parquet')"
            )
        found = connection.execute(_DUCKDB).fetchall()
        counts.append(sum(row[4] for row in found if row[0] == "error" and row[3]))
        assert len(set(counts)) == 1, counts
        return len(found)

    yield Row(f"reasons of a step, {events:,} events", ours, "DuckDB, counts of three kinds", by_duckdb)


_NAMES = ("activity", "sessions", "page_views", "signals")


def _tables(spark: SparkSession, events: int) -> dict[str, DataFrame]:
    id_ = F.col("id")
    session, number = F.floor(id_ / _A_SESSION).cast("BIGINT"), id_ % _A_SESSION
    fails = drawn(session, 1, 5) == 0
    breaks = F.when(fails, drawn(session, 2, 2) == 0).otherwise(drawn(session, 2, 40) == 0)
    name: Column = F.element_at(
        F.array(*map(F.lit, ("click", "heartbeat", "scroll", "mouse_move"))),
        (drawn(id_, 3, 4) + 1).cast("INT"),
    )
    name = F.when(number % _A_PAGE == 0, "page_view").otherwise(name)
    for place, step in _STEPS.items():
        does = ~fails if step == "paid" else F.lit(True)
        name = F.when((number == place) & does, step).otherwise(name)
    name = F.when((number == 12) & breaks, "error").otherwise(name)
    begin = drawn(session, 4, 30 * _DAY) + F.lit(1_767_225_600_000_000)
    at = F.timestamp_micros(begin + number * 4_000_000)
    page = F.concat(F.lit("/step-"), F.floor(number / _A_PAGE).cast("STRING"))
    key = F.md5(session.cast("STRING"))
    device = F.element_at(
        F.array(*map(F.lit, ("desktop", "mobile", "tablet"))), (drawn(session, 5, 3) + 1).cast("INT")
    )
    devices = F.struct(device.alias("type"), F.lit("Firefox").alias("browser"), F.lit("Linux").alias("os"))
    selector = F.concat(F.lit("button.b"), drawn(id_, 6, 30).cast("STRING"))
    nothing = F.lit(None)
    element = F.struct(
        selector.alias("selector"),
        *(nothing.cast("STRING").alias(one) for one in ("text", "tag", "href")),
        nothing.cast("BOOLEAN").alias("interactive"),
        nothing.cast("STRUCT<x: INT, y: INT, width: INT, height: INT>").alias("box"),
        nothing.cast("INT").alias("x"),
        nothing.cast("INT").alias("y"),
    )
    size = F.struct(F.lit(1200).alias("width"), F.lit(800).alias("height"))
    plain = {"person_id": key, "session_id": key, "is_bot": F.lit(False), "internal": F.lit(False)}

    def table(of: str, count: int, **more: Column) -> DataFrame:
        columns = {**plain, **more}
        made = spark.range(count).select(*(column.alias(one) for one, column in columns.items()))
        return as_table(of, made, least=True)

    activity = table(
        "activity",
        events,
        event_id=F.sha2(id_.cast("STRING"), 224),
        event_date=F.to_date(at),
        event_time=at,
        event_name=name,
        event_number=(number + 1).cast("INT"),
        page_group=page,
        release=F.concat(F.lit("2."), drawn(session, 7, 3).cast("STRING")),
        device=devices,
        element=F.when(name.isin("click", "mouse_move"), element),
        scroll_offset=F.when(name == "scroll", drawn(id_, 8, 3000)).cast("INT"),
        viewport=size,
        properties=F.when(
            name == "error", F.concat(F.lit('{"message":"row '), id_.cast("STRING"), F.lit(' was refused"}'))
        ).otherwise(F.lit("{}")),
    )
    own = F.md5(id_.cast("STRING"))
    start = drawn("id", 4, 30 * _DAY) + F.lit(1_767_225_600_000_000)
    of_session = {"person_id": own, "session_id": own}
    device_of = F.element_at(
        F.array(*map(F.lit, ("desktop", "mobile", "tablet"))), (drawn("id", 5, 3) + 1).cast("INT")
    )
    sessions = table(
        "sessions",
        events // _A_SESSION,
        **of_session,
        start_time=F.timestamp_micros(start),
        end_time=F.timestamp_micros(start + (_A_SESSION - 1) * 4_000_000),
        channel=F.lit("Direct"),
        closed=F.lit(True),
        device=F.struct(
            device_of.alias("type"), F.lit("Firefox").alias("browser"), F.lit("Linux").alias("os")
        ),
    )
    views = _A_SESSION // _A_PAGE
    of_view, place = F.floor(id_ / views).cast("BIGINT"), id_ % views
    viewed = drawn(of_view, 4, 30 * _DAY) + F.lit(1_767_225_600_000_000) + place * (_A_PAGE * 4_000_000)
    page_views = table(
        "page_views",
        events // _A_PAGE,
        person_id=F.md5(of_view.cast("STRING")),
        session_id=F.md5(of_view.cast("STRING")),
        start_time=F.timestamp_micros(viewed),
        page_group=F.concat(F.lit("/step-"), place.cast("STRING")),
        view_number=(place + 1).cast("INT"),
    )
    found = F.timestamp_micros(start + drawn("id", 9, 30) * 4_000_000)
    signals = table(
        "signals",
        events // _A_SESSION,
        **of_session,
        kind=F.element_at(
            F.array(*map(F.lit, ("rage_click", "dead_click"))), (drawn("id", 10, 2) + 1).cast("INT")
        ),
        page_group=F.lit("/step-1"),
        selector=F.concat(F.lit("button.b"), drawn("id", 11, 30).cast("STRING")),
        start_time=found,
        end_time=found,
        extra=F.lit(False),
    )
    return {"activity": activity, "sessions": sessions, "page_views": page_views, "signals": signals}
