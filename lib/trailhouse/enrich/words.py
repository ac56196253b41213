"""What a text tells: themes of a codebook, and sentiment; pure functions of one text, in Arrow batches."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import pandas as pd
import regex
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

_READ = 4096
"""Characters of a text that are looked at."""
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Letters of scripts that put no space between words, for a set of a pattern."""
_JUDGED = "STRUCT<label: STRING, score: DECIMAL(5,4)>"

Themes = Mapping[str, Sequence[str]]


def folded(text: str) -> str:
    """A text as it is compared: without case, compatibility forms, apostrophes and spaces as one."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def pattern(words: Sequence[str]) -> regex.Pattern[str]:
    """What finds any of the words and phrases in a folded text.

    Each is found as whole words; a * stands for the rest of a word. Where it begins or ends with a
    letter of a script that puts no space between words, no end of a word is asked for there.
    """
    edge = regex.compile(f"[{UNSPACED}]")

    def one(word: str) -> str:
        plain = folded(word)
        letters = plain.strip("*")
        before = "" if plain.startswith("*") or edge.match(letters) else r"(?<!\w)"
        after = "" if plain.endswith("*") or edge.match(letters[-1:]) else r"(?!\w)"
        return before + r"\w*".join(map(regex.escape, letters.split("*"))) + after

    # The longest first says the same as any other order: only whether there is one is asked.
    return regex.compile("|".join(sorted({one(word) for word in words}, key=lambda w: (-len(w), w))))


def matched(text: str, patterns: Mapping[str, regex.Pattern[str]]) -> list[str]:
    """The names of the patterns that a text holds, sorted."""
    plain = folded(text[:_READ])
    return sorted(name for name, one in patterns.items() if one.search(plain))


def themes_of(text: Column, themes: Themes) -> Column:
    """ARRAY<STRING> of the themes whose words a text holds, sorted; empty for null."""
    if not themes:
        return F.array().cast("array<string>")

    def find(texts: pd.Series) -> pd.Series:
        patterns = {name: pattern(words) for name, words in themes.items()}
        return _once_each(texts, lambda one: matched(one, patterns))

    found = cast("Callable[[Column], Column]", cast("Any", pandas_udf)(find, "array<string>"))
    return F.coalesce(found(text), F.array().cast("array<string>"))


@lru_cache(maxsize=1)
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def judge(text: str) -> tuple[str, Decimal]:
    """Sentiment of an English text: its label, and a score of -1 to 1 with four digits.

    VADER: C. J. Hutto and E. Gilbert (2014), VADER: a parsimonious rule-based model for sentiment
    analysis of social media text, ICWSM 8; labels by its authors' bounds of -0.05 and 0.05.
    """
    score = Decimal(str(_analyser().polarity_scores(text[:_READ])["compound"])).quantize(Decimal("0.0001"))
    if score >= Decimal("0.05"):
        return "positive", score
    return ("negative" if score <= Decimal("-0.05") else "neutral"), score


def sentiment_of(text: Column, language: Column) -> Column:
    """STRUCT<label, score> of texts whose language is told and is English; null for all others."""

    def of(texts: pd.Series) -> pd.DataFrame:
        codes, distinct = pd.factorize(texts)
        judged = [judge(one) for one in distinct]
        table = pd.DataFrame(
            {
                "label": pd.Series([*(label for label, _ in judged), None], dtype="object"),
                "score": pd.Series([*(score for _, score in judged), None], dtype="object"),
            }
        )
        return table.take(codes).reset_index(drop=True)

    english = F.lower(language).rlike("^en([-_]|$)") & (F.trim(text) != "")
    found = cast("Callable[[Column], Column]", cast("Any", pandas_udf)(of, _JUDGED))
    return F.when(english, found(F.when(english, text)))


def _once_each(texts: pd.Series, of: Callable[[str], Any]) -> pd.Series:
    """`of` each text, computed once for each distinct one of the batch; null for null."""
    codes, distinct = pd.factorize(texts)
    found = [of(one) for one in distinct]
    return pd.Series([found[code] if code >= 0 else None for code in codes], dtype="object")
