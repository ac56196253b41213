"""Lists of members as files, and the two commands' ways to a lake."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.errors import SettingsError, StorageError
from trailhouse.segments.commands import _left_out, _people, _shown
from trailhouse.segments.lists import as_csv, comparison, listed, members_of, write_list
from trailhouse.settings import Settings


class Held:
    """A lake of frames."""

    root = "held"

    def __init__(self, frames: dict[str, DataFrame]) -> None:
        self.frames = frames

    def exists(self, table: str) -> bool:
        return table in self.frames

    def read(self, table: str) -> DataFrame:
        return self.frames[table]


@pytest.fixture(scope="module")
def lake(spark: SparkSession) -> Held:
    members = [
        {"segment": "buyers", "person_id": "q", "valid_from": "2026-03-02"},
        {"segment": "buyers", "person_id": "p", "valid_from": "2026-03-05"},
        {"segment": "buyers", "person_id": "r", "valid_from": "2026-03-02", "valid_to": "2026-03-04"},
        {"segment": "others", "person_id": "r", "valid_from": "2026-03-02"},
    ]
    ids = [{"type": "email", "value": "=cmd@x"}, {"type": "user_id", "value": "u1"}]
    people = [
        {
            "person_id": "p",
            "user_id": "=1+1",
            "identifiers": ids,
            "traits": '{"plan": "pro"}',
            "country": "DK",
        },
        {"person_id": "q", "user_id": None, "country": "DK"},
        {"person_id": "r", "user_id": "u3", "country": "DE"},
    ]
    return Held(
        {
            "segments": rows(spark, "segments", [{"segment": "buyers"}, {"segment": "others"}]),
            "segment_members": rows(spark, "segment_members", members),
            "profiles": rows(spark, "profiles", people),
            "activity": rows(spark, "activity"),
            "sessions": rows(spark, "sessions"),
        }
    )


def test_a_list_names_members_of_the_day_in_every_format(lake: Held, tmp_path: Path) -> None:
    rows_ = listed(lake, "buyers")  # type: ignore[arg-type]
    assert write_list(rows_, "csv", tmp_path / "new" / "a.csv") == 2
    read = list(csv.DictReader(io.StringIO((tmp_path / "new" / "a.csv").read_text())))
    assert read == [
        {
            "person_id": "p",
            "user_id": "'=1+1",
            "identifiers": "email:=cmd@x; user_id:u1",
            "member_since": "2026-03-05",
        },
        {"person_id": "q", "user_id": "", "identifiers": "", "member_since": "2026-03-02"},
    ]
    write_list(rows_, "json", tmp_path / "a.json")
    first = json.loads((tmp_path / "a.json").read_text().splitlines()[0])
    assert first["identifiers"][0] == {"type": "email", "value": "=cmd@x"}
    assert "traits" not in first
    write_list(listed(lake, "buyers", date(2026, 3, 3), traits=True), "parquet", tmp_path / "a.parquet")  # type: ignore[arg-type]
    then = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [(row["person_id"], row["traits"]) for row in then] == [("q", None), ("r", None)]
    with pytest.raises(StorageError, match="cannot be written"):
        write_list(rows_, "csv", tmp_path)


def test_a_cell_of_a_list_begins_no_formula() -> None:
    assert as_csv(["a"], [{"a": "=1"}, {"a": "@x"}, {"a": [{"type": "-t", "value": "v"}]}]).splitlines() == [
        "a",
        "'=1",
        "'@x",
        "'-t:v",
    ]


def test_a_segment_that_is_not_there_is_told_with_the_nearest_name(lake: Held, spark: SparkSession) -> None:
    with pytest.raises(SettingsError, match="no segment buyer in lake held; did you mean buyers"):
        members_of(lake, "buyer")  # type: ignore[arg-type]
    with pytest.raises(StorageError, match="lake held has no segments"):
        members_of(Held({}), "buyers")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="segment buyers: 0 of 3 persons are members"):
        comparison(lake, Settings(), "buyers", date(2026, 3, 1))  # type: ignore[arg-type]


def test_a_comparison_is_shown_without_markup(lake: Held, tmp_path: Path) -> None:
    from rich.console import Console

    found, near = comparison(lake, Settings(), "buyers", alike=5)  # type: ignore[arg-type]
    assert near is not None
    assert write_list(found, "csv", tmp_path / "all.csv") == len(found)
    assert (tmp_path / "all.csv").read_text().startswith("feature,value,members,others,share_in")
    found.loc[0, "value"] = "[red]x\x1b[31m"
    out = io.StringIO()
    console = Console(file=out, width=200)
    console.print(_shown(found, "buyers", 500, True))
    console.print(_people(near.toPandas(), 5))
    assert "[red]x\\x1b[31m" in out.getvalue()
    assert "profile.country" in out.getvalue()
    assert "too few" in out.getvalue()
    assert _left_out(found).startswith(f"{len(found)} values of too few persons, 0 of")
