"""Real events of Snowplow's web tracker, under its own rules of sessions."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from tests.conftest import ROOT, run_suite
from trailhouse.settings import load_settings


@pytest.fixture(scope="module")
def lake(spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the sample, by the README's command for Snowplow."""
    raw = shared_data / "snowplow_web" / "source" / "snowplow_web_events.csv"
    if not raw.is_file():
        pytest.skip("the sample of Snowplow's web events is absent")
    path = tmp_path_factory.mktemp("snowplow") / "lake"
    given = [f"raw.path={raw}", "raw.format=snowplow", f"lake.root={path}", "sessions.preset=snowplow"]
    run_suite(spark, load_settings(ROOT / "conf" / "local.yaml", [*given, "spark.shuffle_partitions=2"]))
    return path


@pytest.fixture(scope="module")
def sessions(lake: Path) -> pd.DataFrame:
    """The sessions found, by the tracker's id."""
    return DeltaTable(str(lake / "sessions")).to_pandas().set_index("client_session_id")


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> list[dict[str, str]]:
    """What Snowplow's model makes of the sample."""
    path = shared_data / "snowplow_web/expected/databricks/snowplow_web_sessions_expected.csv"
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def moment(text: str) -> datetime:
    """A time of the expected file."""
    return datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=UTC)


def test_the_file_holds_157_events(lake: Path) -> None:
    assert len(DeltaTable(str(lake / "events")).to_pandas(columns=["event_id"])) == 157


def test_all_eighteen_sessions_are_found_with_their_start_end_and_engaged_time(
    sessions: pd.DataFrame, expected: list[dict[str, str]]
) -> None:
    assert len(expected) == 18
    assert sessions.index.is_unique
    differences = []
    for row in expected:
        found = sessions.loc[row["domain_sessionid"]]
        ours = (found["start_time"], found["end_time"], found["engaged_us"] // 1_000_000)
        theirs = (moment(row["start_tstamp"]), moment(row["end_tstamp"]), int(row["engaged_time_in_s"]))
        if ours != theirs:
            differences.append((row["user_id"], ours, theirs))
    assert differences == []


def test_views_agree_but_where_snowplow_cuts_a_session_after_three_days(
    sessions: pd.DataFrame, expected: list[dict[str, str]]
) -> None:
    other = {
        row["user_id"]: (int(sessions.loc[row["domain_sessionid"]]["page_views"]), int(row["page_views"]))
        for row in expected
        if int(sessions.loc[row["domain_sessionid"]]["page_views"]) != int(row["page_views"])
    }
    assert len(other) == 2, other
    assert all(ours > theirs for ours, theirs in other.values()), other
