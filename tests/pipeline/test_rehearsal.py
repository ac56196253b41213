"""`--dry-run` tells what a run would do, and leaves the lake as it is."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from tests.conftest import Shop
from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.errors import SourceError
from trailhouse.progress import Progress
from trailhouse.rehearsal import Rehearsal, rehearse
from trailhouse.settings import Settings
from trailhouse.storage import Lake
from trailhouse.suite import JOBS


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size and time."""
    found = folder.rglob("*")
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in (folder, *found)}


def rehearsed(
    spark: SparkSession, settings: Settings, *, terminal: bool = False, **named: bool
) -> tuple[Rehearsal, str]:
    """What a dry run of all found, and what it showed."""
    shown = io.StringIO()
    console = Console(file=shown, width=200, force_terminal=terminal, highlight=False, soft_wrap=not terminal)
    return rehearse(spark, settings, Progress(console), "run_all", **named), shown.getvalue()


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    """Three days of raw files, one of them in two files with names that a terminal might take for markup."""
    world = World(spark, tmp_path / "raw", tmp_path / "lake")
    for name in ("dt=2026-03-01/a.json", "dt=2026-03-02/[red]b.json", "dt=2026-03-02/c.json", "d.json"):
        (world.raw / name).parent.mkdir(parents=True, exist_ok=True)
        world.write(name, message(name))
    return world


def test_a_dry_run_over_a_lake_that_is_not_there_makes_none_and_names_files_days_and_tables(
    world: World,
) -> None:
    before = listing(world.root.parent)
    found, plain = rehearsed(world.spark, world.settings)
    sizes = {path.name: path.stat().st_size for path in world.raw.rglob("*.json")}
    assert [(str(one.day), one.files, one.bytes) for one in found.days] == [
        ("2026-03-01", 1, sizes["a.json"]),
        ("2026-03-02", 2, sizes["[red]b.json"] + sizes["c.json"]),
        ("None", 1, sizes["d.json"]),
    ]
    assert {one.table for one in found.tables if one.computed} >= {"events", "raw_files", "funnels"}
    assert all(one.computed for one in found.tables)
    assert f"lake {world.root} does not exist yet" in plain
    assert "4 files" in plain
    assert (
        f"2026-03-02\t2\t{found.days[1].bytes} bytes\tdt=2026-03-02/[red]b.json, dt=2026-03-02/c.json\n"
        in plain
    )
    assert "activity\tcomputed\tfollows device_owners, events, identities, identity_sightings\n" in plain

    ranged = world.with_settings("raw.from_day=2026-03-02")
    found, drawn = rehearsed(world.spark, ranged.settings, terminal=True)
    assert [(str(one.day), one.files) for one in found.days] == [("2026-03-02", 2), ("None", 1)]
    assert "│ 2026-03-02" in drawn
    assert "[red]b.json" in drawn
    assert "2026-03-02 to the last" in drawn
    assert "1 raw file tells no day" in drawn
    with pytest.raises(SourceError, match="does not exist"):
        rehearsed(world.spark, world.with_settings("raw.path=/nowhere/at/all").settings)
    assert listing(world.root.parent) == before


def test_a_dry_run_over_a_lake_knows_what_was_read_and_what_is_up_to_date(
    spark: SparkSession, shop: Shop, shop_lake: Path
) -> None:
    before = listing(shop_lake)
    found, shown = rehearsed(spark, shop.settings(shop_lake))
    assert found.files == 0
    assert "0 files" in shown
    assert not [one for one in found.tables if one.computed]
    assert {one.table for one in found.tables} > {"events", "sessions", "funnels"}

    steps = '[{"event": "page_view"}, {"event": "order"}]'
    asked = shop.settings(shop_lake, f'questions.funnels=[{{"name": "other", "steps": {steps}}}]')
    found, _ = rehearsed(spark, asked)
    assert {one.table for one in found.tables if one.computed} == {"funnels"}

    found, _ = rehearsed(spark, asked, rebuild=True)
    files = [path for path in shop.raw.rglob("*") if path.is_file()]
    assert found.files == len(files)
    assert sum(one.bytes for one in found.days) == sum(os.path.getsize(path) for path in files)
    stages = [stage for job in JOBS.values() for stage in job if stage.wanted(asked)]
    wanted = {table for stage in stages for table in stage.writes}
    assert {one.table for one in found.tables if one.computed} >= wanted
    assert listing(shop_lake) == before
    assert Lake(spark, str(shop_lake)).exists("events")
