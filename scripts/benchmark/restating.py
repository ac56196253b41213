"""From events to person_days: late events and a new day, beside making all of it anew."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from benchmark import Row
from benchmark.sessions import resolved_events
from trailhouse.progress import Progress
from trailhouse.run import open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.stages import activity, page_views, person_days, sessions, signals
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

STAGES = (activity.STAGE, page_views.STAGE, signals.STAGE, sessions.STAGE, person_days.STAGE)
_GIVEN = ("events", "identity_sightings", "device_owners", "identities")
_RUNS = 4
"""Increments that are made ready for a row: as often can it be run."""
_FIRST = 20_454
"""2026-01-01 in days since 1970."""


@dataclass
class History:
    """A lake of people who are one anonymous_id each, with events on the first days of 2026."""

    spark: SparkSession
    settings: Settings
    root: str
    people: int
    lake: Lake = field(init=False)
    events: int = 0

    def __post_init__(self) -> None:
        self.lake = Lake(self.spark, self.root)
        self.lake.check()

    def add(self, events: int, first: int, days: int) -> int:
        """As many events, of visits on `days` days from `first`; the version of `events` with them."""
        rows = _as_events(resolved_events(self.spark, events, self.events, self.people), first, days)
        self.events += events
        rows = TABLES["events"].select(rows.repartition("event_date"))
        self.lake.append(TABLES["events"], rows)
        return self.lake.version("events")

    def add_later(self, events: int, spans: Sequence[tuple[int, int]]) -> Iterator[int]:
        """Several times more events, whose people are known at once, though no stage sees the events yet."""
        versions = [self.add(events, first, days) for first, days in spans]
        self.say_who()
        return iter(versions)

    def show(self, version: int) -> None:
        """Let the stages see `events` up to this version."""
        consumed = self.lake.consumed("identities")
        consumed = {"inputs": {**consumed["inputs"], "events": version}}
        self.lake.mark("identities", consumed, self.lake.state("identities").data_version)

    def say_who(self) -> None:
        """The tables of identities, of all events."""
        rows = self.lake.read("events")
        ids = [F.lit("anonymous_id").alias("id_type"), F.col("anonymous_id").alias("id_value")]
        seen = rows.groupBy(*ids, F.col("event_date").alias("seen_date")).agg(
            F.count("*").alias("events"),
            F.min("event_time").alias("first_time"),
            F.lit(False).alias("blocked"),
        )
        seen = TABLES["identity_sightings"].select(seen)
        people = seen.groupBy("id_type", "id_value").agg(F.min("first_time").alias("first_seen"))
        people = people.select(
            "*",
            F.substring(F.sha2("id_value", 256), 1, 32).alias("person_id"),
            F.lit("own").alias("status"),
            F.lit(None).cast("string").alias("detail"),
            F.xxhash64("id_value").alias("component"),
        )
        versions = {"events": self.lake.version("events")}
        nobody = self.spark.createDataFrame([], TABLES["device_owners"].schema)
        for name, frame in (("identity_sightings", seen), ("device_owners", nobody), ("identities", people)):
            done = self.lake.publish(TABLES[name], TABLES[name].select(frame))
            self.lake.mark(name, {"inputs": dict(versions)}, done.version)
            versions[name] = done.version

    def copied(self, root: str) -> History:
        """A lake of the same events and people, from which nothing is made yet; its files are links."""
        for name in _GIVEN:
            shutil.copytree(Path(self.root) / name, Path(root) / name, copy_function=os.link)
        return replace(self, root=root)

    def bring_up(self) -> int:
        """Run the stages; the sessions afterwards."""
        settings = self.settings.model_copy(
            update={"lake": self.settings.lake.model_copy(update={"root": self.root})}
        )
        with open_run(self.spark, settings, Progress(Console(file=io.StringIO()))) as run:
            for stage in STAGES:
                run_stage(run, stage)
        return self.lake.rows("sessions")


def rows(spark: SparkSession, folder: Path, settings: Settings, events: int, a_day: int) -> Iterator[Row]:
    """About `events` over 30 days, and 1 % more; then days of `a_day` onto a long history and a short one."""
    history = History(spark, settings, str(folder / "restating"), max(events // 40, 1))
    version = history.add(events, 0, 30)
    few = events // 100
    later = history.add_later(few, [(27, 3)] * _RUNS), history.add_later(few, [(0, 30)] * _RUNS)
    history.show(version)
    history.bring_up()

    def more(history: History, versions: Iterator[int]) -> Callable[[], int]:
        def go() -> int:
            history.show(next(versions))
            return history.bring_up()

        return go

    fresh = count()

    def whole() -> int:
        return history.copied(str(folder / f"whole{next(fresh)}")).bring_up()

    told = f"restating {events:,} events, 1 % late"
    yield Row(f"{told} in 3 of 30 days", more(history, later[0]), "all of it", whole, True)
    yield Row(f"{told} in all days", more(history, later[1]), "all of it", whole, True)

    def onto(days: int) -> Callable[[], int]:
        long = History(spark, settings, str(folder / f"onto{days}"), max(a_day // 4, 1))
        version = long.add(a_day * days, 0, days)
        versions = long.add_later(a_day, [(days + n, 1) for n in range(_RUNS)])
        long.show(version)
        long.bring_up()
        return more(long, versions)

    yield Row(f"sessions, a day of {a_day:,} onto 100", onto(100), "onto 10 days", onto(10), True)


def _as_events(rows: DataFrame, first: int, days: int) -> DataFrame:
    """Rows of `events`, folded onto so many days from the first."""
    day_us = 86_400_000_000
    at = F.pmod(F.unix_micros("event_time"), F.lit(days * day_us))
    moved = F.timestamp_micros(at + (_FIRST + first) * day_us)
    path = F.concat(F.lit("/p"), F.pmod(F.xxhash64("event_id"), F.lit(50)).cast("string"))
    page = TABLES["events"].schema["page"].dataType
    given = {
        "event_time": moved,
        "event_date": F.to_date(moved),
        "received_time": moved,
        "anonymous_id": F.col("person_id"),
        "event_key": F.xxhash64("event_id"),
        "page": F.from_json(F.to_json(F.struct(path.alias("path"), path.alias("url"))), page),
    }
    found = rows.withColumns(given)
    for column in TABLES["events"].columns:
        if column.name not in found.columns:
            empty = {"ARRAY<STRING>": F.array(), "BOOLEAN": F.lit(False)}.get(column.type, F.lit(""))
            value = empty if column.required else F.lit(None)
            found = found.withColumn(column.name, value.cast(column.type))
    return found.drop("person_id")
