"""Funnels."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from pyspark.sql import DataFrame, Row, SparkSession

from tests.factories import rows, watermark
from trailhouse.questions.asked import Asked
from trailhouse.questions.funnel import answer, definition, dropoffs
from trailhouse.settings import Funnel, Questions, Step
from trailhouse.tables import TABLES

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
        "a [page_group=g, k=v] > b; ordered, within 2d of step 1, persons, by session.channel, "
        "values of first touch"
    )


def shop_of_options(spark: SparkSession) -> Asked:
    """a, b and c are steps, x comes between, `plan` is a property; each person is there for one rule."""

    def one(person: str, at: str, name: str, plan: str | None = None, **more: Any) -> dict[str, Any]:
        told_plan = {} if plan is None else {"properties": f'{{"plan": "{plan}"}}'}
        return {
            **{"person_id": person, "session_id": person, "event_name": name, "event_time": f"2026-{at}:00"},
            **{"event_id": f"{person} {at} {name}"},
            **told_plan,
            **more,
        }

    events = [
        one("straight", "03-02 10:00", "a", "pro"),
        one("straight", "03-02 10:01", "b", "pro"),
        one("straight", "03-02 10:02", "c", "free"),
        one("crossed", "03-03 10:00", "a", "free"),
        one("crossed", "03-03 10:01", "x", "bad"),
        one("crossed", "03-03 10:02", "b", "free"),
        one("crossed", "03-03 10:03", "c", "free"),
        one("skipper", "03-09 10:00", "a"),
        one("skipper", "03-09 10:05", "c", "team"),
        one("backwards", "03-10 10:00", "c", "pro", session_id="b1"),
        one("backwards", "03-10 11:00", "b", "pro", session_id="b2"),
        one("backwards", "03-10 12:00", "a", "pro", session_id="b3"),
        one("again", "03-11 10:00", "a", "free", session_id="g1"),
        one("again", "03-11 10:01", "b", "free", session_id="g1"),
        one("again", "03-11 10:02", "c", "free", session_id="g1"),
        one("again", "03-11 11:00", "a", "pro", session_id="g2"),
        one("again", "03-11 11:30", "b", "pro", session_id="g2"),
    ]
    return Asked(
        {
            "activity": rows(spark, "activity", events),
            "sessions": rows(spark, "sessions"),
            "watermark": watermark(spark, "2026-03-14 09:00:00"),
        }
    )


ABC = [{"event": name} for name in "abc"]
X = {"event": {"event": "x", "where": [{"field": "properties.plan", "value": "bad"}]}}
PLAN = "properties.plan"
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "strict": {"order": "strict"},
    "unordered": {"order": "unordered"},
    "optional": {"steps": [ABC[0], {**ABC[1], "optional": True}, ABC[2]]},
    "quick": {"steps": [ABC[0], {**ABC[1], "within": "1m"}, {**ABC[2], "within": "30s"}]},
    "stopped": {"exclusions": [X]},
    "left out": {"exclusions": [X], "on_exclusion": "leave_out"},
    "other x": {"exclusions": [{"event": {**X["event"], "where": [{"field": PLAN, "value": "good"}]}}]},
    "stopped later": {"exclusions": [{**X, "after": 2}]},
    "held": {"hold_constant": [PLAN]},
    "sessions": {"count": "sessions"},
    "totals": {"count": "totals", "window": "10m"},
    "first": {"preset": "mixpanel", "window": "10m"},
    "reused": {"preset": "clickhouse", "steps": [ABC[0], ABC[0], ABC[2]]},
    "narrow": {"window": "0s"},
    "coarse": {"window": "0s", "resolution": "1h"},
    "never": {"steps": [*ABC, {"event": "never"}]},
}
UNITS: dict[str, list[int]] = {
    "plain": [5, 3, 3],
    "strict": [5, 2, 2],  # x comes between of crossed, b is missing of skipper
    "unordered": [5, 5, 4],
    "optional": [5, 3, 4],
    "quick": [5, 2, 0],  # b of crossed is two minutes late
    "stopped": [5, 2, 2],
    "left out": [4, 2, 2],
    "other x": [5, 3, 3],
    "stopped later": [5, 3, 3],
    "held": [4, 3, 2],  # skipper's a has no plan; straight's c has another
    "sessions": [6, 4, 3],
    "totals": [6, 3, 3],  # of again the second b is too late
    "first": [5, 3, 3],
    "reused": [5, 5, 4],
    "narrow": [5, 0, 0],
    "coarse": [5, 3, 3],
    "never": [5, 3, 3, 0],
}


def answers(asked: Asked, funnels: dict[str, dict[str, Any]]) -> list[Row]:
    """All in one action."""
    declared = [Funnel.model_validate({"name": name, "steps": ABC, **more}) for name, more in funnels.items()]
    answered = [TABLES["funnels"].select(answer(one, asked)) for one in declared]
    return reduce(DataFrame.unionByName, answered).collect()


def test_each_option_lets_through_whom_it_should(spark: SparkSession) -> None:
    found = answers(shop_of_options(spark), OPTIONS)
    for name, expected in UNITS.items():
        own = {row["step"]: row for row in found if row["question"] == name}
        assert [own[step]["units"] for step in sorted(own)] == expected, name
    assert {row["step_name"] for row in found if row["question"] == "unordered"} == {
        "1 of 3 steps",
        "2 of 3 steps",
        "3 of 3 steps",
    }
    last = next(row for row in found if row["question"] == "optional" and row["step"] == 3)
    assert last["from_previous"] == Decimal("0.8")  # of step 1: step 2 may be left out


BROKEN_DOWN: dict[str, dict[str, Any]] = {
    "first": {"breakdowns": [PLAN, "event_name"]},
    "last": {"breakdowns": [PLAN], "attribution": "last_touch"},
    "at 2": {"breakdowns": [PLAN], "attribution": 2},
    "all": {"breakdowns": [PLAN], "attribution": "all"},
    "limited": {"breakdowns": [PLAN], "breakdown_limit": 1},
    "weeks": {"breakdowns": [PLAN], "interval": "week", "window": "4d"},
}


def test_breakdowns_are_told_by_the_touch_that_is_asked_for_and_dates_by_the_start(
    spark: SparkSession,
) -> None:
    found = answers(shop_of_options(spark), BROKEN_DOWN)

    def of(name: str, by: str = PLAN, on: date | None = None) -> dict[str, list[int]]:
        own = [row for row in found if row["question"] == name and row["breakdown_by"] == by]
        own = sorted((row for row in own if row["date"] == on), key=lambda row: int(row["step"]))
        return {
            value: [row["units"] for row in own if row["breakdown"] == value]
            for value in {row["breakdown"] for row in own}
        }

    # skipper's only attempt is an a without a plan.
    assert of("first") == {"pro": [2, 1, 1], "free": [2, 2, 2], "unknown": [1, 0, 0]}
    assert of("first", "event_name") == {"a": [5, 3, 3]}
    assert of("last") == {"pro": [1, 0, 0], "free": [3, 3, 3], "unknown": [1, 0, 0]}
    assert of("at 2") == {"pro": [1, 1, 1], "free": [2, 2, 2], "unknown": [2, 0, 0]}
    # Under each value by the events of that value alone: again is in two.
    assert of("all") == {"pro": [3, 2, 0], "free": [2, 2, 2], "unknown": [1, 0, 0]}
    assert of("limited") == {"free": [2, 2, 2], "other": [3, 1, 1]}
    first, second = date(2026, 3, 2), date(2026, 3, 9)
    assert of("weeks", on=first) == {"pro": [1, 1, 1], "free": [1, 1, 1]}
    assert of("weeks", "all", second) == {"all": [3, 1, 1]}
    complete = {row["date"]: row["complete"] for row in found if row["question"] == "weeks"}
    # Who began on the 8th had time until the 12th, who begins on the 15th has until the 19th.
    assert complete == {None: None, first: True, second: False}
    assert {row["attribution"] for row in found if row["question"] == "at 2"} == {None, "step 2"}


def test_who_dropped_is_listed_with_the_step_and_the_time(spark: SparkSession) -> None:
    asked = shop_of_options(spark)
    plain = Funnel.model_validate({"name": "plain", "steps": ABC})
    optional = Funnel.model_validate({"name": "optional", **OPTIONS["optional"]})
    found = dropoffs(plain, asked).unionByName(dropoffs(optional, asked)).collect()
    assert {(row["question"], row["unit"], row["last_step"], row["next_step"]) for row in found} == {
        ("plain", "skipper", 1, 2),
        ("plain", "backwards", 1, 2),
        ("optional", "backwards", 1, 3),
    }
    assert {str(row["last_time"]) for row in found if row["unit"] == "skipper"} == {"2026-03-09 10:00:00"}


@pytest.mark.parametrize(
    ("given", "told_"),
    [
        ({"steps": [{**ABC[0], "optional": True}, ABC[1]]}, "step 1 can not be optional"),
        ({"exclusions": [{**X, "before": 4}]}, "lies between two of the 3 steps"),
        ({"attribution": 4}, "there are 3 steps"),
        ({"order": "unordered", "exclusions": [X]}, "only where steps have an order"),
        ({"order": "strict", "modes": ["strict_once"]}, "modes are for order: ordered"),
        ({"modes": ["allow_reentry"]}, "goes with strict_order"),
        ({"breakdown": "browser", "breakdowns": ["os"]}, "not both"),
        ({"order": "unordered", "steps": [{"event": "a", "name": f"{n}", "where": [
            {"field": "value", "op": "above", "value": n}]} for n in range(11)]}, "at most 10"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(given: dict[str, Any], told_: str) -> None:
    with pytest.raises(ValidationError, match=told_):
        Funnel.model_validate({"steps": ABC, **given})


def test_twenty_pages_in_any_order_are_told_apart_by_their_conditions() -> None:
    Funnel.model_validate({"order": "unordered", "steps": [f"/page/{n}" for n in range(20)]})


def test_the_example_of_the_docs_is_a_funnel() -> None:
    page = (Path(__file__).parents[2] / "docs" / "questions" / "funnels.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (funnel,) = Questions.model_validate(yaml.safe_load(example)).funnels
    assert [step.label for step in funnel.steps] == ["/pricing", "signup", "cart_add", "Order of 10 or more"]
    assert definition(funnel) == (
        "page_view or screen_view [page_path = /pricing] > signup (optional) > cart_add (within 1h) > "
        "order [value >= 10]; ordered, within 7d of step 1, logout between 1 and 3 stops, "
        "persons, by device_type, session.channel, values of first touch, by week of the start"
    )


def test_a_preset_gives_what_is_not_said() -> None:
    mixpanel = Funnel.model_validate({"steps": ABC, "preset": "mixpanel"})
    assert (mixpanel.window, mixpanel.attempt) == (timedelta(days=7), "first")
    said = Funnel.model_validate({"steps": ABC, "preset": "mixpanel", "window": "1h"})
    assert said.window == timedelta(hours=1)
    once = Funnel.model_validate({"steps": ABC, "preset": "clickhouse", "modes": ["strict_once"]})
    assert not once.reuse
    assert Funnel(steps=STEPS).version != Funnel(steps=STEPS, order="strict").version
