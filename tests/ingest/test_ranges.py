"""A run over some days reads their files, later runs the others: nothing is lost or counted twice."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.difference import fingerprint
from trailhouse.errors import SettingsError, SourceError
from trailhouse.ingest import batch
from trailhouse.ingest.days import day
from trailhouse.ingest.pending import pending
from trailhouse.progress import Progress
from trailhouse.run import Run
from trailhouse.settings import load_settings
from trailhouse.storage import Lake

DAYS = {
    "dt=2026-03-02/a.json": "2026-03-02",
    "dt=2026-03-02/hour=10/a.json": "2026-03-02",
    "site=x/date=2026-03-02/part-00000-20260415-1234-4cde-8fab-0123456789ab-c000.json": "2026-03-02",
    "2026/03/02/a.json": "2026-03-02",
    "2026/03/02/10/a.json": "2026-03-02",
    "2026/3/2/a.json": "2026-03-02",
    "2026/03/02.json.gz": "2026-03-02",
    "2026-03-02/a.json": "2026-03-02",
    "20260302/a.json": "2026-03-02",
    "events_20260302.json": "2026-03-02",
    "events20260302T101500.json": "2026-03-02",
    "app/2026030210/a.json": "2026-03-02",
    "year=2026/month=03/day=02/hour=10/a.json": "2026-03-02",
    "Year=2026/Month=3/Day=2/a.json": "2026-03-02",
    "y=2026/m=03/d=02/a.json": "2026-03-02",
    "1234_2026-03-02_10#0.json.gz": "2026-03-02",
    "2026/03/02/10/stream-1-2026-03-02-10-15-30-8d4a1c1e-0000-4cde-8fab-0123456789ab.gz": "2026-03-02",
    "2026.03.02/a.json": "2026-03-02",
    "2026_03_02.json": "2026-03-02",
    # The last one counts: a folder by day in a copy of another day, a file of a week.
    "copy-2026-04-15/dt=2026-03-02/a.json": "2026-03-02",
    "2026-02-24_2026-03-02.json": "2026-03-02",
    # No day of any calendar, no day at all, or not to be told from a number.
    "2026-02-31.json": None,
    "2026/03/a.json": None,
    "2026-03/a.json": None,
    "year=2026/month=03/a.json": None,
    "a.json": None,
    "20260302-1234-4cde-8fab-0123456789ab.json": None,
    "1772445600000.json": None,
    "120260302.json": None,
    "2026/03/0002.json": None,
    "2026-13-02.json": None,
}


def test_a_day_is_read_from_folders_and_names_in_any_usual_layout(spark: SparkSession) -> None:
    names = spark.createDataFrame([(f"file:/raw/{name}",) for name in DAYS], "path STRING")
    found = {
        row.path.removeprefix("file:/raw/"): row.day
        for row in names.select("path", day(F.col("path")).alias("day")).collect()
    }
    assert found == {name: told and date.fromisoformat(told) for name, told in DAYS.items()}


@pytest.mark.parametrize(
    "overrides, told",
    [
        (
            ["raw.from_day=2026-03-02", "raw.to_day=2026-03-01"],
            "from_day 2026-03-02 comes after to_day 2026-03-01",
        ),
        (["raw.from_day='2026-02-31'"], "raw.from_day = '2026-02-31': this is no day, such as 2026-03-02"),
        (["raw.from_day=2026-02-31"], "the value '2026-02-31' is not YAML: day is out of range for month"),
        (["raw.to_day=yesterday"], "raw.to_day = 'yesterday': this is no day, such as 2026-03-02"),
        (["raw.to_day=2026"], "raw.to_day = 2026: this is no day, such as 2026-03-02"),
    ],
)
def test_a_range_that_is_none_is_told(overrides: list[str], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(None, overrides)
    assert told in str(error.value)


def over(world: World, first: str | None, last: str | None) -> World:
    """The same world, over files of these days."""
    days = {"raw.from_day": first, "raw.to_day": last}
    return world.with_settings(*world.overrides, *(f"{key}={value}" for key, value in days.items() if value))


def fill(raw: Path, world: World) -> None:
    """Six days in four layouts, a file a day; records that come twice, and bad ones."""
    names = (
        "dt=2026-03-01/a.json",
        "2026/03/02/10/b.json",
        "2026-03-03.json",
        "year=2026/month=03/day=04/d.json",
        "20260305/e.json",
        "events_20260306.json",
    )
    for number, name in enumerate(names, start=1):
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        world.write(
            name,
            message(f"own-{number}"),
            message("everywhere", receivedAt=f"2026-03-{number + 10}T10:00:00.000Z"),
            f"{{broken {number}",
        )


def read_files(world: World) -> list[str]:
    """Names of the files that were read, one for each reading."""
    rows = world.lake.read("raw_files").where("state = 'read'").collect()
    return sorted(Path(row.file).name for row in rows)


def records_in(world: World) -> int:
    """How many records the ledger counts over all batches."""
    rows = world.lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL").collect()
    return sum(row.records_in for row in rows)


def crash(*_: object) -> None:
    raise RuntimeError("power cut")


def contents(lake: Lake) -> tuple[object, ...]:
    """What must be the same whatever came when."""
    bad = lake.read("events_quarantine").drop("file", "line", "first_batch", "quarantined_time")
    return (fingerprint(lake.read("events")).first(), fingerprint(bad).first())


@pytest.fixture
def died(monkeypatch: pytest.MonkeyPatch) -> Callable[[World], None]:
    """A run that ends behind its batch's commit of events."""

    def run(world: World) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(batch, "publish_quarantine", crash)
            with pytest.raises(RuntimeError, match="power cut"):
                world.run()

    return run


