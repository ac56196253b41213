"""The stage `predictions`: who will leave or convert, and how well that was known before."""

from __future__ import annotations

from trailhouse.identity.settle import settled
from trailhouse.questions.predictions import predict_all
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES

_WHERE_ASKED = ("profiles", "segment_members")
"""What conditions on the outcome, and segments, may need; features are profiles as of their days."""


def transform(inputs: Frames, context: Context) -> Frames:
    """Scores and their quality for every declared prediction. An engine: it collects, fits and judges."""
    answers = predict_all(
        context.settings.questions.predictions,
        inputs,
        context.settings,
        lambda profiles: settled(profiles, context.scratch, "profiles"),
    )
    return {name: TABLES[name].select(frame) for name, frame in zip(STAGE.writes, answers, strict=True)}


def declared(settings: Settings) -> bool:
    """Whether there is any prediction."""
    return bool(settings.questions.predictions)


STAGE = Stage(
    name="predictions",
    reads=("person_days", "sessions", "activity", "identities", "watermark", *_WHERE_ASKED),
    writes=("predictions", "prediction_quality"),
    transform=transform,
    settings=("project", "profiles.traits", "questions.predictions"),
    optional=_WHERE_ASKED,
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
