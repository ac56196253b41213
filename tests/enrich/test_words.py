"""Themes of a codebook in several languages, and sentiment of English texts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.enrich.words import folded, judge, matched, pattern, sentiment_of, themes_of
from trailhouse.errors import SettingsError
from trailhouse.settings import Settings, load_settings

THEMES = {
    "price": ("cheap*", "too expensive", "teuer", "高い", "कीमत"),
    "delivery": ("deliver*", "lieferung", "Straße", "配送", "*versand"),
    "broken": ("doesn't work", "c++", "ราคา"),
}
CASES: tuple[tuple[str, list[str]], ...] = (
    ("Delivered late, but CHEAPER elsewhere", ["delivery", "price"]),
    ("a chap who redelivers", []),  # neither begins with the word
    ("too   expensive", ["price"]),
    ("too very expensive", []),
    ("Die Lieferung war TEUER.", ["delivery", "price"]),
    ("Lieferungen", []),  # a whole word is asked for
    ("in der STRASSE", ["delivery"]),  # ß is ss without case
    ("Expressversand!", ["delivery"]),
    ("配送が高いです", ["delivery", "price"]),  # no space divides these words
    ("ﾊｲｿｳ cheap", ["price"]),
    ("कीमत ज्यादा है", ["price"]),
    ("कीमतें", []),  # the vowel sign belongs to the word
    ("ขอราคาหน่อย", ["broken"]),
    ("it doesn\u2019t work", ["broken"]),
    ("C++", ["broken"]),
    ("ccc", []),  # no word is a pattern but for its star
    ("ｃｈｅａｐ", ["price"]),  # letters of double width
    ("<script>alert('cheap')</script>", ["price"]),
    ("", []),
)


@pytest.fixture(scope="module")
def patterns() -> Mapping[str, object]:
    return {name: pattern(words) for name, words in THEMES.items()}


@pytest.mark.parametrize("text, expected", CASES)
def test_words_are_found_whole_without_case_in_any_script(
    text: str, expected: list[str], patterns: Mapping[str, object]
) -> None:
    assert matched(text, patterns) == expected  # type: ignore[arg-type]


def test_a_text_and_its_folded_form_are_alike() -> None:
    for text, _ in CASES:
        assert folded(folded(text)) == folded(text)


def test_columns_of_themes_and_sentiment_are_those_of_each_text(spark: SparkSession) -> None:
    texts = [text for text, _ in CASES] * 2 + [None]
    languages = ["en-GB", "EN", "de", None, "eng", "en_US", "english", ""]
    given = [(i, text, languages[i % len(languages)]) for i, text in enumerate(texts)]
    frame = spark.createDataFrame(given, "i INT, text STRING, language STRING")
    found = frame.select(
        "i",
        themes_of(F.col("text"), THEMES).alias("themes"),
        themes_of(F.col("text"), {}).alias("none"),
        sentiment_of(F.col("text"), F.col("language")).alias("s"),
    ).collect()
    expected = dict(CASES)
    for (_, text, language), row in zip(given, sorted(found, key=lambda r: r.i), strict=True):
        assert row.themes == (expected[text] if text is not None else []), text
        assert row.none == []
        if text and language in ("en-GB", "EN", "en_US"):
            assert (row.s.label, row.s.score) == judge(text)
        else:
            assert row.s is None, (text, language)


def test_sentiment_tells_praise_from_blame() -> None:
    assert judge("I love this shop, great prices!")[0] == "positive"
    assert judge("I hate the checkout, it is horrible")[0] == "negative"
    assert judge("the table is made of wood") == ("neutral", Decimal("0.0000"))
    assert judge("not good")[1] < 0 < judge("good")[1]


def codebook(folder: Path, content: str) -> Settings:
    (folder / "words.yaml").write_text(content, encoding="utf-8")
    (folder / "own.yaml").write_text("feedback: {codebook: words.yaml}\n", encoding="utf-8")
    return load_settings(folder / "own.yaml")


def test_the_codebook_is_read_beside_the_settings_and_changes_their_digest(tmp_path: Path) -> None:
    one = codebook(tmp_path, "themes:\n  price: [teuer, 高い]\n")
    assert one.feedback.themes == {"price": ("teuer", "高い")}
    other = codebook(tmp_path, "themes:\n  price: [teuer]\n")
    assert one.digest(["feedback"]) != other.digest(["feedback"])
    assert load_settings().feedback.themes == {}


@pytest.mark.parametrize(
    "content, told",
    [
        ("themes: [a]\n", "must hold one key, themes, with lists of words by theme"),
        ("topics: {}\n", "must hold one key, themes"),
        ("themes:\n  price: teuer\n", "theme price: found 'teuer' where a list of words"),
        ("themes:\n  price: [no, off]\n", "theme price: found False where a list .* put numbers, yes and no"),
        ("themes:\n  price: []\n", r"theme price: found \[\] where a list of words"),
        ("themes:\n  price: ['*']\n", "theme price needs words or phrases"),
        ("themes:\n  all: [a]\n", "a theme cannot be named all"),
        ("themes:\n  1: [a]\n", "theme 1: its name is no text"),
        ("themes: {a: [b]\n", "line 2: .*: write YAML"),
    ],
)
def test_a_codebook_that_is_wrong_is_told_with_its_file(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(SettingsError, match=rf"codebook .*words\.yaml.*{told}"):
        codebook(tmp_path, content)


def test_a_codebook_that_is_not_there_is_told_with_where_it_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("feedback: {codebook: gone.yaml}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"gone\.yaml does not exist: looked for .*own|gone"):
        load_settings(tmp_path / "own.yaml")
    with pytest.raises(SettingsError, match="both given"):
        load_settings(tmp_path / "own.yaml", ["feedback.themes={a: [b]}"])
