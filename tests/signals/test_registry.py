"""Every preset of the registry finds what its example says; and what is said of kinds holds together."""

from __future__ import annotations

import pytest
from pyspark.sql import Row, SparkSession

from scripts import signal_kinds
from tests.signals.staging import found, told
from trailhouse.capabilities import NAMES
from trailhouse.settings import Settings
from trailhouse.signals.registry import KINDS
from trailhouse.tables import TABLES

PRESETS = [(kind, preset) for kind in KINDS for preset in kind.presets]


@pytest.fixture(scope="module")
def signals(spark: SparkSession) -> list[Row]:
    """What is found in the examples of all presets, by all presets."""
    return found(spark, {f"{kind.name}/{preset.name}": preset.example.events for kind, preset in PRESETS})


@pytest.mark.parametrize(("kind", "preset"), PRESETS, ids=lambda one: one.name)
def test_a_preset_finds_what_its_example_says(signals: list[Row], kind, preset) -> None:  # type: ignore[no-untyped-def]
    case = f"{kind.name}/{preset.name}"
    assert told(signals, kind.name, preset.name)[case] == list(preset.example.expected), (
        preset.example.sentence
    )


def test_ids_are_unique_and_only_first_presets_count(signals: list[Row]) -> None:
    assert len({row.signal_id for row in signals}) == len(signals)
    first = {(kind.name, kind.presets[0].name) for kind in KINDS}
    assert {(row.kind, row.preset) for row in signals if not row.extra} == first
    assert all(row.rule_version >= 1 for row in signals)


def test_a_signal_names_its_person_place_element_and_first_event(signals: list[Row]) -> None:
    (row,) = (
        r for r in signals if r.session_id == "rage_click/posthog" and r.preset == "posthog" and r.size == 3
    )
    assert (row.person_id, row.selector, row.first_event_id) == ("p", "button", "rage_click/posthog:1")
    assert (row.end_time - row.start_time).total_seconds() == 1.999
    form, *_ = (r for r in signals if r.kind == "form_abandonment")
    assert (form.selector, form.first_event_id.split(":")[1]) == ("f", "2")
    thrashed, *_ = (r for r in signals if r.kind == "thrashed_cursor")
    assert thrashed.first_event_id.split(":")[1] == "2", "the move that came to the first turn"
    (scrolled,) = (r for r in signals if r.kind == "excessive_scrolling")
    assert (scrolled.first_event_id, scrolled.view_id) == (None, "excessive_scrolling/default view 20")


def test_every_kind_has_a_setting_a_column_in_sessions_and_known_inputs() -> None:
    for kind in KINDS:
        assert Settings().signals.presets(kind.name) == (kind.presets[0].name,)
        assert TABLES["sessions"].column(kind.counted_as).required == (not kind.needs)
        assert {*kind.needs} <= {*NAMES}
        assert len({preset.name for preset in kind.presets}) == len(kind.presets)
        assert all(text.endswith(".") for text in (kind.sentence, kind.suppressed))


def test_the_page_of_signals_is_up_to_date() -> None:
    assert signal_kinds.PAGE.read_text(encoding="utf-8") == signal_kinds.page(KINDS), (
        "run python scripts/signal_kinds.py"
    )
