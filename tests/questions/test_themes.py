"""Themes found in texts, without a codebook."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.questions.themes import discovered, fit, tokens
from trailhouse.questions.voices import of_people, voices
from trailhouse.settings import Feedback
from trailhouse.tables import TABLES

TOPICS = {
    "delivery": ("parcel", "late", "courier", "delivery", "box"),
    "payment": ("card", "declined", "payment", "invoice", "bank"),
    "search": ("search", "filter", "results", "category", "sort"),
}


def texts(seed: int, each: int = 30) -> list[tuple[str, str, str]]:
    """(event, text, topic): three words of a topic among some that say nothing."""
    draw = random.Random(seed)
    found = []
    for topic, words in TOPICS.items():
        for number in range(each):
            said = [*draw.sample(words, 3), *draw.sample(("the", "was", "very", "and"), 2)]
            draw.shuffle(said)
            found.append((f"{topic}-{number}", " ".join(said), topic))
    draw.shuffle(found)
    return found


def frame(given: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame([{"survey_id": "s", "event_id": e, "text": t} for e, t, _ in given])


def test_planted_topics_are_found_with_their_words_and_examples() -> None:
    given = texts(1)
    found = fit(frame(given), 3)
    assert found["theme"].tolist() == [1, 2, 3]
    named = {next(topic for topic, words in TOPICS.items() if w[0] in words) for w in found["words"]}
    assert named == set(TOPICS)
    for theme in found.to_dict("records"):
        topic = next(topic for topic, words in TOPICS.items() if theme["words"][0] in words)
        assert set(theme["words"][:5]) == set(TOPICS[topic])
        assert (theme["answers"], theme["texts"]) == (30, 90)
        assert [example["event_id"].split("-")[0] for example in theme["examples"]] == [topic] * 3
        assert len({example["text"] for example in theme["examples"]}) == 3


def test_the_order_of_texts_changes_nothing_and_the_texts_the_version() -> None:
    given = texts(2)
    first = fit(frame(given), 3)
    random.Random(9).shuffle(given)
    pd.testing.assert_frame_equal(first, fit(frame(given), 3))
    other = fit(frame(given[:-1]), 3)
    assert set(first["model_version"]).isdisjoint(other["model_version"])


@pytest.mark.parametrize(
    "given",
    [["alike"] * 40, [f"word{n}" for n in range(40)], ["!!!", "42", "the and was"] * 15],
    ids=["all alike", "no word twice", "no word"],
)
def test_texts_without_themes_give_none(given: list[str]) -> None:
    assert fit(frame([(f"e{n}", text, "") for n, text in enumerate(given)]), 8).empty


def test_words_are_parted_by_script() -> None:
    assert tokens("The Coupon doesn't work 2day") == ["coupon", "doesn", "work", "day"]
    assert tokens("配送が遅い") == ["配送", "送が", "が遅", "遅い"]
    assert tokens("高 a") == ["高"]


def test_themes_are_looked_for_by_survey_where_there_are_enough_texts_of_people(spark: SparkSession) -> None:
    given = texts(4, each=8)

    def said(event: str, text: str, survey: str | None, **more: Any) -> dict[str, Any]:
        survey_ = {"id": survey, "kind": "text", "answer": text}
        return {"event_id": event, "event_name": "survey_response", "survey": survey_, **more}

    events = [said(e, t, "few" if n < 4 else "many") for n, (e, t, _) in enumerate(given)]
    events += [said(f"bot-{n}", "spam spam eggs", "many", is_bot=True) for n in range(30)]
    events += [said(f"own-{n}", "spam spam eggs", "bots", internal=True) for n in range(30)]
    rules = Feedback(discover_from=20, discovered=3)
    found = discovered(of_people(voices(rows(spark, "activity", events), rows(spark, "sessions"))), rules)
    themes = TABLES["feedback_themes"].select(found).collect()
    assert {(row.survey_id, row.texts) for row in themes} == {("many", 20), ("all", 24)}
    assert not any("spam" in row.words for row in themes)
    for survey in ("many", "all"):
        own = [row for row in themes if row.survey_id == survey]
        assert len({row.model_version for row in own}) == 1
        assert sum(row.answers for row in own) <= own[0].texts
        assert all(row.share == round(Decimal(row.answers) / row.texts, 6) for row in own)
