"""Who will leave, who will convert: a logistic model on profiles as of a day, judged on later time.

1. Three days, a horizon apart: features of the first day and what came within the horizon after it fit the
   model; features of the second day and what came after it judge it; the third, the last complete day,
   has no outcome yet: its persons get scores from the very model that was judged.
2. Features are a profile as of its day (`profiles as of`), so none knows what came later. Numbers enter as
   log(1 + x), less the mean, by standard deviations of the first day's persons; a number that is not
   known counts as the mean. Of a category the most frequent values count, each against all others.
3. Fitted with an L2 penalty (predictor.py), to the persons whose ids have the least hashes where there are
   too many.
4. Reasons are the terms of a person's score, coefficient times distance from the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.profiles.build import profiles_on
from trailhouse.questions.asked import Asked, in_segment, rows
from trailhouse.questions.fields import matches
from trailhouse.questions.judging import Areas, areas, brier, tenths
from trailhouse.questions.predictor import AGES, Feature, fit, scored_by
from trailhouse.questions.rows import no_rows, told
from trailhouse.settings import Prediction, Settings
from trailhouse.settings.questions.prediction import CATEGORIES, NUMBERS
from trailhouse.tables import TABLES

NEEDED = ("person_id", "as_of", "first_seen", "last_seen", *NUMBERS, *CATEGORIES)
"""Columns of `profiles` that predictions read."""
AsOf = Callable[[date], DataFrame]
"""Profiles as of a day: rows of the table `profiles` that know nothing later."""


def definition(question: Prediction) -> str:
    """What is asked, in one line."""
    outcome = f"will do {question.outcome.text}" if question.outcome else "will not come back"
    again = ", never before" if question.outcome and question.once else ""
    return (
        f"who {outcome} within {question.horizon.days} days{again}; "
        f"active within {question.active_within.days} days, {question.about}"
    )


def days_of(question: Prediction, last: date | None) -> list[date]:
    """1. The days that a prediction is fitted, judged and made on; none where no day is complete."""
    last = min(last, question.to_day) if last and question.to_day else last
    return [last - timedelta(days=n * question.horizon.days) for n in (2, 1, 0)] if last else []


def predict_all(
    questions: Sequence[Prediction],
    frames: Mapping[str, DataFrame],
    settings: Settings,
    keep: Callable[[DataFrame], DataFrame],
) -> tuple[DataFrame, DataFrame]:
    """Rows of `predictions` and `prediction_quality` for one question or more.

    `frames` as for `Asked`, and identities; `keep` computes a frame once, as it is read several times.
    """
    zone = settings.project.timezone
    [(last,)] = frames["watermark"].select(F.date_sub(project_day(F.col("watermark"), zone), 1)).collect()
    days = sorted({day for one in questions for day in days_of(one, last)})
    # Once for all days of all questions.
    asked_for = frames["person_days"].sparkSession.createDataFrame([(day,) for day in days], "as_of DATE")
    known = keep(profiles_on(frames, asked_for, settings, NEEDED))

    def as_of(day: date) -> DataFrame:
        return known.where(F.col("as_of") == F.lit(day))

    asked = Asked(frames, settings.project, settings.profiles)
    scores, quality = zip(*(predict(one, asked, as_of, last) for one in questions), strict=True)
    return reduce(DataFrame.unionByName, scores), reduce(DataFrame.unionByName, quality)


def predict(
    question: Prediction, asked: Asked, as_of: AsOf, last: date | None
) -> tuple[DataFrame, DataFrame]:
    """Rows of `predictions` and of `prediction_quality`; `last` is the last complete day.

    An engine: it collects what it fits and judges, at most `training_persons` rows each.
    """
    like = asked["person_days"]
    spark = like.sparkSession
    days = days_of(question, last)
    first = like.agg(F.min("day")).collect()[0][0]
    if not days or first is None or days[0] < first:
        return no_rows(TABLES["predictions"], like), _verdict(question, spark, "too little history")
    trained, judged = (_sample(question, asked, as_of, day) for day in days[:2])
    if any(min(kind, default=0) < question.enough for kind in map(_counts, (trained, judged))):
        found = _verdict(question, spark, "too few", **_about(days, trained, judged))
        return no_rows(TABLES["predictions"], like), found
    features, intercept = fit(question, spark, trained)
    scores = scored_by(features, intercept, judged)
    outcomes = judged["outcome"].to_numpy(bool)
    recency = judged["days_since_last"].to_numpy(float) * (1 if question.outcome is None else -1)
    area = areas(outcomes, scores, recency)
    quality = _verdict(
        question,
        spark,
        "good" if area.gain_low > 0 else "no better than recency",
        **_about(days, trained, judged),
        **_judged(area, outcomes, scores, features),
    )
    people = _eligible(question, asked, as_of, days[2])
    return _predictions(question, people, days[2], features, intercept), quality


def _eligible(question: Prediction, asked: Asked, as_of: AsOf, day: date) -> DataFrame:
    """Features of the persons of a day: person_id, numbers, ages and categories."""
    since = day - timedelta(days=question.active_within.days)
    zone = asked.project.timezone
    seen = {
        name: F.datediff(F.lit(day), project_day(F.col(column), zone))
        for name, column in zip(AGES, ("first_seen", "last_seen"), strict=True)
    }
    people = as_of(day).where(project_day(F.col("last_seen"), zone) > F.lit(since))
    people = people.select("person_id", *question.numbers, *question.categories, *_named(seen))
    if question.outcome is not None and question.once:
        before = _outcomes(question, asked).where(F.col("day") <= F.lit(day)).select("person_id").distinct()
        people = people.join(before, on="person_id", how="left_anti")
    return in_segment(question.model_copy(update={"to_day": day}), asked, people)


def _named(columns: dict[str, Column]) -> list[Column]:
    return [column.alias(name) for name, column in columns.items()]


def _outcomes(question: Prediction, asked: Asked) -> DataFrame:
    """person_id and day of every outcome; of churn every day that speaks against it."""
    if question.outcome is None:
        return asked["person_days"].select("person_id", "day")
    # Whose outcomes they are, and of which days, is said by the persons that are looked at.
    anybody = question.model_copy(update={"segment": None, "to_day": None})
    found = rows(anybody, asked, [question.outcome], {"is_outcome": matches(question.outcome)})
    day = project_day(F.timestamp_micros("t"), asked.project.timezone)
    return found.where("is_outcome").select(F.col("unit").alias("person_id"), day.alias("day"))


def _sample(question: Prediction, asked: Asked, as_of: AsOf, day: date) -> pd.DataFrame:
    """Features and `outcome` of a day's persons, by the hash of their ids."""
    until = day + timedelta(days=question.horizon.days)
    came = _outcomes(question, asked).where(
        F.col("day").between(F.lit(day + timedelta(days=1)), F.lit(until))
    )
    came = came.select("person_id", F.lit(True).alias("_came")).distinct()
    outcome = F.coalesce("_came", F.lit(False))
    people = _eligible(question, asked, as_of, day).join(came, on="person_id", how="left")
    people = people.withColumn("outcome", outcome if question.outcome is not None else ~outcome).drop("_came")
    order = (F.xxhash64("person_id"), F.col("person_id"))
    return people.orderBy(*order).limit(question.training_persons).toPandas()


