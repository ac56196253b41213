"""Tasks: who gets from a start to an end, how long that takes, and what comes before a failure.

The rules, for each task and unit (a session, or a person over all sessions):
1. Each start event begins an attempt. It holds the events from there to the first end event, before the
   next start, and within the time limit (its end included). An event that is both start and end is a start.
2. An attempt with an end event is completed; its time runs from the start to it.
3. One that is neither completed nor followed by another start, and whose limit the watermark has not
   passed, is still open: it is not counted yet.
4. The steps on the way are done in order, each by an event of its own; none is required.
5. What came last is, of the attempt's events, the last page template, the last clicked selector, and the
   last sign of struggle (of those that began in it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, micros, project_day, ratio, week_of
from trailhouse.questions.breakdowns import ALL, UNKNOWN, device, periods
from trailhouse.questions.fields import matches
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile, quotient
from trailhouse.questions.people import of_people
from trailhouse.settings import Project, Task

TOP = 10
"""Rows of what came last before a failure, by task and kind."""

_RATE = "DECIMAL(9,6)"
_STEPS = "ARRAY<STRUCT<name: STRING, attempts: BIGINT>>"


def definition(task: Task) -> str:
    """What is asked, in one line."""
    way = " > ".join(step.text for step in (task.start, *task.steps, task.end))
    return f"{way}; within {task.time_limit}, in one {task.unit}"


def attempts(
    activity: DataFrame, sessions: DataFrame, watermark: DataFrame, tasks: Sequence[Task]
) -> DataFrame:
    """A row an attempt of a person that is over; tasks must not be empty.

    Gives task, unit_id, person_id, session_id (of the start; null outside of sessions), start_us, last_us
    (microseconds since 1970 of its first and last event), completed, furthest (steps done in order),
    last_page, last_element.
    """
    unit = Window.partitionBy("task", "unit_id")
    in_order = unit.orderBy("t", F.col("sequence").asc_nulls_last(), "after_views", "event_id")
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    begun = F.when(F.col("is_start"), F.col("t"))
    placed = _marked(activity, sessions, tasks).withColumns(
        {
            "n": F.row_number().over(in_order),
            "attempt": F.count_if("is_start").over(so_far),
            "start_us": F.last(begun, ignorenulls=True).over(so_far),
        }
    )
    inside = placed.where((F.col("attempt") > 0) & (F.col("t") - F.col("start_us") <= F.col("limit_us")))
    before = Window.partitionBy("task", "unit_id", "attempt").orderBy("n")
    ended = F.max("is_end").over(before.rowsBetween(Window.unboundedPreceding, -1))
    page, element = F.col("page_group"), F.col("selector")
    found = (
        inside.withColumn("ended", F.coalesce(ended, F.lit(False)))
        .where(~F.col("ended"))
        .groupBy("task", "unit_id", "attempt", "start_us", "limit_us")
        .agg(
            F.min_by("person_id", "n").alias("person_id"),
            F.min_by("session_id", "n").alias("session_id"),
            F.max("t").alias("last_us"),
            F.bool_or("is_end").alias("completed"),
            F.sort_array(F.collect_list(F.when(F.col("steps") > 0, F.struct("n", "steps")))).alias("walk"),
            F.max_by("page_group", F.when(page.isNotNull(), F.col("n"))).alias("last_page"),
            F.max_by("selector", F.when(element.isNotNull(), F.col("n"))).alias("last_element"),
        )
    )
    following = F.lead("start_us").over(unit.orderBy("attempt"))
    limit_ends = F.col("start_us") + F.col("limit_us")
    waits = F.coalesce(F.unix_micros("watermark") <= limit_ends, F.lit(True))
    return (
        found.withColumns({"following": following, "furthest": _furthest(F.col("walk"))})
        .crossJoin(F.broadcast(watermark))
        .where(F.col("completed") | F.col("following").isNotNull() | ~waits)
        .select(
            "task",
            "unit_id",
            "person_id",
            "session_id",
            "start_us",
            "last_us",
            "completed",
            "furthest",
            "last_page",
            "last_element",
        )
    )


def _marked(activity: DataFrame, sessions: DataFrame, tasks: Sequence[Task]) -> DataFrame:
    """The events of every task's units, a row a task, with what of the task each can be."""

    def unit_of(task: Task) -> str:
        return "session_id" if task.unit == "session" else "person_id"

    def marks(task: Task) -> Column:
        steps = sum(
            (F.when(matches(step), 1 << k).otherwise(0) for k, step in enumerate(task.steps)),
            start=F.lit(0),
        )
        starts = matches(task.start)
        return F.struct(
            F.lit(task.name).alias("task"),
            F.col(unit_of(task)).alias("unit_id"),
            starts.alias("is_start"),
            (matches(task.end) & ~starts).alias("is_end"),
            steps.alias("steps"),
            F.lit(micros(task.time_limit)).cast("bigint").alias("limit_us"),
        )

    def units(task: Task) -> DataFrame:
        begun = activity.where(matches(task.start))
        return begun.select(F.lit(task.name).alias("task"), F.col(unit_of(task)).alias("unit_id"))

    clicked = F.when(F.col("event_name") == "click", F.col("element.selector"))
    named = F.col("person_id").isNotNull()
    return (
        of_people(activity.where(named), sessions)
        .select(
            "person_id",
            "session_id",
            "event_id",
            F.unix_micros("event_time").alias("t"),
            "sequence",
            (~F.col("event_name").isin(*VIEW_EVENTS)).alias("after_views"),
            "page_group",
            clicked.alias("selector"),
            F.inline(F.array(*map(marks, tasks))),
        )
        .where(F.col("unit_id").isNotNull())
        # Most sessions never begin a task: only the others are sorted.
        .join(
            reduce(DataFrame.unionAll, map(units, tasks)).distinct(), on=["task", "unit_id"], how="left_semi"
        )
    )


