"""The stage `predictions`: who will leave or convert, and how well that was known before."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.identity.settle import settled
from trailhouse.profiles.build import profiles_on
from trailhouse.questions.asked import Asked
from trailhouse.questions.predictions import NEEDED, days_of, predict
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """Scores and their quality for every declared prediction. An engine: it collects, fits and judges."""
    zone, questions = context.settings.project.timezone, context.settings.questions.predictions
    [(last,)] = inputs["watermark"].select(F.date_sub(project_day(F.col("watermark"), zone), 1)).collect()
    days = sorted({day for one in questions for day in days_of(one, last)})
    # Once for all days of all questions, and kept: each is read several times.
    spark = inputs["person_days"].sparkSession
    known = profiles_on(
        inputs, spark.createDataFrame([(day,) for day in days], "as_of DATE"), context.settings
    )
    known = settled(known.select(*NEEDED), context.scratch, "profiles")

    def as_of(day: date) -> DataFrame:
        return known.where(F.col("as_of") == F.lit(day))

    asked = Asked(inputs, context.settings.project)
    answers = [predict(one, asked, as_of, last) for one in questions]
    return {
        name: TABLES[name].select(reduce(DataFrame.unionByName, frames))
        for name, frames in zip(STAGE.writes, zip(*answers, strict=True), strict=True)
    }


def declared(settings: Settings) -> bool:
    """Whether there is any prediction."""
    return bool(settings.questions.predictions)


STAGE = Stage(
    name="predictions",
    reads=("person_days", "sessions", "activity", "identities", "watermark"),
    writes=("predictions", "prediction_quality"),
    transform=transform,
    settings=("project", "questions.predictions"),
    pins={"identities": "activity", "activity": "person_days", "sessions": "person_days"},
    wanted=declared,
    checks=(
        Check(
            "predictions",
            "deciles_by_score",
            "No person of a lower tenth has a higher score.",
            query=(
                "SELECT question, concat('decile ', decile) AS person_id FROM (SELECT question, decile, "
                "min(score) AS least, lead(max(score)) OVER (PARTITION BY question ORDER BY decile) AS below "
                "FROM {batch} GROUP BY question, decile) WHERE below > least"
            ),
        ),
        Check(
            "prediction_quality",
            "judged_later",
            "A model is judged by a later day than the one that it was fitted to.",
            "trained_as_of < judged_as_of",
        ),
    ),
)
