"""What events of before make of a batch: how late it is, what is a duplicate; and what is forgotten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.ingest.counting import find_known, of_known


def of_day(name: str, day: int, **fields: object) -> dict[str, object]:
    """A heartbeat of a day of March."""
    times = ("originalTimestamp", "sentAt", "receivedAt")
    return message(name, **dict.fromkeys(times, f"2026-03-{day:02}T10:00:00.000Z"), **fields)


@pytest.fixture(scope="module")
def world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Days 2 and 20 of a month, and a record that is no event."""
    folder = tmp_path_factory.mktemp("history")
    world = World(spark, folder / "raw", folder / "lake")
    world.write("1.json", of_day("early", 2), of_day("late", 20), "{broken")
    world.run()
    return world


def test_late_records_are_counted_by_days_and_a_window_of_days_bounds_the_search_for_duplicates(
    world: World, tmp_path: Path
) -> None:
    again = World(world.spark, tmp_path / "raw", tmp_path / "lake", ("events.duplicate_days=3",))
    world = world.copy(again.root, *again.overrides)
    file = world.write(
        "2.json",
        of_day("late", 21),  # within the window: a duplicate
        of_day("early", 18, event="Other"),  # sixteen days away: an event of its own
        of_day("new", 18),
        of_day("newer", 19),
    )
    try:
        world.run()
    finally:
        file.unlink()
    names = world.rows("events", "event_id", "event_date")
    assert [(name, day.day) for name, day in names] == [
        ("early", 18),
        ("early", 2),
        ("late", 20),
        ("new", 18),
        ("newer", 19),
    ]
    row = world.lake.read("ledger").where("table_name = 'events' AND kept = 3").collect()[0]
    assert (row.duplicate, row.late, row.late_days) == (1, 3, {1: 1, 2: 2})
    assert world.balance() == 5


def test_without_a_window_duplicates_are_found_in_all_of_history(world: World, tmp_path: Path) -> None:
    world = world.copy(tmp_path / "lake")
    file = world.write("3.json", of_day("early", 18, event="Other"), of_day("last", 25))
    try:
        world.run()
    finally:
        file.unlink()
    assert [name for (name,) in world.rows("events", "event_id")] == ["early", "last", "late"]
    row = world.lake.read("ledger").where("table_name = 'events' AND kept = 1").collect()[0]
    assert (row.duplicate, row.conflicting, row.late, row.late_days) == (1, 1, 0, {})


def test_of_history_only_days_that_hold_a_key_of_the_batch_are_read(world: World, tmp_path: Path) -> None:
    lake = world.copy(tmp_path / "lake").lake
    events = lake.read("events").select("event_key", "event_id", "event_date")

    def plan(keys: DataFrame) -> str:
        found = of_known(events, find_known(lake, keys))
        return str(found._jdf.queryExecution().optimizedPlan().toString())

    known = plan(events.where("event_id = 'late'"))
    assert known.count("parquet") == 2, "history, and the keys that were found"
    assert "2026-03-20" in known
    assert "2026-03-02" not in known
    assert "parquet" not in plan(events.select(F.lit(0).cast("bigint").alias("event_key")))


def test_quarantine_is_its_owners_alone_and_forgets_bytes_after_a_time(world: World, tmp_path: Path) -> None:
    assert stat.S_IMODE((world.root / "events_quarantine").stat().st_mode) == 0o700
    assert stat.S_IMODE((world.root / "events").stat().st_mode) & 0o055, "events are for everybody"
    world = world.copy(tmp_path / "lake")
    world.run()
    [before] = world.lake.read("events_quarantine").collect()
    assert bytes(before.raw) == b"{broken"
    version = world.lake.version("events_quarantine")
    world.with_settings("privacy.quarantine_retention=0s").run()
    [after] = world.lake.read("events_quarantine").collect()
    assert after.raw is None
    assert after.asDict() | {"raw": before.raw} == before.asDict()
    world.with_settings("privacy.quarantine_retention=0s").run()
    assert world.lake.version("events_quarantine") == version + 1, "only once"
