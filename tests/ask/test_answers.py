"""Answers from a lake, and questions under presets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from rich.console import Console

from tests.factories import rows
from trailhouse.ask.command import shown, side_by_side, verdict, write_csv
from trailhouse.ask.compare import compare, presets_of, variants
from trailhouse.errors import SettingsError, StorageError
from trailhouse.questions import Funnel, Lifecycle, ask
from trailhouse.questions.asked import Asked
from trailhouse.settings.questions.funnel import PRESETS
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

STEPS = ("view", "cart", "order")


def event(person: str, name: str, at: str) -> dict[str, Any]:
    return {"person_id": person, "event_name": name, "event_time": f"2026-03-{at}", "session_id": person}


ACTIVITY = [
    event("quick", "view", "02 10:00:00"),
    event("quick", "cart", "02 10:00:00.4"),
    event("quick", "order", "02 11:00:00"),
    event("slow", "view", "02 10:00:00"),
    event("slow", "cart", "04 10:00:00"),
    event("slow", "order", "11 10:00:00"),
    event("second try", "view", "02 10:00:00"),
    event("second try", "view", "10 10:00:00"),
    event("second try", "cart", "10 12:00:00"),
    event("=bad", "view", "02 10:00:00"),
]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake of three tables: what a funnel needs."""
    root = str(tmp_path_factory.mktemp("asked"))
    made = Lake(spark, root)
    for name, given in (("activity", ACTIVITY), ("sessions", []), ("events", [])):
        made.append(TABLES[name], rows(spark, name, given))
    return root


def test_a_question_is_answered_from_a_lake_in_three_lines_or_as_one(spark: SparkSession, lake: str) -> None:
    funnel = Funnel(name="buy", steps=STEPS, window="14d")
    found = ask(funnel, lake)
    by_text = ask("funnel view > cart > order within 14d", lake)
    numbers = [(row.step_name, row.units) for row in found.orderBy("step").collect()]
    assert numbers == [("view", 4), ("cart", 3), ("order", 2)]
    assert [(row.step_name, row.units) for row in by_text.orderBy("step").collect()] == numbers
    assert found.schema == TABLES["funnels"].select(found).schema
    with pytest.raises(StorageError, match="has no table person_days"):
        ask(Lifecycle(name="weeks"), lake).collect()
    with pytest.raises(SettingsError, match="did you mean funnel"):
        ask("funel view > cart", lake)
    with pytest.raises(StorageError, match="has no segments"):
        ask("funnel view > cart in vip", lake)


def test_answers_are_shown_as_a_table_and_written_as_cells_without_formulas(
    spark: SparkSession, lake: str, tmp_path: Path
) -> None:
    rows_ = [
        {
            **{"name": "=1+1", "median_us": 90_000_000, "units": 1234, "empty": None},
            **{"definition": "[b]x[/b]", "reasons": [("orders", "0", 0.5), ("country = DE", "DE", 0.1)]},
        }
    ]
    made: list[Any] = spark.createDataFrame(
        rows_,
        "name STRING, median_us BIGINT, units BIGINT, empty STRING, definition STRING, "
        "reasons ARRAY<STRUCT<feature: STRING, value: STRING, weight: DOUBLE>>",
    ).collect()
    console = Console(record=True, width=100, file=(tmp_path / "out").open("w"))
    console.print(shown(["name", "median_us", "units", "empty", "reasons"], made, 1))
    text = console.export_text()
    assert "[b]x[/b]" in text
    assert "1.5 min" in text
    assert "1,234" in text
    assert "orders, country = DE" in text
    assert "empty" not in text
    assert "the first 1 rows" in text
    write_csv(tmp_path / "a.csv", ["name", "units", "empty", "reasons"], made)
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "name,units,empty,reasons",
        '\'=1+1,1234,,"orders, country = DE"',
    ]


def test_how_well_a_prediction_knew_what_came_is_one_line() -> None:
    told = {"verdict": "too few", "auc": None, "judged_persons": 12, "judged_outcomes": 3}
    assert verdict(Row(**told)) == "no model, too few: 12 persons"
    assert verdict(Row(**told | {"verdict": "too little history", "judged_persons": None})) == (
        "no model, too little history"
    )
    areas = {"auc": "0.8", "auc_low": "0.7", "auc_high": "0.905", "recency_auc": "0.6"}
    good = told | {name: Decimal(area) for name, area in areas.items()}
    assert verdict(Row(**good | {"verdict": "good", "judged_as_of": date(2026, 3, 2)})) == (
        "good: AUC 0.80 (0.70 to 0.91), by the last event's day alone 0.60; judged as of 2026-03-02 by 12 "
        "persons, 3 with the outcome"
    )


def test_differences_between_presets_are_split_by_rule_to_sum_exactly(spark: SparkSession) -> None:
    asked = Asked({"activity": rows(spark, "activity", ACTIVITY), "sessions": rows(spark, "sessions")})
    question = Funnel(name="buy", steps=STEPS, window="14d", breakdowns=("device_type",))
    found = compare(question, tuple(PRESETS), asked).collect()
    own = {row["step"]: row["units"] for row in found if row["number"] == 0}
    assert own == {1: 4, 2: 3, 3: 2}
    units: dict[tuple[str, int], list[int]] = {}
    changed: dict[tuple[str, int], int] = {}
    for row in sorted(found, key=lambda row: row["number"]):
        place = (row["preset"], row["step"])
        units.setdefault(place, []).append(row["units"])
        changed[place] = changed.get(place, 0) + (row["difference"] or 0)
    assert {place: every[-1] for place, every in units.items()} == {
        place: own[place[1]] + change for place, change in changed.items()
    }
    last = {preset: {step: units[preset, step][-1] for step in own} for preset in PRESETS}
    # A week: the slow one orders after nine days. Its first attempt alone: the second one never counts.
    assert last["mixpanel"] == {1: 4, 2: 2, 3: 1}
    # Two weeks, as asked: nothing changes where no two steps come within a second.
    assert last["amplitude"] == own
    rule = {(row["preset"], row["rule"]): row["difference"] for row in found if row["step"] == 3}
    assert rule["mixpanel", "window: 7d"] == -1
    console = Console(record=True, width=120)
    with console.capture() as caught:
        console.print(side_by_side(found))
    assert "(-1)" in caught.get()


def test_what_cannot_be_compared_is_told() -> None:
    assert presets_of("all") == tuple(PRESETS)
    with pytest.raises(SettingsError, match="no preset heap"):
        presets_of("posthog, heap")
    with pytest.raises(SettingsError, match="lifecycle have no presets"):
        variants(Lifecycle(name="weeks"), ["posthog"])
    unordered = Funnel(name="any", steps=STEPS, order="unordered")
    with pytest.raises(SettingsError, match="preset clickhouse does not fit"):
        variants(unordered, ["clickhouse"])
