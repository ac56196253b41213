"""Attempts at tasks, all tasks in one pass over activity.

The rules, for each task and unit (a session, or a person over all sessions):
1. Each start event begins an attempt. It holds the events from there to the first end event, before the
   next start, and within the time limit (its end included). An event that is both start and end is a start.
2. An attempt with an end event is completed; its time runs from the start to it.
3. One that is neither completed nor followed by another start, and whose limit the watermark has not
   passed, is still open: it is not counted yet.
4. The steps on the way are done in order, each by an event of its own; none is required.
5. Its stops tell where it went: one for each event that is a start, step or end of the task, or that comes
   from another place than the event before. A place is a page template, or a declared feature that is used;
   what is an event of the task itself is on its page, whatever feature it is besides.
6. A leg is what lies between two steps that are done in order, or before the end. A stop belongs to the leg
   that it begins or lies in; after the last step that was done in order all is the way to the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, micros
from trailhouse.questions.fields import fields_of, matches
from trailhouse.questions.people import of_people
from trailhouse.settings import Step, Task
from trailhouse.settings.questions.fields import SESSION_FIELDS

PAGE, FEATURE = "page", "feature"
_START, _END, _STEPS = 1, 2, 2
"""Bits of what an event is of a task; those of steps begin at bit _STEPS."""
_UNIT = ("unit", "unit_id")
_NO_STEPS = "ARRAY<STRUCT<n: INT, t: BIGINT>>"


def attempts(
    activity: DataFrame,
    sessions: DataFrame,
    watermark: DataFrame,
    tasks: Sequence[Task],
    features: Mapping[str, Sequence[Step]] | None = None,
) -> DataFrame:
    """A row an attempt of a person that is over; tasks must not be empty.

    `features` are what events each feature's use is. Gives task, unit_id, start_event_id, person_id,
    session_id (of the start; null outside of sessions), release (of the start), start_us, last_us
    (microseconds since 1970 of its first and last event), completed, furthest (steps done in order), and, in
    order, clicks, ARRAY<STRUCT<n, t, selector>>, and stops (rule 5), ARRAY<STRUCT<t, until (of the next stop,
    at the end last_us), place STRUCT<what, name>, page (that it came to, if it is one; of a feature's use
    that is the view of a page, too), own (whether the task's own event), leg (from 0)>>.
    """
    inside = _inside(_marked(activity, sessions, tasks, features or {}), tasks)
    bits = F.col("bits")
    is_stop = (bits > 0) | F.col("moved")
    place = F.when(bits > 0, F.col("on_page")).otherwise(F.col("place"))
    page = F.when(place["what"] == PAGE, place["name"]).otherwise(F.col("viewed"))
    click = F.when(F.col("selector").isNotNull(), F.struct("n", "t", "selector"))
    found = inside.groupBy(*_UNIT, "task", "start_n", "start_us", "limit_us", "size").agg(
        F.min(F.struct("n", "person_id", "session_id", "event_id", "release")).alias("first"),
        F.max("t").alias("last_us"),
        F.bool_or(bits.bitwiseAND(_END) > 0).alias("completed"),
        F.sort_array(
            F.collect_list(
                F.when(is_stop, F.struct("n", "t", "bits", place.alias("place"), page.alias("page")))
            )
        ).alias("marks"),
        F.sort_array(F.collect_list(click)).alias("clicks"),
    )
    following = F.lead("start_us").over(Window.partitionBy(*_UNIT, "task").orderBy("start_n"))
    waits = F.coalesce(F.unix_micros("watermark") <= F.col("start_us") + F.col("limit_us"), F.lit(True))
    return (
        found.withColumns({"following": following, "reached": _reached(F.col("marks"))})
        .crossJoin(F.broadcast(watermark))
        .where(F.col("completed") | F.col("following").isNotNull() | ~waits)
        .select(
            "task",
            "unit_id",
            F.col("first.event_id").alias("start_event_id"),
            "first.person_id",
            "first.session_id",
            "first.release",
            "start_us",
            "last_us",
            "completed",
            F.size("reached").alias("furthest"),
            "clicks",
            _stops().alias("stops"),
        )
    )


def one_by_one(published: DataFrame, task: Task) -> DataFrame:
    """The attempts at a task as rows of the table `task_attempts`, of the very settings, tell them.

    Gives unit_id, person_id, session_id, start_us, last_us and completed of `attempts`, without a look at
    activity.
    """
    return published.where(F.col("task") == task.name).select(
        F.col(f"{task.unit}_id").alias("unit_id"),
        "person_id",
        "session_id",
        F.unix_micros("start_time").alias("start_us"),
        F.unix_micros("last_time").alias("last_us"),
        "completed",
    )


def _marked(
    activity: DataFrame, sessions: DataFrame, tasks: Sequence[Task], features: Mapping[str, Sequence[Step]]
) -> DataFrame:
    """The events of people in the tasks' units, with what of each task they are (`bits_0`, ...)."""
    named = activity.where(F.col("person_id").isNotNull())
    if any(name.startswith("session.") for name in fields_of(step for task in tasks for step in task.way)):
        of = sessions.select("session_id", F.struct(*SESSION_FIELDS).alias("session"))
        named = named.join(of, on="session_id", how="left")
    bits = [_bits(task) for task in tasks]
    feature = F.lit(None).cast("STRING")
    for name, uses in sorted(features.items(), reverse=True):
        used = reduce(Column.__or__, map(matches, uses), F.lit(False))
        feature = F.when(used, F.lit(name)).otherwise(feature)
    return (
        of_people(named, sessions)
        .select(
            *(["person_id", "session_id", "event_id", "sequence", "page_group", "release"]),
            F.unix_micros("event_time").alias("t"),
            (~F.col("event_name").isin(*VIEW_EVENTS)).alias("after_views"),
            F.when(F.col("event_name") == "click", F.col("element.selector")).alias("selector"),
            feature.alias("feature"),
            *(one.alias(f"bits_{k}") for k, one in enumerate(bits)),
            *_units(tasks),
        )
        .where(F.col("unit_id").isNotNull())
        .withColumn("place", _place())
    )


def _units(tasks: Sequence[Task]) -> list[Column]:
    """`unit` and `unit_id`: a row for each kind of unit that a task has."""
    kinds = sorted({task.unit for task in tasks})
    if len(kinds) == 1:
        return [F.lit(kinds[0]).alias("unit"), F.col(f"{kinds[0]}_id").alias("unit_id")]
    each = [F.struct(F.lit(one).alias("unit"), F.col(f"{one}_id").alias("unit_id")) for one in kinds]
    return [F.inline(F.array(*each))]


def _bits(task: Task) -> Column:
    """BIGINT, a bit for each of start, end and steps; one that is start and end is a start."""
    starts = matches(task.start)
    steps = sum(
        (F.when(matches(step), 1 << (k + _STEPS)).otherwise(0) for k, step in enumerate(task.steps)),
        start=F.when(starts, _START).when(matches(task.end), _END).otherwise(0),
    )
    return steps.cast("BIGINT")


def _place() -> Column:
    feature, page = F.col("feature"), F.col("page_group")
    used = F.struct(F.lit(FEATURE).alias("what"), feature.alias("name"))
    return F.when(feature.isNotNull(), used).otherwise(_page(page))


def _page(name: Column) -> Column:
    return F.when(name.isNotNull(), F.struct(F.lit(PAGE).alias("what"), name.alias("name")))


def _inside(marked: DataFrame, tasks: Sequence[Task]) -> DataFrame:
    """A row an event and task whose attempt holds it: start_n tells the attempt of the unit.

    Everything runs over one order of each unit's events: one shuffle, one sort, however many tasks.
    """
    in_order = Window.partitionBy(*_UNIT).orderBy(
        "t", F.col("sequence").asc_nulls_last(), "after_views", "event_id"
    )
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    came_from = F.last("place", ignorenulls=True).over(before)
    on_page = F.last("page_group", ignorenulls=True).over(so_far)
    placed = marked.withColumns(
        {"n": F.row_number().over(in_order), "came_from": came_from, "on_page": _page(on_page)}
    )
    runs = {}
    for k, task in enumerate(tasks):
        bits = F.when(F.col("unit") == task.unit, F.col(f"bits_{k}")).otherwise(0)
        begun = F.when(bits.bitwiseAND(_START) > 0, F.struct("n", "t"))
        ended = F.when(bits.bitwiseAND(_END) > 0, F.col("n"))
        runs[f"begun_{k}"] = F.last(begun, ignorenulls=True).over(so_far)
        runs[f"ended_{k}"] = F.last(ended, ignorenulls=True).over(before)
    each = [
        F.struct(
            F.lit(task.name).alias("task"),
            F.col(f"begun_{k}.n").alias("start_n"),
            F.col(f"begun_{k}.t").alias("start_us"),
            F.col(f"ended_{k}").alias("ended_n"),
            F.col(f"bits_{k}").alias("bits"),
            F.lit(micros(task.time_limit)).cast("BIGINT").alias("limit_us"),
            F.lit(len(task.steps)).alias("size"),
        )
        for k, task in enumerate(tasks)
    ]
    place = F.col("place")
    within = F.col("t") - F.col("start_us") <= F.col("limit_us")
    goes_on = F.coalesce(F.col("ended_n") < F.col("start_n"), F.lit(True))
    return (
        placed.withColumns(runs)
        .select(
            *(*_UNIT, "n", "t", "person_id", "session_id", "event_id", "release", "selector"),
            (place.isNotNull() & ~place.eqNullSafe(F.col("came_from"))).alias("moved"),
            *("place", "on_page"),
            F.when(~F.col("after_views"), F.col("page_group")).alias("viewed"),
            F.inline(F.array(*each)),
        )
        .where(F.col("start_n").isNotNull() & within & goes_on)
    )


def _reached(marks: Column) -> Column:
    """Number and time of the events by which steps were done in order."""

    def one_more(done: Column, mark: Column) -> Column:
        is_next = F.getbit(mark["bits"], F.size(done) + _STEPS) == 1
        return F.when(is_next, F.concat(done, F.array(F.struct(mark["n"], mark["t"])))).otherwise(done)

    return F.aggregate(marks, F.array().cast(_NO_STEPS), one_more)


def _stops() -> Column:
    def stop(mark: Column, number: Column) -> Column:
        done = F.size(F.filter("reached", lambda step: step["n"] <= mark["n"]))
        # Of a completed attempt, what follows the last step that was done is the way to the end.
        leg = F.when(F.col("completed") & (done == F.size("reached")), F.col("size")).otherwise(done)
        following = F.get(F.col("marks"), number + 1)["t"]
        return F.struct(
            mark["t"].alias("t"),
            F.coalesce(following, F.col("last_us")).alias("until"),
            mark["place"].alias("place"),
            mark["page"].alias("page"),
            (mark["bits"] > 0).alias("own"),
            leg.alias("leg"),
        )

    return F.transform("marks", stop)
