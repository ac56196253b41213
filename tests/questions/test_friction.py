"""Friction by page."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.questions.friction import friction


def test_pages_count_views_sessions_exits_and_sessions_that_struggled(spark: SparkSession) -> None:
    sessions = [
        {"session_id": "s1", "dead_clicks": 1},
        {"session_id": "s2", "dead_clicks": None},
        {"session_id": "s3", "dead_clicks": None},
        {"session_id": "bot", "is_bot": True},
        {"session_id": "staff", "internal": True},
    ]
    views = [
        {"session_id": "s1", "view_id": "a", "page_group": "home", "engaged_us": 5, "is_entry": True},
        {"session_id": "s1", "view_id": "b", "page_group": "cart", "engaged_us": 7},
        {"session_id": "s1", "view_id": "c", "page_group": "home", "engaged_us": 1, "is_exit": True},
        {"session_id": "s2", "view_id": "a", "page_group": "home", "is_entry": True},
        {"session_id": "s2", "view_id": "b", "page_group": "help", "is_exit": True},
        {"session_id": "s3", "view_id": "a", "page_group": "home", "is_entry": True, "is_exit": True},
        {"session_id": "s3", "view_id": "n", "page_group": None},
        {"session_id": "bot", "view_id": "a", "page_group": "home"},
        {"session_id": "staff", "view_id": "a", "page_group": "home"},
    ]
    signals = [
        {"session_id": "s1", "view_id": "a", "kind": "rage_click"},
        {"session_id": "s1", "view_id": "a", "kind": "dead_click"},
        {"session_id": "s1", "view_id": "c", "kind": "u_turn"},
        # the page of the view counts, whatever the click's own row says
        {"session_id": "s2", "view_id": "b", "kind": "rage_click", "page_group": "home"},
        {"session_id": "bot", "view_id": "a", "kind": "rage_click"},
        # neither a second preset of a kind nor a kind that is no struggle counts
        {"session_id": "s3", "view_id": "a", "kind": "rage_click", "extra": True},
        {"session_id": "s3", "view_id": "a", "kind": "quick_back"},
    ]
    found = friction(
        rows(spark, "page_views", views), rows(spark, "sessions", sessions), rows(spark, "signals", signals)
    )
    pages = {row["page_group"]: row.asDict() for row in found.collect()}
    assert pages["home"] == {
        "page_group": "home",
        "views": 4,
        "sessions": 3,
        "entries": 3,
        "exits": 2,
        "engaged_us": 6,
        "rage_clicks": 1,
        "dead_clicks": 1,
        "u_turns": 1,
        "friction_sessions": 1,  # s1, with three signals
        "friction_rate": Decimal("0.333333"),
        "exit_rate": Decimal("0.666667"),
    }
    assert (pages["cart"]["dead_clicks"], pages["cart"]["friction_sessions"]) == (0, 0)
    assert (pages["help"]["dead_clicks"], pages["help"]["rage_clicks"]) == (
        None,
        1,
    )  # no session there is judged
    assert sorted(pages) == ["cart", "help", "home"]