def _counts(sample: pd.DataFrame) -> tuple[int, int]:
    hits = int(sample["outcome"].sum())
    return hits, len(sample) - hits


def _predictions(
    question: Prediction, people: DataFrame, day: date, features: Sequence[Feature], intercept: float
) -> DataFrame:
    """4."""
    terms = [
        F.struct(
            F.lit(one.name).alias("feature"),
            F.col(one.column).cast("STRING").alias("value"),
            F.round(one.term() * F.lit(one.weight), 4).cast("DECIMAL(9,4)").alias("weight"),
        )
        for one in features
    ]
    odds = reduce(Column.__add__, (one.term() * F.lit(one.weight) for one in features), F.lit(intercept))
    raising = F.filter("_terms", lambda one: one["weight"] > 0)
    # The greatest first, of equal ones by name.
    pairs = F.transform(
        raising, lambda one: F.struct((-one["weight"]).alias("less"), one["feature"], one.alias("reason"))
    )
    strongest = F.transform(F.array_sort(pairs), lambda pair: pair["reason"])
    scored = people.select(
        *told(question, definition(question)),
        F.lit(day).alias("as_of"),
        "person_id",
        F.round(1 / (1 + F.exp(-odds)), 6).cast("DECIMAL(9,6)").alias("score"),
        F.array(*terms).alias("_terms"),
    )
    # Exact bounds of tenths: ranking all persons would bring them into one task.
    bounds = scored.agg(F.percentile("score", [n / 10 for n in range(1, 10)]).alias("_bounds"))
    above = F.size(F.filter("_bounds", lambda bound: bound > F.col("score").cast("double")))
    made = scored.crossJoin(F.broadcast(bounds)).select(
        "*", (above + 1).alias("decile"), F.slice(strongest, 1, 3).alias("reasons")
    )
    return made.drop("_terms", "_bounds")


