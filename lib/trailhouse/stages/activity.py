"""`activity`: events + person, session and view, narrow and typed.

A run makes anew the rows of those runs of events, before and now, that hold an event which came, went or
changed its person.
"""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import functions as F

from trailhouse.columns import with_place
from trailhouse.identity.assign import person_of
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.scope import within_days
from trailhouse.sessionize import with_sessions
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables import TABLES
from trailhouse.touched.runs import rows_to_make
from trailhouse.touched.suspects import suspects
from trailhouse.touched.told import split_and_joined
from trailhouse.views import with_views

DECODED = "recordings are decoded"
"""Why it is made anew whole where `replay_events` is read: no feed tells which of its rows changed."""

_FROM_PAGE = {
    "page_url": "url",
    "page_path": "path",
    "page_group": "group",
    "page_title": "title",
    "referrer": "referrer",
}


def transform(inputs: Frames, context: Context) -> Frames:
    """Every kept event once, with whose it is and where in a session and view it stands."""
    settings = context.settings
    events = inputs["events"]
    if "replay_events" in inputs:
        events = events.unionByName(inputs["replay_events"])
    resolved = person_of(events, inputs["identities"], inputs["device_owners"], settings)
    sessions = with_sessions(with_place(resolved), settings.sessions, settings.project.timezone)
    viewed = with_views(sessions)
    flat = viewed.withColumns({name: F.col(f"page.{field}") for name, field in _FROM_PAGE.items()})
    return {"activity": flat.select(*TABLES["activity"].schema.names)}


def narrow(look: Look, context: Context) -> Part | str:
    """The runs that hold an event which came, went or is another person's."""
    settings, scratch = context.settings, context.scratch
    if "replay_events" in look.inputs:
        return DECODED
    days = look.days["events"]
    if days is None:
        return UNKNOWN
    if is_most(look.rows["events"], days, settings):
        return MOST
    rows = rows_to_make(
        look.published["activity"],
        suspects(look, days, settings, scratch),
        settings.sessions,
        scratch,
    )
    if not rows.days:
        return Part({}, {})
    if is_most(look.rows["events"], rows.days, settings):
        return MOST
    inside = within_days("event_date", rows.days, rows.ids, "event_id")
    events = inside.inside(look.inputs["events"])
    return Part({**look.inputs, "events": events}, {"activity": inside}, days=len(rows.days))


STAGE = Stage(
    name="activity",
    reads=("events", "identities", "device_owners", "identity_sightings"),
    writes=("activity",),
    transform=transform,
    narrow=narrow,
    remembers=("activity",),
    tells={"activity": split_and_joined},
    pins={"events": "identities", "identity_sightings": "identities"},
    settings=("sessions", "identity.types", "identity.blocked", "identity.shared", "project"),
    checks=(
        Check(
            "activity",
            "session_has_person",
            "An event in a session has a person.",
            condition="session_id IS NULL OR person_id IS NOT NULL",
        ),
        Check(
            "activity",
            "view_has_session",
            "An event on a view is in a session.",
            condition="view_id IS NULL OR session_id IS NOT NULL",
        ),
        Check(
            "activity",
            "numbers_begin_at_one",
            "The numbers of a session's events are 1, 2, 3, ...",
            query=(
                "SELECT session_id FROM {batch} WHERE session_id IS NOT NULL GROUP BY session_id "
                "HAVING max(event_number) <> count(*) OR min(event_number) <> 1"
            ),
        ),
    ),
)

RECORDED = replace(STAGE, reads=(*STAGE.reads, "replay_events"))
"""The same where there are recordings: what they tell is activity, too."""
