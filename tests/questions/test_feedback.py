"""Survey scores and their intervals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from scipy.stats import binomtest

from tests.factories import rows
from trailhouse.questions.feedback import scores
from trailhouse.questions.intervals import net_promoter, wilson
from trailhouse.settings import Project


def answer(survey: str | None, kind: str, score: int | None, on: str = "02", **more: Any) -> dict[str, Any]:
    said = {"id": survey, "kind": kind, "score": score}
    return {"event_name": "survey_response", "event_time": f"2026-03-{on} 12:00:00", "survey": said, **more}


def found(spark: SparkSession, *events: dict[str, Any]) -> dict[tuple[str, str, str], Row]:
    sessions = rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}])
    result = scores(rows(spark, "activity", events), sessions, Project()).collect()
    return {(row["survey_id"], row["kind"], row["week"]): row for row in result}


def test_nps_is_promoters_less_detractors_by_week_and_over_all(spark: SparkSession) -> None:
    answers = [answer("n", "nps", score) for score in (10, 9, 9, 8, 7, 6, 0)] + [
        answer("n", "nps", 0, on="09")
    ]
    rows_found = found(spark, *answers)
    assert sorted(rows_found) == [("n", "nps", "2026-03-02"), ("n", "nps", "2026-03-09"), ("n", "nps", "all")]
    week = rows_found["n", "nps", "2026-03-02"]
    assert (week["answers"], week["top"], week["bottom"], week["score"]) == (7, 3, 2, Decimal("14.2857"))
    # by hand: 1/7 -+ 1.959964 x sqrt((5/7 - 1/49) / 7)
    assert (week["low"], week["high"]) == (Decimal("-47.4221"), Decimal("75.9936"))
    assert rows_found["n", "nps", "all"]["score"] == 0
    one = rows_found["n", "nps", "2026-03-09"]
    assert (one["low"], one["score"], one["high"]) == (-100, -100, -100)


def test_csat_is_the_share_of_four_and_five_with_wilsons_interval(spark: SparkSession) -> None:
    row = found(spark, *(answer("c", "CSAT", score) for score in (5, 4, 3, 2, 1)))["c", "csat", "all"]
    assert (row["answers"], row["top"], row["bottom"], row["score"]) == (5, 2, 2, 40)
    expected = binomtest(2, 5).proportion_ci(method="wilson")
    assert (float(row["low"]), float(row["high"])) == pytest.approx(
        (100 * expected.low, 100 * expected.high), abs=1e-4
    )


def test_displays_are_counted_for_the_survey_and_null_where_none_is_ever_sent(spark: SparkSession) -> None:
    shown = {"event_name": "survey_shown", "survey": {"id": "n"}}
    displays = [{**shown, "event_time": f"2026-03-{day} 12:00:00"} for day in ("02", "03", "17")]
    csat_display = {**displays[0], "survey": {"id": "n", "kind": "csat"}}
    answers = [answer("n", "nps", 9), answer("n", "nps", 9, on="09"), answer(None, "nps", 9)]
    result = found(spark, *displays, csat_display, *answers)
    assert {key[0] + " " + key[2]: row["shown"] for key, row in result.items()} == {
        "n 2026-03-02": 2,
        "n 2026-03-09": 0,
        "n all": 3,
        "all 2026-03-02": None,
        "all all": None,
    }


def test_answers_off_the_scale_and_those_of_bots_and_staff_do_not_count(spark: SparkSession) -> None:
    off = [answer("n", "nps", 11), answer("n", "nps", -1), answer("n", "nps", None), answer("c", "csat", 0)]
    other = [answer("x", "ces", 5), answer("n", "nps", 9, event_name="survey_dismissed")]
    nobody = [answer("n", "nps", 9, is_bot=True), answer("n", "nps", 9, internal=True)]
    assert found(spark, *off, *other, *nobody, answer("n", "nps", 9, session_id="bot")) == {}


def test_wilsons_interval_is_that_of_scipy_for_all_small_counts(spark: SparkSession) -> None:
    counts = [(hits, trials) for trials in (1, 2, 7, 40, 1000) for hits in {0, 1, trials // 2, trials}]
    low, high = wilson("hits", "trials")
    for row in (
        spark.createDataFrame(counts, "hits BIGINT, trials BIGINT")
        .select("*", low.alias("low"), high.alias("high"))
        .collect()
    ):
        expected = binomtest(row["hits"], row["trials"]).proportion_ci(method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), abs=1e-12), row


def test_the_score_lies_in_its_interval_within_minus_one_and_one(spark: SparkSession) -> None:
    counts = [(up, down, n) for n in (1, 3, 10) for up in range(n + 1) for down in range(n + 1 - up)]
    low, high = net_promoter("up", "down", "n")
    frame = spark.createDataFrame(counts, "up BIGINT, down BIGINT, n BIGINT")
    for row in frame.select("*", low.alias("low"), high.alias("high")).collect():
        net = (row["up"] - row["down"]) / row["n"]
        assert -1 <= row["low"] <= net <= row["high"] <= 1, row
