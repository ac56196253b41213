"""The stage `feedback`: its tables by their contracts, and its gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context
from trailhouse.stages import feedback
from trailhouse.tables import TABLES

SETTINGS = Settings.model_validate(
    {"feedback": {"themes": {"price": ["cheap"]}, "discover_from": 10, "discovered": 2}}
)
STAGE = feedback.STAGE


@pytest.fixture(scope="module")
def answer(spark: SparkSession) -> Mapping[str, DataFrame]:
    """A survey that some answer, one that nobody does, texts enough for themes, a ticket."""
    place = {"session_id": "s", "session_start": "2026-03-02 11:00:00", "language": "en"}

    def event(name: str, at: str, person: str, **survey: Any) -> dict[str, Any]:
        return {
            **place,
            "event_name": name,
            "event_time": f"2026-03-02 {at}",
            "person_id": person,
            "survey": survey,
        }

    said = ("the parcel was late", "parcel late again", "cheap price but slow", "price too cheap")
    events = [
        *(event("survey_shown", "11:00:00", p, id="n") for p in "pqr"),
        event("survey_response", "11:01:00", "p", id="n", kind="nps", score=9),
        event("survey_dismissed", "11:01:00", "q", id="n"),
        event("survey_shown", "11:02:00", "p", id="nobody"),
        *(event("feedback", "11:03:00", "p", score=n % 5 + 1, answer=said[n % 4]) for n in range(12)),
        event("survey_response", "11:04:00", "p", id="c", kind="ces", score=5),
        event("survey_response", "11:04:00", "p", id="w", kind="choice", answer="red"),
        event("support_ticket", "11:30:00", "p"),
        event("click", "11:30:00", "p"),
    ]
    inputs = {
        "activity": rows(spark, "activity", events),
        "sessions": rows(
            spark, "sessions", [{"session_id": "s", "person_id": "p", "start_time": "2026-03-02 11:00:00"}]
        ),
        "signals": rows(spark, "signals", [{"session_id": "s", "start_time": "2026-03-02 11:00:30"}]),
        "page_views": rows(
            spark, "page_views", [{"person_id": "p", "page_group": "/", "start_time": "2026-03-02 11:00:00"}]
        ),
        "person_days": rows(spark, "person_days", [{"person_id": "p", "day": "2026-03-02"}]),
        "segment_members": rows(
            spark,
            "segment_members",
            [{"segment": name, "person_id": "p", "valid_from": "2026-03-02"} for name in ("a", "b")],
        ),
    }
    assert set(inputs) == set(STAGE.reads)
    outputs = STAGE.transform(inputs, Context(SETTINGS, ""))
    assert tuple(outputs) == STAGE.writes
    return {name: frame.localCheckpoint() for name, frame in outputs.items()}


def test_every_table_has_rows_and_passes_its_own_gate(answer: Mapping[str, DataFrame]) -> None:
    checks = [check for name in STAGE.writes for check in checks_of(TABLES[name])] + [*STAGE.checks]
    counts = count_offending(answer, checks)
    assert [check.name for check, found in zip(checks, counts, strict=True) if found] == []
    assert {name: frame.count() for name, frame in answer.items() if name != "feedback"} == {
        "feedback_answers": 16,
        "feedback_respondents": 3,
        "feedback_tickets": 1,
        "feedback_themes": 2,
    }
    unknown = answer["feedback"].where("survey_id = 'nobody' AND kind = 'unknown' AND week = 'all'").collect()
    assert {row.breakdown_value for row in unknown if row.breakdown == "segment"} == {"a", "b"}


SURVEY = {"survey_id": "s", "kind": "nps", "breakdown": "all", "breakdown_value": "all"}
BAD: tuple[tuple[str, dict[str, int], list[dict[str, Any]]], ...] = (
    (
        "feedback",
        {"interval_holds_score": 2, "score_on_its_scale": 3, "parts_of_answers": 1, "parts_of_displays": 1},
        [
            {"week": "w", "score": 5, "low": 6, "high": 7},
            {"response_rate": 1, "response_low": 0, "response_high": 0},
            {"kind": "ces", "score": 8},
            {"kind": "nps", "score": -101},
            {"kind": "csat", "score": -1},
            {"answers": 2, "top": 2, "bottom": 1},
            {"shown": 2, "answered": 2, "dismissed": 1},
        ],
    ),
    (
        "feedback",
        {"weeks_add_up": 1, "breakdowns_add_up": 0},
        [{**SURVEY, "week": week, "answers": n} for week, n in (("all", 3), ("w", 2))],
    ),
    (
        "feedback",
        {"breakdowns_add_up": 4, "weeks_add_up": 0},
        [
            {**SURVEY, "survey_id": s, "week": week, "breakdown": by, "breakdown_value": value, "answers": n}
            for week in ("all", "w")
            # Segments need not add up, but none is larger than the whole.
            for s, by, value, n in (
                *(("s", "all", "all", 3), ("s", "channel", "a", 2), ("s", "segment", "a", 4)),
                *(("t", "all", "all", 3), ("t", "cohort", "a", 2), ("t", "cohort", "b", 1)),
                *(("t", "segment", "a", 3), ("t", "segment", "b", 2)),
            )
        ],
    ),
    (
        "feedback_answers",
        {"shown_before_answered": 1, "sentiment_has_score": 2},
        [
            {"answer_time": "2026-03-02 10:00:00", "shown_at": "2026-03-02 10:00:01"},
            {"sentiment": "neutral"},
            {"sentiment_score": 0},
        ],
    ),
    (
        "feedback_respondents",
        {"parts_of_persons": 1},
        [{"persons": 1, "friction_persons": 2}, {"persons": 2}],
    ),
    (
        "feedback_tickets",
        {"writers_saw_the_page": 2},
        [{"tickets": 1, "ticket_persons": 2}, {"tickets": 3, "ticket_persons": 2, "persons": 1}],
    ),
    (
        "feedback_themes",
        {"themes_within_texts": 1},
        [{"survey_id": "s", "answers": n, "texts": 9} for n in (5, 5)],
    ),
)


def test_every_check_of_the_gate_catches_the_rows_it_is_there_for(spark: SparkSession) -> None:
    for table, expected, given in BAD:
        checks = [check for check in STAGE.checks if check.table == table]
        found = _offending(spark, table, checks, given)
        assert {name: found[name] for name in expected} == expected, given
        # A row alone breaks the sums as well.
        assert {name for name, count in found.items() if count} <= {
            *expected,
            "weeks_add_up",
            "breakdowns_add_up",
        }
    assert {name for _, expected, _ in BAD for name in expected} == {check.name for check in STAGE.checks}


def _offending(
    spark: SparkSession, table: str, checks: Sequence[Check], given: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    counts = count_offending({table: rows(spark, table, given)}, checks)
    return {check.name: found for check, found in zip(checks, counts, strict=True)}


def test_another_codebook_or_library_makes_the_stage_run_again() -> None:
    other = Settings.model_validate({"feedback": {"themes": {"price": ["cheap", "dear"]}}})
    assert SETTINGS.digest(STAGE.settings) != other.digest(STAGE.settings)
    assert STAGE.reference is not None
    assert STAGE.reference() == feedback.reference()
