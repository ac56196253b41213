"""A run that ends at any point, and the next one: every row once, as one clean run gives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.conftest import INTERPRETED, ROOT
from tests.ingest import crashes
from tests.ingest.crashes import Crash, Step, end
from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.ingest import reading
from trailhouse.ingest.commits import RawFile
from trailhouse.run import Run
from trailhouse.sources import Source

EARLY, LATE = "2026-03-02T10:00:01.000Z", "2026-03-02T10:00:09.000Z"
ARRIVAL = ("file", "line", "first_batch", "quarantined_time")
"""Columns of quarantine that speak of arrival."""
DELIVERIES = {
    "1-new": (message("a"), message("b", receivedAt=LATE), "{broken", message("c")),
    # No row is new: such a batch makes no commit of events.
    "2-copies": (message("a"), "{broken", "{another", message("c")),
    # An earlier arrival of an event, which replaces it; an event of an earlier day.
    "3-replaced": (
        message("b", receivedAt=EARLY, event="Other"),
        message("d"),
        message("e", originalTimestamp="2026-02-02T10:00:00Z"),
        "{broken",
    ),
}
DAMAGED = b"no gzip"


class Remembered:
    """Prepared rows of all files, computed once: what a batch reads of them is a part, since no row hangs on
    another."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._real = folder, reading._staged
        self._schema: Any = None

    def __call__(self, run: Run, source: Source, files: list[RawFile]) -> DataFrame | None:
        if any(Path(file.path).suffix == ".gz" for file in files):
            return self._real(run, source, files)  # which finds that it cannot be read
        if self._schema is None:
            prepared = self._real(run, source, files)
            assert prepared is not None
            shutil.copytree(run.lake.staged("events/prepared"), self._folder)
            self._schema = prepared.schema
            return prepared
        every = run.lake.spark.read.schema(self._schema).parquet(str(self._folder))
        names = [file.name for file in files]
        return run.lake.stage("events/prepared", every.where(every.file.isin(names))) if names else None


class Deliveries:
    """The raw folder, of which deliveries are taken out and brought back."""

    def __init__(self, raw: Path) -> None:
        self.raw, self.aside = raw, raw.with_name("aside")

    def withhold(self) -> None:
        """Nothing is delivered yet."""
        self.raw.rename(self.aside)
        self.raw.mkdir()

    def bring(self, name: str) -> None:
        """One more file lies in the folder, as old as it was."""
        (self.aside / name).rename(self.raw / name)

    def bring_all(self) -> None:
        """All that are left."""
        if self.aside.exists():
            for file in self.aside.iterdir():
                file.rename(self.raw / file.name)
            self.aside.rmdir()


def tables(world: World) -> dict[str, Any]:
    """What is promised of a lake, however its runs ended."""
    lake = world.lake
    quarantine = lake.read("events_quarantine").drop(*ARRIVAL)
    newest: dict[str, tuple[Any, ...]] = {}
    for row in lake.read("raw_files").orderBy("read_time").collect():
        newest[row.file] = (row.size, row.modified_time, row.state)
    told = lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL").collect()
    batches = [(row.note.split(",")[0], row.batch) for row in told]
    assert len(set(batches)) == len(batches), "a batch is told twice"
    return {
        "events": sorted(map(repr, lake.read("events").collect())),
        "quarantine": sorted(map(repr, quarantine.collect())),
        "origins": world.rows("event_origins", "event_id", "file"),
        "raw_files": newest,
        "balance": {
            "events": world.balance(),
            "records": sum(row.records_in for row in told),
            "quarantined": sum(row.quarantined for row in told),
            "refused": sum(row.refused for row in told),
        },
    }


