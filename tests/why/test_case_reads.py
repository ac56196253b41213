"""What a case shows besides its numbers: whose words, which signals, how content, which clicks."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows, watermark
from trailhouse.settings import Settings
from trailhouse.settings.impact import Case
from trailhouse.why.case_reads import Evidence, evidence
from trailhouse.why.impact_given import Given

CASE = Case.model_validate(
    {
        "name": "lost", "title": "t", "affected": {"event": "oops"}, "churn": "gone",
        "named_by": {"theme": "import"}, "page_group": "/import",
    }
)  # fmt: skip
HIT, ALL = 30, 100


def answer(person: str, day: str, **more: Any) -> dict[str, Any]:
    return {"person_id": person, "session_id": None, "answer_time": f"{day} 18:00:00", "kind": "text", **more}


@pytest.fixture(scope="module")
def shown(spark: SparkSession) -> Evidence:
    """100 visits of as many people on one day; in the first 30 of them the pain strikes at noon."""
    sessions = [
        {"session_id": f"s{n:03d}", "person_id": f"p{n:03d}", "start_time": f"2026-03-02 08:{n % 60:02d}:00"}
        for n in range(ALL)
    ]
    oops = {"event_name": "oops", "event_time": "2026-03-02 12:00:00"}
    struck = [
        {**oops, "event_id": f"e{n}", "person_id": f"p{n:03d}", "session_id": f"s{n:03d}"} for n in range(HIT)
    ]
    # 20 of 30 click in rage where 7 of 70 others do; dead clicks are as frequent on both sides.
    signals = [
        {"session_id": f"s{n:03d}", "person_id": f"p{n:03d}", "kind": kind, "selector": "b", "extra": extra}
        for kind, extra, those in (
            ("rage_click", False, [*range(20), *range(90, 97)]),
            ("dead_click", False, range(0, ALL, 2)),
            ("error_click", True, range(HIT)),
        )
        for n in those
    ]
    csat = {"kind": "csat", "survey_id": "after", "on_scale": True, "answer_time": "2026-03-02 13:00:00"}
    scores = [
        {**csat, "session_id": f"s{n:03d}", "person_id": f"p{n:03d}", "score": 1 if n < 24 else 5}
        for n in range(60)
    ]
    # Before it struck: no feeling about it.
    early = {**scores[0], "answer_time": "2026-03-02 11:00:00", "score": 5}
    answers = [
        answer("p000", "2026-03-02", text="so so", sentiment="neutral", sentiment_score=0),
        answer("p001", "2026-03-03", text="awful", sentiment="negative", sentiment_score=-0.9),
        answer("p002", "2026-03-03", text="the import!", themes=["import"]),
        answer("p003", "2026-03-03", text="AWFUL", sentiment="negative", sentiment_score=-0.8),
        answer("p004", "2026-03-12", text="too late to be about it", sentiment_score=-1),
        answer("p050", "2026-03-03", text="never struck", sentiment_score=-1),
        answer("p005", "2026-03-01", text="before it", sentiment_score=-1),
        answer("p006", "2026-03-03", text="a robot's", sentiment_score=-1, is_bot=True),
        answer("p001", "2026-03-03", text="awful twice", sentiment_score=-0.85),
    ]
    spot = {"page_group": "/import", "device_type": "desktop", "viewport_band": ">=1280", "views": 1}
    heat = [
        {**spot, "kind": "click", "x_bin": 8, "y_bin": 3, "points": 5},
        {**spot, "kind": "click_inert", "x_bin": 11, "y_bin": 2, "points": 2},
        {**spot, "kind": "move", "x_bin": 11, "y_bin": 2, "points": 99},
        {**spot, "device_type": "mobile", "kind": "click", "x_bin": 1, "y_bin": 1, "points": 3},
        {**spot, "page_group": "/", "kind": "click", "x_bin": 1, "y_bin": 1, "points": 9},
    ]
    inputs = {
        "activity": rows(spark, "activity", struck),
        "sessions": rows(spark, "sessions", [*sessions, {"session_id": "x", "is_bot": True}]),
        "signals": rows(spark, "signals", signals),
        "feedback_answers": rows(spark, "feedback_answers", [*scores, early, *answers]),
        "heatmaps": rows(spark, "heatmaps", heat),
        "watermark": watermark(spark, "2026-04-01 00:00:00"),
    }
    return evidence(Given(CASE, inputs, Settings(), lambda frame: frame.localCheckpoint()))


def test_comments_are_of_people_whom_it_struck_and_those_that_name_it_come_first(shown: Evidence) -> None:
    assert [one["text"] for one in shown.quotes] == ["the import!", "awful", "so so"]


def test_visits_are_counted_without_bots_and_the_newest_shown(shown: Evidence) -> None:
    assert (shown.sessions, shown.others) == (HIT, ALL - HIT)
    assert [one["session_id"] for one in shown.visits] == [f"s{n:03d}" for n in (29, 28, 27, 26, 25)]


def test_only_signals_that_are_oftener_here_are_shown(shown: Evidence) -> None:
    (rage,) = shown.signals
    assert (rage["kind"], rage["selector"]) == ("rage_click", "b")
    assert rage["share_in"] == pytest.approx(20 / 30)
    assert rage["share_out"] == pytest.approx(7 / 70)


def test_feelings_are_those_after_it_against_all_others(shown: Evidence) -> None:
    (csat,) = shown.feelings
    # 24 of the 30 struck are not content; of the others all 30, and the one answer before it struck.
    assert (csat["a"], csat["n"], csat["b"], csat["m"]) == (6, 30, 31, 31)


def test_clicks_are_those_of_the_page_on_its_most_used_device(shown: Evidence) -> None:
    assert shown.clicks == ({"x": 2, "y": 1, "points": 7, "inert": 2},)
