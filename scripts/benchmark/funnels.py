"""Funnels of 3, 8 and 20 steps over the same events, beside DuckDB by windows and chDB's windowFunnel.

The peers count who reaches each step; ours tells the times between steps as well. The counts are compared
in each run. chDB is not among the development packages: its rows are there where `pip install chdb` was done.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.questions.asked import Asked
from trailhouse.questions.funnel import answer
from trailhouse.settings import Funnel

_NAMES, _STEPS, _A_PERSON = 40, 20, 40
"""Names of events; those of them that are steps; events of a person."""
_WINDOW = timedelta(days=7)
_US = _WINDOW // timedelta(microseconds=1)


def rows(spark: SparkSession, folder: Path, events: int) -> Iterator[Row]:
    """Forty events a person within a month; half of them are some step, whatever the funnel's length."""
    source = folder / "funnels"
    _activity(spark, events).write.mode("overwrite").parquet(str(source / "activity"))
    as_table("sessions", spark.range(0)).write.mode("overwrite").parquet(str(source / "sessions"))
    for count, order in ((3, "ordered"), (8, "ordered"), (20, "ordered"), (20, "unordered")):
        steps = _steps(count)
        ours = _ours(spark, source, steps, order)
        expected: list[list[int]] = []

        def checked(count_: Callable[[], list[int]], known: list[list[int]] = expected) -> int:
            """Units at step 1, after a look whether all agree."""
            known.append(count_())
            assert all(one == known[0] for one in known), known
            return known[0][0]

        name = f"funnel of {count} steps, {order}, {events:,} events"
        peers: dict[str, Callable[[], list[int]]] = {"DuckDB, counts alone": _by_duckdb(source, steps, order)}
        if order == "ordered" and importlib.util.find_spec("chdb"):
            peers["chDB windowFunnel"] = _by_chdb(source, steps)
        for peer, by_peer in peers.items():
            yield Row(
                name, lambda of=ours: checked(of), peer, lambda of=by_peer: checked(of)
            )  # each is run before the next


def _steps(count: int) -> list[list[str]]:
    """The same events dealt to so many steps."""
    return [[f"e{n:02d}" for n in range(_STEPS) if n * count // _STEPS == step] for step in range(count)]


def _ours(
    spark: SparkSession, source: Path, steps: Sequence[Sequence[str]], order: str
) -> Callable[[], list[int]]:
    funnel = Funnel.model_validate(
        {
            "steps": [{"any_of": [{"event": name} for name in names]} for names in steps],
            "order": order,
            "window": _WINDOW,
        }
    )

    def count() -> list[int]:
        frames = {name: spark.read.parquet(str(source / name)) for name in ("activity", "sessions")}
        told = answer(funnel, Asked(frames)).select("step", "units").collect()
        return [row["units"] for row in sorted(told, key=lambda row: int(row["step"]))]

    return count


def _by_duckdb(source: Path, steps: Sequence[Sequence[str]], order: str) -> Callable[[], list[int]]:
    """The latest start that has come to each step, window over window; in any order distinct steps ahead."""
    number = " ".join(
        f"WHEN event_name IN ({', '.join(repr(name) for name in names)}) THEN {n}"
        for n, names in enumerate(steps, start=1)
    )
    seen = f"""seen AS (SELECT person_id, epoch_us(event_time) AS t, CASE {number} END AS step
        FROM read_parquet('{source}/activity/*.parquet') a
        WHERE NOT is_bot AND NOT internal AND person_id IS NOT NULL AND step IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM read_parquet('{source}/sessions/*.parquet') s
            WHERE s.session_id = a.session_id AND (s.is_bot OR s.internal)))"""
    if order == "unordered":
        query = f"""WITH {seen}, each AS (SELECT person_id, count(DISTINCT step) OVER (PARTITION BY person_id
            ORDER BY t RANGE BETWEEN CURRENT ROW AND {_US} FOLLOWING) AS reach FROM seen),
            reached AS (SELECT person_id, max(reach) AS reach FROM each GROUP BY ALL)"""
    else:
        parts = [seen, "s1 AS (SELECT *, CASE WHEN step = 1 THEN t END AS start FROM seen)"]
        for n in range(2, len(steps) + 1):
            parts.append(
                f"""s{n} AS (SELECT person_id, t, step, CASE WHEN step < {n} THEN start WHEN step = {n}
                AND t - before <= {_US} THEN before END AS start FROM (SELECT *, max(CASE WHEN step = {n - 1}
                THEN start END) OVER (PARTITION BY person_id ORDER BY t, step ROWS UNBOUNDED PRECEDING)
                AS before FROM s{n - 1}))"""
            )
        parts.append(
            f"reached AS (SELECT person_id, max(step) AS reach FROM s{len(steps)} "
            "WHERE start IS NOT NULL GROUP BY ALL)"
        )
        query = f"WITH {', '.join(parts)}"
    query += f""" SELECT k, (SELECT count(*) FROM reached WHERE reach >= k)
        FROM range(1, {len(steps) + 1}) AS steps(k) ORDER BY k"""
    return lambda: [int(units) for _, units in duckdb.connect().execute(query).fetchall()]


def _by_chdb(source: Path, steps: Sequence[Sequence[str]]) -> Callable[[], list[int]]:
    import chdb

    names = ", ".join(repr(name) for part in steps for name in part)
    conditions = ", ".join(f"event_name IN ({', '.join(map(repr, part))})" for part in steps)
    time = "toUInt64(toUnixTimestamp64Micro(event_time))"
    query = f"""SELECT reach, count() FROM (SELECT windowFunnel({_US})({time}, {conditions}) AS reach
        FROM file('{source}/activity/*.parquet', Parquet)
        WHERE event_name IN ({names}) AND NOT is_bot AND NOT internal AND person_id IS NOT NULL
        GROUP BY person_id) GROUP BY reach"""

    def count() -> list[int]:
        lines = str(chdb.query(query, "CSV")).strip().splitlines()
        reached = [tuple(map(int, line.split(","))) for line in lines]
        return [sum(units for reach, units in reached if reach >= k) for k in range(1, len(steps) + 1)]

    return count


def _activity(spark: SparkSession, events: int) -> DataFrame:
    id_ = F.col("id")
    person, number = F.floor(id_ / _A_PERSON).cast("BIGINT"), id_ % _A_PERSON

    # A step every other event, forward at a person's own pace; the rest is of any name.
    ahead = F.floor(number * (drawn(person, 1, 10) + 1) / 20).cast("INT")
    step = F.when(drawn(id_, 2, 10) < 6, F.least(ahead, F.lit(_STEPS - 1)))
    name = F.format_string("e%02d", F.coalesce(step, drawn(id_, 3, _NAMES)).cast("INT"))
    begin = drawn(person, 4, 20 * 86_400_000_000) + F.lit(1_767_225_600_000_000)
    at = begin + number * 18_000_000_000 + drawn(id_, 5, 18_000_000_000)
    return as_table(
        "activity",
        spark.range(events).select(
            F.sha2(id_.cast("STRING"), 224).alias("event_id"),
            F.to_date(F.timestamp_micros(at)).alias("event_date"),
            F.timestamp_micros(at).alias("event_time"),
            name.alias("event_name"),
            F.md5(person.cast("STRING")).alias("person_id"),
            F.md5(F.floor(id_ / 8).cast("STRING")).alias("session_id"),
            F.lit(False).alias("is_bot"),
            F.lit(False).alias("internal"),
            F.array().cast("ARRAY<STRING>").alias("bot_reasons"),
        ),
    )
