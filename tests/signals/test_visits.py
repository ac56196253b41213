"""U-turns, quick backs, refreshes and forms left: what is and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pyspark.sql import Row, SparkSession

from tests.signals.staging import found, told
from trailhouse.signals.kind import Happening, click, happens, view

CASES: dict[str, Sequence[Happening]] = {
    "turned": [view(0, "/a"), view(10_000, "/b"), view(17_000, "/a")],
    "stayed longer": [view(0, "/a"), view(10_000, "/b"), view(17_001, "/a")],
    "went on": [view(0, "/a"), view(10_000, "/b"), view(12_000, "/c")],
    "reloaded": [view(0, "/a"), view(10_000, "/a"), view(12_000, "/a")],
    "in another tab": [view(0, "/a"), view(10_000, "/b"), view(12_000, "/a", tab="u")],
    "on another device": [view(0, "/a"), view(10_000, "/b"), view(12_000, "/a", device="e")],
    "by a link": [view(0, "/a"), view(10_000, "/b", "link"), view(12_000, "/a", "link")],
    "by history": [view(0, "/a"), view(10_000, "/b", "link"), view(12_000, "/a", "back_forward")],
    "back to elsewhere": [view(0, "/a"), view(10_000, "/b", "link"), view(12_000, "/c", "back_forward")],
    "forward again": [view(0, "/a"), view(10_000, "/b", "back_forward"), view(12_000, "/a", "back_forward")],
    "with a click": [view(0, "/a"), view(10_000, "/b"), click(11_000), view(12_000, "/a")],
    "with a form": [
        view(0, "/a"),
        view(10_000, "/b"),
        happens(11_000, "form_change", form="f"),
        view(12_000, "/a"),
    ],
    "with a word": [view(0, "/a"), view(10_000, "/b"), happens(11_000, "heartbeat"), view(12_000, "/a")],
    "nothing but beats": [view(0, "/a"), happens(9000, "heartbeat", view="v", path="/b"), view(12_000, "/a")],
    "beats first": [
        view(0, "/a"),
        happens(9000, "heartbeat", view="/b", path="/b"),
        view(9500, "/c", tab="u"),
        view(10_000, "/b", view="/b"),
        click(11_000, view="/b"),
        view(12_000, "/a"),
    ],
    "four reloads": [view(0, "/a"), *(view(1000 + 4000 * n, "/a", "reload") for n in range(4))],
    "slow reloads": [view(0, "/a"), *(view(1000 + 5001 * n, "/a", "reload") for n in range(4))],
    "reloads of two pages": [
        view(0, "/a"),
        view(1000, "/a", "reload"),
        view(2000, "/a", "reload"),
        view(3000, "/b", "reload"),
        view(4000, "/b", "reload"),
    ],
    "sent at last": [
        view(0, "/a"),
        happens(1000, "form_start", form="f"),
        happens(2000, "form_abandon", form="f"),
        happens(3000, "form_submit", form="f"),
    ],
    "only begun": [view(0, "/a"), happens(1000, "form_start", form="f"), happens(9000, "heartbeat")],
    "without a tracker's word": [
        view(0, "/a", app_id="app"),
        happens(1000, "form_start", form="f", app_id="app"),
        view(5000, "/b", app_id="said"),
        happens(6000, "form_abandon", form="g", app_id="said"),
    ],
}


@pytest.fixture(scope="module")
def signals(spark: SparkSession) -> list[Row]:
    """What is found in all cases, by every preset."""
    return found(spark, CASES)


def cases(of: list[Row], kind: str, preset: str) -> set[str]:
    return {case for case, rows in told(of, kind, preset).items() if rows}


def test_back_on_the_page_before_in_time_is_a_u_turn_at_the_page_left(signals: list[Row]) -> None:
    assert cases(signals, "u_turn", "default") == {
        "turned",
        "by history",
        "with a click",
        "with a form",
        "with a word",
        "beats first",
        # The paths say so: how it came there and away was history both ways.
        "forward again",
    }
    # The view's first event but heartbeats and moves, whatever opened beside it.
    (row,) = (r for r in signals if (r.session_id, r.preset, r.kind) == ("beats first", "default", "u_turn"))
    assert row.first_event_id == "beats first:4"
    (row,) = (r for r in signals if (r.session_id, r.preset, r.kind) == ("turned", "default", "u_turn"))
    assert (row.page_path, row.first_event_id, row.size) == ("/b", "turned:2", 2)
    assert (row.end_time - row.start_time).total_seconds() == 7


def test_a_form_is_the_element_of_its_own_signal_alone(signals: list[Row]) -> None:
    on_view = {(row.kind, row.selector) for row in signals if row.session_id == "with a form"}
    assert on_view == {("u_turn", None), ("form_abandonment", "f")}


def test_strictly_a_u_turn_did_nothing_there(signals: list[Row]) -> None:
    assert cases(signals, "u_turn", "strict") == {"by history", "with a word", "forward again"}


def test_a_quick_back_came_by_a_link_and_left_by_the_browser_wherever_to(signals: list[Row]) -> None:
    assert cases(signals, "quick_back", "default") == {"by history", "back to elsewhere"}


def test_reloads_are_rapid_when_enough_of_one_page_lie_close_together(signals: list[Row]) -> None:
    assert cases(signals, "rapid_refresh", "default") == {"four reloads"}
    assert told(signals, "rapid_refresh")["four reloads"] == [(1000, 4)]


def test_a_form_is_left_when_its_view_ends_without_a_submit(signals: list[Row]) -> None:
    left = told(signals, "form_abandonment")
    assert left["sent at last"] == []
    assert left["only begun"] == [(1000, 1)]
    assert left["with a form"] == [(11_000, 1)]
    (row,) = (r for r in signals if (r.session_id, r.kind) == ("only begun", "form_abandonment"))
    assert (row.end_time - row.start_time).total_seconds() == 8
    assert row.selector == "f"


def test_without_submits_and_abandonments_nothing_tells_of_a_form_that_was_left(signals: list[Row]) -> None:
    assert told(signals, "form_abandonment")["without a tracker's word"] == [(6000, 1)]
