"""What a person types: wrong settings end with one sentence and code 2, and README's queries run."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from tests.conftest import ROOT, run_suite
from trailhouse import suite
from trailhouse.errors import SourceError, StorageError
from trailhouse.job import Job
from trailhouse.progress import Progress
from trailhouse.run import open_run
from trailhouse.settings import load_settings
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

README = (ROOT / "README.md").read_text()


def job(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a job with this Python; what is told here is told before Spark starts."""
    return subprocess.run(
        [sys.executable, str(ROOT / "jobs" / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "500", **environment},
        cwd=ROOT,
    )


JOBS = ("events", "catalog", "identities", "activity", "sessions", "profiles", "metrics", "report", "run_all")


@pytest.mark.parametrize("name", JOBS)
def test_every_job_has_help(name: str) -> None:
    done = job(name, "--help")
    assert done.returncode == 0
    assert "--settings" in done.stdout
    assert "--rebuild" in done.stdout
    ranged = name in ("events", "run_all")
    assert all((option in done.stdout) == ranged for option in ("--from", "--to", "--dry-run"))


def test_run_all_goes_as_far_as_a_job_of_the_suites_own_order(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get_args(Job) == suite.ORDER
    ran: list[str] = []
    monkeypatch.setattr(suite, "ingest", lambda run, rebuild: ran.append("events"))
    monkeypatch.setattr(suite, "run_stage", lambda run, stage, rebuild: ran.append(stage.name))
    settings = load_settings(None, [f"lake.root={tmp_path}/lake"])
    told = io.StringIO()
    with open_run(spark, settings, Progress(Console(file=told))) as run:
        suite.run_job("run_all", "activity")(run, False)
    assert ran == ["events", "event_catalog", "identity_links", "identities", "activity"]
    assert "Report" not in told.getvalue()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "sessions.timout=1h"], "did you mean sessions.timeout"),
        (["--set", "sessions.timeout=soon"], "sessions.timeout"),
        (["--set", "raw.format=matomo"], "raw.format"),
        (["--settings", "conf/nowhere.yaml"], "conf/nowhere.yaml does not exist"),
        (["--from", "2026-02-31"], "raw.from_day = '2026-02-31': this is no day, such as 2026-03-02"),
        (["--from", "2026-03-02", "--to", "2026-03-01"], "comes after to_day 2026-03-01"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_code_2(arguments: list[str], sentence: str) -> None:
    done = job("events", *arguments)
    assert done.returncode == 2
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_absent_java_is_one_sentence_and_code_2(tmp_path: Path) -> None:
    done = job("events", JAVA_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "Java 17" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_raw_input_that_is_not_there_is_told_by_its_path(spark: SparkSession, tmp_path: Path) -> None:
    settings = load_settings(None, [f"raw.path={tmp_path}/nowhere", f"lake.root={tmp_path}/lake"])
    with pytest.raises(SourceError, match=f"{tmp_path}/nowhere does not exist") as told:
        run_suite(spark, settings, "events")
    assert told.value.exit_code == 2


@pytest.mark.parametrize("root", ["/proc/lake", "nosuch://bucket/lake"])
def test_a_lake_that_cannot_be_reached_is_told_by_its_path(spark: SparkSession, root: str) -> None:
    with pytest.raises(StorageError, match=f"lake {root} cannot be") as told:
        run_suite(spark, load_settings(None, [f"lake.root={root}"]), "events")
    assert told.value.exit_code == 2


def test_a_relative_lake_lies_below_the_working_folder(spark: SparkSession, tmp_path: Path) -> None:
    jvm: Any = spark._jvm
    here = jvm.java.lang.System.getProperty("user.dir")
    lake = Lake(spark, os.path.relpath(tmp_path / "lake", here))
    lake.create(TABLES["ledger"])
    assert (tmp_path / "lake" / "ledger" / "_delta_log").is_dir()


def test_a_stage_before_its_inputs_names_what_is_missing(spark: SparkSession, tmp_path: Path) -> None:
    settings = load_settings(None, [f"lake.root={tmp_path}/lake"])
    with pytest.raises(StorageError, match="does not have: run its stage first"):
        run_suite(spark, settings, "identities")


def queries() -> list[str]:
    """README's examples in Python."""
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", queries(), ids=["polars", "duckdb", "spark"])
def test_readmes_query_runs_and_shows_something(
    code: str,
    shop_lake: Path,
    spark: object,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code.replace("var/lake", str(shop_lake)), "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_readme_names_every_table() -> None:
    missing = [name for name in TABLES if f"`{name}`" not in README]
    assert missing == []
