"""What a case's page shows besides its numbers: comments, visits, signals, scores, clicks. Small frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.breakdowns import device
from trailhouse.questions.people import of_people
from trailhouse.report import text
from trailhouse.settings.impact import Case
from trailhouse.stage import Frames
from trailhouse.why.evidence import adjusted, differences, lifts
from trailhouse.why.impact_affected import hits
from trailhouse.why.impact_given import Given

SHOWN = ("feedback_answers", "heatmaps", "signals")
"""Tables of which a lake may lack some."""
QUOTES, VISITS, SIGNALS = 3, 5, 5
_CANDIDATES = 60
"""Comments that are read, of which the first ones of different people and words are shown."""
_SATISFIED = {"csat": 4, "nps": 9, "ces": 5}
"""The least score of those who are content."""
_DAYS_AFTER = 7
_TALL = 60
"""Rows of bins of a map that are shown at most; each is 32 px of the page."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Rows to show, of plain Python values; what is not there is empty."""

    quotes: tuple[Row, ...] = ()
    """text, kind, day, page_group"""
    visits: tuple[Row, ...] = ()
    """session_id, start_time, device_type, signals, person_id"""
    signals: tuple[Row, ...] = ()
    """kind, selector, share_in, share_out, lift, low, high, q, too_few"""
    feelings: tuple[Row, ...] = ()
    """survey_id, kind, n_in, share_in, n_out, share_out, difference, low, high, q, too_few"""
    clicks: tuple[Row, ...] = ()
    """x (25 columns), y (32 px rows), points, inert"""
    sessions: int = 0
    """Visits in which the pain struck."""
    others: int = 0
    """All other visits of people."""
    missing: tuple[str, ...] = field(default=())
    """Tables that are not there."""


def evidence(given: Given, missing: tuple[str, ...] = ()) -> Evidence:
    """What shows the pain. Bots and own staff are left out; `missing` are tables that are not there."""
    case, frames = given.case, given.inputs
    struck = given.settle(hits(given))
    people = frames["sessions"].where(~F.col("is_bot") & ~F.col("internal"))
    marked = given.settle(_marked(people, struck))
    counts = {bool(row["hit"]): int(row["count"]) for row in marked.groupBy("hit").count().collect()}
    sides = (counts.get(True, 0), counts.get(False, 0))
    said = None if "feedback_answers" in missing else _answers(frames)
    return Evidence(
        quotes=() if said is None else _quotes(case, said, struck),
        visits=_visits(marked),
        signals=() if "signals" in missing else _signals(frames, marked, sides),
        feelings=() if said is None else _feelings(said, marked),
        clicks=() if "heatmaps" in missing or case.page_group is None else _clicks(frames, case.page_group),
        sessions=sides[0],
        others=sides[1],
        missing=missing,
    )


def _marked(sessions: DataFrame, struck: DataFrame) -> DataFrame:
    """Visits of people, and whether the pain struck in them."""
    own = struck.where(F.col("session_id").isNotNull()).groupBy("session_id")
    first = own.agg(F.min("t").alias("struck_at"))
    known = sessions.select("session_id", "person_id", "start_time", device())
    return known.join(first, on="session_id", how="left").withColumn("hit", F.col("struck_at").isNotNull())


def _answers(frames: Frames) -> DataFrame:
    return of_people(frames["feedback_answers"], frames["sessions"])


def _quotes(case: Case, said: DataFrame, struck: DataFrame) -> tuple[Row, ...]:
    """Comments of people soon after the pain; those that name it come first, then the least content."""
    theme = case.named_by.theme if case.named_by and case.named_by.theme else ""
    first = struck.groupBy("person_id").agg(F.sort_array(F.collect_set("t")).alias("times"))
    told = said.where(F.col("text").isNotNull() & (F.trim("text") != "")).where(F.col("kind") != "choice")

    def soon(time: Column) -> Column:
        return (time <= F.col("answer_time")) & (
            F.datediff(F.col("answer_time").cast("date"), time.cast("date")) <= _DAYS_AFTER
        )

    near = told.join(first, on="person_id", how="inner").where(F.exists("times", soon))
    names = F.array_contains("themes", theme)
    order = (
        names.desc(),
        F.col("sentiment_score").asc_nulls_last(),
        F.col("score").asc_nulls_last(),
        F.col("answer_time").desc(),
        F.col("event_id"),
    )
    rows = (
        near.orderBy(*order)
        .limit(_CANDIDATES)
        .select("text", "kind", "person_id", F.col("answer_time").cast("date").alias("day"), "page_group")
        .collect()
    )
    found: list[Row] = []
    for row in rows:
        words = {one["text"].casefold().strip() for one in found}
        if row["text"].casefold().strip() in words or row["person_id"] in {one["person_id"] for one in found}:
            continue
        found.append(row.asDict())
    return tuple(found[:QUOTES])


