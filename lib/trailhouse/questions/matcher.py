"""The step matcher: how far each person gets through ordered steps, in Spark columns alone.

Rules (semantics.md, section 5): the steps are done in their order by distinct events; the window runs
from step 1, its end included; of a person's attempts counts the one that gets furthest, then the
earliest. Events of one time may stand in any order.

How it works, per person:
1. Each event gets a bit mask of the steps that it can be.
2. Events of one time become one group. `runs[j]` tells how many steps, from step j on, distinct
   events of the group can do together: a matching, found by walking through the steps and keeping
   every multiset of events that may be left over.
3. One pass over the groups, latest first, keeps `chains[j]`: the earliest possible times of the
   steps j, j + 1, ... when nothing before is used. Doing a step earlier never hurts those after it,
   so that a group that can do `runs[j]` steps from j on gives chains[j] = its time, that often,
   then the old chains[j + runs[j]].
4. Where a group can do step 1, chains[0] cut at the window is the attempt that begins there. The
   longest one stays, of equal ones the last found, which is the earliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions.fields import matches
from trailhouse.settings import Step
from trailhouse.settings.questions import names_of

_TIMES = "array<bigint>"


def attempts(activity: DataFrame, steps: Sequence[Step], window: timedelta, *, keep: Column) -> DataFrame:
    """Each person's chosen attempt; persons who never do step 1 have no row.

    Gives person_id, `times` (ARRAY<BIGINT>: microseconds since 1970 of the steps done, one to
    len(steps) of them) and `kept`: the value of `keep` (over `activity`) at the event of step 1, the
    first by (sequence, event_id) where several of that time can be it.
    """
    count = len(steps)
    mask = sum((F.when(matches(step), 1 << k).otherwise(0) for k, step in enumerate(steps)), start=F.lit(0))
    names = names_of(tuple(steps))
    begins = F.when(
        F.getbit("mask", F.lit(0)) == 1, F.struct(F.col("sequence").isNull(), "sequence", "event_id", "kept")
    )
    groups = (
        (activity if names is None else activity.where(F.col("event_name").isin(*sorted(names))))
        .where(F.col("person_id").isNotNull())
        .select(
            "person_id",
            F.unix_micros("event_time").alias("t"),
            "sequence",
            "event_id",
            mask.alias("mask"),
            keep.alias("kept"),
        )
        .where(F.col("mask") > 0)
        # Grouping by person and time, then by person, needs this one shuffle only.
        .repartition("person_id")
        .groupBy("person_id", "t")
        .agg(F.sort_array(F.collect_list("mask")).alias("masks"), F.min(begins)["kept"].alias("kept"))
        .withColumn("runs", _runs(F.col("masks"), count))
    )
    latest_first = F.sort_array(F.collect_list(F.struct("t", "runs", "kept")), asc=False)
    return (
        groups.groupBy("person_id")
        .agg(latest_first.alias("groups"))
        .withColumn("times", _best(F.col("groups"), count, micros(window)))
        .where(F.size("times") > 0)
        .withColumn("kept", F.filter("groups", lambda g: g["t"] == F.get("times", F.lit(0)))[0]["kept"])
        .select("person_id", "times", "kept")
    )


def _runs(masks: Column, count: int) -> Column:
    """ARRAY<INT>: for each step j from 0, how many steps from j on distinct events can do together."""

    def without(events: Column, event: Column) -> Column:
        at = F.array_position(events, event).cast("int")
        return F.concat(F.slice(events, F.lit(1), at - 1), F.slice(events, at + 1, F.size(events)))

    def spend(left: Column, step: Column) -> Column:
        able = F.array_distinct(F.filter(left, lambda m: F.getbit(m, step) == 1))
        return F.transform(able, lambda m: without(left, m))

    def walk(j: Column) -> Column:
        def next_step(state: Column, step: Column) -> Column:
            left = F.array_distinct(F.flatten(F.transform(state["left"], lambda events: spend(events, step))))
            return F.struct(left.alias("left"), (state["n"] + (F.size(left) > 0).cast("int")).alias("n"))

        start = F.struct(F.array(masks).alias("left"), F.lit(0).alias("n"))
        return F.aggregate(F.sequence(j, F.lit(count - 1)), start, next_step, lambda state: state["n"])

    each = F.sequence(F.lit(0), F.lit(count - 1))
    alone = F.transform(each, lambda j: F.getbit(masks[0], j).cast("int"))
    return F.when(F.size(masks) == 1, alone).otherwise(F.transform(each, walk))


def _best(groups: Column, count: int, window_us: int) -> Column:
    """ARRAY<BIGINT>: the times of the chosen attempt; empty where nobody does step 1."""
    none = F.array().cast(_TIMES)
    each = F.sequence(F.lit(0), F.lit(count - 1))

    def chain(state: Column, group: Column, j: Column) -> Column:
        run = F.get(group["runs"], j)
        after = F.coalesce(F.get(state["chains"], j + run), none)
        return F.concat(F.array_repeat(group["t"], run), after)

    def merge(state: Column, group: Column) -> Column:
        chains = F.transform(
            each,
            lambda j: F.when(F.get(group["runs"], j) > 0, chain(state, group, j)).otherwise(
                F.get(state["chains"], j)
            ),
        )
        begun = F.filter(chain(state, group, F.lit(0)), lambda t: t - group["t"] <= window_us)
        attempt = F.when(F.get(group["runs"], F.lit(0)) > 0, begun).otherwise(none)
        best = F.when(F.size(attempt) >= F.size(state["best"]), attempt).otherwise(state["best"])
        return F.struct(chains.alias("chains"), best.alias("best"))

    start = F.struct(F.array_repeat(none, count).alias("chains"), none.alias("best"))
    return F.aggregate(groups, start, merge, lambda state: state["best"])
