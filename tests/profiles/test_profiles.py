"""Profiles as of some days, beside plain Python and beside the same world cut after each day."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from tests.gates_of import failed_checks
from tests.profiles.oracle import World, profile
from tests.profiles.worlds import AS_OF, ITEMS, ZONE, cut, random_world
from trailhouse.errors import SettingsError
from trailhouse.profiles.build import profiles_on
from trailhouse.profiles.export import export
from trailhouse.settings import Profiles, Settings
from trailhouse.settings.questions.fields import PROFILE_FIELDS
from trailhouse.stage import Context
from trailhouse.stages.profiles import STAGE
from trailhouse.table_file import require_kind, write
from trailhouse.tables import TABLES

SEED, WORLDS = 3100, 80
EUROS = {"event": "order", "where": [{"field": "currency", "value": "EUR"}]}
RULES = [
    {"name": "count", "kind": "count", "event": "order"},
    {"name": "sum", "kind": "sum", "event": EUROS, "field": "value"},
    *(
        {"name": name, "kind": kind, "event": "*", "field": "properties.plan", "limit": 2}
        for name, kind in (
            ("first", "first"),
            ("last", "last"),
            ("most", "most_frequent"),
            ("list", "unique_list"),
        )
    ),
]
FEATURES = {
    "ordering": {"use": ["order"]},
    "page a": {"use": [{"any_of": ["page_view", "screen_view"], "page_group": "/a"}]},
    "never": {"use": ["nothing of the kind"]},
}
SETTINGS = Settings.model_validate(
    {
        "project": {"timezone": ZONE, "week_start": "sunday"},
        "profiles": {"traits": RULES},
        "items": ITEMS,
        "features": {"declared": FEATURES},
    }
)


def frames_of(spark: SparkSession, worlds: Sequence[World]) -> dict[str, DataFrame]:
    tables = ("person_days", "sessions", "activity", "identities")
    return {
        name: rows(spark, name, [row for world in worlds for row in getattr(world, name)]) for name in tables
    }


def plain(row: Any) -> dict[str, Any]:
    """Structs as tuples, instants with their zone, as the oracle has them."""
    found = row.asDict()
    for name, value in found.items():
        if isinstance(value, list):
            found[name] = [tuple(one) if isinstance(one, tuple) else one for one in value]
        if isinstance(value, dict):
            found[name] = {key: tuple(one) for key, one in value.items()}
        if name in ("first_seen", "last_seen"):
            found[name] = value.astimezone()
    return found


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [random_world(seed) for seed in range(SEED, SEED + WORLDS)]


@pytest.fixture(scope="module")
def found(spark: SparkSession, worlds: list[World]) -> dict[tuple[date, str], dict[str, Any]]:
    """(as_of, person) -> profile: of the worlds, and of those cut after each day, by one Spark action."""
    several = [*worlds, *(cut(world, day, f"{day}|") for world in worlds for day in AS_OF)]
    days = spark.createDataFrame([(day,) for day in AS_OF], "as_of DATE")
    made = profiles_on(frames_of(spark, several), days, SETTINGS).collect()
    assert len({(row.as_of, row.person_id) for row in made}) == len(made)
    return {(row.as_of, row.person_id): plain(row) for row in made}


def persons(worlds: Sequence[World]) -> list[tuple[World, str]]:
    return [
        (world, person)
        for world in worlds
        for person in sorted({row["person_id"] for row in world.person_days})
    ]


def test_a_profile_is_what_plain_python_makes_of_its_rows(
    found: dict[tuple[date, str], dict[str, Any]], worlds: list[World]
) -> None:
    seen = 0
    for world, person in persons(worlds):
        for day in AS_OF:
            expected = profile(world, person, day, ZONE, sunday=True)
            row = found.get((day, person))
            if expected is None or row is None:
                assert row == expected, (person, day)
                continue
            seen += 1
            assert row.keys() == expected.keys()
            wrong = {name: (row[name], value) for name, value in expected.items() if row[name] != value}
            assert not wrong, f"{person} as of {day}, found and expected: {wrong}"
    assert seen > 500


def test_a_profile_as_of_a_day_never_sees_what_came_later(
    found: dict[tuple[date, str], dict[str, Any]], worlds: list[World]
) -> None:
    for _, person in persons(worlds):
        for day in AS_OF:
            row, alone = found.get((day, person)), found.get((day, f"{day}|{person}"))
            if row is None or alone is None:
                assert row == alone, (person, day)
                continue
            named = {name: value for name, value in alone.items() if name not in ("person_id", "identifiers")}
            assert {name: row[name] for name in named} == named, (person, day)
            assert [(kind, f"{day}|{value}") for kind, value in row["identifiers"]] == alone["identifiers"]


def test_the_stage_and_the_export_of_a_day_give_the_same_rows_in_any_order(
    spark: SparkSession,
    found: dict[tuple[date, str], dict[str, Any]],
    worlds: list[World],
    tmp_path: Path,
) -> None:
    day, frames = AS_OF[1], frames_of(spark, worlds[:20])
    own = tuple(f"w{SEED + number}." for number in range(20))
    expected = {person: row for (on, person), row in found.items() if on == day and person.startswith(own)}
    run: Any = SimpleNamespace(lake=SimpleNamespace(read=frames.__getitem__), settings=SETTINGS)
    out = tmp_path / "new" / "profiles.parquet"
    assert export(run, day, out) == len(expected) > 0
    exported = pq.read_table(out).to_pydict()
    assert exported["person_id"] == sorted(expected)
    for name in ("as_of", "events_28", "user_id", "favourite_pages", "traits", "last_order_day"):
        assert exported[name] == [expected[person][name] for person in sorted(expected)], name
    shuffled = {
        name: frame.orderBy(F.xxhash64(*frame.columns[:3])).repartition(3) for name, frame in frames.items()
    }
    # The first instants of the day after, as the zone counts in summer: the day is over.
    shuffled["watermark"] = watermark(spark, f"{day} 22:00:01")
    made = STAGE.transform(shuffled, Context(SETTINGS, ""))["profiles"].collect()
    assert {row.person_id: plain(row) for row in made} == expected


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "sum", "event": "order"}, "sum takes a field"),
        ({"kind": "sum", "event": "order", "field": "value"}, "summed in one currency"),
        ({"kind": "first", "event": "order", "field": "channel"}, "events alone, not of session.channel"),
        ({"kind": "middle", "event": "order"}, "unique_list"),
    ],
)
def test_a_wrong_rule_says_what_is_allowed(rule: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Profiles.model_validate({"traits": [{"name": "t", **rule}]})


def test_two_traits_of_one_name_are_refused() -> None:
    rule = {"name": "orders", "kind": "count", "event": "order"}
    with pytest.raises(ValidationError, match="found twice: orders"):
        Profiles.model_validate({"traits": [rule, rule]})


def test_questions_may_ask_for_every_single_value_of_a_profile() -> None:
    lists = {c.name for c in TABLES["profiles"].columns if c.type.startswith(("ARRAY", "MAP"))}
    rest = {c.name for c in TABLES["profiles"].columns} - lists - {"person_id", "as_of", "traits"}
    assert {*PROFILE_FIELDS} == rest


def test_the_gate_sees_uses_of_few_days_that_are_not_within_those_of_more(spark: SparkSession) -> None:
    def failed(*uses: int) -> list[str]:
        given = {"person_id": "p", "features": {"f": (*uses, AS_OF[0])}}
        days = rows(spark, "person_days", [{"person_id": "p", "day": AS_OF[0]}])
        return failed_checks(STAGE, {"profiles": rows(spark, "profiles", [given]), "person_days": days})

    assert "uses_nest" not in failed(5, 1, 2, 3, 4)
    assert "uses_nest" in failed(5, 1, 4, 3, 4)


def test_a_csv_file_has_lists_as_json_and_no_formulas(spark: SparkSession, tmp_path: Path) -> None:
    given = [
        {"person_id": "p", "user_id": "=1+1", "favourite_pages": ["/a", '/"b'], "orders": 2},
        {"person_id": "q", "value": [("EUR", Decimal("1.5"))]},
    ]
    assert write(rows(spark, "profiles", given), tmp_path / "p.csv") == 2
    with (tmp_path / "p.csv").open(newline="") as file:
        one, other = csv.DictReader(file)
    assert (one["user_id"], one["orders"], json.loads(one["favourite_pages"])) == (
        "'=1+1",
        "2",
        ["/a", '/"b'],
    )
    assert (other["user_id"], other["value"]) == ("", '[{"currency":"EUR","amount":1.5000}]')
    with pytest.raises(SettingsError, match=r"as .csv or .parquet, not as profiles.xlsx"):
        require_kind(Path("profiles.xlsx"), "profiles")


def test_the_example_of_the_docs_is_sound() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "questions" / "profiles.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    rules = Settings.model_validate(yaml.safe_load(example)).profiles
    assert [rule.kind for rule in rules.traits] == ["count", "sum", "first", "unique_list"]