def _about(days: Sequence[date], trained: pd.DataFrame, judged: pd.DataFrame) -> dict[str, object]:
    return {
        "trained_as_of": days[0],
        "judged_as_of": days[1],
        "trained_persons": len(trained),
        "trained_outcomes": _counts(trained)[0],
        "judged_persons": len(judged),
        "judged_outcomes": _counts(judged)[0],
    }


def _judged(
    area: Areas, outcomes: np.ndarray, scores: np.ndarray, features: Sequence[Feature]
) -> dict[str, object]:
    share = np.full(len(outcomes), outcomes.mean())
    strongest = sorted(features, key=lambda one: (-abs(round(one.weight, 4)), one.name))
    return {
        "auc": area.first,
        "auc_low": area.first_low,
        "auc_high": area.first_high,
        "recency_auc": area.second,
        "gain_low": area.gain_low,
        "brier": brier(outcomes, scores),
        "base_brier": brier(outcomes, share),
        "calibration": tenths(outcomes, scores),
        "features": [(one.name, one.weight) for one in strongest],
    }


def _verdict(question: Prediction, spark: SparkSession, verdict: str, **found: object) -> DataFrame:
    """The one row of `prediction_quality`; numbers are rounded as their columns say."""
    parts = ", ".join(f"{name}: DOUBLE" for name in ("predicted", "observed", "low", "high"))
    doubles = {
        "calibration": f"ARRAY<STRUCT<persons: BIGINT, {parts}>>",
        "features": "ARRAY<STRUCT<feature: STRING, weight: DOUBLE>>",
    }
    table = TABLES["prediction_quality"]
    own = [column for column in table.columns if column.name in found]
    kinds = ", ".join(f"{c.name} {doubles.get(c.name) or _plain(c.type)}" for c in own)
    frame = spark.createDataFrame([tuple(found[c.name] for c in own)], kinds) if own else spark.range(1)
    rounded = [
        F.round(F.col(c.name), 6).cast(c.type).alias(c.name)
        if c.type.startswith("DECIMAL")
        else F.col(c.name)
        for c in own
    ]
    missing = [
        F.lit(None).cast(c.type).alias(c.name)
        for c in table.columns
        if c not in own and c.name not in ("question", "definition", "version", "unit", "verdict")
    ]
    frame = frame.select(
        *told(question, definition(question)), F.lit(verdict).alias("verdict"), *rounded, *missing
    )
    return frame.withColumns({c.name: F.col(c.name).cast(c.type) for c in own if c.name in doubles})


def _plain(kind: str) -> str:
    return "DOUBLE" if kind.startswith("DECIMAL") else kind


def _rounded(name: str, kind: str) -> Column:
    return F.round(name, 6).cast(kind).alias(name) if kind.startswith("DECIMAL") else F.col(name)
