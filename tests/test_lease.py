"""One run a lake: who may write, who is told to wait, and what a run that died leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.conftest import run_suite
from trailhouse.errors import SourceError, StorageError
from trailhouse.files import Files
from trailhouse.lease import Lease, machine
from trailhouse.settings import load_settings


@pytest.fixture
def current(tmp_path: Path) -> Path:
    """Where the lease of the lake lies."""
    return tmp_path / "lake" / "_lease" / "current"


def lease(spark: SparkSession, current: Path, run: str = "mine", seconds: float = 60) -> Lease:
    return Lease(Files(spark), str(current.parent.parent), run, seconds)


def left(current: Path, **told: Any) -> None:
    """A lease as some other run wrote it."""
    other = {"run": "other", "host": "elsewhere/-", "pid": 12, "since": "then", "token": "t", "renewed": 0.0}
    current.parent.mkdir(parents=True, exist_ok=True)
    current.write_text(json.dumps(other | told))


def ended_process() -> int:
    """The id of a process of this machine that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def is_taken(mine: Lease, refusal: str | None) -> None:
    """Whether a lease is to be had, or refused with these words."""
    if refusal:
        with pytest.raises(StorageError, match=refusal):
            mine.acquire()
    else:
        mine.acquire()
        mine.release()


def test_a_second_run_is_told_who_writes_till_the_first_has_ended(spark: SparkSession, current: Path) -> None:
    first, second = lease(spark, current, "first"), lease(spark, current, "second")
    first.acquire()
    with pytest.raises(StorageError, match=f"being written by run first .process {os.getpid()} on") as told:
        second.acquire()
    assert told.value.exit_code == 2
    first.release()
    assert not current.exists()
    second.acquire()
    second.release()


def test_the_lease_of_a_process_that_died_here_is_taken_at_once(spark: SparkSession, current: Path) -> None:
    left(current, host=machine(), pid=ended_process(), renewed=time.time())
    mine = lease(spark, current)
    mine.acquire()
    assert json.loads(current.read_text())["run"] == "mine"
    mine.release()


@pytest.mark.parametrize(("age", "taken"), [(50, False), (70, True)])
def test_the_lease_of_another_machine_ends_by_its_age(
    spark: SparkSession, current: Path, age: int, taken: bool
) -> None:
    left(current, renewed=time.time() - age)
    is_taken(lease(spark, current), None if taken else "process 12 on elsewhere, since then")


@pytest.mark.parametrize(("age", "taken"), [(0, False), (70, True)])
def test_a_lease_that_was_cut_while_written_counts_by_the_age_of_its_file(
    spark: SparkSession, current: Path, age: int, taken: bool
) -> None:
    left(current)
    current.write_text(current.read_text()[:20])
    os.utime(current, (time.time() - age, time.time() - age))
    is_taken(lease(spark, current), None if taken else "being written by run unknown")


def test_of_many_that_find_a_dead_lease_one_takes_it(spark: SparkSession, current: Path) -> None:
    for _ in range(10):
        left(current, token=f"dead-{time.monotonic_ns()}")
        leases = [lease(spark, current, f"run {number}") for number in range(8)]

        def take(mine: Lease) -> bool:
            try:
                mine.acquire()
            except StorageError:
                return False
            return True

        with ThreadPoolExecutor(len(leases)) as pool:
            won = [mine for mine, got in zip(leases, pool.map(take, leases), strict=True) if got]
        assert len(won) == 1
        won[0].release()


def test_a_run_that_was_cut_off_learns_it_and_leaves_the_others_lease(
    spark: SparkSession, current: Path
) -> None:
    mine = lease(spark, current, seconds=0.4)
    mine.acquire()
    mine.require()
    left(current, run="successor", renewed=time.time())
    mine._renewer.join(10)
    with pytest.raises(StorageError, match="run successor has taken it over"):
        mine.require()
    mine.release()
    assert json.loads(current.read_text())["run"] == "successor"


def test_a_run_that_was_silent_for_too_long_publishes_nothing(
    spark: SparkSession, current: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = lease(spark, current)
    mine.acquire()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    with pytest.raises(StorageError, match="not renewed for 61 s; run again"):
        mine.require()
    mine.release()


def test_a_dead_lease_is_taken_also_where_a_file_has_one_name_only(
    spark: SparkSession, current: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("no second names")

    monkeypatch.setattr(os, "link", refused)
    left(current, renewed=0.0)
    is_taken(lease(spark, current), None)


def test_a_death_while_a_dead_lease_was_moved_locks_nobody_out(spark: SparkSession, current: Path) -> None:
    left(current, token="t")
    os.link(current, current.with_name("ended-t"))
    mine = lease(spark, current)
    mine.acquire()
    mine.release()


def test_a_small_file_may_have_a_relative_path(spark: SparkSession, tmp_path: Path) -> None:
    jvm: Any = spark._jvm
    name = os.path.relpath(tmp_path / "page.html", jvm.java.lang.System.getProperty("user.dir"))
    files = Files(spark)
    files.write_text(name, "one")
    files.write_text(name, "two")
    assert files.read_text(name) == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_lease_is_renewed_while_its_run_works(spark: SparkSession, current: Path) -> None:
    mine = lease(spark, current, seconds=0.4)
    mine.acquire()
    before = json.loads(current.read_text())["renewed"]
    deadline = time.monotonic() + 10
    while json.loads(current.read_text())["renewed"] == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert json.loads(current.read_text())["renewed"] > before
    mine.release()


def test_a_run_writes_nothing_where_another_is_at_work(spark: SparkSession, current: Path) -> None:
    left(current, renewed=time.time())
    with pytest.raises(StorageError, match="being written by run other"):
        run_suite(spark, load_settings(None, [f"lake.root={current.parent.parent}"]), "events")
    assert [path.name for path in current.parent.parent.iterdir()] == ["_lease"]


def test_a_run_that_fails_gives_its_lease_back(spark: SparkSession, current: Path) -> None:
    settings = load_settings(None, [f"lake.root={current.parent.parent}", "raw.path=/nowhere"])
    with pytest.raises(SourceError):
        run_suite(spark, settings, "events")
    assert not current.exists()
