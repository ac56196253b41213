"""The stage `feedback`: survey scores by week."""

from __future__ import annotations

from trailhouse.questions.feedback import scores
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.feedback import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """NPS and CSAT by survey and week, with their intervals."""
    answered = scores(inputs["activity"], inputs["sessions"], context.settings.project)
    return {TABLE.name: TABLE.select(answered)}


STAGE = Stage(
    name="feedback",
    reads=("activity", "sessions"),
    writes=("feedback",),
    transform=transform,
    settings=("project",),
    pins={"activity": "sessions"},
    checks=(
        Check(
            "feedback",
            "interval_holds_score",
            "A score lies in its interval.",
            "low <= score AND score <= high",
        ),
        Check(
            "feedback", "parts_of_answers", "Top and bottom answers are answers.", "top + bottom <= answers"
        ),
        Check(
            "feedback",
            "weeks_add_up",
            "The weeks' answers add up to those of all weeks.",
            query=(
                "SELECT survey_id, kind, 'all' AS week FROM {batch} GROUP BY survey_id, kind "
                "HAVING sum(if(week = 'all', answers, -answers)) <> 0"
            ),
        ),
    ),
)
