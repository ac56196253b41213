"""Profiles of all history beside DuckDB's SQL, and a day's update beside making all of them anew."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from benchmark import Row
from benchmark.made import as_table, drawn
from trailhouse.profiles.build import profiles_as_of
from trailhouse.profiles.measures import MEASURES, WINDOWS
from trailhouse.progress import Progress
from trailhouse.run import open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.stages import profiles
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

FIRST = date(2026, 1, 5)
DAYS = 120
LAST = FIRST + timedelta(DAYS - 1)
_A_VISIT, _VISITS = 8, 5
"""Events a visit, visits a person."""
_RUNS = 3
_NAMES = ("page_view", "page_view", "click", "click", "scroll", "search", "form_submit", "order")
_SOURCES = ("activity", "sessions", "person_days", "identities")
_COUNTED = {
    "clicks": "click",
    "searches": "search",
    "cart_adds": "cart_add",
    "form_submits": "form_submit",
    "media_plays": "media_play",
    "orders": "order",
    "conversions": "order",
    "views": "page_view",
}


def rows(spark: SparkSession, folder: Path, settings: Settings, events: int) -> Iterator[Row]:
    """Eight events a visit and five visits a person over 120 days, Parquet to Parquet; then a day more."""
    place, people = folder / "profiles", max(events // (_A_VISIT * _VISITS), 1)
    activity = _activity(spark, 0, events, FIRST, DAYS, people)
    activity.write.mode("overwrite").parquet(str(place / "activity"))
    for name, frame in _derived(spark.read.parquet(str(place / "activity"))).items():
        frame.write.mode("overwrite").parquet(str(place / name))

    def ours() -> int:
        frames = {name: spark.read.parquet(str(place / name)) for name in _SOURCES}
        profiles_as_of(frames, LAST, settings).write.mode("overwrite").parquet(str(place / "ours"))
        return spark.read.parquet(str(place / "ours")).count()

    def by_duckdb() -> int:
        connection = duckdb.connect()
        for name in _SOURCES:
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{place / name}/*.parquet')"
            )
        target = place / "duckdb.parquet"
        connection.execute(f"COPY ({_in_duckdb()}) TO '{target}' (FORMAT parquet)")
        return _same(connection, str(place / "ours" / "*.parquet"), str(target))

    yield Row(f"profiles, {events:,} events", ours, "DuckDB, same answer", by_duckdb)
    lake = _Grown(spark, settings, place / "lake", events, people)
    updates = iter([lake.with_a_day_more(number) for number in range(_RUNS)])
    yield Row(f"profiles, a day onto {events:,}", lambda: next(updates).run(), "all of it", lake.whole, True)


@dataclass
class _Grown:
    """A lake with the tables that profiles are made of, and these made."""

    spark: SparkSession
    settings: Settings
    root: Path
    events: int
    people: int

    def __post_init__(self) -> None:
        lake = Lake(self.spark, str(self.root))
        source = self.root.parent
        for name in _SOURCES:
            lake.publish(TABLES[name], TABLES[name].select(self.spark.read.parquet(str(source / name))))
        self._see_until(lake, LAST)
        self.run()

    def _see_until(self, lake: Lake, day: date) -> None:
        """Events that tell the watermark, the day after `day`; and who has consumed what."""
        at = F.lit(f"{day + timedelta(1)} 09:00:00").cast("timestamp")
        event = {"event_id": F.lit(str(day)), "event_time": at, "event_date": F.to_date(at)}
        empty = {"STRING": F.lit(""), "BIGINT": F.lit(0), "BOOLEAN": F.lit(False), "ARRAY<STRING>": F.array()}
        row = self.spark.range(1).select(
            *(
                event.get(c.name, empty.get(c.type, F.lit(None)) if c.required else F.lit(None))
                .cast(c.type)
                .alias(c.name)
                for c in TABLES["events"].columns
            )
        )
        lake.append(TABLES["events"], row)
        versions = {name: lake.last_change(name) for name in ("events", *_SOURCES)}
        own = {name: versions[name] for name in ("events", "identities")}
        lake.mark("activity", {"inputs": own}, versions["activity"])
        above = {name: versions[name] for name in ("activity", "sessions")}
        lake.mark("person_days", {"inputs": above}, versions["person_days"])

    def with_a_day_more(self, number: int) -> _Grown:
        """A copy, with the events of the next day in it."""
        root = self.root.with_name(f"lake-{number}")
        shutil.copytree(self.root, root)
        grown, day = object.__new__(_Grown), LAST + timedelta(1)
        grown.__dict__.update(self.__dict__, root=root)
        lake = Lake(self.spark, str(root))
        activity = _activity(self.spark, self.events, self.events // DAYS, day, 1, self.people).cache()
        derived = _derived(activity)
        for name in ("sessions", "person_days"):
            lake.append(TABLES[name], TABLES[name].select(derived[name]))
        lake.append(TABLES["activity"], TABLES["activity"].select(activity))
        activity.unpersist()
        self._see_until(lake, day)
        return grown

    def run(self, *, rebuild: bool = False) -> int:
        """The stage alone; the profiles afterwards."""
        root = self.settings.lake.model_copy(update={"root": str(self.root)})
        settings = self.settings.model_copy(update={"lake": root})
        with open_run(self.spark, settings, Progress(Console(file=io.StringIO()))) as run:
            run_stage(run, profiles.STAGE, rebuild=rebuild)
            return run.lake.rows("profiles")

    def whole(self) -> int:
        return self.run(rebuild=True)


def _activity(spark: SparkSession, start: int, events: int, first: date, days: int, people: int) -> DataFrame:
    number, visit = F.col("id"), F.floor(F.col("id") / _A_VISIT)
    person = drawn(visit, 1, people)
    begin = F.date_add(F.lit(first), drawn(visit, 2, days).cast("int")).cast("timestamp")
    seconds = 3600 * drawn(visit, 3, 23) + (number % _A_VISIT) * 60 + drawn(number, 4, 50)
    at = F.timestamp_micros(F.unix_micros(begin) + seconds * 1_000_000)
    name = F.element_at(F.array(*map(F.lit, _NAMES)), (drawn(number, 5, len(_NAMES)) + 1).cast("int"))
    rare = drawn(number, 6, 200)
    name = F.when(rare == 0, "identify").when(rare == 1, "survey_response").otherwise(name)
    page = F.concat(F.lit("/page/"), F.floor(F.pow(drawn(number, 7, 1000) / 1000, 3) * 200).cast("string"))
    plan = F.element_at(F.array(*map(F.lit, ("free", "pro", "team"))), (drawn(number, 8, 3) + 1).cast("int"))
    kind = F.when(drawn(number, 9, 2) == 0, "nps").otherwise("csat")
    survey = F.struct(
        F.lit("s").alias("id"),
        kind.alias("kind"),
        (drawn(number, 10, 5) + 1).cast("int").alias("score"),
        F.lit(None).cast("string").alias("answer"),
    )
    made = spark.range(start, start + events).select(
        F.sha2(number.cast("string"), 256).substr(1, 32).alias("event_id"),
        F.sha2(person.cast("string"), 256).substr(1, 32).alias("person_id"),
        F.sha2(visit.cast("string"), 256).substr(1, 32).alias("session_id"),
        at.alias("event_time"),
        F.to_date(at).alias("event_date"),
        name.alias("event_name"),
        F.when(drawn(visit, 11, 2) == 0, F.concat(F.lit("u"), person.cast("string"))).alias("user_id"),
        page.alias("page_group"),
        F.when(name == "identify", F.to_json(F.struct(plan.alias("plan")))).alias("traits"),
        F.when(name == "survey_response", survey).alias("survey"),
        F.when(name == "order", drawn(number, 12, 100_000).cast("DECIMAL(18,4)") / 100)
        .cast("DECIMAL(18,4)")
        .alias("value"),
        F.when(name == "order", F.when(drawn(number, 13, 5) == 0, "USD").otherwise("EUR")).alias("currency"),
    )
    return as_table("activity", made, least=True)


def _derived(activity: DataFrame) -> dict[str, DataFrame]:
    """sessions, person_days and identities of such activity."""
    visit = F.xxhash64("session_id")
    device = F.when(drawn(visit, 1, 3) == 0, "mobile").otherwise("desktop")
    none = F.lit(None).cast("string")
    sessions = activity.groupBy("session_id", "person_id").agg(
        F.min("event_time").alias("start_time"),
        F.max("event_time").alias("end_time"),
        F.count("*").alias("events"),
    )
    sessions = sessions.select(
        "*",
        F.to_date("start_time").alias("session_date"),
        F.concat(F.lit("Channel "), drawn(visit, 2, 8).cast("string")).alias("channel"),
        F.concat(F.lit("/page/"), drawn(visit, 3, 50).cast("string")).alias("entry_page"),
        F.struct(device.alias("type"), none.alias("browser"), none.alias("os")).alias("device"),
        drawn(visit, 4, 600_000_000).alias("engaged_us"),
        F.when(drawn(visit, 5, 30) == 0, 1).otherwise(0).cast("bigint").alias("rage_clicks"),
        F.concat(F.lit("d"), drawn(visit, 6, 3).cast("string")).alias("anonymous_id"),
        (drawn(visit, 7, 100) == 0).alias("is_bot"),
    )
    name = F.col("event_name")
    left_out = sessions.where("is_bot").select("session_id")
    money = F.when(name == "order", F.struct("currency", F.col("value").alias("amount")))
    kept = activity.join(left_out, on="session_id", how="left_anti")
    days = kept.groupBy("person_id", F.col("event_date").alias("day")).agg(
        F.min("event_time").alias("first_time"),
        F.max("event_time").alias("last_time"),
        F.count("*").alias("events"),
        *(F.count_if(name == event).alias(column) for column, event in _COUNTED.items()),
        F.count_distinct("session_id").alias("sessions"),
        F.collect_list(money).cast(TABLES["person_days"].column("value").type).alias("value"),
    )
    ids = activity.groupBy("person_id").agg(F.min("event_time").alias("first_seen"))
    ids = ids.select(
        F.lit("anonymous_id").alias("id_type"),
        F.col("person_id").alias("id_value"),
        "person_id",
        "first_seen",
        F.lit("own").alias("status"),
    )
    return {
        "sessions": as_table("sessions", sessions, least=True),
        "person_days": as_table("person_days", days, least=True),
        "identities": as_table("identities", ids, least=True),
    }


def _in_duckdb() -> str:
    """All columns of profiles that the data has something for, as one query."""
    as_of = f"DATE '{LAST}'"

    def sums(source: str) -> str:
        found = []
        for one in MEASURES:
            if one.source == source:
                amount = {"active_days": "1", "sessions": "1"}.get(one.name, one.name)
                found.append(f"sum({amount}) AS {one.name}")
                found += [
                    f"sum(CASE WHEN day > {as_of} - {n} THEN {amount} ELSE 0 END) AS {one.name}_{n}"
                    for n in WINDOWS
                ]
                if one.last:
                    found.append(f"max(CASE WHEN {amount} > 0 THEN day END) AS {one.last}")
        return ",\n".join(found)

    week = f"CAST(date_trunc('week', {as_of}) AS DATE)"
    windows = {"value": 10_000} | {f"value_{n}": n for n in WINDOWS}
    by_currency = ", ".join(
        f"sum(CASE WHEN day > {as_of} - {n} THEN amount END) AS {name}" for name, n in windows.items()
    )
    lists = ", ".join(
        f"list({{'currency': currency, 'amount': {name}}} ORDER BY currency) "
        f"FILTER (WHERE {name} IS NOT NULL) AS {name}"
        for name in windows
    )
    at = "(event_time, sequence IS NULL, sequence, event_name <> 'page_view', event_id)"
    return f"""
    WITH visits AS (SELECT *, session_date AS day, rage_clicks AS signals,
            CAST(rage_clicks > 0 AS INT) AS friction_sessions FROM sessions WHERE NOT is_bot AND NOT internal
            AND session_date <= {as_of}),
        people AS (SELECT * FROM activity ANTI JOIN (SELECT session_id FROM sessions WHERE is_bot OR internal)
            USING (session_id) WHERE NOT is_bot AND NOT internal AND event_time < {as_of} + 1),
        from_days AS (SELECT person_id, min(first_time) AS first_seen, max(last_time) AS last_seen,
            bool_or(date_trunc('week', day) = {week}) AS now,
            bool_or(date_trunc('week', day) = {week} - 7) AS before,
            bool_or(date_trunc('week', day) < {week}) AS ever, {sums("days")}
            FROM person_days WHERE day <= {as_of} GROUP BY person_id),
        from_sessions AS (SELECT person_id, {sums("sessions")},
            round(sum(friction_sessions) / count(*), 6) AS frustration_rate,
            arg_min(channel, (start_time, session_id)) AS first_channel,
            arg_max(channel, (start_time, session_id)) AS last_channel,
            arg_min(entry_page, (start_time, session_id)) AS first_page,
            arg_max(device.type, (start_time, session_id)) FILTER (WHERE device.type IS NOT NULL)
            AS device_type,
            list_sort(list(DISTINCT device.type)) AS device_types,
            count(DISTINCT anonymous_id) AS devices FROM visits GROUP BY person_id),
        hours AS (SELECT person_id, list(hour ORDER BY n DESC, hour)[:3] AS favourite_hours FROM
            (SELECT person_id, hour(start_time) AS hour, count(*) AS n FROM visits GROUP BY ALL)
            GROUP BY ALL),
        users AS (SELECT person_id, arg_min(user_id, (-n, user_id)) AS user_id FROM
            (SELECT person_id, user_id, count(*) AS n FROM people WHERE user_id IS NOT NULL GROUP BY ALL)
            GROUP BY ALL),
        pages AS (SELECT person_id, list(page_group ORDER BY n DESC, page_group)[:3] AS favourite_pages FROM
            (SELECT person_id, page_group, count(*) AS n FROM people
            WHERE event_name IN ('page_view', 'screen_view') AND page_group IS NOT NULL GROUP BY ALL)
            GROUP BY ALL),
        scores AS (SELECT person_id,
            arg_max(survey.score, {at}) FILTER (WHERE survey.kind = 'nps') AS latest_nps,
            arg_max(survey.score, {at}) FILTER (WHERE survey.kind = 'csat') AS latest_csat
            FROM people WHERE event_name = 'survey_response' GROUP BY ALL),
        told AS (SELECT person_id, key, arg_max(json_extract_string(traits, key), place) AS text FROM
            (SELECT person_id, traits, unnest(json_keys(traits)) AS key, {at} AS place FROM people
            WHERE event_name = 'identify' AND traits IS NOT NULL) GROUP BY ALL),
        latest AS (SELECT person_id, CAST(json_group_object(key, text) AS VARCHAR) AS traits FROM told
            GROUP BY ALL),
        money AS (SELECT person_id, day, m.currency AS currency, m.amount AS amount FROM
            (SELECT person_id, day, unnest(value) AS m FROM person_days WHERE day <= {as_of})),
        worth AS (SELECT person_id, {lists} FROM
            (SELECT person_id, currency, {by_currency} FROM money GROUP BY ALL) GROUP BY person_id),
        ids AS (SELECT person_id, list({{'type': id_type, 'value': id_value}} ORDER BY id_type, id_value)
            AS identifiers FROM identities WHERE CAST(first_seen AS DATE) <= {as_of} GROUP BY ALL)
    SELECT *, {as_of} AS as_of, date_trunc('month', first_seen) AS cohort_month,
        CASE WHEN NOT now THEN 'dormant' WHEN NOT ever THEN 'new' WHEN before THEN 'returning'
            ELSE 'resurrecting' END AS lifecycle
    FROM from_days LEFT JOIN from_sessions USING (person_id) LEFT JOIN hours USING (person_id)
        LEFT JOIN users USING (person_id) LEFT JOIN pages USING (person_id) LEFT JOIN scores USING (person_id)
        LEFT JOIN latest USING (person_id) LEFT JOIN worth USING (person_id)
        LEFT JOIN ids USING (person_id)"""


_SHARED = (
    "person_id",
    "lifecycle",
    "user_id",
    "first_channel",
    "last_channel",
    "first_page",
    "device_type",
    "traits",
    "latest_nps",
    "latest_csat",
    *(name for one in MEASURES for name in (one.name, *one.windows)),
    *(one.last for one in MEASURES if one.last),
)
_LISTS = ("device_types", "favourite_hours", "favourite_pages", "value", "value_28")


def _same(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    """The rows of both, which must be equal; AssertionError if they are not."""
    zeros = {name for one in MEASURES for name in (one.name, *one.windows)}
    columns = ", ".join(
        [
            *(f"CAST(coalesce({c}, 0) AS BIGINT) AS {c}" if c in zeros else c for c in _SHARED),
            *(f"CAST(coalesce({c}, []) AS VARCHAR) AS {c}" for c in _LISTS),
        ]
    )
    sides = [f"SELECT {columns} FROM read_parquet('{files}')" for files in (ours, theirs)]
    for one, other in (sides, sides[::-1]):
        found = connection.execute(f"{one} EXCEPT {other}").fetchmany(2)
        assert not found, found
    (count,) = connection.execute(f"SELECT count(*) FROM read_parquet('{theirs}')").fetchall()
    return int(count[0])
