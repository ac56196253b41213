"""`page_views`: what a view's events say of dwell, engagement and scrolling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.factories import rows
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import page_views

SCREEN = {"viewport": {"width": 1000, "height": 800}, "document": {"width": 1000, "height": 3000}}


def view(name: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a view that is a session of its own."""
    place = {"person_id": "p", "session_id": name, "view_id": name, "view_number": 1, "app_id": "shop"}
    return [{**place, "event_number": n, **event} for n, event in enumerate(events, start=1)]


def at(seconds: float, event_name: str = "click", **columns: Any) -> dict[str, Any]:
    """An event that many seconds after ten o'clock."""
    minute, second = divmod(seconds, 60)
    time = f"2026-03-02 10:{int(minute):02d}:{second:09.6f}"
    return {"event_name": event_name, "event_time": time, "page_url": "https://s.example/a", **columns}


@pytest.fixture(scope="module")
def views(spark: SparkSession) -> dict[str, Row]:
    """The views of all cases, by name, under the default settings."""
    cases: Sequence[list[dict[str, Any]]] = (
        view("one event", at(0, "page_view")),
        view("gaps", at(0, "page_view"), at(10), at(100)),
        view("beats", at(0, "page_view"), *[at(10 * n, "heartbeat") for n in (1, 2, 3)], at(32)),
        view("scrolled", at(0, "page_view", **SCREEN), at(1, "scroll", scroll_offset=700, **SCREEN)),
        view(
            "no viewport", at(0, "page_view"), at(1, "scroll", scroll_offset=700, document=SCREEN["document"])
        ),
        view(
            "to and fro", *[at(n, "scroll", scroll_offset=o) for n, o in enumerate((0, 500, 500, 100, 900))]
        ),
        view("sent form", at(0, "page_view"), at(1, "form_start"), at(2, "form_submit")),
    )
    events = rows(spark, "activity", [event for case in cases for event in case])
    found = page_views.transform({"activity": events}, Context(Settings(), ""))["page_views"]
    return {row.view_id: row for row in found.collect()}


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("one event", 0),
        ("gaps", 10 + 30),  # the second gap of 90 s is capped at 30 s; before the first event there is none
        ("beats", 10 * (3 - 1) + 5),  # three buckets of 10 s, and the least visit of 5 s
    ],
)
def test_engaged_time_is_that_of_heartbeats_else_of_capped_gaps(
    views: dict[str, Row], name: str, seconds: int
) -> None:
    assert views[name].engaged_us == seconds * 1_000_000


def test_dwell_is_from_the_first_event_to_the_last(views: dict[str, Row]) -> None:
    assert (views["one event"].dwell_us, views["gaps"].dwell_us) == (0, 100_000_000)


def test_scroll_depth_is_the_share_of_the_page_that_was_seen(views: dict[str, Row]) -> None:
    assert views["scrolled"].max_scroll_pct == 50  # (700 + 800) of 3000 px


def test_scroll_depth_is_unknown_without_the_size_of_the_window(views: dict[str, Row]) -> None:
    assert views["no viewport"].max_scroll_pct is None


def test_scrolling_back_and_forth_counts_each_change_of_direction(views: dict[str, Row]) -> None:
    assert views["to and fro"].direction_changes == 2  # down, (rest), up, down


def test_a_form_that_was_sent_was_not_merely_started(views: dict[str, Row]) -> None:
    assert views["sent form"].form_outcome == "submitted"