@pytest.mark.parametrize("more", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_ranges_with_crashes_and_then_a_full_run_give_what_one_full_run_gives(
    spark: SparkSession, tmp_path: Path, died: Callable[[World], None], more: bool
) -> None:
    world = World(spark, tmp_path / "raw", tmp_path / "lake")
    fill(world.raw, world)
    if more:
        over(world.with_settings("raw.files_per_batch=1"), "2026-03-03", "2026-03-04").run()
        assert read_files(world) == ["2026-03-03.json", "d.json"], "both days belong to it"
        died(over(world, "2026-03-05", "2026-03-05"))
        over(world, None, "2026-03-02").run()
        assert read_files(world) == ["2026-03-03.json", "a.json", "b.json", "d.json", "e.json"]
        # A batch of the stream, and a range over its file before it is handed out again.
        died(world)
        over(world, "2026-03-06", None).run()
    else:
        # The range's own batch, which no stream hands out again.
        died(over(world, "2026-03-03", "2026-03-04"))
        events = [("everywhere",), ("own-3",), ("own-4",)]
        assert world.rows("events", "event_id") == events, "both days belong to it"
    world.run()

    assert world.rows("events", "event_id") == [("everywhere",), *((f"own-{n}",) for n in range(1, 7))]
    [(first,)] = world.lake.read("events").where("event_id = 'everywhere'").select("received_time").collect()
    assert f"{first:%Y-%m-%d}" == "2026-03-11", (
        "of the copies, which several runs brought, the earliest stays"
    )
    assert world.lake.read("events_quarantine").count() == 6
    assert records_in(world) == 18, "every record is counted once"
    assert world.balance() == 7
    assert len(set(read_files(world))) == 6
    if more:
        whole = replace(world, root=tmp_path / "whole")
        whole.run()
        assert contents(world.lake) == contents(whole.lake)
        assert records_in(whole) == 18


def test_files_that_tell_no_day_are_read_and_told_and_none_but_them_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    world = over(World(spark, tmp_path / "raw", tmp_path / "lake"), "2026-03-03", "2026-03-03")
    shown = io.StringIO()

    def to_read(*, rebuild: bool = False) -> set[str]:
        run = Run(world.lake, world.settings, Progress(Console(file=shown, width=10_000)))
        return {Path(row.path).name for row in pending(run, rebuild=rebuild).collect()}

    world.write("a.json", message("a"))
    with pytest.raises(SourceError, match=r"no file tells its day, such as file:.*a\.json: leave out --from"):
        to_read()
    world.write("2026-03-02.json", message("b"))
    world.write("2026-03-03.json", message("c"))
    assert to_read() == {"2026-03-03.json", "a.json"}
    assert "1 raw file tells no day in folder or name, such as" in shown.getvalue()
    world.run()
    assert to_read() == set()
    assert to_read(rebuild=True) == {"2026-03-03.json", "a.json"}
