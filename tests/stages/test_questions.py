"""The stages of the questions answer by their contracts, and are empty where nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows, watermark
from tests.stages.question_stages import STAGES
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.questions.asked import Asked
from trailhouse.questions.registry import KINDS
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Settings
from trailhouse.stage import Context, Stage
from trailhouse.stages import questions, signals, tasks
from trailhouse.tables import TABLES

SETTINGS = Settings.model_validate(
    {
        "questions": {
            "funnels": [
                {"name": "buy", "steps": [{"event": "click"}, {"event": "order"}], "breakdown": "device_type"}
            ],
            "attribution": [{"name": "credit", "breakdowns": ["device_type"]}],
            "revenue": [{"name": "income", "start": "order"}],
            "churn": [{"name": "gone", "breakdowns": ["device_type"]}],
            "trials": [{"name": "tried", "start": "click", "convert": "order"}],
            "experiments": [
                {"name": "tested", "experiment": "x", "exposure": "click", "variant": "device_type"}
            ],
            "lifecycle": [{"name": "weeks"}],
            "stickiness": [{"name": "days"}],
            "paths": [{"name": "ways", "node": "event", "breakdowns": ["device_type"]}],
            "trends": [{"name": "orders", "series": [{"name": "orders", "event": "order"}]}],
            "activations": [{"name": "moment", "days": [1], "outcome_days": "1-2"}],
            "feelings": [{"name": "felt"}],
        },
        "tasks": [{"name": "buy", "start": {"event": "click"}, "end": {"event": "order"}}],
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
        {**place, "event_name": "order", "event_time": "2026-03-02 12:01:00", "value": "10"},
        {**place, "event_name": "survey_response", "survey": {"id": "n", "kind": "nps", "score": 9},
         "event_time": "2026-03-02 12:02:00"},
        {**place, "event_name": "form_start", "form": {"id": "f", "field": "a"}, "event_number": 1},
        {**place, "event_name": "media_play", "media": {"id": "m", "position": 0.0, "length": 9.0}},
        {"person_id": "q", "session_id": "s2", "event_name": "click", "page_group": "home",
         "event_time": "2026-03-03 12:00:00"},
        *({"person_id": "q", "session_id": "s3", "event_name": name, "page_group": "home",
           "event_time": f"2026-03-10 12:00:{second}"} for name, second in (("click", 10), ("order", 40))),
    ]  # fmt: skip
    days = [
        {"person_id": "p", "day": "2026-03-02", "clicks": 3, "orders": 1},
        {"person_id": "q", "day": "2026-03-03"},
        {"person_id": "q", "day": "2026-03-10", "clicks": 1, "orders": 1},
    ]
    sessions = [
        {"session_id": "s1", "session_date": "2026-03-02", "clicks": 3, "rage_clicks": 1, "converted": True},
        {"session_id": "s2", "session_date": "2026-03-03", "clicks": 1, "is_bounce": True},
        {"session_id": "s3", "session_date": "2026-03-10", "clicks": 1},
    ]
    views = [
        {
            **{"session_id": "s1", "view_id": "v1", "page_group": "cart", "is_entry": True, "is_exit": True},
            "person_id": "p",
            **{"viewport_width": 400, "viewport_height": 800, "document_height": 900, "max_scroll_pct": 89},
            "start_time": "2026-03-02 12:00:01",
        }
    ]
    frames = {
        "activity": rows(spark, "activity", activity),
        "person_days": rows(spark, "person_days", days),
        "sessions": rows(spark, "sessions", sessions),
        "page_views": rows(spark, "page_views", views),
        "capabilities": rows(spark, "capabilities"),
        "segment_members": rows(spark, "segment_members"),
        "profiles": rows(spark, "profiles"),
        "accounts": rows(spark, "accounts"),
        "watermark": watermark(spark, "2026-03-10 13:00:00"),
    }
    found = signals.STAGE.transform(frames, Context(SETTINGS, ""))["signals"]
    return {**frames, "signals": found}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_answers_by_its_contract_and_passes_its_own_gate(
    shop: Mapping[str, DataFrame], stage: Stage, tmp_path: Path
) -> None:
    assert stage.name in stage.writes
    inputs = {name: shop[name] for name in stage.reads}  # and nothing else
    made = stage.transform(inputs, Context(SETTINGS, str(tmp_path)))
    answers = {name: made[name].localCheckpoint() for name in stage.writes}
    assert not any(answer.isEmpty() for answer in answers.values())
    checks = [*(check for name in stage.writes for check in checks_of(TABLES[name])), *stage.checks]
    counts = count_offending({**inputs, **answers}, checks)
    assert [check.name for check, rows_ in zip(checks, counts, strict=True) if rows_] == []


def test_a_kind_is_asked_with_the_projects_calendar_and_the_declared_traits(
    shop: Mapping[str, DataFrame],
) -> None:
    seen: list[Asked] = []

    def answer(_: Any, asked: Asked) -> DataFrame:
        seen.append(asked)
        return no_rows(TABLES["funnels"], shop["activity"])

    trait = {"name": "plan", "kind": "last", "event": "x", "field": "properties.plan"}
    settings = Settings.model_validate(
        {"project": {"timezone": "Europe/Berlin"}, "profiles": {"traits": [trait]}}
        | {"questions": {"funnels": [{"name": "buy", "steps": ["click", "order"]}]}}
    )
    questions.stage_of(replace(KINDS[0], answer=answer)).transform(shop, Context(settings, ""))
    assert [(one.project.timezone, one.profiles.names) for one in seen] == [("Europe/Berlin", {"plan"})]


@pytest.mark.parametrize("stage", [*questions.STAGES, tasks.STAGE], ids=lambda stage: stage.name)
def test_without_a_declared_question_the_table_is_empty(shop: Mapping[str, DataFrame], stage: Stage) -> None:
    silent = Settings.model_validate({"questions": {"funnels": [], "retention": []}, "tasks": []})
    answer = stage.transform({name: shop[name] for name in stage.reads}, Context(silent, ""))
    assert [answer[table].collect() for table in stage.writes] == [[]] * len(stage.writes)


def test_tasks_are_made_only_when_one_is_declared() -> None:
    assert tasks.STAGE.wanted(SETTINGS)
    assert not tasks.STAGE.wanted(Settings())
