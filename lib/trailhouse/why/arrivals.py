"""After log-in: the first actions of people, and in which order.

1. An arrival begins with a log-in and ends with the next one of the session, or with the session. A log-in
   right after another, without an action between, is the same arrival.
2. Its actions: another page group, a click on an element, a named event; repeats are merged.
3. Each of the first five places has the shares of actions among all arrivals; who has done nothing more by
   then stands there as 'left', so that the shares of a place add up to 1.
4. Sequences: what the first two, three, four and five actions were.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.fields import field, matches
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile
from trailhouse.settings import Arrivals
from trailhouse.why.actions import kind_of_action, name_of_action, of_sessions

PLACES = 5
TOP = 15
"""Actions of a place, and sequences of a length, that have a row."""
LEFT = "left"
JOINED = " > "

_RATE = "DECIMAL(9,6)"
_WORDS = ("survey_response", "feedback")
"""Events that answer a survey."""


def arrived(activity: DataFrame, sessions: DataFrame, asked: Arrivals) -> DataFrame:
    """What people did after log-ins, a row an event that is one of these: log-in, action, search, found, ...

    Gives session_id, arrival (from 1), person_id, event_number, event_time, t and login_t (microseconds),
    is_login, kind and action, is_search, query, results, is_opened, is_found, goals (a bit a goal that is
    found by it), answer (to the survey that asks for the goal).
    """
    steps = (asked.login, asked.search, asked.opened, asked.found or asked.opened)
    is_login, is_search, opened, found = (F.lit(False) if step is None else matches(step) for step in steps)
    marked = of_sessions(activity, sessions).select(
        "session_id",
        "person_id",
        "event_number",
        "event_time",
        F.unix_micros("event_time").alias("t"),
        is_login.alias("is_login"),
        F.when(~is_login, kind_of_action()).alias("kind"),
        name_of_action().alias("action"),
        is_search.alias("is_search"),
        F.when(is_search, folded(field(asked.query).cast("STRING"))).alias("query"),
        F.when(is_search, field(asked.results).try_cast("BIGINT")).alias("results"),
        opened.alias("is_opened"),
        found.alias("is_found"),
        _goals(asked).alias("goals"),
        _answer(asked).alias("answer"),
    )
    matter = marked.where(
        "is_login OR kind IS NOT NULL OR is_search OR is_opened OR is_found OR goals <> 0 "
        "OR answer IS NOT NULL"
    )
    # Most sessions may have no log-in: only the others are sorted.
    with_login = activity.where(is_login).select("session_id").distinct()
    session = Window.partitionBy("session_id").orderBy("event_number")
    so_far = session.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    begins = F.col("is_login") & ~F.coalesce(F.lag("is_login").over(session), F.lit(False))
    return (
        matter.join(with_login, on="session_id", how="left_semi")
        .withColumn("begins", begins)
        .withColumns(
            {
                "arrival": F.count_if("begins").over(so_far),
                "login_t": F.last(F.when(F.col("begins"), F.col("t")), ignorenulls=True).over(so_far),
            }
        )
        .where("arrival > 0")
    )


def folded(text: Column) -> Column:
    """A text without case and spaces around or doubled, at most 100 characters; null for none."""
    plain = F.lower(F.trim(F.regexp_replace(text, r"\s+", " ")))
    return F.nullif(F.substring(plain, 1, 100), F.lit(""))


def _goals(asked: Arrivals) -> Column:
    steps = asked.goal.found.values() if asked.goal else ()
    bits = (F.when(matches(step), 1 << n).otherwise(0) for n, step in enumerate(steps))
    return sum(bits, start=F.lit(0)).cast("BIGINT")


def _answer(asked: Arrivals) -> Column:
    if asked.goal is None:
        return F.lit(None).cast("STRING")
    own = F.col("event_name").isin(*_WORDS) & (F.col("survey.id") == asked.goal.survey)
    return F.when(own, F.col("survey.answer"))


def first_actions(events: DataFrame) -> DataFrame:
    """A row an arrival: session_id, arrival, person_id, login_t, actions (the first: kind, action, t)."""
    own = Window.partitionBy("session_id", "arrival").orderBy("event_number")
    done = events.where("kind IS NOT NULL")
    repeated = (F.lag("kind").over(own) == F.col("kind")) & (F.lag("action").over(own) == F.col("action"))
    numbered = done.withColumn("repeated", F.coalesce(repeated, F.lit(False))).where("NOT repeated")
    numbered = numbered.withColumn("n", F.row_number().over(own)).where(F.col("n") <= PLACES)
    actions = numbered.groupBy("session_id", "arrival").agg(
        F.sort_array(F.collect_list(F.struct("n", "kind", "action", "t"))).alias("actions")
    )
    begun = events.where("begins").select("session_id", "arrival", "person_id", "login_t")
    none = F.array().cast("ARRAY<STRUCT<n: INT, kind: STRING, action: STRING, t: BIGINT>>")
    return begun.join(actions, on=["session_id", "arrival"], how="left").withColumn(
        "actions", F.coalesce("actions", none)
    )


def ranked(firsts: DataFrame) -> DataFrame:
    """Rows of `arrivals`, of `first_actions`."""
    count, at = F.size("actions"), F.get("actions", F.col("position") - 1)
    each = firsts.select("*", F.explode(F.sequence(F.lit(1), F.lit(PLACES))).alias("position"))
    there = F.col("position") <= count
    actions = each.select(
        F.lit("action").alias("what"),
        "position",
        F.when(there, at["kind"]).otherwise(LEFT).alias("kind"),
        F.when(there, at["action"]).otherwise(LEFT).alias("action"),
        "person_id",
        F.when(there, at["t"] - F.col("login_t")).alias("us"),
    )
    words = F.transform(F.slice("actions", F.lit(1), F.col("position")), lambda one: one["action"])
    sequences = each.where(there & (F.col("position") > 1)).select(
        F.lit("sequence").alias("what"),
        "position",
        F.lit("sequence").alias("kind"),
        F.array_join(words, JOINED).alias("action"),
        "person_id",
        (at["t"] - F.col("login_t")).alias("us"),
    )
    place = Window.partitionBy("what", "position").orderBy(F.desc("logins"), "kind", "action")
    counted = (
        actions.unionByName(sequences)
        .groupBy("what", "position", "kind", "action")
        .agg(
            F.count("*").alias("logins"),
            F.count_distinct("person_id").alias("persons"),
            quantile("us", 0.5).alias("median_us"),
        )
        .withColumn("rank", F.row_number().over(place))
        .where(F.col("rank") <= TOP)
    )
    low, high = wilson("logins", "all_logins")
    return counted.crossJoin(F.broadcast(firsts.agg(F.count("*").alias("all_logins")))).select(
        *("what", "position", "rank", "kind", "action", "logins", "persons", "all_logins"),
        ratio(F.col("logins"), F.col("all_logins")).alias("share"),
        F.round(low, 6).cast(_RATE).alias("low"),
        F.round(high, 6).cast(_RATE).alias("high"),
        "median_us",
    )
