"""`profiles`: what is known of a person as of the last complete day.

A run makes anew the profiles of persons whose rows changed, or moved into or out of a window with the day;
the others are carried over with the new day.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.narrowing import MOST, UNKNOWN
from trailhouse.profiles.build import LEFT_OUT, profiles_on
from trailhouse.profiles.keys import last_complete_day
from trailhouse.profiles.measures import NESTED, WINDOWS, nest
from trailhouse.scope import of_keys
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables.profiles import TABLE
from trailhouse.touched.persons import Moved, touched_persons

_CARRIED = "profiles to carry over"
_CUT = ("person_days", "sessions", "activity", "identities")
_AGREE = ("events", "views", "clicks", "conversions", "orders", "sessions")
"""Counts that person_days has as well, and that add up to those of the profile."""


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a person with an event on or before the day; nothing later enters it."""
    day = last_complete_day(inputs["watermark"], context.settings.project)
    found = profiles_on(inputs, day, context.settings)
    if _CARRIED in inputs:
        carried = inputs[_CARRIED].drop("as_of").crossJoin(F.broadcast(day))
        found = found.unionByName(carried.select(*TABLE.schema.names))
    return {TABLE.name: found}


def narrow(look: Look, context: Context) -> Part | str:
    """The persons whose rows changed, or for whom the day makes a difference."""
    settings = context.settings
    published = look.published["profiles"].select(*TABLE.schema.names)
    before = published.agg(F.max("as_of").alias("day")).collect()[0].day
    now = last_complete_day(look.inputs["watermark"], settings.project).collect()[0].as_of
    if before is None or now is None:
        return "there were no profiles"
    moved = Moved(before, now)
    touched = touched_persons(look, moved, settings.project, context.scratch)
    if touched is None:
        return UNKNOWN
    persons, days = touched
    number = persons.count()
    if not number and before == now:
        return Part({}, {})
    if number >= settings.incremental.whole_from * published.count():
        return MOST
    scope = of_keys(persons, ("person_id",))
    inputs = {**look.inputs, **{name: _of(look.inputs[name], persons) for name in _CUT}}
    inputs[LEFT_OUT] = look.inputs["sessions"]
    if before == now:
        return Part(inputs, {TABLE.name: scope}, days=days)
    inputs[_CARRIED] = scope.outside(published)
    return Part(inputs, days=days)


def _of(rows: DataFrame, persons: DataFrame) -> DataFrame:
    return rows.join(persons, on="person_id", how="left_semi")


STAGE = Stage(
    name="profiles",
    reads=("person_days", "sessions", "activity", "identities", "watermark"),
    writes=("profiles",),
    transform=transform,
    narrow=narrow,
    remembers=("profiles",),
    settings=("project", "profiles", "items.events", "items.half_life", "items.horizon", "items.top"),
    version=3,
    pins={"identities": "activity", "activity": "person_days", "sessions": "person_days"},
    checks=(
        Check(
            "profiles",
            "seen_in_order",
            "A person is last seen no earlier than first.",
            "last_seen >= first_seen",
        ),
        Check(
            "profiles",
            "windows_nest",
            "What is counted in few days is within what is counted in more, and this within all.",
            nest(NESTED),
        ),
        Check(
            "profiles",
            "days_are_within_windows",
            "Active days of N days are at most N.",
            " AND ".join(f"active_days_{days} <= {days}" for days in WINDOWS),
        ),
        Check(
            "profiles",
            "friction_is_of_sessions",
            "Sessions with a signal of struggle are sessions.",
            "friction_sessions <= sessions",
        ),
        Check(
            "profiles",
            "days_agree",
            "The person's days add up to the profile.",
            query=(
                "SELECT person_id FROM {batch} AS p JOIN (SELECT d.person_id, count(*) AS active_days, "
                + ", ".join(f"sum(d.{name}) AS {name}" for name in _AGREE)
                + " FROM {person_days} AS d CROSS JOIN (SELECT max(as_of) AS as_of FROM {batch}) AS a "
                "WHERE d.day <= a.as_of GROUP BY d.person_id) AS s USING (person_id) WHERE "
                + " OR ".join(f"p.{name} <> s.{name}" for name in ("active_days", *_AGREE))
            ),
        ),
    ),
)
