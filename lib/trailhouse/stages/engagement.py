"""The stage `engagement`: the declared daily metrics."""

from __future__ import annotations

from trailhouse.questions.engagement import daily
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.engagement import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a day, a column a metric."""
    days = daily(inputs["person_days"], inputs["sessions"], inputs["watermark"], context.settings.project)
    return {TABLE.name: TABLE.select(days)}


STAGE = Stage(
    name="engagement",
    reads=("person_days", "sessions", "watermark"),
    writes=("engagement",),
    transform=transform,
    settings=("project",),
    pins={"sessions": "person_days"},
    checks=(
        Check(
            "engagement",
            "reach_grows_with_days",
            "Persons of a day are no more than of 7 days, these no more than of 28.",
            "active_persons <= wau AND wau <= mau",
        ),
        Check(
            "engagement", "new_are_active", "New persons are active persons.", "new_persons <= active_persons"
        ),
        Check(
            "engagement",
            "parts_of_sessions",
            "Bounces, converted and friction sessions are sessions.",
            "bounces <= sessions AND converted_sessions <= sessions AND friction_sessions <= sessions",
        ),
        Check(
            "engagement",
            "new_persons_agree",
            "The days' new persons add up to the persons of person_days.",
            query=(
                "SELECT CAST(NULL AS DATE) AS day FROM (SELECT sum(new_persons) AS counted FROM {batch}), "
                "(SELECT count(DISTINCT person_id) AS persons FROM {person_days}) "
                "WHERE coalesce(counted, 0) <> persons"
            ),
        ),
    ),
)
