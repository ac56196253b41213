"""`identity_links` and `identity_sightings`: what each day's events say of identifiers.

A day's rows are made of that day's events alone, so that days that changed are made anew, and no others.
"""

from __future__ import annotations

from pyspark.sql import functions as F

from trailhouse import scope
from trailhouse.identity import links
from trailhouse.identity.logins import with_logins
from trailhouse.identity.settle import settled
from trailhouse.narrowing import UNKNOWN
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """`identity_links` and `identity_sightings` from `events`."""
    events, settings, scratch = inputs["events"], context.settings, context.scratch
    # Written down, as all that follows reads them several times.
    shown = settled(links.sightings(events, settings), scratch, "sightings")
    daily = settled(links.daily_links(shown), scratch, "links")
    return {
        "identity_links": TABLES["identity_links"].select(with_logins(daily, shown, events, settings)),
        "identity_sightings": links.daily_sightings(shown),
    }


def narrow(look: Look, context: Context) -> Part | str:
    """The days that have new events, or others."""
    days = look.days["events"]
    if days is None:
        return UNKNOWN
    if not days:
        return Part({}, {})
    return Part(
        {"events": look.inputs["events"].where(F.col("event_date").isin(days))},
        {table: scope.of_days(TABLES[table].partition_by[0], days) for table in STAGE.writes},
        days=len(days),
    )


CHECKS = (
    Check(
        table="identity_links",
        name="lesser_identifier_first",
        sentence="A link names the lesser identifier by (type, value) first.",
        condition="type_a < type_b OR (type_a = type_b AND value_a < value_b)",
    ),
    Check(
        table="identity_links",
        name="times_within_the_day",
        sentence="First and last time of a link lie in order and on its UTC day.",
        condition="first_time <= last_time AND to_date(first_time) = link_date "
        "AND to_date(last_time) = link_date",
    ),
    Check(
        table="identity_links",
        name="some_source_saw_it",
        sentence="A link names the sources that saw it.",
        condition="size(sources) > 0",
    ),
    Check(
        table="identity_links",
        name="logins_within_the_link",
        sentence="Log-ins of a link lie between its first and its last event.",
        condition="forall(logins, at -> at BETWEEN first_time AND last_time)",
    ),
    Check(
        table="identity_sightings",
        name="seen_on_its_day",
        sentence="An identifier's first event of a day lies on that UTC day.",
        condition="to_date(first_time) = seen_date",
    ),
)

STAGE = Stage(
    name="identity_links",
    reads=("events",),
    writes=("identity_links", "identity_sightings"),
    transform=transform,
    checks=CHECKS,
    settings=("identity.types", "identity.blocked"),
    narrow=narrow,
)