def _furthest(walk: Column) -> Column:
    """How many steps are done in order; a walk is an array of {n, steps as bits} in order."""
    return F.aggregate(
        walk, F.lit(0), lambda done, one: done + F.getbit(one["steps"].cast("bigint"), done).cast("int")
    )


def completion(found: DataFrame, sessions: DataFrame, project: Project, tasks: Sequence[Task]) -> DataFrame:
    """Rows of `tasks`, of `attempts`."""
    known = sessions.select("session_id", device(), "channel")
    day = project_day(F.timestamp_micros("start_us"), project.timezone)
    values = [
        F.struct(F.lit(name).alias("breakdown"), F.coalesce(value, F.lit(UNKNOWN)).alias("value"))
        for name, value in (
            (ALL, F.lit(ALL)),
            ("device_type", F.col("device_type")),
            ("channel", F.col("channel")),
        )
    ]
    spread = found.join(known, on="session_id", how="left").select(
        "task",
        "person_id",
        "completed",
        "furthest",
        F.when(F.col("completed"), F.col("last_us") - F.col("start_us")).alias("us"),
        week_of(day, project.week_start).cast("string").alias("week"),
        F.inline(F.array(*values)),
    )
    most = max(len(task.steps) for task in tasks)
    rows = (
        periods(spread)
        .groupBy("task", "breakdown", "value", "period")
        .agg(
            F.count("*").alias("attempts"),
            F.count_distinct("person_id").alias("persons"),
            F.count_if("completed").alias("completed"),
            quantile("us", 0.5).alias("median_us"),
            quantile("us", 0.9).alias("p90_us"),
            *(F.count_if(F.col("furthest") > k).alias(f"_step_{k}") for k in range(most)),
        )
    )
    low, high = wilson("completed", "attempts")
    return rows.select(
        "task",
        _by_task(tasks, lambda task: F.lit(definition(task))).alias("definition"),
        "breakdown",
        "value",
        "period",
        "attempts",
        "persons",
        quotient(F.col("attempts"), F.col("persons"), 4).alias("attempts_per_person"),
        "completed",
        ratio(F.col("completed"), F.col("attempts")).alias("completion_rate"),
        F.round(low, 6).cast(_RATE).alias("low"),
        F.round(high, 6).cast(_RATE).alias("high"),
        "median_us",
        "p90_us",
        _by_task(tasks, _steps).alias("steps"),
    )


def _by_task(tasks: Sequence[Task], told: Callable[[Task], Column]) -> Column:
    first, *others = tasks
    chosen = F.when(F.col("task") == first.name, told(first))
    for task in others:
        chosen = chosen.when(F.col("task") == task.name, told(task))
    return chosen


def _steps(task: Task) -> Column:
    counts = [
        F.struct(F.lit(step.label).alias("name"), F.col(f"_step_{k}").alias("attempts"))
        for k, step in enumerate(task.steps)
    ]
    return F.array(*counts).cast(_STEPS)


def failures(found: DataFrame, signals: DataFrame) -> DataFrame:
    """Rows of `task_failures`, of `attempts` and the `signals` that count: what came last, most first."""
    last = F.struct("start_time", "end_time", "kind")
    struggled = (
        signals.select(
            F.explode(F.array("session_id", "person_id")).alias("unit_id"), "start_time", "end_time", "kind"
        )
        .join(found.select("task", "unit_id", "start_us", "last_us"), on="unit_id", how="inner")
        .where(F.unix_micros("start_time").between(F.col("start_us"), F.col("last_us")))
        .groupBy("task", "unit_id", "start_us")
        .agg(F.max(last)["kind"].alias("last_signal"))
    )
    told = [
        F.struct(F.lit(what).alias("what"), F.col(column).alias("value"))
        for what, column in (
            ("page_group", "last_page"),
            ("signal", "last_signal"),
            ("element", "last_element"),
        )
    ]
    failed = F.count_if(~F.col("completed"))
    counted = (
        found.join(struggled, on=["task", "unit_id", "start_us"], how="left")
        .select("task", "completed", F.inline(F.array(*told)))
        .where(F.col("value").isNotNull())
        .groupBy("task", "what", "value")
        .agg(failed.alias("failures"), F.count_if("completed").alias("completions"))
        .where(F.col("failures") > 0)
    )
    totals = found.groupBy("task").agg(
        failed.alias("all_failures"), F.count_if("completed").alias("all_completions")
    )
    rank = F.row_number().over(Window.partitionBy("task", "what").orderBy(F.desc("failures"), "value"))
    return (
        counted.withColumn("rank", rank)
        .where(F.col("rank") <= TOP)
        .join(F.broadcast(totals), on="task", how="inner")
        .select(
            "task",
            "what",
            "rank",
            "value",
            "failures",
            ratio(F.col("failures"), F.col("all_failures")).alias("share"),
            "completions",
            ratio(F.col("completions"), F.col("all_completions")).alias("share_of_completed"),
        )
    )
