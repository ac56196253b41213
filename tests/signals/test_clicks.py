"""Rage, dead, inert and error clicks: edges, what is left out, presets side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest
from pyspark.sql import Row, SparkSession

from tests.signals.staging import found, told
from trailhouse.signals.clicks import RAGE_CLICK
from trailhouse.signals.kind import Happening, click, happens, view

BURSTS = {
    "999 ms": [click(ms) for ms in (0, 500, 999)],
    "1000 ms": [click(ms) for ms in (0, 500, 1000)],
    "1001 ms": [click(ms) for ms in (0, 500, 1001)],
    "a gap of 999 ms": [click(ms) for ms in (0, 999, 1998)],
    "a gap of 1000 ms": [click(ms) for ms in (0, 1000, 2000)],
    "a gap of 1001 ms": [click(ms) for ms in (0, 1000, 2001)],
    "29 px": [click(0), click(100), click(200, 15, 14)],
    "30 px": [click(0), click(100), click(200, 15, 15)],
    "31 px": [click(0), click(100), click(200, 15, 16)],
    "far from the first": [click(0), click(100, 30), click(200, 60)],
    "a fourth click": [click(ms) for ms in (0, 100, 200, 300)],
    "a fifth click": [click(ms) for ms in (0, 100, 200, 300, 400)],
    "two bursts": [click(ms) for ms in (0, 100, 200, 9000, 9100, 9200, 9300)],
    "across views": [click(0), click(100), view(150, "/next"), click(200)],
    "on a stepper": [click(ms, selector="div.Qty-Stepper") for ms in (0, 100, 200)],
    "a stepper between": [click(0), click(100), click(200, selector="b.stepper"), click(300)],
    "triple click that selects": [
        *(click(ms, selector="p", tag="p", interactive=False) for ms in (0, 100, 200)),
        happens(1200, "text_selected"),
    ],
    "a selection too late": [*(click(ms) for ms in (0, 100, 200)), happens(1201, "text_selected")],
    "a selection before": [happens(0, "text_selected"), *(click(ms) for ms in (1, 100, 200))],
    "taps": [
        *(click(ms, pointer="touch") for ms in (0, 100, 200)),
        happens(300, "text_selected"),
    ],
    "no coordinates": [click(ms, None, None) for ms in (0, 100, 200)],
    "no coordinates, other elements": [click(ms, None, None, selector=f"b{ms}") for ms in (0, 100, 200)],
    "no coordinates, no element": [click(ms, None, None, selector=None) for ms in (0, 100, 200)],
    "one label": [click(ms, 50 * ms, selector=f"b{ms}", text="Buy") for ms in (0, 100, 200)],
    "moves alone": [happens(ms, "mouse_move", x=0, y=0) for ms in (0, 100, 200)],
}
RAGE: dict[str, dict[str, list[int]]] = {
    "posthog": {
        **{name: [3] for name in BURSTS},
        "a gap of 1001 ms": [],
        "31 px": [],
        "a fourth click": [4],
        "a fifth click": [5],
        "two bursts": [3, 4],
        "across views": [],
        "on a stepper": [],
        "a stepper between": [],
        "triple click that selects": [],
        "no coordinates, other elements": [],
        "no coordinates, no element": [],
        "one label": [],
        "moves alone": [],
    },
    "datadog": {
        "999 ms": [3],
        "1000 ms": [3],
        "1001 ms": [],
        "a gap of 999 ms": [],
        "31 px": [3],
        "a fourth click": [4],
        "two bursts": [3, 4],
        "across views": [],
        "on a stepper": [],
        "no coordinates": [3],
        "one label": [],
    },
    "openreplay": {"999 ms": [], "a fourth click": [4], "one label": [3], "two bursts": [3, 4]},
    "splunk": {"1000 ms": [], "a fourth click": [4], "two bursts": [4], "a fifth click": [5]},
    "mixpanel": {"1000 ms": [], "a fourth click": [4], "two bursts": [4], "a fifth click": [5]},
    "highlight": {"a fourth click": [], "a fifth click": [5], "two bursts": []},
    "same_element": {"31 px": [3], "no coordinates": [3], "one label": [], "a gap of 1001 ms": []},
}
AFTER_CLICK = {
    "mutation at the limit": (True, happens(2750, "mutation")),
    "mutation at once": (True, happens(0, "mutation")),
    "scroll": (True, happens(1000, "scroll")),
    "form": (True, happens(1000, "form_start")),
    "custom event": (True, happens(1000, "cart_add")),
    "error": (True, happens(1000, "error")),
    "next page": (True, view(2000, "/next")),
    "page in a new tab": (True, view(2000, "/next", tab="new")),
    "too late": (False, happens(2751, "mutation")),
    "next page too late": (False, view(2751, "/next")),
    "heartbeat": (False, happens(1000, "heartbeat")),
    "mouse move": (False, happens(1000, "mouse_move", x=1, y=1)),
    "another click": (False, click(1000, tag="input")),
    "page on another device": (False, view(1000, "/next", device="another")),
    "page in this tab of a device without an id": (True, view(2000, "/next", device=None)),
    "page in another tab of a device without an id": (False, view(1000, "/next", device=None, tab="new")),
    "mutation on another view": (False, happens(1000, "mutation", view="elsewhere")),
}
"""What follows a click at 0, and whether it is an answer."""
NOT_JUDGED = {
    "field": click(0, tag="INPUT"),
    "away": click(0, tag="a", href="https://other.example/b"),
    "mail": click(0, tag="a", href="mailto:help@shop.example"),
}
JUDGED = {
    "home": click(0, tag="a", href="https://shop.example/b"),
    "relative": click(0, tag="a", href="/b"),
    "unknown": click(0, tag=None, interactive=None),
}
OTHERS: dict[str, Sequence[Happening]] = {
    "both answered": [click(0), click(1000), happens(2000, "mutation")],
    "neither answered": [click(0), click(1000)],
    "two before an error": [click(0), click(400), happens(1000, "error")],
    "an error at once": [happens(0, "error"), click(0)],
    "an error on another view": [click(0), happens(500, "error", view="elsewhere")],
    "an app": [click(0, app_id="app", platform="ios"), happens(500, "error", app_id="app", platform="ios")],
    "many tabs": [
        view(0, "/search"),
        *(view(1000 + 100 * n, f"/{n}", tab=f"t{n}") for n in range(60)),
        click(6_800, tab="t"),
        click(20_000, tab="t"),
    ],
}


@pytest.fixture(scope="module")
def signals(spark: SparkSession) -> list[Row]:
    """What is found in all cases, by every preset."""
    cases: dict[str, Sequence[Happening]] = {**BURSTS, **OTHERS}
    cases |= {name: [click(0), after] for name, (_, after) in AFTER_CLICK.items()}
    cases |= {name: [one] for name, one in {**NOT_JUDGED, **JUDGED}.items()}
    return found(spark, cases)


@pytest.mark.parametrize("preset", RAGE)
def test_bursts_are_rage_by_the_edges_of_each_preset(signals: list[Row], preset: str) -> None:
    by_case = told(signals, "rage_click", preset)
    sizes = {name: [size for _, size in by_case[name]] for name in RAGE[preset]}
    assert sizes == RAGE[preset]


def test_every_preset_of_rage_has_edges_here() -> None:
    assert {*RAGE} == {preset.name for preset in RAGE_CLICK.presets}


def test_presets_stand_side_by_side_and_the_first_counts(signals: list[Row]) -> None:
    by_preset = defaultdict(set)
    for row in signals:
        if (row.session_id, row.kind) == ("a fifth click", "rage_click"):
            by_preset[row.preset].add((row.size, row.extra, row.first_event_id))
    assert by_preset == {name: {(5, name != "posthog", "a fifth click:1")} for name in RAGE}


def test_a_click_is_dead_unless_something_answers_it_in_time(signals: list[Row]) -> None:
    dead = told(signals, "dead_click", "posthog")
    found = {name: (0, 1) not in dead[name] for name in AFTER_CLICK}
    assert found == {name: answers for name, (answers, _) in AFTER_CLICK.items()}


def test_a_further_click_is_no_answer_but_its_answer_is_one_for_both(signals: list[Row]) -> None:
    dead = told(signals, "dead_click", "posthog")
    assert (dead["both answered"], dead["neither answered"]) == ([], [(0, 1), (1000, 1)])


def test_a_tab_that_opens_answers_however_many_opened_before(signals: list[Row]) -> None:
    # The last of sixty tabs opens at 6900 ms.
    assert told(signals, "dead_click", "posthog")["many tabs"] == [(20_000, 1)]


def test_text_fields_and_links_off_the_site_are_not_judged(signals: list[Row]) -> None:
    dead = told(signals, "dead_click", "posthog")
    assert {name for name in {**NOT_JUDGED, **JUDGED} if dead[name]} == {*JUDGED}


def test_what_calls_itself_inert_is_a_kind_of_its_own(signals: list[Row]) -> None:
    case = "triple click that selects"
    assert told(signals, "dead_click")[case] == []
    # The selection answers within 2.75 s, and within 1.234 s, the latter but for none of them.
    assert told(signals, "inert_click", "posthog")[case] == []
    assert told(signals, "inert_click", "openreplay")[case] == []


def test_an_error_is_of_every_click_shortly_before_it_on_its_view(signals: list[Row]) -> None:
    errors = told(signals, "error_click", "default")
    assert errors["two before an error"] == [(0, 1), (400, 1)]
    assert (errors["an error at once"], errors["an error on another view"]) == ([(0, 1)], [])


def test_where_a_tracker_sends_no_mutations_silence_says_nothing(signals: list[Row]) -> None:
    assert told(signals, "dead_click")["an app"] == []
    assert told(signals, "error_click", "default")["an app"] == [(0, 1)]
