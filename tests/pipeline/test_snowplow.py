"""Real events of Snowplow's web tracker, under its own rules of sessions."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from tests.conftest import ROOT, run_suite
from trailhouse.settings import Settings, load_settings


def settings_of(shared_data: Path, lake: Path, *overrides: str) -> Settings:
    """The README's command for Snowplow, over the sample."""
    raw = shared_data / "snowplow_web" / "source" / "snowplow_web_events.csv"
    if not raw.is_file():
        pytest.skip("the sample of Snowplow's web events is absent")
    given = [f"raw.path={raw}", "raw.format=snowplow", f"lake.root={lake}", "sessions.preset=snowplow"]
    given.append("identity.engine=local")  # the shop goes through GraphFrames
    return load_settings(ROOT / "conf" / "local.yaml", [*given, "spark.shuffle_partitions=2", *overrides])


@pytest.fixture(scope="module")
def lake(spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the sample, as far as its sessions."""
    path = tmp_path_factory.mktemp("snowplow") / "lake"
    run_suite(spark, settings_of(shared_data, path), "events", "identities", "activity", "sessions")
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


def test_the_file_holds_157_events(lake: Path) -> None:
    assert len(DeltaTable(str(lake / "events")).to_pandas(columns=["event_id"])) == 157


def test_all_eighteen_sessions_are_found_with_their_engaged_time(
    sessions: pd.DataFrame, expected: list[dict[str, str]]
) -> None:
    assert len(expected) == 18
    assert sessions.index.is_unique
    found = {row["domain_sessionid"]: sessions.loc[row["domain_sessionid"], "engaged_us"] for row in expected}
    assert found == {row["domain_sessionid"]: int(row["engaged_time_in_s"]) * 1_000_000 for row in expected}


def test_a_session_lasts_from_its_first_to_its_last_corrected_time(
    sessions: pd.DataFrame, shared_data: Path
) -> None:
    """By client + (received - sent); of rows with one event_id the one received first."""
    raw = pd.read_csv(shared_data / "snowplow_web/source/snowplow_web_events.csv", low_memory=False)
    client, sent, received = (
        pd.to_datetime(raw[name], format="mixed", utc=True)
        for name in ("dvce_created_tstamp", "dvce_sent_tstamp", "collector_tstamp")
    )
    raw["at"], raw["received"] = (client + (received - sent)).fillna(client), received
    once = raw.sort_values("received").drop_duplicates("event_id").groupby("domain_sessionid")["at"]
    assert sessions["start_time"].to_dict() == once.min().to_dict()
    assert sessions["end_time"].to_dict() == once.max().to_dict()


def test_views_agree_but_where_snowplow_cuts_a_session_after_three_days(
    sessions: pd.DataFrame, expected: list[dict[str, str]]
) -> None:
    other = {
        row["user_id"]: (int(sessions.loc[row["domain_sessionid"]]["views"]), int(row["page_views"]))
        for row in expected
        if int(sessions.loc[row["domain_sessionid"]]["views"]) != int(row["page_views"])
    }
    assert len(other) == 2, other
    assert all(ours > theirs for ours, theirs in other.values()), other


@pytest.mark.soak
def test_the_whole_suite_ends_with_its_report(spark: SparkSession, shared_data: Path, tmp_path: Path) -> None:
    settings = settings_of(shared_data, tmp_path / "lake", f"report.path={tmp_path}/report.html")
    run_suite(spark, settings)
    assert "</html>" in (tmp_path / "report.html").read_text()
