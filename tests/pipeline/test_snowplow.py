"""Real events of Snowplow's web tracker, under its own rules of sessions."""

from __future__ import annotations

import csv
from collections import Counter
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


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> pd.DataFrame:
    """The sample, of rows with one event_id the one received first; `at` by client + (received - sent)."""
    raw = pd.read_csv(shared_data / "snowplow_web/source/snowplow_web_events.csv", low_memory=False)
    client, sent, received, derived = (
        pd.to_datetime(raw[name], format="mixed", utc=True)
        for name in ("dvce_created_tstamp", "dvce_sent_tstamp", "collector_tstamp", "derived_tstamp")
    )
    raw = raw.assign(at=(client + (received - sent)).fillna(client), received=received, derived=derived)
    return raw.sort_values("received").drop_duplicates("event_id")


def test_a_session_lasts_from_its_first_to_its_last_corrected_time(
    sessions: pd.DataFrame, rows: pd.DataFrame
) -> None:
    times = rows.groupby("domain_sessionid")["at"]
    assert sessions["start_time"].to_dict() == times.min().to_dict()
    assert sessions["end_time"].to_dict() == times.max().to_dict()


def test_start_end_and_length_are_snowplows_but_for_three_causes(
    sessions: pd.DataFrame, expected: list[dict[str, str]], rows: pd.DataFrame
) -> None:
    """The causes, undone one by one, turn our start and end into those of Snowplow's model."""
    causes = Counter[str]()
    for theirs in expected:
        ours = sessions.loc[theirs["domain_sessionid"]]
        events = rows[rows["domain_sessionid"] == theirs["domain_sessionid"]].sort_values("at")
        assert (ours["start_time"], ours["end_time"]) == (events["at"].iloc[0], events["at"].iloc[-1])
        # 1. Its model drops what comes more than three days after a session's start.
        kept = events[events["at"] - events["at"].iloc[0] <= pd.Timedelta(days=3)]
        causes["three days"] += len(kept) < len(events)
        # 2. The sample's derived_tstamp is not always what Snowplow's formula for it gives.
        start, end = kept["derived"].min(), kept["derived"].max()
        causes["derived"] += (start, end) != (kept["at"].min(), kept["at"].max())
        # 3. Its sessions of page pings alone begin the minimal visit of 5 s before the first.
        if set(kept["event_name"]) == {"page_ping"}:
            causes["pings alone"] += 1
            start -= pd.Timedelta(seconds=5)
        assert (start, end) == (pd.Timestamp(theirs["start_tstamp"]), pd.Timestamp(theirs["end_tstamp"]))
        # Its length counts the seconds on the clock that begin in between.
        clock = end.floor("s") - start.floor("s")
        assert clock == pd.Timedelta(seconds=int(theirs["absolute_time_in_s"]))
    assert causes == {"three days": 2, "derived": 5, "pings alone": 3}


def test_sessions_that_snowplows_model_does_not_show_have_one_of_three_causes(
    sessions: pd.DataFrame, expected: list[dict[str, str]], rows: pd.DataFrame
) -> None:
    shown = {theirs["domain_sessionid"] for theirs in expected}
    assert set(sessions.index) == set(rows["domain_sessionid"].dropna())
    causes = Counter[str]()
    for session, events in rows[~rows["domain_sessionid"].isin(shown)].groupby("domain_sessionid"):
        consent = set(events["event_name"]) <= {"cmp_visible", "consent_preferences"}
        late = events["user_id"].str.contains("sent >3 days").all()
        nameless = events["user_id"].eq("NULL page_view_id").all()
        assert consent + late + nameless == 1, session
        causes.update(consent=consent, late=late, nameless=nameless)
    assert causes == {"consent": 26, "late": 1, "nameless": 1}


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
