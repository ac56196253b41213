"""What the report tells of feedback: its reads, its figures, and that a text stays a text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.report.page import Page, report
from tests.report.shop import empty_frames, shop_frames
from trailhouse.report import collect, voices
from trailhouse.report.voice_reads import LENGTH, TEXTS, VALUES

FORMULA = '=HYPERLINK("http://x.example") "quoted" & <script>alert(\'x\')</script>'


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(report())


def cells(page: Page) -> set[tuple[str, ...]]:
    return {tuple(" ".join(cell.split()) for cell in row) for row in page.rows}


def test_scores_are_told_by_what_a_score_of_their_kind_is(page: Page) -> None:
    assert "NPS post_order · over all weeks +34 (+26 to +42) from 212 answers" in page.words
    assert "CSAT help_center · over all weeks 78% (70% to 86%) from 212 answers" in page.words
    assert "CES checkout · over all weeks 5.40 (5.13 to 5.67) from 212 answers" in page.words
    assert "Choice why_leaving · over all weeks 90 answers" in page.words
    assert "Shown 848 times, answered 25.0% (22.0% to 28.0%), dismissed 424." in page.words
    assert "Shown not collected." in page.words
    (rage,) = [row for row in cells(page) if row[:2] == ("Before it", "rage") and row[2].startswith("+")]
    assert rage[4:] == ("70", "280", "25.0%")
    # One segment tells something, as it is not everyone.
    assert ("Segment", "buyers") in {row[:2] for row in cells(page)}


def test_words_themes_people_tickets_and_tests_are_told(page: Page) -> None:
    found = cells(page)
    assert "118 texts · of 93 in English 41 positive, 30 neutral, 22 negative" in page.words
    assert ("delivery", "44", "37.3%", "12", "10", "9", "Where is my parcel?") in found
    assert ("coupon, code, error, checkout", "25", "21.2%", "“The coupon code gives an error”") in found
    assert (
        "post_order",
        "Did not",
        "602",
        "2.1",
        "4 m 00 s",
        "74.0% (69.0% to 79.0%)",
        "29.0% (24.0% to 34.0%)",
    ) in found
    assert ("NPS", "post_order", "212", "0.9%", "2.4%", "9.9%", "28.3%", "39.6%", "18.9%") in found
    assert ("/checkout/shipping", "14", "13", "512", "27.3", "14.9 to 45.9") in found
    assert ("unknown", "3", "2", "–", "–", "–") in found
    assert (
        "form#shipping input.coupon",
        "/checkout/shipping",
        "9",
        "1.8",
        "It says error, whatever I type",
    ) in found
    assert "Usability test checkout, spring 3 participants · SUS 72.5 (72.5 to 72.5) of 3" in page.words
    assert any(row[:3] == ("Pay with a coupon", "3", "33.3% (6.1% to 79.2%)") for row in found)


def test_formulas_quotes_and_markup_are_shown_as_the_texts_that_they_are(page: Page) -> None:
    assert "<script>alert('x')" not in report()
    assert any(FORMULA in row for row in cells(page))


def test_without_feedback_nothing_is_claimed() -> None:
    words = Page(report(empty_frames())).words
    assert "No survey has been answered" in words
    for part in ("In their words", "Pinned", "Those who answer", "Where in the journey", "Usability test"):
        assert part not in words
    frames = shop_frames()
    frames["feedback_codebook"] = frames["feedback_codebook"].head(1)
    words = Page(report(frames)).words
    assert "No text tells of a theme of the codebook" in words


def test_a_survey_that_nobody_answered_has_a_rate_and_no_score() -> None:
    frame = shop_frames()["feedback"].head(1)
    silent = frame.assign(kind="unknown", answers=0, score=None, low=None, high=None, top=None, bottom=None)
    (survey,) = voices.surveys({"feedback": silent})
    assert (survey["name"], survey["chart"], survey["overall"]["told"]) == ("Never answered", None, "–")
    frames = shop_frames()
    frames["feedback"] = silent.assign(kind="nps")
    assert "no NPS survey answered" in Page(report(frames)).words


def test_reads_are_bounded_leave_bots_out_and_cut_texts(spark: SparkSession) -> None:
    def said(number: int, **more: Any) -> dict[str, Any]:
        at = f"2026-03-02 10:{number // 60:02}:{number % 60:02}"
        return {
            "event_id": f"e{number:03}",
            "answer_time": at,
            "kind": "text",
            "text": f"text {number}",
            **more,
        }

    pin = {"selector": "#buy", "page_group": "/", "kind": "rating"}
    answers = [
        *(said(number) for number in range(TEXTS + 5)),
        said(200, text="x" * 5000, themes=["a", "b"], sentiment="negative", views_before=4, since_start_us=9),
        said(201, is_bot=True),
        said(202, internal=True),
        said(203, kind="choice", text="red", views_before=11),
        said(204, **pin, score=2, on_scale=True),
        said(205, **pin, score=5, on_scale=True, text=None),
        said(206, **pin, score=99, on_scale=False, text="newest"),
    ]
    survey = {"survey_id": "n", "kind": "nps", "breakdown": "all", "breakdown_value": "all", "answers": 3}
    scores = [
        {**survey, "week": "all"},
        {**survey, "week": "2026-03-02"},
        *({**survey, "week": "all", "breakdown": "channel", "breakdown_value": f"c{n:02}", "answers": n}
          for n in range(20)),
        {**survey, "week": "2026-03-02", "breakdown": "channel", "breakdown_value": "c"},
        {**survey, "week": "all", "breakdown": "page_group", "breakdown_value": "/"},
    ]  # fmt: skip
    themes = [
        {
            "survey_id": survey_id,
            "theme": 1,
            "words": ["w"],
            "examples": [{"event_id": "e", "text": "y" * 5000}],
        }
        for survey_id in ("all", "n")
    ]
    given = {
        "feedback": rows(spark, "feedback", scores),
        "feedback_answers": rows(spark, "feedback_answers", answers),
        "feedback_themes": rows(spark, "feedback_themes", themes),
    }
    # What these tests are not about is not there, and gives empty frames.
    found = {name: frame for name, frame in collect(given).items() if name.startswith("feedback")}
    texts = found["feedback_texts"]
    assert len(texts) == TEXTS
    assert texts["text"].iloc[0] == "newest"
    assert texts["text"].map(len).max() == LENGTH
    assert "red" not in set(texts["text"])
    assert not {"text 201", "text 202"} & set(texts["text"])
    book = found["feedback_codebook"].set_index("theme")
    assert book.index.tolist() == ["all", "a", "b"]
    assert book["texts"].tolist() == [TEXTS + 8, 1, 1]
    assert (book["negative"].tolist(), book["example"].map(len).max()) == ([1, 1, 1], LENGTH)
    (pinned,) = found["feedback_pinned"].to_dict("records")
    assert (pinned["notes"], pinned["ratings"], pinned["stars"], pinned["text"]) == (3, 2, 7, "newest")
    places = found["feedback_places"]
    assert list(zip(places["kind"], places["views_before"], places["answers"], strict=True)) == [
        ("choice", 10, 1), ("text", 3, 1),
    ]  # fmt: skip
    assert found["feedback"]["week"].tolist() == ["all", "2026-03-02"]
    parts = found["feedback_parts"]
    assert parts["breakdown"].tolist() == ["page_group", *["channel"] * VALUES]
    assert parts["breakdown_value"].tolist()[1:3] == ["c19", "c18"]
    (theme,) = found["feedback_found"].to_dict("records")
    assert [len(text) for text in theme["examples"]] == [LENGTH]
    assert isinstance(Decimal(theme["share"]), Decimal)
