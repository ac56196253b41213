"""Dead clicks."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.settings import Signals
from trailhouse.signals.dead_click import find, judged


def event(name: str, second: float, **more: Any) -> dict[str, Any]:
    at = f"2026-03-02 10:00:{second:06.3f}"
    placed = {"person_id": "p", "session_id": "s", "view_id": "v", "anonymous_id": "d", "tab_id": "t"}
    site = {"app_id": "shop", "platform": "web", "page_url": "https://shop.example/a"}
    return {"event_name": name, "event_time": at, **placed, **site, **more}


def click(second: float = 0.0, event_id: str = "click", **element: Any) -> dict[str, Any]:
    return event("click", second, event_id=event_id, element={"tag": "button", "interactive": True} | element)


MUTATIONS_ARE_SENT = event("mutation", 50, session_id="other", view_id="other")


def dead(spark: SparkSession, *events: dict[str, Any], preset: str = "posthog") -> list[str]:
    activity = rows(spark, "activity", [MUTATIONS_ARE_SENT, *events])
    found = find(activity, judged(activity), Signals(dead_click=preset))  # type: ignore[arg-type]
    return sorted(row["first_event_id"] for row in found.collect())


ANSWERS = {
    "mutation at the limit": event("mutation", 2.75),
    "mutation at once": event("mutation", 0),
    "scroll": event("scroll", 1),
    "form": event("form_start", 1),
    "custom event": event("cart_add", 1),
    "next page": event("page_view", 2, view_id="next"),
    "page in a new tab": event("page_view", 2, view_id="next", tab_id="new"),
}
NO_ANSWERS = {
    "too late": event("mutation", 2.751),
    "heartbeat": event("heartbeat", 1),
    "mouse move": event("mouse_move", 1),
    "page on another device": event("page_view", 1, view_id="elsewhere", anonymous_id="another"),
    "mutation on another view": event("mutation", 1, view_id="elsewhere"),
}


def test_a_click_is_dead_unless_something_answers_it_on_its_view_in_time(spark: SparkSession) -> None:
    worlds = [
        {**row, "session_id": name}
        for name, later in {**ANSWERS, **NO_ANSWERS}.items()
        for row in (click(event_id=name), later)
    ]
    assert dead(spark, *worlds) == sorted(NO_ANSWERS)


def test_a_further_click_is_no_answer_but_its_answer_is_one_for_both(spark: SparkSession) -> None:
    unanswered = [click(0, "first"), click(1, "second")]
    answered = [{**row, "session_id": "t"} for row in (click(0, "a"), click(1, "b"), event("mutation", 2))]
    assert dead(spark, *unanswered, *answered) == ["first", "second"]


def test_text_fields_inert_elements_and_links_off_the_site_are_not_judged(spark: SparkSession) -> None:
    assert dead(
        spark,
        click(0, "field", tag="INPUT"),
        click(10, "inert", interactive=False),
        click(20, "away", tag="a", href="https://other.example/b"),
        click(30, "mail", tag="a", href="mailto:help@shop.example"),
        click(40, "home", tag="a", href="https://shop.example/b"),
        click(50, "relative", tag="a", href="/b"),
        click(58, "unknown", tag=None, interactive=None),
    ) == ["home", "relative", "unknown"]


def test_where_the_tracker_sends_no_mutations_silence_says_nothing(spark: SparkSession) -> None:
    tablet_app = click(0, "app") | {"platform": "ios"}
    other_site = click(0, "site") | {"app_id": None}
    assert dead(spark, tablet_app, other_site) == []


def test_the_presets_wait_for_their_own_time(spark: SparkSession) -> None:
    events = (click(), event("mutation", 2))
    assert dead(spark, *events, preset="openreplay") == ["click"]
    assert dead(spark, click(), event("mutation", 6), preset="sentry") == []
