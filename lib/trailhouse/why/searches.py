"""Searches and stated goals after log-in, and whether people find it in that arrival.

1. A search is followed by a further one, by a result that is opened before that, and by what tells that it
   was found, each up to the arrival's end.
2. Where a tracker does not say how many results there were, nothing is known of searches without one; where
   no event is declared that opens a result, or tells that something is found, that is not known either.
3. A goal is the answer to the survey that asks for it: the declared goal of that name, else the first that is
   a theme of the answer, else 'other'. It is found by its own event, later in the arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio, week_of
from trailhouse.enrich.words import themes_of
from trailhouse.questions.breakdowns import ALL, UNKNOWN, device
from trailhouse.questions.intervals import wilson
from trailhouse.settings import Arrivals, Project
from trailhouse.why.arrivals import folded

TOP = 50
"""Queries that have rows of their own: those searched for most."""
OTHER = "other"

_RATE = "DECIMAL(9,6)"
_PARTS = {
    "empty": "known",
    "first_empty": "first_known",
    "again": "times",
    "opened": "openable",
    "found": "findable",
}
"""Number with a share and an interval -> of how many."""


def looked_for(
    events: DataFrame,
    sessions: DataFrame,
    asked: Arrivals,
    themes: Mapping[str, Sequence[str]],
    project: Project,
) -> DataFrame:
    """Rows of `arrival_searches`, of `arrived` events."""
    own = Window.partitionBy("session_id", "arrival").orderBy("event_number")
    later = own.rowsBetween(1, Window.unboundedFollowing)
    before = own.rowsBetween(Window.unboundedPreceding, -1)
    number, is_search = F.col("event_number"), F.col("is_search")
    opened = F.col("is_opened") & ~is_search
    placed = events.withColumns(
        {
            "is_first": F.count_if("is_search").over(before) == 0,
            "next_search": F.min(F.when(is_search, number)).over(later),
            "next_opened": F.min(F.when(opened, number)).over(later),
            "found_later": F.coalesce(F.max("is_found").over(later), F.lit(False)),
            "goals_later": F.coalesce(F.bit_or("goals").over(later), F.lit(0).cast("BIGINT")),
        }
    )
    known = sessions.select("session_id", device())
    day = project_day(F.col("event_time"), project.timezone)
    week = week_of(day, project.week_start).cast("STRING")
    each = (
        _searches(placed, asked)
        .unionByName(_goals(placed, asked, themes))
        .join(known, on="session_id", how="left")
        .withColumn("week", week)
    )
    return _counted(each, events.where("begins"))


def _searches(placed: DataFrame, asked: Arrivals) -> DataFrame:
    told = asked.opened is not None
    opened = F.coalesce(F.col("next_opened") < F.col("next_search"), F.col("next_opened").isNotNull())
    results = F.col("results")
    return placed.where("is_search").select(
        *_WHO,
        F.lit("search").alias("of"),
        F.coalesce("query", F.lit("(nothing)")).alias("term"),
        F.lit(True).alias("is_search"),
        "is_first",
        (results == 0).alias("empty"),
        F.col("next_search").isNotNull().alias("again"),
        F.when(F.lit(told), opened).alias("opened"),
        F.when(F.lit(told or asked.found is not None), F.col("found_later")).alias("found"),
    )


_WHO = ("session_id", "arrival", "person_id", "event_time")


def _goals(placed: DataFrame, asked: Arrivals, themes: Mapping[str, Sequence[str]]) -> DataFrame:
    names = list(asked.goal.found) if asked.goal else []
    answer, none = F.col("answer"), F.lit(None).cast("BOOLEAN")
    patterns = {name: themes[name] for name in names if name in themes}
    held = themes_of(answer, patterns)
    goal: Column = F.lit(OTHER)
    for name in reversed(names):  # the first that is declared counts
        goal = F.when(F.array_contains(held, name), F.lit(name)).otherwise(goal)
    for name in names:
        goal = F.when(folded(answer) == folded(F.lit(name)), F.lit(name)).otherwise(goal)
    found: Column = none
    for place, name in enumerate(names):
        found = F.when(F.col("term") == name, F.getbit("goals_later", F.lit(place)) == 1).otherwise(found)
    return (
        placed.where("answer IS NOT NULL")
        .withColumn("term", goal)
        .select(
            *_WHO,
            F.lit("goal").alias("of"),
            "term",
            F.lit(False).alias("is_search"),
            F.lit(False).alias("is_first"),
            *(none.alias(name) for name in ("empty", "again", "opened")),
            found.alias("found"),
        )
    )


def _counted(each: DataFrame, begun: DataFrame) -> DataFrame:
    """By all searches or goals and each of them; by everyone, device and week."""
    whole, single = (
        F.struct(F.concat(F.col("of"), F.lit(ending)).alias("what"), term.alias("term"))
        for ending, term in (("_all", F.lit(ALL)), ("", F.col("term")))
    )
    values = [
        F.struct(F.lit(name).alias("breakdown"), F.coalesce(value, F.lit(UNKNOWN)).alias("value"))
        for name, value in (
            (ALL, F.lit(ALL)),
            ("device_type", F.col("device_type")),
            ("week", F.col("week")),
        )
    ]
    flags = ("is_first", "empty", "again", "opened", "found")
    spread = each.select("*", F.inline(F.array(*values))).select(
        "arrival", "session_id", "person_id", "breakdown", "value", "is_search", *flags,
        F.inline(F.array(whole, single)),
    )  # fmt: skip
    first = F.col("is_first")
    counted = spread.groupBy("what", "term", "breakdown", "value").agg(
        F.count("*").alias("times"),
        F.count_distinct("person_id").alias("persons"),
        F.count_distinct("session_id", "arrival").alias("arrivals"),
        F.count_if("is_search").alias("searches"),
        F.count_if("is_first").alias("first"),
        F.count("empty").alias("known"),
        F.count_if("empty").alias("empty"),
        F.count(F.when(first, F.col("empty"))).alias("first_known"),
        F.count_if(first & F.col("empty")).alias("first_empty"),
        F.count_if("again").alias("again"),
        F.count("opened").alias("openable"),
        F.count_if("opened").alias("opened"),
        F.count("found").alias("findable"),
        F.count_if("found").alias("found"),
    )
    everyone = F.when((F.col("breakdown") == ALL) & (F.col("term") != ALL), F.col("times"))
    order = Window.partitionBy("what").orderBy(everyone.desc_nulls_last(), "term", "breakdown", "value")
    of_term = Window.partitionBy("what", "term")
    place = counted.withColumn("_place", F.row_number().over(order)).withColumn(
        "_place", F.min(F.when(F.col("breakdown") == ALL, F.col("_place"))).over(of_term)
    )
    all_ = F.col("what").endswith("_all")
    kept = place.where(all_ | (F.col("_place") <= TOP)).crossJoin(
        F.broadcast(begun.agg(F.count("*").alias("logins")))
    )
    searched = F.col("searches") > 0
    shares = []
    for part, of in _PARTS.items():
        low, high = wilson(part, F.nullif(of, F.lit(0)))
        shares += [
            F.when(F.col(of) > 0, F.col(part)).alias(part),
            ratio(F.col(part), F.col(of)).alias(f"{part}_share"),
            F.round(low, 6).cast(_RATE).alias(f"{part}_low"),
            F.round(high, 6).cast(_RATE).alias(f"{part}_high"),
        ]
    again = {"again", "again_share", "again_low", "again_high"}
    told = [F.when(searched, one).alias(name) if name in again else one
            for name, one in zip(_names(), shares, strict=True)]  # fmt: skip
    return kept.select(
        *("what", "term", "breakdown", "value", "times", "persons", "arrivals", "logins"),
        F.when(searched, F.col("first")).alias("first"),
        *("known", "first_known"),
        *told,
    )


def _names() -> list[str]:
    return [f"{part}{end}" for part in _PARTS for end in ("", "_share", "_low", "_high")]
