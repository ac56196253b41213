"""`accounts`: what is known of a company account as of the last complete day."""

from __future__ import annotations

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import functions as F

from trailhouse.narrowing import UNKNOWN
from trailhouse.profiles.accounts import accounts_on
from trailhouse.profiles.keys import last_complete_day
from trailhouse.profiles.measures import ACCOUNT_MEASURES, nest
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables.accounts import TABLE
from trailhouse.touched.days import days_between
from trailhouse.touched.sessions import touched_days


def transform(inputs: Frames, context: Context) -> Frames:
    """One row an account with an event on or before the day; nothing later enters it."""
    day = last_complete_day(inputs["watermark"], context.settings.project)
    return {TABLE.name: accounts_on(inputs, day, context.settings)}


def narrow(look: Look, context: Context) -> Part | str:
    """Nothing, while the day is the same and no row of it or of a day before is another; else all of it.

    Accounts are few, and only events that name one are read for them.
    """
    project = context.settings.project
    found = touched_days(look, "activity", "sessions")
    if found is None:
        return UNKNOWN
    before = look.published["accounts"].agg(F.max("as_of").alias("day")).collect()[0].day
    now = last_complete_day(look.inputs["watermark"], project).collect()[0].as_of
    if before is None or before != now:
        return "another day"
    last = max(days_between([now], ZoneInfo(project.timezone), UTC)) + timedelta(1)
    return "rows changed" if any(day <= last for day in found) else Part({}, {})


STAGE = Stage(
    name="accounts",
    reads=("activity", "sessions", "watermark"),
    writes=("accounts",),
    transform=transform,
    narrow=narrow,
    remembers=("accounts",),
    settings=("project", "profiles", "conversions"),
    pins={"activity": "person_days", "sessions": "person_days"},
    checks=(
        Check(
            "accounts",
            "seen_in_order",
            "An account is last seen no earlier than first.",
            "last_seen >= first_seen",
        ),
        Check(
            "accounts",
            "windows_nest",
            "What is counted in few days is within what is counted in more, and this within all.",
            nest((*one.windows, one.name) for one in ACCOUNT_MEASURES),
        ),
        Check(
            "accounts",
            "events_are_most",
            "Persons, sessions, days, conversions and orders are no more than events.",
            " AND ".join(
                f"{name} <= events"
                for name in ("persons", "sessions", "active_days", "conversions", "orders")
            ),
        ),
    ),
)
