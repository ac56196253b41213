"""`feature_gaps`: what people look for or ask for and do not get.

1. Searches without a result, by the query without case and doubled spaces; `again`: sessions that search
   once more after it. The row 'all' is of every query.
2. Texts that ask for something: of a theme in `features.asks`, or with words of `features.asking`; by theme
   of the codebook, 'no theme' where it has none.
3. Attempts at a task that first wander off to one place: where that takes half of the task's detours, as
   far as its interval tells, people look there for what the task's own pages lack.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio, week_of
from trailhouse.enrich.words import themes_of
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.intervals import wilson
from trailhouse.questions.people import of_people
from trailhouse.settings import Features, Project
from trailhouse.why.evidence import FEW

EXAMPLES = 5
HALF = 0.5
NO_THEME = "no theme"
_LONGEST = 200
_RATE = "DECIMAL(9,6)"


def searches(activity: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """Rows of `feature_gaps` for searches: shares are of the sessions that search and are told a result."""
    told = "event_name = 'search' AND session_id IS NOT NULL AND person_id IS NOT NULL"
    rows = of_people(activity.where(told), sessions).select(
        "person_id",
        "session_id",
        _week(F.col("event_time"), project).alias("week"),
        F.lower(F.regexp_replace(F.trim(F.col("search.term")), r"\s+", " ")).alias("term"),
        F.col("search.results").alias("results"),
        F.coalesce("event_number", F.lit(0)).alias("number"),
    )
    empty = (F.col("results") == 0) & (F.col("term") != "")
    one = F.struct("number", "term", "week", "results")
    visits = rows.groupBy("session_id", "person_id").agg(
        F.sort_array(F.collect_list(F.when(empty, one))).alias("empties"),
        F.max("number").alias("last"),
        F.max(F.when(F.col("results") > 0, F.col("number"))).alias("last_found"),
        F.count("results").alias("known"),
    )
    visits = visits.where("known > 0")
    each = visits.where(F.size("empties") > 0).select(
        "session_id", "person_id", "last", "last_found", F.inline("empties")
    )
    value = F.explode(F.array(F.lit(ALL), F.left("term", F.lit(_LONGEST)))).alias("value")
    by_visit = (
        each.select("*", value)
        .groupBy("value", "session_id", "person_id")
        .agg(
            F.count("*").alias("n"),
            F.collect_set("week").alias("weeks"),
            (F.max("last") > F.min("number")).alias("again"),
            F.coalesce(F.max("last_found") > F.min("number"), F.lit(False)).alias("found"),
        )
    )
    journey = F.struct(F.xxhash64("session_id").alias("h"), "session_id")
    counted = by_visit.groupBy("value").agg(
        F.sum("n").alias("n"),
        F.count_distinct("person_id").alias("persons"),
        F.size(F.array_distinct(F.flatten(F.collect_list("weeks")))).cast("BIGINT").alias("weeks"),
        F.count("*").alias("sessions"),
        F.count_if("again").alias("again"),
        F.count_if("found").alias("found_again"),
        F.slice(F.sort_array(F.collect_list(journey)), 1, EXAMPLES)["session_id"].alias("examples"),
    )
    total = visits.agg(F.count("*").alias("of"))
    return _told("search", counted.crossJoin(F.broadcast(total)))


def asked_for(answers: DataFrame, rules: Features, project: Project) -> DataFrame:
    """Rows of `feature_gaps` for texts, from `feedback_answers`: shares are of all texts of people."""
    texts = answers.where("text IS NOT NULL AND kind <> 'choice' AND NOT is_bot AND NOT internal")
    wording = themes_of(F.col("text"), {"asks": rules.asking} if rules.asking else {})
    named = F.arrays_overlap("themes", F.array(*map(F.lit, rules.asks)).cast("ARRAY<STRING>"))
    marked = texts.select(
        "event_id",
        "person_id",
        "session_id",
        "text",
        _week(F.col("answer_time"), project).alias("week"),
        F.when(F.size("themes") > 0, F.col("themes")).otherwise(F.array(F.lit(NO_THEME))).alias("themes"),
        ((F.size(wording) > 0) | F.coalesce(named, F.lit(False))).alias("asks"),
    )
    value = F.explode(F.concat(F.array(F.lit(ALL)), F.col("themes"))).alias("value")
    quote = F.struct(F.xxhash64("event_id").alias("h"), F.left("text", F.lit(500)).alias("text"))
    counted = (
        marked.where("asks")
        .select("*", value)
        .groupBy("value")
        .agg(
            F.count("*").alias("n"),
            F.count_distinct("person_id").alias("persons"),
            F.count_distinct("week").alias("weeks"),
            F.count("*").alias("sessions"),
            F.slice(F.sort_array(F.collect_set(quote)), 1, EXAMPLES)["text"].alias("examples"),
        )
    )
    total = marked.agg(F.count("*").alias("of"))
    return _told("text", counted.crossJoin(F.broadcast(total)))


def wandered(attempts: DataFrame, project: Project) -> DataFrame:
    """Rows of `feature_gaps` for detours, from `task_attempts`: shares are of the task's first detours."""
    rows = attempts.where("detour IS NOT NULL").select(
        "task",
        "person_id",
        "session_id",
        week_of(F.col("start_day"), project.week_start).alias("week"),
        F.concat_ws(": ", "task", F.left("detour.name", F.lit(_LONGEST))).alias("value"),
    )
    journey = F.struct(F.xxhash64("session_id").alias("h"), "session_id")
    counted = rows.groupBy("task", "value").agg(
        F.count("*").alias("n"),
        F.count_distinct("person_id").alias("persons"),
        F.count_distinct("week").alias("weeks"),
        F.count("*").alias("sessions"),
        F.slice(F.sort_array(F.collect_set(F.when(F.col("session_id").isNotNull(), journey))), 1, EXAMPLES)[
            "session_id"
        ].alias("examples"),
    )
    total = rows.groupBy("task").agg(F.count("*").alias("of"))
    told = _told("detour", counted.join(F.broadcast(total), on="task", how="inner"))
    return told.where((F.col("n") >= FEW) & (F.col("high") >= HALF))


def _week(time: Column, project: Project) -> Column:
    return week_of(project_day(time, project.timezone), project.week_start)


def _told(kind: str, counted: DataFrame) -> DataFrame:
    """Counts with shares: `sessions` (of texts: texts) of `of`, `again` of `sessions`."""
    columns = counted.columns
    missing = [
        F.lit(None).cast("BIGINT").alias(name) for name in ("again", "found_again") if name not in columns
    ]
    low, high = wilson("sessions", "of")
    again_low, again_high = wilson("again", "sessions")
    return counted.select("*", *missing).select(
        F.lit(kind).alias("kind"),
        "value",
        *("n", "persons", "weeks", "of"),
        ratio(F.col("sessions"), F.col("of")).alias("share"),
        F.round(low, 6).cast(_RATE).alias("low"),
        F.round(high, 6).cast(_RATE).alias("high"),
        "again",
        "found_again",
        ratio(F.col("again"), F.col("sessions")).alias("again_rate"),
        F.round(again_low, 6).cast(_RATE).alias("again_low"),
        F.round(again_high, 6).cast(_RATE).alias("again_high"),
        "examples",
    )