@pytest.fixture(scope="module")
def clean(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All deliveries read by one run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("crashes")
    world = World(spark, folder / "raw", folder / "clean")
    for name, records in DELIVERIES.items():
        world.write(f"{name}.json", *records)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_staged", Remembered(folder / "prepared"))
        world.run()
        yield world


@pytest.fixture(scope="module")
def expected(clean: World) -> dict[str, Any]:
    return tables(clean)


@pytest.fixture
def crashed(clean: World, tmp_path: Path) -> World:
    """A lake of its own over the same raw files."""
    return replace(clean, root=tmp_path / "lake")


@pytest.fixture
def deliveries(clean: World) -> Iterator[Deliveries]:
    """The raw folder, empty."""
    folder = Deliveries(clean.raw)
    folder.withhold()
    yield folder
    folder.bring_all()


def test_a_run_that_ends_behind_each_of_its_commits_and_is_run_again_gives_the_tables_of_one(
    crashed: World, deliveries: Deliveries, expected: dict[str, Any]
) -> None:
    ends = {
        "1-new": (
            Crash(crashes.EVENTS),
            Crash(crashes.LABEL, dead=True),
            Crash(crashes.QUARANTINE, after=True),
            Crash(crashes.RAW_FILES, after=True, dead=True),
        ),
        "2-copies": (Crash(crashes.CHECKPOINT, after=True, dead=True),),
        "3-replaced": (Crash(crashes.EVENTS, after=True, dead=True), Crash(crashes.LEDGER)),
    }
    assert set(ends) == set(DELIVERIES)
    # Taken out of the folder after its batch was begun, and before it was published.
    gone = crashed.write("gone.json", message("gone"))
    for name, several in ends.items():
        deliveries.bring(f"{name}.json")
        for crash in several:
            end(crashed, crash)
            gone.unlink(missing_ok=True)
    crashed.run()
    assert tables(crashed) == expected


@pytest.mark.soak
@pytest.mark.parametrize("dead", [False, True], ids=["error", "dead"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", crashes.STEPS, ids=lambda step: step.name)
def test_a_run_that_ends_at_any_step_of_any_delivery_and_is_run_again_gives_the_tables_of_one(
    crashed: World, deliveries: Deliveries, expected: dict[str, Any], step: Step, after: bool, dead: bool
) -> None:
    if dead and step in (crashes.LEDGER, crashes.GATES):
        pytest.skip("a dead run does not come to it")
    for name in DELIVERIES:
        deliveries.bring(f"{name}.json")
        if name == "2-copies" and step in (
            crashes.ANNOUNCED,
            crashes.EVENTS,
            crashes.ORIGINS,
            crashes.LABEL,
        ):
            continue  # a batch without new rows does not come to it
        end(crashed, Crash(step, after, dead))
    crashed.run()
    assert tables(crashed) == expected


def test_a_lost_checkpoint_reads_everything_again_and_changes_nothing(
    clean: World, expected: dict[str, Any], tmp_path: Path
) -> None:
    world = clean.copy(tmp_path / "lake")
    lake = world.lake
    before = {name: lake.version(name) for name in ("events", "events_quarantine", "event_origins")}
    lake.clear("_streams")
    world.run()
    assert {name: lake.version(name) for name in before} == before
    again = lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL").orderBy("at").collect()
    assert len(again) == 2
    assert again[-1].records_in == expected["balance"]["records"]
    assert again[-1].kept == 0
    assert again[-1].duplicate == again[-1].records_in - again[-1].quarantined


def killed(world: World, log: Path, mark: str) -> None:
    """The events job as a user starts it, killed with all of its processes once the lake holds `mark`."""
    settings = {
        "raw.path": world.raw,
        "lake.root": world.root,
        "raw.format": world.source,
        "gates.max_quarantine_share": 1,
        "gates.docs": '""',
        "spark.shuffle_partitions": 2,
        "spark.conf.spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        **{f"spark.conf.{key}": value for key, value in INTERPRETED.items()},
    }
    command = [
        sys.executable,
        str(ROOT / "jobs" / "events.py"),
        "--settings",
        str(ROOT / "conf" / "local.yaml"),
    ]
    command += [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    paths = [str(ROOT / "lib"), *filter(None, [os.environ.get("PYTHONPATH")])]
    with log.open("wb") as output:
        job = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 180
            while not (world.root / mark).exists():
                assert job.poll() is None, f"the job ended by itself:\n{log.read_text()}"
                assert time.monotonic() < deadline, f"the job came to no {mark}:\n{log.read_text()}"
                time.sleep(0.005)
        finally:
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
    assert (world.root / "_lease" / "current").exists(), "the job had ended before"


COMMITTED = "events/_delta_log/00000000000000000001.json"
STAGED = "_staging/events/prepared/_temporary"


@pytest.mark.parametrize(
    "mark, there, missing",
    [
        pytest.param(COMMITTED, "events", "raw_files", id="behind the commit of events"),
        # What an error leaves there is read by the tests before; this is a process that is gone.
        pytest.param(STAGED, "_staging", COMMITTED, id="within staging", marks=pytest.mark.soak),
    ],
)
def test_a_job_that_is_killed_leaves_its_work_and_its_place_to_the_next(
    crashed: World, expected: dict[str, Any], tmp_path: Path, mark: str, there: str, missing: str
) -> None:
    killed(crashed, tmp_path / "log", mark)
    assert (crashed.root / there).exists()
    assert not (crashed.root / missing).exists(), "the kill came too late"
    crashed.run()
    assert tables(crashed) == expected
