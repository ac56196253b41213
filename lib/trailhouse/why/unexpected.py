"""Unexpected actions: ways from page to page that few go, and what precedes them.

1. Views of one page group in a row are one stay; the page group after it is where it leads.
2. A way is unexpected where it holds less than a share (1 %) of all ways from its page group, or where
   less than that share of sessions goes it; ways gone seldom (fewer than 5 times) are left out.
3. What precedes it: signs of struggle, errors and clicked elements of the stay, against other stays of the
   page group: lift, 95 % interval, Fisher's p, adjusted for all that are compared. Only what comes oftener
   before the way is listed. Stays of one person are taken for independent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.from_counts import Row, from_counts, records
from trailhouse.questions.shares import named, share_of
from trailhouse.settings import Arrivals
from trailhouse.tables import unexpected_actions
from trailhouse.why.evidence import adjusted, lifts

BEFORE = 5
"""What precedes a way: at most so many."""
_LONGEST = 100
_STAY = ("session_id", "stay")


def unexpected(
    page_views: DataFrame, activity: DataFrame, signals: DataFrame, sessions: DataFrame, asked: Arrivals
) -> DataFrame:
    """Rows of `unexpected_actions`: a row a way, with what precedes it."""
    people = sessions.where("NOT is_bot AND NOT internal").select("session_id")
    views = _views(page_views, people)
    stays = _stays(views)
    ways = _ways(stays, people, asked)
    rare = ways.select("page_group", "next_page_group")
    pages = rare.select("page_group").distinct()
    held = _held(views, activity, signals, pages)
    own = stays.join(F.broadcast(pages), on="page_group", how="left_semi")
    every = own.groupBy("page_group").agg(F.count("*").alias("stays"))
    told = own.join(held, on=list(_STAY), how="inner")
    of_page = told.groupBy("page_group", "what", "value").agg(F.count("*").alias("all_with"))
    of_way = (
        told.join(F.broadcast(rare), on=["page_group", "next_page_group"], how="left_semi")
        .groupBy("page_group", "next_page_group", "what", "value")
        .agg(F.count("*").alias("with"))
    )
    # What never comes before a way is compared, too: else only what did would be tested.
    compared = rare.join(
        of_page.where(F.col("all_with") >= asked.rare_times), on="page_group", how="inner"
    ).join(of_way, on=["page_group", "next_page_group", "what", "value"], how="left")
    marks = compared.groupBy("page_group", "next_page_group").agg(
        F.collect_list(
            F.struct("what", "value", F.coalesce("with", F.lit(0)).alias("with"), "all_with")
        ).alias("marks")
    )
    counts = ways.join(every, on="page_group", how="inner").join(
        marks, on=["page_group", "next_page_group"], how="left"
    )
    share = asked.rare_share
    return from_counts(counts, unexpected_actions.TABLE.columns, lambda rows: _judged(rows, share))


def _views(page_views: DataFrame, people: DataFrame) -> DataFrame:
    """session_id, view_id, page_group and stay, its number in the session, of views of people."""
    session = Window.partitionBy("session_id").orderBy("view_number", "view_id")
    so_far = session.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    own = page_views.where("page_group IS NOT NULL AND NOT is_bot AND NOT internal").select(
        "session_id", "view_id", "view_number", "page_group", "person_id"
    )
    other = F.coalesce(F.lag("page_group").over(session) != F.col("page_group"), F.lit(True))
    return (
        own.join(people, on="session_id", how="left_semi")
        .withColumn("other", other)
        .withColumn("stay", F.count_if("other").over(so_far))
    )


def _stays(views: DataFrame) -> DataFrame:
    """A row a stay: session_id, stay, page_group, person_id, next_page_group, returned."""
    session = Window.partitionBy("session_id").orderBy("stay")
    again = Window.partitionBy("session_id", "page_group")
    stays = views.groupBy(*_STAY, "page_group").agg(F.min("person_id").alias("person_id"))
    return stays.withColumns(
        {
            "next_page_group": F.lead("page_group").over(session),
            "returned": F.max("stay").over(again) > F.col("stay"),
        }
    )


def _ways(stays: DataFrame, people: DataFrame, asked: Arrivals) -> DataFrame:
    """The unexpected ways with their counts."""
    counted = (
        stays.where("next_page_group IS NOT NULL")
        .groupBy("page_group", "next_page_group")
        .agg(
            F.count("*").alias("times"),
            F.count_distinct("person_id").alias("persons"),
            F.count_distinct("session_id").alias("sessions"),
            F.count_if("returned").alias("returned"),
        )
    )
    all_ = F.sum("times").over(Window.partitionBy("page_group"))
    visits = people.agg(F.count("*").alias("all_sessions"))
    share = F.lit(asked.rare_share)
    of_page = F.col("times") < share * F.col("all_times")
    of_visits = F.col("sessions") < share * F.col("all_sessions")
    return (
        counted.withColumn("all_times", all_)
        .crossJoin(F.broadcast(visits))
        .where((of_page | of_visits) & (F.col("times") >= asked.rare_times))
    )


def _held(views: DataFrame, activity: DataFrame, signals: DataFrame, pages: DataFrame) -> DataFrame:
    """session_id, stay, what, value: each sign, error and clicked element of a stay once."""
    own = views.join(F.broadcast(pages), on="page_group", how="left_semi").select(
        "session_id", "view_id", "stay"
    )
    view = ["session_id", "view_id"]
    message = F.coalesce(
        *(F.get_json_object("properties", f"$.{name}") for name in ("message", "error", "code"))
    )
    # Numbers tell one error from the next of its kind.
    plain = F.substring(F.regexp_replace(F.trim(message), r"\d+", "#"), 1, _LONGEST)
    error, click = F.col("event_name") == "error", F.col("event_name") == "click"
    acted = activity.where((error | click) & F.col("session_id").isNotNull()).select(
        *view,
        F.when(error, "error").otherwise("element").alias("what"),
        F.when(error, F.coalesce(F.nullif(plain, F.lit("")), F.lit("error")))
        .otherwise(F.col("element.selector"))
        .alias("value"),
    )
    struggled = signals.where("NOT extra").select(
        *view, F.lit("signal").alias("what"), F.col("kind").alias("value")
    )
    return (
        acted.unionByName(struggled)
        .where("value IS NOT NULL AND view_id IS NOT NULL")
        .join(own, on=view, how="inner")
        .select(*_STAY, "what", "value")
        .distinct()
    )


def _judged(rows: list[Row], share: float) -> Iterator[Row]:
    """Rows of the table, of ways with the counts of what their stays held."""
    rows = sorted(rows, key=lambda row: (row["page_group"], row["next_page_group"]))
    flat = [
        (place, mark["what"], mark["value"], mark["with"], mark["all_with"] - mark["with"])
        for place, row in enumerate(rows)
        for mark in sorted(row["marks"] or (), key=lambda one: (one["what"], one["value"]))
    ]
    before: dict[int, list[Row]] = defaultdict(list)
    if flat:
        times = np.array([rows[place]["times"] for place, *_ in flat])
        stays = np.array([rows[place]["stays"] for place, *_ in flat])
        found = lifts([one[3] for one in flat], times, [one[4] for one in flat], stays - times)
        found["q"] = adjusted(found["p"])
        for (place, what, value, with_, _), one in zip(flat, records(found), strict=True):
            if with_ and one["lift"] > 1:
                before[place].append(
                    {
                        "what": what,
                        "value": value,
                        "times": with_,
                        **one,
                    }
                )
    for place, row in enumerate(rows):
        first = sorted(before[place], key=lambda one: (one["q"], -one["lift"], one["what"], one["value"]))
        of_page = row["times"] < share * row["all_times"]
        of_visits = row["sessions"] < share * row["all_sessions"]
        yield {
            **row,
            **named("share", share_of(row["times"], row["all_times"])),
            **named("visit_share", share_of(row["sessions"], row["all_sessions"])),
            "rare": "both" if of_page and of_visits else "page" if of_page else "visits",
            **named("returned_share", share_of(row["returned"], row["times"])),
            "before": first[:BEFORE],
        }
