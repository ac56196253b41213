"""Funnels."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.questions.asked import Asked
from trailhouse.questions.funnel import answer, definition
from trailhouse.settings import Funnel, Step

STEPS = (
    Step(event="page_view", page_group="product"),
    Step(event="cart_add"),
    Step(event="order", name="Bought"),
)


def event(person: str, name: str, minute: int, **more: Any) -> dict[str, Any]:
    page = {"page_group": "product"} if name == "page_view" else {}
    at = f"2026-03-02 10:{minute:02d}:00"
    return {"person_id": person, "session_id": person, "event_name": name, "event_time": at, **page, **more}


ACTIVITY = [
    event("p1", "page_view", 0, device={"type": "mobile"}),
    event("p1", "cart_add", 1),
    event("p1", "order", 5),
    event("p2", "page_view", 0, device={"type": "desktop"}),
    event("p2", "cart_add", 4),
    event("p3", "page_view", 0, device={"type": "mobile"}),
    event("p4", "cart_add", 0),
    event("p5", "page_view", 0),
    event("p5", "cart_add", 9),
    event("row bot", "page_view", 0, is_bot=True),
    event("staff", "page_view", 0, internal=True),
    event("session bot", "page_view", 0),
]
SESSIONS = [
    {"session_id": "p1", "channel": "Email"},
    {"session_id": "p2", "channel": "Direct"},
    {"session_id": "p3", "channel": "Email"},
    {"session_id": "session bot", "is_bot": True},
]


def shop(spark: SparkSession) -> Asked:
    return Asked(
        {"activity": rows(spark, "activity", ACTIVITY), "sessions": rows(spark, "sessions", SESSIONS)}
    )


def shares(spark: SparkSession, **funnel: Any) -> dict[tuple[str, int], Any]:
    asked = Funnel(name="buy", steps=STEPS, **funnel)
    result = answer(
        asked,
        Asked({"activity": rows(spark, "activity", ACTIVITY), "sessions": rows(spark, "sessions", SESSIONS)}),
    )
    return {(row["breakdown"], row["step"]): row for row in result.collect()}


def test_a_funnel_counts_people_at_each_step_with_shares_and_times(spark: SparkSession) -> None:
    found = shares(spark)
    assert sorted(found) == [("all", 1), ("all", 2), ("all", 3)]
    assert [found["all", step]["units"] for step in (1, 2, 3)] == [4, 3, 1]
    assert [found["all", step]["step_name"] for step in (1, 2, 3)] == [
        "page_view product",
        "cart_add",
        "Bought",
    ]
    assert [found["all", step]["from_start"] for step in (1, 2, 3)] == [1, Decimal("0.75"), Decimal("0.25")]
    assert [found["all", step]["from_previous"] for step in (1, 2, 3)] == [
        None,
        Decimal("0.75"),
        Decimal("0.333333"),
    ]
    minute = 60_000_000
    second = found["all", 2]  # 1, 4 and 9 minutes
    assert second["median_us"] == 4 * minute
    assert second["mean_us"] == 280_000_000  # 14 minutes / 3
    assert second["p90_us"] == 8 * minute  # four fifths of the way from 4 to 9
    assert (found["all", 1]["median_us"], found["all", 1]["mean_us"]) == (None, None)


def test_breakdowns_stand_under_step_one_and_add_up_to_all(spark: SparkSession) -> None:
    by_device = shares(spark, breakdown="device_type")
    assert {(name, step): row["units"] for (name, step), row in by_device.items() if name != "all"} == {
        ("mobile", 1): 2,
        ("mobile", 2): 1,
        ("mobile", 3): 1,
        ("desktop", 1): 1,
        ("desktop", 2): 1,
        ("desktop", 3): 0,
        ("unknown", 1): 1,
        ("unknown", 2): 1,
        ("unknown", 3): 0,
    }
    assert by_device["desktop", 3]["from_previous"] == 0
    by_channel = shares(spark, breakdown="channel")
    assert {name: row["units"] for (name, step), row in by_channel.items() if step == 1} == {
        "Email": 2,
        "Direct": 1,
        "unknown": 1,
        "all": 4,
    }


def test_a_funnel_that_nobody_enters_has_rows_of_zero_and_no_shares(spark: SparkSession) -> None:
    asked = Funnel(name="none", steps=(Step(event="x"), Step(event="y")))
    found = answer(
        asked, Asked({"activity": rows(spark, "activity", ACTIVITY), "sessions": rows(spark, "sessions")})
    ).collect()
    assert sorted((r["breakdown"], r["step"], r["units"], r["from_start"]) for r in found) == [
        ("all", 1, 0, None),
        ("all", 2, 0, None),
    ]


def test_the_definition_tells_steps_filters_and_window() -> None:
    steps = (Step(event="a", page_group="g", properties={"k": "v"}), Step(event="b"))
    asked = Funnel(name="f", steps=steps, window=timedelta(days=2), breakdown="channel")
    assert definition(asked) == (
        "a [page_group=g, k=v] > b; ordered, within 2 days, 0:00:00 of step 1, persons, by session.channel, "
        "values of first touch"
    )
