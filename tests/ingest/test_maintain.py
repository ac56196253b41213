"""Care of files changes no row, and no run takes it for a change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests import factories
from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.difference import fingerprint
from trailhouse.errors import SettingsError, StorageError
from trailhouse.maintain import Care, maintain
from trailhouse.run import run_stage
from trailhouse.stage import Context, Stage
from trailhouse.storage import Lake

NOW = "maintain.retention=0s"


def care(world: World, *, force: bool = False) -> dict[str, Care]:
    """What was done, by table, where anything was."""
    done, _ = world.during(lambda run: maintain(run, force=force))
    return {one.table: one for one in done if one != Care(one.table)}


def identities(inputs: Mapping[str, DataFrame], _: Context) -> dict[str, DataFrame]:
    people = [{"id_type": "user_id", "id_value": str(n)} for n in range(inputs["events"].count())]
    return {"identities": factories.rows(inputs["events"].sparkSession, "identities", people)}


STAGE = Stage("identities", reads=("events",), writes=("identities",), transform=identities)


def stage(world: World) -> str:
    """Runs a stage over events; gives what the terminal showed."""
    return world.during(lambda run: run_stage(run, STAGE))[1]


def rows(lake: Lake) -> dict[str, object]:
    return {
        name: fingerprint(lake.read(name)).first()
        for name in ("events", "events_quarantine", "event_origins", "raw_files", "identities")
    }


@pytest.fixture(scope="module")
def tidy(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A lake of two small batches and a stage over it, not cared for: tables lie in several files."""
    folder = tmp_path_factory.mktemp("care")
    world = World(spark, folder / "raw", folder / "lake", ("raw.files_per_batch=1",))
    world.write("a.json", message("a-1"), "{broken")
    world.write("b.json", message("b-1"))
    world.run()
    stage(world)
    lake = world.lake
    lake.read("identities").repartition(2).write.format("delta").mode("overwrite").save(
        lake.path("identities")
    )
    lake.mark("identities", lake.consumed("identities"), lake.version("identities"))
    for leftover in ("_staging/activity/x", "_scratch/identities-r/y"):
        (world.root / leftover).parent.mkdir(parents=True)
        (world.root / leftover).write_text("left")
    return world


def test_a_cared_for_lake_is_up_to_date_with_the_same_rows_in_fewer_files(
    tidy: World, tmp_path: Path
) -> None:
    world = tidy.copy(tmp_path / "lake")
    lake = world.lake
    before, read = rows(lake), lake.state("events").data_version
    done = care(world)
    assert (done["events"].merged, done["events"].into) == (2, 1)
    assert (done["identities"].merged, done["identities"].into) == (2, 1)
    assert done["events"].deleted == 0, "within the retention everything stays"
    assert done["events"].checkpoint == lake.version("events")
    assert rows(lake) == before
    assert len(lake.read("events").inputFiles()) == 1
    assert not (world.root / "_staging").exists()
    assert not (world.root / "_scratch").exists()
    assert lake.state("events").data_version == read
    assert "up to date" in stage(world)
    assert "no new files" in world.run()
    changes = world.spark.read.format("delta").option("readChangeFeed", True).option("startingVersion", 1)
    assert changes.load(lake.path("events")).count() == 2, "files put together are no changed rows"
    assert set(care(world)) <= {"ledger", "gate_results"}, "what no run wrote since needs no care"


@pytest.mark.soak
def test_versions_that_were_consumed_are_read_though_their_files_are_deleted(
    tidy: World, tmp_path: Path
) -> None:
    world = tidy.copy(tmp_path / "lake", NOW)
    lake = world.lake
    consumed = lake.consumed("identities")["inputs"]["events"]
    with pytest.raises(SettingsError, match="shorter than a day"):
        care(world)
    assert care(world, force=True)["events"].deleted == 2
    file = world.write("c.json", message("c-1"))
    try:
        world.run()
        assert lake.state("events").data_version == lake.version("events") > consumed
        # The stage is still of the version before: its files outlast another care.
        assert care(world, force=True)["events"].merged == 2
        assert lake.read("events", consumed).count() == 2
        assert lake.read("events").count() == 3
        shown = stage(world)
        assert "identities 3 (published)" in shown
        assert care(world, force=True)["events"].deleted > 0
        assert "up to date" in stage(world)
    finally:
        file.unlink()


def test_a_care_that_died_before_its_mark_costs_work_and_changes_nothing(
    tidy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = tidy.copy(tmp_path / "lake")
    lake = world.lake
    before, published = rows(lake), lake.state("identities").data_version

    def crash(*_: object) -> None:
        raise RuntimeError("power cut")

    for table in ("events", "identities"):
        monkeypatch.setattr(Lake, "mark_same_rows", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            care(world)
        monkeypatch.undo()
        assert not lake.state(table).marked
    assert "identities 2 (unchanged)" in stage(world)
    assert lake.state("identities").data_version == published, "what reads it is up to date"
    assert rows(lake) == before


def test_a_folder_without_tables_is_told(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="has no tables"):
        care(World(spark, tmp_path, tmp_path / "lake"))