def _visits(marked: DataFrame) -> tuple[Row, ...]:
    """The newest visits in which it struck, one a person."""
    newest = marked.where("hit").groupBy("person_id").agg(
        F.max(F.struct("start_time", "session_id", "device_type")).alias("visit")
    )  # fmt: skip
    rows = newest.select("person_id", "visit.*").orderBy(F.desc("start_time"), "session_id").limit(VISITS)
    return tuple(row.asDict() for row in rows.collect())


def _signals(frames: Frames, marked: DataFrame, sides: tuple[int, int]) -> tuple[Row, ...]:
    """Signs of struggle by element that are oftener in these visits than in others; the surest first."""
    own = frames["signals"].where(~F.col("extra")).select("session_id", "kind", "selector").distinct()
    counted = (
        own.join(marked.select("session_id", "hit"), on="session_id", how="inner")
        .groupBy("kind", "selector")
        .agg(F.count_if("hit").alias("a"), F.count_if(~F.col("hit")).alias("b"))
        .where("a > 0")
        .toPandas()
        .sort_values(["kind", "selector"], na_position="first", ignore_index=True)
    )
    if counted.empty or not all(sides):
        return ()
    found = lifts(counted["a"], sides[0], counted["b"], sides[1])
    found = pd.concat([counted, found, pd.Series(adjusted(found["p"]), name="q")], axis=1)
    more = found[(found["lift"] > 1) & (found["q"] <= 0.05)]
    ranked = more.sort_values(["q", "lift"], ascending=[True, False], kind="stable").head(SIGNALS)
    return _plain(ranked)


def _feelings(said: DataFrame, marked: DataFrame) -> tuple[Row, ...]:
    """The share that is content after the pain in the same visit, against all other visits, by survey."""
    least = F.lit(None).cast("INT")
    for kind, score in _SATISFIED.items():
        least = F.when(F.col("kind") == kind, score).otherwise(least)
    scored = said.where(F.col("on_scale")).where(F.col("kind").isin(*_SATISFIED))
    after = F.coalesce(F.col("struck_at") <= F.col("answer_time"), F.lit(False))
    content = F.col("score") >= least
    counted = (
        scored.join(marked.select("session_id", "struck_at"), on="session_id", how="left")
        .groupBy("survey_id", "kind")
        .agg(
            F.count_if(after & content).alias("a"),
            F.count_if(after).alias("n"),
            F.count_if(~after & content).alias("b"),
            F.count_if(~after).alias("m"),
        )
        .where("n > 0")
        .toPandas()
        .sort_values(["survey_id", "kind"], ignore_index=True)
    )
    if counted.empty:
        return ()
    found = differences(counted["a"], counted["n"], counted["b"], counted["m"])
    found = pd.concat([counted, found, pd.Series(adjusted(found["p"]), name="q")], axis=1)
    found["share_in"] = found["a"] / found["n"]
    found["share_out"] = (found["b"] / found["m"]).where(found["m"] > 0)
    return _plain(found.sort_values(["q", "survey_id"], kind="stable").head(3))


def _clicks(frames: Frames, page: str) -> tuple[Row, ...]:
    """Clicks of a page template in 25 columns and rows of 32 px, of the device class with most of them."""
    own = frames["heatmaps"].where((F.col("page_group") == page) & F.col("kind").isin("click", "click_inert"))
    most = own.groupBy("device_type").agg(F.sum("points").alias("all")).orderBy(F.desc("all"), "device_type")
    rows = (
        own.join(most.limit(1).select("device_type"), on="device_type", how="left_semi")
        .groupBy(F.floor(F.col("x_bin") / 4).alias("x"), F.floor(F.col("y_bin") / 2).alias("y"))
        .agg(
            F.sum("points").alias("points"),
            F.sum(F.when(F.col("kind") == "click_inert", F.col("points")).otherwise(0)).alias("inert"),
        )
        .where(F.col("y") < _TALL)
        .orderBy("y", "x")
    )
    return tuple({name: int(row[name]) for name in ("x", "y", "points", "inert")} for row in rows.collect())


def _plain(frame: pd.DataFrame) -> tuple[Row, ...]:
    """Rows with nulls of every kind as None."""
    return tuple(text.rows_of({"rows": frame}, "rows"))
