"""Two lakes held against each other, and a lake that branches off another."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from tests.factories import rows
from tests.touched.test_incremental import Life, life_of
from trailhouse.branch import branch
from trailhouse.diff import TableDiff, diff, told
from trailhouse.errors import StorageError
from trailhouse.progress import Progress
from trailhouse.stages import activity, page_views
from trailhouse.storage import Lake
from trailhouse.tables import TABLES


def publish(lake: Lake, table: str, given: list[dict[str, object]]) -> None:
    lake.publish(TABLES[table], rows(lake.spark, table, given))


def test_rows_that_come_go_and_change_are_counted_by_column_with_their_sums(
    spark: SparkSession, tmp_path: Path
) -> None:
    a, b = (Lake(spark, str(tmp_path / name)) for name in "ab")
    # Three such numbers are more than 64 bits hold.
    day = {"person_id": "p", "day": "2026-03-02", "first_time": "2026-03-02 10:00:00", "engaged_us": 2**62}
    money = [("EUR", Decimal("1.0000"))]
    publish(a, "person_days", [day | {"clicks": 1}, day | {"day": "2026-03-03"}, day | {"person_id": "q"}])
    publish(
        b,
        "person_days",
        [day | {"clicks": 4, "value": money}, day | {"day": "2026-03-04"}, day | {"person_id": "q"}],
    )
    publish(b, "identity_conflicts", [{"type_a": "email"}])
    assert list(diff(a, b)) == [
        TableDiff("identity_conflicts", None, 1, 0, 1),
        TableDiff("person_days", 3, 3, 1, 1, 1, {"clicks": 1, "value": 1}, {"clicks": (1, 4)}),
    ]
    assert list(told(list(diff(a, b)))) == [
        "identity_conflicts: 1 rows in B alone, which the other lake has no table for",
        "person_days: 3 rows in A, 3 in B; 1 only in A, 1 only in B, 1 changed",
        "  changed in: clicks 1, value 1",
        "  sum of clicks: 1 -> 4",
    ]
    assert list(told(list(diff(a, a)))) == ["person_days: the same 3 rows"]


def test_null_parts_of_a_grain_are_one_row_and_null_is_not_nothing(
    spark: SparkSession, tmp_path: Path
) -> None:
    a, b = (Lake(spark, str(tmp_path / name)) for name in "ab")
    for lake, title in ((a, None), (b, "")):
        view = {"session_id": "s", "view_id": None, "page_title": title}
        publish(lake, "page_views", [view])
    (found,) = diff(a, b)
    assert (found.only_a, found.only_b, dict(found.columns)) == (0, 0, {"page_title": 1})


FIRST = (activity.STAGE, page_views.STAGE)


@pytest.fixture(scope="module")
def source(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A lake as far as its page views."""
    life = life_of(spark, tmp_path_factory.mktemp("source"), "default")
    life.give(sorted(life.events)[:300])
    life.say_who()
    life.run_stages(FIRST)
    return life


def test_a_branch_is_up_to_date_and_another_definition_restates_it_alone(
    source: Life, tmp_path: Path
) -> None:
    lake = Lake(source.spark, str(tmp_path / "branch"))
    before = {name: source.lake.version(name) for name in ("activity", "page_views")}
    names = branch(source.lake, lake, Progress(Console(file=io.StringIO())))
    assert {"events", "identities", "activity", "page_views"} <= {*names}
    assert "ledger" not in names
    twin = Life(source.spark, lake, source.events, dict(source.options), set(source.given))
    assert set(twin.run_stages(FIRST).values()) == {"unchanged"}

    twin.options = {"sessions": {"timeout": timedelta(minutes=5)}}
    twin.run_stages(FIRST[:1])
    assert twin.told()["activity"].note == "all of it: another definition"
    assert twin.told()["activity"].split > 0
    (changed,) = (one for one in diff(source.lake, lake) if not one.same)
    assert (changed.table, changed.only_a, changed.only_b) == ("activity", 0, 0)
    assert {"session_id", "session_start"} <= {*changed.columns}
    assert {name: source.lake.version(name) for name in before} == before


def test_a_branch_begins_in_an_empty_lake_from_one_that_is_not(source: Life, tmp_path: Path) -> None:
    quiet = Progress(Console(file=io.StringIO()))
    with pytest.raises(StorageError, match=r"has tables already \(events, .*: name an empty one"):
        branch(source.lake, source.lake, quiet)
    empty = Lake(source.spark, str(tmp_path / "empty"))
    with pytest.raises(StorageError, match="has no tables to begin from"):
        branch(empty, Lake(source.spark, str(tmp_path / "other")), quiet)
