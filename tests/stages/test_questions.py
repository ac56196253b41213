"""The stages of the questions: engagement, funnels, retention, heatmaps, page_friction, feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows, watermark
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.settings import Settings
from trailhouse.stage import Context, Stage
from trailhouse.stages import engagement, feedback, funnels, heatmaps, page_friction, retention, signals
from trailhouse.tables import TABLES

STAGES: tuple[Stage, ...] = tuple(
    module.STAGE for module in (engagement, funnels, retention, heatmaps, page_friction, feedback)
)
SETTINGS = Settings.model_validate(
    {
        "questions": {
            "funnels": [
                {"name": "buy", "steps": [{"event": "click"}, {"event": "order"}], "breakdown": "device_type"}
            ],
        }
    }
)


@pytest.fixture(scope="module")
def shop(spark: SparkSession) -> Mapping[str, DataFrame]:
    """Two persons, one of them back in the week after; p clicks in rage, buys and answers."""
    place = {"person_id": "p", "session_id": "s1", "view_id": "v1", "page_group": "cart", "app_id": "shop"}
    click = {
        "event_name": "click",
        "element": {"x": 10, "y": 10, "selector": "b", "interactive": True},
        "viewport": {"width": 400, "height": 800},
        "device": {"type": "mobile"},
    }
    activity = [
        *({**place, **click, "event_time": f"2026-03-02 12:00:0{second}"} for second in (1, 2, 3)),
        {**place, "event_name": "order", "event_time": "2026-03-02 12:01:00"},
        {**place, "event_name": "survey_response", "survey": {"id": "n", "kind": "nps", "score": 9},
         "event_time": "2026-03-02 12:02:00"},
        {"person_id": "q", "session_id": "s2", "event_name": "click", "event_time": "2026-03-03 12:00:00"},
    ]  # fmt: skip
    days = [
        {"person_id": "p", "day": "2026-03-02", "clicks": 3, "orders": 1},
        {"person_id": "q", "day": "2026-03-03"},
        {"person_id": "q", "day": "2026-03-10"},
    ]
    sessions = [
        {"session_id": "s1", "session_date": "2026-03-02", "clicks": 3, "rage_clicks": 1, "converted": True},
        {"session_id": "s2", "session_date": "2026-03-03", "clicks": 1, "is_bounce": True},
    ]
    views = [{"session_id": "s1", "view_id": "v1", "page_group": "cart", "is_entry": True, "is_exit": True}]
    frames = {
        "activity": rows(spark, "activity", activity),
        "person_days": rows(spark, "person_days", days),
        "sessions": rows(spark, "sessions", sessions),
        "page_views": rows(spark, "page_views", views),
        "capabilities": rows(spark, "capabilities"),
        "watermark": watermark(spark, "2026-03-10 13:00:00"),
    }
    found = signals.STAGE.transform(frames, Context(SETTINGS, ""))["signals"]
    return {**frames, "signals": found}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_answers_by_its_contract_and_passes_its_own_gate(
    shop: Mapping[str, DataFrame], stage: Stage
) -> None:
    assert stage.writes == (stage.name,)
    inputs = {name: shop[name] for name in stage.reads}  # and nothing else
    answer = stage.transform(inputs, Context(SETTINGS, ""))[stage.name].localCheckpoint()
    assert answer.count() > 0
    checks = [*checks_of(TABLES[stage.name]), *stage.checks]
    counts = count_offending({**inputs, stage.name: answer}, checks)
    assert [check.name for check, rows_ in zip(checks, counts, strict=True) if rows_] == []


BAD: dict[str, list[tuple[set[str], list[dict[str, Any]]]]] = {
    "engagement": [
        ({"reach_grows_with_days"}, [{"active_persons": 2, "wau": 1, "mau": 3}]),
        ({"new_are_active", "new_persons_agree"}, [{"new_persons": 1}]),
        ({"parts_of_sessions"}, [{"sessions": 1, "bounces": 2}]),
    ],
    "funnels": [
        ({"steps_only_lose"}, [{"question": "f", "breakdown": "all", "step": n, "units": n} for n in (1, 2)]),
        (
            {"breakdowns_add_up"},
            [
                {"question": "f", "breakdown": name, "step": 1, "units": n}
                for name, n in (("all", 3), ("x", 2))
            ],
        ),
        ({"times_in_order"}, [{"median_us": 3, "p90_us": 2}]),
    ],
    "retention": [
        ({"unbounded_holds_more"}, [{"cohort_size": 3, "units": 2, "unbounded": 1}]),
        (
            {"unbounded_only_falls"},
            [
                {"question": "r", "cohort": "2026-03-02", "period": n, "cohort_size": 9, "unbounded": n}
                for n in (0, 1)
            ],
        ),
    ],
    "heatmaps": [
        ({"views_clicked", "clicks_happened"}, [{"clicks": 1, "views": 2}]),
        ({"clicks_happened"}, [{"clicks": 99}]),
    ],
    "page_friction": [({"sessions_of_the_page"}, [{"views": 2, "sessions": 2, "friction_sessions": 3}])],
    "feedback": [
        ({"interval_holds_score"}, [{"week": "w", "score": 5, "low": 6, "high": 7}]),
        ({"parts_of_answers"}, [{"answers": 2, "top": 2, "bottom": 1}]),
        (
            {"weeks_add_up"},
            [
                {"survey_id": "s", "kind": "nps", "week": week, "answers": n}
                for week, n in (("all", 3), ("w", 2))
            ],
        ),
    ],
}
NO_PERSONS = {"engagement": ["person_days"], "heatmaps": ["sessions"]}
"""What the laws between tables look at, besides the batch."""


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_check_of_a_gate_catches_the_rows_it_is_there_for(spark: SparkSession, stage: Stage) -> None:
    caught: set[str] = set()
    for expected, given in BAD[stage.name]:
        # a lone week of feedback never adds up to an 'all' that is not there
        also = {"weeks_add_up"} if stage is feedback.STAGE else set()
        assert expected <= _failed(spark, stage, given) <= expected | also, given
        caught |= expected
    assert caught == {check.name for check in stage.checks}


def _failed(spark: SparkSession, stage: Stage, given: Sequence[Mapping[str, Any]]) -> set[str]:
    frames = {stage.name: rows(spark, stage.name, given)}
    frames |= {name: rows(spark, name) for name in NO_PERSONS.get(stage.name, [])}
    counts = count_offending(frames, stage.checks)
    return {check.name for check, found in zip(stage.checks, counts, strict=True) if found}


@pytest.mark.parametrize("stage", [funnels.STAGE, retention.STAGE], ids=lambda stage: stage.name)
def test_without_a_declared_question_the_table_is_empty(shop: Mapping[str, DataFrame], stage: Stage) -> None:
    silent = Settings.model_validate({"questions": {"funnels": [], "retention": []}})
    answer = stage.transform({name: shop[name] for name in stage.reads}, Context(silent, ""))[stage.name]
    assert answer.collect() == []
