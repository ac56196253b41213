"""U-turns."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.settings import Signals
from trailhouse.signals.u_turn import find


def view(path: str, second: float, navigation: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "session_id": "s",
        "person_id": "p",
        "view_id": f"{path}-{second}",
        "page_path": path,
        "page_group": path.strip("/"),
        "start_time": f"2026-03-02 10:00:{second:06.3f}",
        "navigation_type": navigation,
        "anonymous_id": "d",
        "tab_id": "t",
        "view_number": 1 + int(second),
        **more,
    }


def turns(spark: SparkSession, *views: dict[str, Any]) -> list[tuple[str, str]]:
    """(page turned away from, first event there)."""
    events = [
        {
            "event_id": f"{kind} {v['view_id']}",
            "event_number": 10 * v["view_number"] + place,
            "session_id": v["session_id"],
            "view_id": v["view_id"],
        }
        for v in views
        for place, kind in enumerate(("first", "a later"))
    ]
    found = find(rows(spark, "activity", events), rows(spark, "page_views", views), Signals())
    return sorted((row["page_group"], row["first_event_id"]) for row in found.collect())


def test_back_on_the_page_before_within_seven_seconds_is_a_u_turn_at_the_page_left(
    spark: SparkSession,
) -> None:
    assert turns(spark, view("/a", 0), view("/b", 10), view("/a", 17)) == [("b", "first /b-10")]


def test_the_trackers_word_on_how_the_page_was_reached_wins_over_the_order_of_paths(
    spark: SparkSession,
) -> None:
    by_link = [view("/a", 0), view("/b", 10, "link"), view("/a", 12, "link")]
    by_history = [
        {**v, "session_id": "t"}
        for v in (view("/c", 0), view("/d", 10, "link"), view("/c", 12, "back_forward"))
    ]
    assert turns(spark, *by_link, *by_history) == [("d", "first /d-10")]


def test_other_ways_on_are_no_u_turn(spark: SparkSession) -> None:
    ways = {
        "stayed longer": (view("/a", 0), view("/b", 10), view("/a", 17.001)),
        "went on": (view("/a", 0), view("/b", 10), view("/c", 12)),
        "reloaded": (view("/a", 0), view("/a", 10), view("/a", 12)),
        "in another tab": (view("/a", 0), view("/b", 10), view("/a", 12, tab_id="u")),
        "turned": (view("/a", 0), view("/turned", 10), view("/a", 12)),
    }
    views = [{**v, "session_id": why} for why, way in ways.items() for v in way]
    in_another_session = [view("/a", 0), view("/b", 10), view("/a", 12, session_id="later")]
    assert turns(spark, *views, *in_another_session) == [("turned", "first /turned-10")]
