"""Which events are interactions with which items, and what a run makes anew of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.settings import ItemEvent, Items, Settings
from trailhouse.stage import Context, Look
from trailhouse.stages.interactions import STAGE
from trailhouse.why.interactions import fading

SETTINGS = Settings.model_validate(
    {
        "project": {"timezone": "Europe/Berlin"},
        "items": {
            "events": [
                {"event": "product_view", "item": "properties.sku", "category": "properties.group",
                 "kind": "view"},
                {"event": "page_view", "item": "page_path", "pattern": r"^/p/(\d+)$", "kind": "click",
                 "weight": "0.125"},
                {"event": "order", "list": "products", "item": "sku", "category": "group", "kind": "order",
                 "weight": 5},
                # Never asked: an event counts for the first that it matches.
                {"event": {"event": "order"}, "item": "properties.sku", "kind": "custom"},
            ]
        },
    }
)  # fmt: skip
TWICE = '{"products": [{"sku": "a", "group": "g"}, {"sku": "b"}, {"sku": "a", "group": "h"}, {"group": "g"}]}'
CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str | None, str, str]]]] = {
    "a field": (
        {"event_name": "product_view", "properties": '{"sku": "a", "group": "g"}'},
        [("a", "g", "view", "1.000")],
    ),
    "a number, no category": (
        {"event_name": "product_view", "properties": '{"sku": 17}'},
        [("17", None, "view", "1.000")],
    ),
    "blank id": ({"event_name": "product_view", "properties": '{"sku": " ", "group": "g"}'}, []),
    "no id": ({"event_name": "product_view", "properties": '{"group": "g"}'}, []),
    "no properties": ({"event_name": "product_view"}, []),
    "a pattern": ({"event_name": "page_view", "page_path": "/p/12"}, [("12", None, "click", "0.125")]),
    "another page": ({"event_name": "page_view", "page_path": "/p/12/more"}, []),
    "a list, an item twice": (
        {"event_name": "order", "properties": TWICE},
        [("a", "g", "order", "5.000"), ("b", None, "order", "5.000")],
    ),
    "no list": ({"event_name": "order", "properties": '{"sku": "a"}'}, []),
    "a list that is none": ({"event_name": "order", "properties": '{"products": "a, b"}'}, []),
    "another event": ({"event_name": "click", "properties": '{"sku": "a"}'}, []),
    "a bot": ({"event_name": "page_view", "page_path": "/p/1", "is_bot": True}, []),
    "staff": ({"event_name": "page_view", "page_path": "/p/1", "internal": True}, []),
    "a bot's session": ({"event_name": "page_view", "page_path": "/p/1", "session_id": "bot"}, []),
    "nobody": ({"event_name": "page_view", "page_path": "/p/1", "person_id": None}, []),
}


def transformed(frames: dict[str, DataFrame], settings: Settings = SETTINGS) -> DataFrame:
    return STAGE.transform(frames, Context(settings, ""))["interactions"]


def test_an_event_tells_of_items_as_its_first_declaration_says(spark: SparkSession) -> None:
    activity = [
        {"person_id": "p", "event_time": "2026-03-02 23:30:00", **event, "event_id": name}
        for name, (event, _) in CASES.items()
    ]
    frames = {
        "activity": rows(spark, "activity", activity),
        "sessions": rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}]),
    }
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in CASES}
    for row in transformed(frames).orderBy("event_id", "item").collect():
        # Half past eleven in the evening of UTC is the next day in Berlin.
        assert (row.day, row.person_id) == (date(2026, 3, 3), "p")
        found[row.event_id].append((row.item, row.category, row.kind, str(row.weight)))
    assert found == {name: expected for name, (_, expected) in CASES.items()}
    assert not transformed(frames, Settings()).count()


def test_a_run_makes_anew_the_days_that_changed_and_those_of_a_session_that_became_a_bots(
    spark: SparkSession,
) -> None:
    def view(number: int, at: str, item: int, session: str | None = None) -> dict[str, Any]:
        event = {"event_id": f"e{number}", "event_name": "page_view", "page_path": f"/p/{item}"}
        return {**event, "person_id": "p", "event_time": at, "session_id": session}

    events = [
        view(1, "2026-03-01 10:00:00", 1),
        view(2, "2026-03-01 23:30:00", 2, "s"),
        view(3, "2026-03-02 00:30:00", 3, "s"),
        view(4, "2026-03-05 10:00:00", 4),
        view(5, "2026-03-07 10:00:00", 5),
    ]
    came = [*events[:3], view(4, "2026-03-05 10:00:00", 40), events[4]]
    session = {"session_id": "s", "session_date": "2026-03-02", "start_time": "2026-03-01 23:30:00"}
    before = {
        "activity": rows(spark, "activity", events),
        "sessions": rows(spark, "sessions", [session]),
    }
    now = {
        "activity": rows(spark, "activity", came),
        "sessions": rows(spark, "sessions", [{**session, "is_bot": True}]),
    }
    published = transformed(before)
    days = {"activity": [date(2026, 3, 5)], "sessions": [date(2026, 3, 2)]}
    often = {"activity": {date(2026, 3, day): 9 for day in range(1, 9)}}
    look = Look(now, before, {"interactions": published}, days, {}, often)
    assert STAGE.narrow is not None
    part = STAGE.narrow(look, Context(SETTINGS, "", whole=None))
    assert not isinstance(part, str)
    scope = part.scope("interactions")
    assert scope is not None
    made = transformed(dict(part.inputs))
    together = scope.outside(published).unionByName(made)
    told = sorted((row.event_id, row.item) for row in together.collect())
    assert told == [("e1", "1"), ("e4", "40"), ("e5", "5")]
    assert sorted(row.event_id for row in made.select("event_id").collect()) == ["e4"]
    nothing = STAGE.narrow(
        replace(look, before=now, days={"activity": [], "sessions": []}), Context(SETTINGS, "")
    )
    assert not isinstance(nothing, str)
    assert nothing.untouched


def test_an_interaction_fades_by_half_with_every_half_life() -> None:
    items = Items.model_validate({"half_life": "10d", "horizon": "45d"})
    left = fading(items)
    assert (len(left), left[0], left[10], left[20]) == (45, 1_000_000, 500_000, 250_000)
    assert all(abs(one - 1e6 * 0.5 ** (age / 10)) <= 0.5 for age, one in enumerate(left))


@pytest.mark.parametrize(
    "given, told",
    [
        ({"item": "properties.sku", "pattern": "^/p/"}, "one group"),
        ({"item": "properties.sku", "pattern": "("}, "no regular expression"),
        ({"item": "page_grop"}, "did you mean page_group"),
        ({"item": "properties.sku", "category": "profile.country"}, "by its event alone, not by profile"),
        ({"item": "properties.sku", "weight": "1.2345"}, "3 decimal places"),
        ({"item": "properties.sku", "weight": 0}, "greater than 0"),
    ],
)
def test_a_wrong_declaration_says_what_is_allowed(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ItemEvent.model_validate({"event": "product_view", **given})


@pytest.mark.parametrize(
    "given, told",
    [
        ({"half_life": "12h"}, "whole days"),
        ({"horizon": "28d", "test": "28d"}, "longer than test"),
    ],
)
def test_wrong_lengths_of_time_say_what_is_allowed(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Items.model_validate(given)


def test_the_example_of_the_docs_is_sound() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "items.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    items = Settings.model_validate(yaml.safe_load(example)).items
    assert [one.kind for one in items.events] == ["view", "order", "view"]
