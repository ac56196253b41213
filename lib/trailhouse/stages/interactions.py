"""`interactions`: what people did with items.

A run makes anew the project days on which activity or sessions changed, as person_days does.
"""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.questions.people import of_people
from trailhouse.questions.rows import no_rows
from trailhouse.scope import of_days
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables.interactions import TABLE
from trailhouse.touched.days import days_between
from trailhouse.touched.flips import days_of_flips
from trailhouse.touched.sessions import touched_days
from trailhouse.why.interactions import of_events

_LEFT_OUT = "sessions of bots and staff"


def transform(inputs: Frames, context: Context) -> Frames:
    """One row an event and item, of persons who are neither bots nor staff."""
    items, zone = context.settings.items, context.settings.project.timezone
    if not items.events:
        return {TABLE.name: no_rows(TABLE, inputs["activity"])}
    people = of_people(inputs["activity"], inputs.get(_LEFT_OUT, inputs["sessions"]))
    found = of_events(
        people.where("person_id IS NOT NULL"),
        items,
        zone,
        ("person_id", "event_time", "session_id", "event_id"),
    )
    return {
        TABLE.name: TABLE.select(found.withColumnRenamed("event_time", "time").select(*TABLE.schema.names))
    }


def narrow(look: Look, context: Context) -> Part | str:
    """The project days on which an input changed."""
    zone = context.settings.project.timezone
    utc, begun = touched_days(look, "activity"), touched_days(look, "sessions")
    if utc is None or begun is None:
        return UNKNOWN
    days = days_between(utc, UTC, ZoneInfo(zone)) | days_of_flips(look, begun, zone)
    if not days:
        return Part({}, {})
    if is_most(look.rows["activity"], days, context.settings):
        return MOST
    around = sorted(days_between(days, ZoneInfo(zone), UTC))
    activity, sessions = look.inputs["activity"], look.inputs["sessions"]
    near = activity.where(F.col("event_date").isin(around))
    inputs = {
        "activity": near.where(project_day(F.col("event_time"), zone).isin(sorted(days))),
        "sessions": sessions,
        # A session of an earlier day may go on.
        _LEFT_OUT: sessions.where(F.col("session_date") <= max(days)),
    }
    return Part(inputs, {TABLE.name: of_days("day", days)}, days=len(days))


def declared(settings: Settings) -> bool:
    """Whether events are declared that speak of items."""
    return bool(settings.items.events)


STAGE = Stage(
    name="interactions",
    reads=("activity", "sessions"),
    writes=("interactions",),
    transform=transform,
    narrow=narrow,
    remembers=("interactions",),
    settings=("items.events", "project"),
    pins={"activity": "sessions"},
    wanted=declared,
    checks=(
        Check(
            "interactions",
            "items_are_named",
            "An interaction is with an item that has an id.",
            "length(item) > 0",
        ),
    ),
)
