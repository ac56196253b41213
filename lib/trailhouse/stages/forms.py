"""The stage `forms`: where forms are left, and how far media are watched."""

from __future__ import annotations

from trailhouse.questions.forms import fields, form_events, forms
from trailhouse.questions.media import media
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """Forms, their fields, and media."""
    activity, sessions, project = inputs["activity"], inputs["sessions"], context.settings.project
    events = form_events(activity, sessions, project)
    made = {
        "forms": forms(events),
        "form_fields": fields(events),
        "media": media(activity, sessions, project),
    }
    return {name: TABLES[name].select(frame) for name, frame in made.items()}


STAGE = Stage(
    name="forms",
    reads=("activity", "sessions"),
    writes=("forms", "form_fields", "media"),
    transform=transform,
    settings=("project",),
    pins={"activity": "sessions"},
    checks=(
        Check(
            "forms",
            "every_start_ends",
            "A form that was started was submitted or abandoned.",
            "started = submitted + abandoned AND told_abandoned <= abandoned",
        ),
        Check(
            "forms",
            "rate_in_interval",
            "The submission rate lies in its interval, the median is no longer than the 90th percentile.",
            "submission_rate BETWEEN low AND high AND coalesce(median_us <= p90_us, true)",
        ),
        Check(
            "form_fields",
            "parts_of_changes",
            "Corrections are changes, and each corrected view has one.",
            "corrections <= changes AND corrected_views <= corrections AND corrected_views <= views",
        ),
        Check(
            "media",
            "twenty_bins",
            "A medium has 20 bins of 5 %, watched in no more views than were measured.",
            "size(watched) = 20 AND array_max(watched) <= measured_views AND measured_views <= views",
        ),
        Check(
            "media",
            "rate_in_interval",
            "The completion rate lies in its interval.",
            "completion_rate BETWEEN low AND high AND completed <= views",
        ),
    ),
)
