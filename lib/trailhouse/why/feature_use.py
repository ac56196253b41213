"""Who is offered which feature, and who uses it: a row a feature, person, session and day.

1. A use is an event that is any of a feature's steps, or a click on one of its elements.
2. An offer is an event of `exposed`. Where none is declared: a view of a page on which one of its elements
   was ever clicked or pointed at; of a feature without elements every session, and every day outside of them.
3. A use is an offer, too: nobody tries what is not there.
4. A person is exposed from the first offer on, has tried it with the first use, and adopted it with uses
   in two weeks of the project's calendar.

All features are looked for in one pass over `activity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.fields import matches
from trailhouse.questions.people import of_people
from trailhouse.settings import Feature, Project, Step
from trailhouse.settings.questions import names_of

Declared = Mapping[str, Feature]
MEMBERS = ""
"""In place of a feature's name: what somebody has to have done to count."""
GRAIN = ("feature", "person_id", "session_id", "day")
_AT = "STRUCT<t: BIGINT, n: INT, session_id: STRING, view_id: STRING>"
"""A moment: microseconds since 1970, the event's number in its session, session and view."""
_LATE = 2**31 - 1


def marked(activity: DataFrame, sessions: DataFrame, features: Declared, project: Project) -> DataFrame:
    """Uses and declared offers of people: one pass over activity, one shuffle; features not empty.

    Gives GRAIN, `page` (where an element of it appeared, else null), uses, first_use and first_offer (_AT),
    `y` (px from the top of the page's element).
    """

    def mark(name: str, feature: Feature) -> Column:
        used, offered, shown = (_any(steps) for steps in (feature.uses, feature.exposed, feature.shown))
        return F.when(
            used | offered | shown,
            F.struct(
                F.lit(name).alias("feature"),
                used.alias("used"),
                (used | offered).alias("offered"),
                F.when(shown, F.col("page_group")).alias("page"),
                F.when(shown, F.col("element.box.y")).alias("y"),
            ),
        )

    steps = [step for one in features.values() for step in (*one.uses, *one.exposed, *one.shown)]
    names = names_of(tuple(steps))
    rows = activity.where("person_id IS NOT NULL")
    if names is not None:
        rows = rows.where(F.col("event_name").isin(*sorted(names)))
    marks = F.filter(
        F.array(*(mark(name, one) for name, one in features.items())), lambda one: one.isNotNull()
    )
    at = F.struct(
        F.unix_micros("event_time").alias("t"),
        F.coalesce("event_number", F.lit(_LATE)).alias("n"),
        "session_id",
        "view_id",
    ).cast(_AT)
    return (
        of_people(rows, sessions)
        .select(
            "person_id",
            "session_id",
            project_day(F.col("event_time"), project.timezone).alias("day"),
            at.alias("at"),
            F.inline(marks),
        )
        .groupBy(*GRAIN, "page")
        .agg(
            F.count_if("used").alias("uses"),
            F.min(F.when(F.col("used"), F.col("at"))).alias("first_use"),
            F.min(F.when(F.col("offered"), F.col("at"))).alias("first_offer"),
            F.min("y").alias("y"),
        )
    )


def _any(steps: tuple[Step, ...]) -> Column:
    return reduce(Column.__or__, map(matches, steps), F.lit(False))


def among(marks: DataFrame) -> DataFrame:
    """person_id and since_us of those who did what MEMBERS stands for, from `marked`."""
    return (
        marks.where(F.col("feature") == MEMBERS)
        .groupBy("person_id")
        .agg(F.min("first_use.t").alias("since_us"))
    )


def offered(
    marks: DataFrame,
    page_views: DataFrame,
    sessions: DataFrame,
    person_days: DataFrame,
    features: Declared,
    project: Project,
) -> DataFrame:
    """GRAIN, uses, first_use, first_offer of `marks` and of the offers that nobody declared."""
    marks = marks.where(F.col("feature") != MEMBERS)
    parts = [marks.where("first_offer IS NOT NULL").drop("page", "y")]
    if any(one.shown for one in features.values()):
        pages = (
            marks.where("page IS NOT NULL").select("feature", F.col("page").alias("page_group")).distinct()
        )
        seen = page_views.where("NOT is_bot AND NOT internal")
        seen = seen.join(F.broadcast(pages), on="page_group", how="inner")
        first = _moment(F.unix_micros("start_time"), 0, F.col("session_id"), F.col("view_id"))
        day = project_day(F.col("start_time"), project.timezone)
        parts.append(seen.select("feature", "person_id", "session_id", day.alias("day"), first))
    if everybody := [name for name, one in features.items() if one.for_everybody]:
        name = F.explode(F.array(*map(F.lit, everybody))).alias("feature")
        none = F.lit(None).cast("STRING")
        came = sessions.where("NOT is_bot AND NOT internal").select(
            name,
            "person_id",
            "session_id",
            F.col("session_date").alias("day"),
            _moment(F.unix_micros("start_time"), 0, F.col("session_id"), none),
        )
        # Of the same moment the session is the one that tells more.
        outside = person_days.select(
            name,
            "person_id",
            none.alias("session_id"),
            "day",
            _moment(F.unix_micros("first_time"), _LATE, none, none),
        )
        parts += [came, outside]
    every = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)
    return every.groupBy(*GRAIN).agg(
        F.coalesce(F.sum("uses"), F.lit(0)).alias("uses"),
        F.min("first_use").alias("first_use"),
        F.min("first_offer").alias("first_offer"),
    )


def _moment(t: Column, n: int, session: Column, view: Column) -> Column:
    parts = (t.alias("t"), F.lit(n).alias("n"), session.alias("session_id"), view.alias("view_id"))
    return F.struct(*parts).cast(_AT).alias("first_offer")


def exposed_persons(offers: DataFrame) -> DataFrame:
    """A row a feature and person: first_offer, first_use (null: not tried), from `offered`."""
    return offers.groupBy("feature", "person_id").agg(
        F.min("first_offer").alias("first_offer"), F.min("first_use").alias("first_use")
    )


def asked_units(persons: DataFrame, feature: str) -> DataFrame:
    """One feature's rows of `exposed_persons` as units whose reasons can be asked for.

    Gives unit and person_id, from_us (the first offer) and done_us (the first use; null: none), microseconds
    since 1970.
    """
    return persons.where(F.col("feature") == F.lit(feature)).select(
        F.col("person_id").alias("unit"),
        "person_id",
        F.col("first_offer.t").alias("from_us"),
        F.col("first_use.t").alias("done_us"),
    )
