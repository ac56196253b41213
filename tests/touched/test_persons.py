"""Profiles made in part: at each step of a history what a run over all of it gives.

Steps of some hundred worlds: late rows come and go on the same day, a session turns out a bot's; then
days go by, another week begins, and two persons turn out to be one.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows, watermark
from tests.profiles.oracle import Row, World
from tests.profiles.worlds import ITEMS, ZONE, random_world
from trailhouse.difference import fingerprint
from trailhouse.settings import Settings
from trailhouse.stage import Context, Look, Part
from trailhouse.stages.profiles import STAGE, narrow, transform
from trailhouse.tables import TABLES

SEED, WORLDS = 5200, 150
SETTINGS = Settings.model_validate(
    {
        "project": {"timezone": ZONE, "week_start": "sunday"},
        "profiles": {"traits": [{"name": "orders", "kind": "count", "event": "order"}]},
        "incremental": {"whole_from": 2.0},
        "items": ITEMS,
    }
)
PARTITIONS = {"person_days": "day", "sessions": "session_date", "activity": "event_date"}
LATE, LATE_DAYS = 0.3, (date(2026, 3, 29), date(2026, 2, 26))
"""Share of the rows of some days that come or go in a step: so most days stay as they are."""


def grown(worlds: list[World], step: int) -> dict[str, list[Row]]:
    """By table, the rows as they lie at a step: some are late, some are another person's by then."""
    found: dict[str, list[Row]] = {
        name: [row for world in worlds for row in getattr(world, name)]
        for name in (*PARTITIONS, "identities")
    }
    draws = {name: random.Random(f"{SEED}{name}") for name in found}
    tables: dict[str, list[Row]] = defaultdict(list)
    for name, every in found.items():
        for row in every:
            late = _day(row) in LATE_DAYS
            arrives, goes = (
                draws[name].choice((1, 2)) if draws[name].random() < LATE and late else None for _ in "12"
            )
            if (arrives or 0) <= step and (goes is None or step < goes):
                tables[name].append(row)
    # Two persons turn out to be one, and a session a bot's.
    merged = {f"w{SEED}.p0": f"w{SEED}.p1"} if step > 1 else {}
    bots = {f"w{SEED + 5}.p1.s0"} if step > 0 else set()
    for name, every in tables.items():
        own = [row | {"person_id": merged.get(row["person_id"], row["person_id"])} for row in every]
        if name == "person_days":  # one row a day
            own = list({(row["person_id"], row["day"]): row for row in own}.values())
        if name == "sessions":
            own = [row | {"is_bot": row["is_bot"] or row["session_id"] in bots} for row in own]
        tables[name] = own
    # The days of events in a bot's session count otherwise, as person_days would.
    flipped = {(row["person_id"], _day(row)) for row in tables["activity"] if row["session_id"] in bots}
    for row in tables["person_days"]:
        if (row["person_id"], row["day"]) in flipped:
            row["events"] += 1
    return tables


def _day(row: Row) -> date:
    """The project's day of a row of any of the tables."""
    at = next(row[name] for name in ("day", "session_date", "event_time", "first_seen") if name in row)
    return at.astimezone(ZoneInfo(ZONE)).date() if isinstance(at, datetime) else at


def changed(before: list[Row], now: list[Row], column: str) -> list[date]:
    """The values of the partition column whose rows differ."""
    sides = [{(row[column], repr(sorted(row.items(), key=str))) for row in side} for side in (before, now)]
    return sorted({day for day, _ in sides[0] ^ sides[1]})


def look_at(spark: SparkSession, before: Any, now: Any, published: DataFrame, day: date) -> Look:
    """What a run would see; the watermark lies on the day after `day`."""
    frames = [{name: rows(spark, name, side[name]) for name in side} for side in (before, now)]
    frames[1]["watermark"] = watermark(spark, f"{day + timedelta(1)} 09:00:00")
    days = {name: changed(before[name], now[name], column) for name, column in PARTITIONS.items()}
    return Look(frames[1], frames[0], {"profiles": published}, {**days, "identities": None})


def test_profiles_made_in_part_are_as_in_whole(spark: SparkSession, tmp_path: Path) -> None:
    worlds = [random_world(seed) for seed in range(SEED, SEED + WORLDS)]
    days = [date(2026, 3, 30), date(2026, 3, 30), date(2026, 4, 5)]
    kept = partial(_kept, tmp_path)
    context = Context(SETTINGS, str(tmp_path / "scratch"), whole=None)
    before = grown(worlds, 0)
    first = {name: rows(spark, name, before[name]) for name in before}
    first["watermark"] = watermark(spark, f"{days[0] + timedelta(1)} 09:00:00")
    published = kept(transform(first, context)["profiles"], "0")
    for step, day in enumerate(days[1:], start=1):
        now = grown(worlds, step)
        look = look_at(spark, before, now, published, day)
        part = narrow(look, context)
        assert isinstance(part, Part)
        made = transform(part.inputs, context)["profiles"]
        if part.scopes is not None:
            made = made.unionByName(part.scopes["profiles"].outside(published))
        made = kept(made, str(step))
        whole = transform(look.inputs, context)["profiles"]
        if fingerprint(made).first() != fingerprint(whole).first():
            wrong = made.exceptAll(whole).limit(3).collect(), whole.exceptAll(made).limit(3).collect()
            raise AssertionError(f"step {step}, seed {SEED}: found {wrong[0]}, expected {wrong[1]}")
        # It is a part that was made anew.
        persons = part.inputs["person_days"].select("person_id").distinct()
        assert 0 < persons.count() < len({row["person_id"] for row in now["person_days"]}), step
        before, published = now, made


def test_a_run_of_the_same_day_and_rows_makes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    worlds = [random_world(seed) for seed in range(SEED, SEED + 3)]
    now = grown(worlds, 0)
    published = rows(spark, "profiles", [{"person_id": "p", "as_of": "2026-03-31"}])
    look = look_at(spark, now, now, published, date(2026, 3, 31))
    part = narrow(look, Context(SETTINGS, str(tmp_path), whole=None))
    assert isinstance(part, Part)
    assert part.untouched
    assert STAGE.narrow is narrow


def _kept(folder: Path, frame: DataFrame, name: str) -> DataFrame:
    TABLES["profiles"].select(frame).write.parquet(str(folder / name))
    return frame.sparkSession.read.schema(frame.schema).parquet(str(folder / name))
