"""`sessions`: what a session's events, views and signals say of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.factories import rows, watermark
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import sessions

SETTINGS = Settings.model_validate(
    {
        "conversions": [
            {"event": "order"},
            {"event": "order", "name": "bought", "value": False},
            {"event": "signup", "value": False},
        ]
    }
)
HOME = "https://shop.example/"


def session(name: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of one session, a second after each other; each on a view of its own."""
    found = []
    for number, event in enumerate(events, start=1):
        second = event.pop("at", number)
        found.append(
            {
                "person_id": f"p {name}",
                "session_id": name,
                "view_id": f"v{number}",
                "event_number": number,
                "view_number": number,
                "event_time": f"2026-03-02 10:{second // 60:02d}:{second % 60:02d}",
                "session_start": "2026-03-02 10:00:01",
                "run_start": "2026-03-02 10:00:01",
                "event_name": "page_view",
                "platform": "web",
                "page_url": HOME,
                "app_id": "shop",
                **event,
            }
        )
    return found


CASES = (
    session("direct", {}),
    session("searched", {"referrer": "https://www.google.com/"}, {"referrer": HOME}),
    session(
        "came back by mail",
        {"referrer": "https://www.google.com/"},
        {"campaign": {"source": "letter", "medium": "email"}},
        {"referrer": HOME},
    ),
    session(
        "came back from a site",
        {"campaign": {"source": "letter", "medium": "email"}},
        {"referrer": "https://blog.example.org/"},
    ),
    session(
        "bought",
        {},
        {"event_name": "order", "value": "10.5", "currency": "EUR"},
        {"event_name": "order", "value": "2", "currency": "EUR"},
        {"event_name": "order", "value": "3", "currency": "USD"},
        {"event_name": "signup", "value": "99", "currency": "EUR"},
    ),
    session("paid later", {}, {"event_name": "order", "platform": "server", "value": "1", "at": 1000}),
    session("open", {"at": 1}, {"at": 1800}),
)
CAPABILITIES = (
    {"app_id": "shop", "platform": "web", "day": "2026-03-02", "mutations": 7, "navigation_types": 1},
    {"app_id": "other", "platform": "web", "day": "2026-03-02", "errors": 1},
)
SIGNALS = (
    {"session_id": "direct", "kind": "rage_click"},
    {"session_id": "direct", "kind": "rage_click", "preset": "datadog", "extra": True},
    {"session_id": "direct", "kind": "dead_click"},
    {"session_id": "direct", "kind": "dead_click"},
    {"session_id": "direct", "kind": "u_turn", "extra": True},
)


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, Row]:
    """The sessions of all cases, by name."""
    inputs = {
        "activity": rows(spark, "activity", [event for case in CASES for event in case]),
        "page_views": rows(spark, "page_views"),
        "signals": rows(spark, "signals", SIGNALS),
        "capabilities": rows(spark, "capabilities", CAPABILITIES),
        # A microsecond past the end and timeout of all but the last.
        "watermark": watermark(spark, "2026-03-02 10:40:00"),
    }
    made = sessions.transform(inputs, Context(SETTINGS, ""))["sessions"]
    return {row.session_id: row for row in made.collect()}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("direct", "Direct", "Direct"),
        ("searched", "Organic Search", "Organic Search"),  # a page of the site itself is no touch
        ("came back by mail", "Email", "Email"),  # a campaign goes before where it was first seen from
        ("came back from a site", "Email", "Referral"),
    ],
)
def test_a_session_has_the_channels_of_its_first_and_its_last_touch(
    found: dict[str, Row], name: str, first: str, last: str
) -> None:
    assert (found[name].channel, found[name].last_channel) == (first, last)


def test_conversions_are_counted_named_and_summed_by_currency_where_they_have_a_value(
    found: dict[str, Row],
) -> None:
    row = found["bought"]
    assert (row.conversions, row.conversion_names, row.converted) == (4, ["bought", "order", "signup"], True)
    assert [tuple(entry) for entry in row.value] == [("EUR", Decimal("12.5")), ("USD", Decimal("3"))]
    assert (found["direct"].conversions, found["direct"].conversion_names) == (0, [])


def test_a_server_event_counts_and_does_not_extend(found: dict[str, Row]) -> None:
    row = found["paid later"]
    assert (row.duration_us, row.converted, row.closed) == (0, True, True)


def test_a_session_is_closed_once_the_watermark_is_past_its_timeout(found: dict[str, Row]) -> None:
    assert not found["open"].closed  # it ends at 10:30, and may go on until 11:00
    assert found["direct"].closed


def test_signals_of_first_presets_are_counted_and_what_is_not_collected_is_null(
    found: dict[str, Row],
) -> None:
    row, quiet = found["direct"], found["searched"]
    assert (row.rage_clicks, row.dead_clicks, row.u_turns) == (1, 2, 0)
    assert (quiet.rage_clicks, quiet.dead_clicks, quiet.quick_backs) == (0, 0, 0)
    # This tracker sends neither errors nor moves of the pointer, so nobody knows.
    assert (row.error_clicks, row.thrashed_cursors, row.excessive_scrolls) == (None, None, None)
