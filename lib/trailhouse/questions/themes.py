"""Themes that texts tell of, found without a codebook: TF-IDF and non-negative matrix factorisation.

A fitted output: the same texts, settings and library give the same themes, and one more text may move
all of them. So a row names the version of its model, and is no subject of laws between runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import regex
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.enrich.words import UNSPACED, folded
from trailhouse.questions.breakdowns import ALL
from trailhouse.settings import Feedback

METHOD = "tf-idf, nmf; 1"
"""To be changed with the way that themes are found."""
_MOST = 20_000
"""Texts that a model is fitted to at most: those whose ids have the least hashes."""
_WORDS, _EXAMPLES, _LENGTH = 8, 3, 500
_FOUND = (
    "survey_id STRING, model_version STRING, theme INT, words ARRAY<STRING>, answers BIGINT, texts BIGINT, "
    "examples ARRAY<STRUCT<event_id: STRING, text: STRING>>"
)
_TOKEN = regex.compile(rf"[{UNSPACED}]+|[^\W\d_{UNSPACED}]{{2,}}")
_UNSPACED_TOKEN = regex.compile(f"[{UNSPACED}]")


def discovered(voices: DataFrame, rules: Feedback) -> DataFrame:
    """Rows of `feedback_themes`: of every survey with enough texts, and of all texts together.

    `voices` are those of people. scikit-learn is only loaded where there are enough.
    """
    surveys = F.array_distinct(F.array(F.lit(ALL), F.col("survey_id")))
    texts = voices.where(F.col("text").isNotNull()).select(
        "event_id", "text", F.explode(surveys).alias("survey_id")
    )
    survey = Window.partitionBy("survey_id")
    order = survey.orderBy(F.xxhash64("event_id"), F.col("event_id"))
    enough = texts.select(
        "*",
        F.count("*").over(survey).alias("_texts"),
        F.row_number().over(order).alias("_number"),
    ).where((F.col("_texts") >= rules.discover_from) & (F.col("_number") <= _MOST))

    def fitted(rows: pd.DataFrame) -> pd.DataFrame:
        return fit(rows, rules.discovered)

    found = enough.select("survey_id", "event_id", "text").groupBy("survey_id").applyInPandas(fitted, _FOUND)
    return found.withColumn("share", ratio(F.col("answers"), F.col("texts")))


def fit(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """The themes of one survey's texts: `rows` have survey_id, event_id, text, in any order.

    D. D. Lee and H. S. Seung (1999), Learning the parts of objects by non-negative matrix
    factorization, Nature 401. A text belongs to the theme that weighs most in it; one that shares no
    word with others to none.
    """
    import warnings

    from sklearn import __version__
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from threadpoolctl import threadpool_limits

    rows = rows.sort_values(["text", "event_id"], kind="stable").reset_index(drop=True)
    survey, texts = rows["survey_id"].iloc[0], rows["text"].tolist()
    # More parts than one in ten texts would be single texts, not themes.
    parts = max(2, min(most, len(texts) // 10))
    version = _version([METHOD, __version__, parts, rows[["event_id", "text"]].to_numpy().tolist()])
    # One thread: several add up in an order of their own. Sums are rounded where they are compared.
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        vectors = TfidfVectorizer(analyzer=tokens, min_df=2, max_df=0.6, max_features=5_000)
        try:
            weighed = vectors.fit_transform(texts)
        except ValueError:  # no word is in two texts and not in most
            return _table([])
        parts = min(parts, *weighed.shape)
        model = NMF(parts, init="nndsvda", random_state=0, max_iter=400)
        in_texts = model.fit_transform(weighed).round(6)
    names = vectors.get_feature_names_out()
    strongest = in_texts.argmax(axis=1)
    themes = []
    for part in range(parts):
        own = [i for i, at in enumerate(strongest) if at == part and in_texts[i, part] > 0]
        if not own:
            continue
        weights = model.components_[part].round(6)
        words = sorted(range(len(names)), key=lambda i, w=weights: (-w[i], names[i]))[:_WORDS]  # type: ignore[misc]
        best = sorted(own, key=lambda i: (-in_texts[i, part], rows["event_id"][i]))
        themes.append(
            {
                "survey_id": survey,
                "model_version": version,
                "words": [str(names[i]) for i in words if weights[i] > 0],
                "answers": len(own),
                "texts": len(texts),
                "examples": _examples(rows, best),
            }
        )
    themes.sort(key=lambda theme: (-theme["answers"], theme["words"]))
    return _table([{**theme, "theme": number} for number, theme in enumerate(themes, start=1)])


def tokens(text: str) -> list[str]:
    """The words of a text but English stop words; where no space divides them, pairs of letters."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found: list[str] = []
    for token in _TOKEN.findall(folded(text)):
        if _UNSPACED_TOKEN.match(token):
            found += [token[at : at + 2] for at in range(max(1, len(token) - 1))]
        elif token not in ENGLISH_STOP_WORDS:
            found.append(token)
    return found


def _examples(rows: pd.DataFrame, best: Sequence[int]) -> list[dict[str, str]]:
    """Different texts, the best first."""
    found: dict[str, str] = {}
    for place in best:
        found.setdefault(rows["text"][place][:_LENGTH], rows["event_id"][place])
        if len(found) == _EXAMPLES:
            break
    return [{"event_id": event, "text": text} for text, event in found.items()]


def _version(of: Any) -> str:
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()[:16]


def _table(themes: list[dict[str, Any]]) -> pd.DataFrame:
    names = ("survey_id", "model_version", "theme", "words", "answers", "texts", "examples")
    return pd.DataFrame(themes, columns=list(names))
