"""The whole suite on a simulated shop, compared with what is true of it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable

from tests.conftest import Shop

COMPARED = {
    "rage_click": ["first_event_id", "size"],
    "u_turn": ["first_event_id"],
    "quick_back": ["first_event_id"],
    "rapid_refresh": ["first_event_id", "size"],
    "thrashed_cursor": ["first_event_id", "size"],
    "error_click": ["first_event_id"],
    "form_abandonment": ["first_event_id"],
}


def table(lake: Path, name: str, *columns: str) -> pd.DataFrame:
    """A published table, read as a user without Spark reads it."""
    return DeltaTable(str(lake / name)).to_pandas(columns=list(columns) or None)


@pytest.fixture(scope="module")
def placed(shop: Shop, shop_lake: Path) -> pd.DataFrame:
    """Truth and activity of each event, side by side."""
    truth = pd.read_parquet(shop.truth / "events.parquet")
    found = table(shop_lake, "activity", "event_id", "event_time", "event_name", "person_id", "session_id")
    return truth.merge(found, on="event_id", how="outer", suffixes=("_true", ""), indicator=True)


def test_every_event_is_kept_once_with_its_true_name_and_corrected_time(placed: pd.DataFrame) -> None:
    assert (placed["_merge"] == "both").all()
    assert placed["event_id"].is_unique
    assert (placed["event_name"] == placed["event_name_true"]).all()
    assert (placed["event_time"] == placed["event_time_true"]).all()


def test_every_person_is_one_human_and_every_human_one_person(placed: pd.DataFrame) -> None:
    known = placed[~placed["contested"]]
    assert (known["person_id"].isna() == known["owner"].isna()).all()
    assert known.groupby("owner")["person_id"].nunique().max() == 1
    assert known.groupby("person_id")["owner"].nunique().max() == 1


def test_sessions_are_exactly_the_true_ones(shop: Shop, shop_lake: Path, placed: pd.DataFrame) -> None:
    truth = pd.read_parquet(shop.truth / "sessions.parquet")
    truth = truth[~truth["contested"]]
    contested = set(placed.loc[placed["contested"], "session_id"].dropna())
    found = table(shop_lake, "sessions", "session_id", "start_time", "end_time", "events")
    found = found[~found["session_id"].isin(contested)]
    key = ["start_time", "end_time", "events"]
    assert sorted(zip(*[found[name] for name in key], strict=True)) == sorted(
        zip(truth["start"], truth["end"], truth["events"], strict=True)
    )


@pytest.mark.parametrize(("kind", "key"), COMPARED.items())
def test_planted_signals_are_found_and_no_others(
    shop: Shop, shop_lake: Path, kind: str, key: list[str]
) -> None:
    truth = pd.read_parquet(shop.truth / "signals.parquet").query("kind == @kind")
    found = table(shop_lake, "signals").query("kind == @kind")
    assert len(truth) > 0, "the shop has no such signal planted: the test would say nothing"
    assert sorted(zip(*[found[name] for name in key], strict=True)) == sorted(
        zip(*[truth[name] for name in key], strict=True)
    )


def test_dead_clicks_are_those_planted_and_inert_ones_where_the_element_says_so(
    shop: Shop, shop_lake: Path
) -> None:
    planted = pd.read_parquet(shop.truth / "signals.parquet").query("kind == 'dead_click'")
    clicked = table(shop_lake, "activity", "event_id", "element").set_index("event_id")["element"]
    inert = planted["first_event_id"].map(lambda event: clicked[event]["interactive"] is False)
    assert set(inert) == {True, False}, "the shop plants none of one kind: the test would say little"
    for kind, of_kind in (("dead_click", ~inert), ("inert_click", inert)):
        signals = table(shop_lake, "signals")
        found = signals[signals["kind"] == kind]
        assert sorted(found["first_event_id"]) == sorted(planted[of_kind]["first_event_id"])


def test_the_ledger_balances_and_counts_each_planted_fault(shop: Shop, shop_lake: Path) -> None:
    counts = json.loads((shop.truth / "truth.json").read_text())["counts"]
    rows = table(shop_lake, "ledger").query("stage == 'events' and table_name == 'events'")
    batches = rows[rows["kept"].notna()]
    assert len(batches) == 3
    assert (
        batches["records_in"] == batches[["kept", "duplicate", "quarantined", "refused"]].sum("columns")
    ).all()
    row = batches.sum(numeric_only=True)
    assert row["records_in"] == counts["records"]
    assert row["kept"] - row["replaced"] == counts["kept"]
    assert row["quarantined"] == counts["quarantined"]["total"]
    # A copy that came before its better one was kept, and then replaced.
    assert row["duplicate"] + row["replaced"] == counts["duplicates"]["total"]
    assert row["conflicting"] == counts["duplicates"]["conflicting"]
    assert len(table(shop_lake, "events", "event_id")) == row["kept"] - row["replaced"]
    assert len(table(shop_lake, "events_quarantine", "content_hash")) == counts["quarantined"]["total"]


def test_a_quarantined_line_is_found_again_by_its_file_and_line(shop_lake: Path) -> None:
    import gzip

    bad = table(shop_lake, "events_quarantine")
    for row in bad.sample(5, random_state=1).itertuples():
        file = str(row.file).removeprefix("file:").replace("///", "/")
        lines = gzip.decompress(Path(file).read_bytes()).split(b"\n")
        assert lines[int(row.line) - 1].startswith(bytes(row.raw)[:1000])


def test_identity_quality_is_reported_against_the_truth(shop: Shop, shop_lake: Path, spark) -> None:  # type: ignore[no-untyped-def]
    from trailhouse.identity.quality import b_cubed, pairwise

    truth = pd.read_parquet(shop.truth / "identifiers.parquet").query("not contested and not shared")
    found = table(shop_lake, "identities")
    key = found["id_type"] + ":" + found["id_value"]
    true_key = truth["id_type"] + ":" + truth["id_value"]
    true = spark.createDataFrame(pd.DataFrame({"id": true_key, "person": truth["observable"]}))
    ours = spark.createDataFrame(pd.DataFrame({"id": key, "person": found["person_id"]}))
    quality = pairwise(ours, true)
    print("identity quality:", quality, b_cubed(ours, true))
    assert quality["precision"] >= 0.995
    assert quality["f1"] >= 0.99


def test_views_of_sessions_are_the_rows_of_page_views(shop_lake: Path) -> None:
    assert table(shop_lake, "sessions")["views"].sum() == len(table(shop_lake, "page_views"))
