"""Tasks: who gets from a start to an end, how long that takes, and what comes before a failure.

What an attempt is, questions/attempts.py tells, and why/detours.py when it was given up. What came last
before that is the last page template, clicked selector, and sign of struggle (of those that began in it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio, week_of
from trailhouse.questions.breakdowns import ALL, UNKNOWN, device, periods
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile, quotient
from trailhouse.settings import Project, Task

_RATE = "DECIMAL(9,6)"
_STEPS = "ARRAY<STRUCT<name: STRING, attempts: BIGINT>>"
BREAKDOWNS = ("device_type", "channel", "release", "segment")


def definition(task: Task) -> str:
    """What is asked, in one line."""
    way = " > ".join(step.text for step in task.way)
    return f"{way}; within {task.time_limit}, in one {task.unit}"


def described(
    found: DataFrame,
    sessions: DataFrame,
    signals: DataFrame,
    project: Project,
    members: DataFrame | None = None,
) -> DataFrame:
    """Attempts with detours + what each is broken down by, and its signs of struggle; without unit_id.

    Adds start_day (in the project's zone), device_type, channel, release ('unknown' where nothing tells),
    segments (those that the person was a member of at the end of the day before: what the attempt itself
    did makes nobody a member), first_attempt (the person's first at the task), time_us (of the completed),
    signals (kinds of `signals`, those that count) and last_signal.
    """
    known = sessions.select("session_id", device(), "channel")
    day = project_day(F.timestamp_micros("start_us"), project.timezone)
    earlier = Window.partitionBy("task", "person_id").orderBy("start_us", "start_event_id")
    told = (
        found.join(_struggles(found, signals), on=["task", "start_event_id"], how="left")
        .join(known, on="session_id", how="left")
        .withColumns(
            {
                "start_day": day,
                "device_type": F.coalesce("device_type", F.lit(UNKNOWN)),
                "channel": F.coalesce("channel", F.lit(UNKNOWN)),
                "release": F.coalesce(F.nullif("release", F.lit(ALL)), F.lit(UNKNOWN)),
                "first_attempt": F.row_number().over(earlier) == 1,
                "signals": F.coalesce("signals", F.array().cast("ARRAY<STRING>")),
                "time_us": F.when(F.col("completed"), F.col("last_us") - F.col("start_us")),
            }
        )
        .drop("unit_id")
    )
    none = F.array().cast("ARRAY<STRING>")
    if members is None:
        return told.withColumn("segments", none)
    segments = _segments(told, members)
    return told.join(segments, on=["task", "start_event_id"], how="left").withColumn(
        "segments", F.coalesce("segments", none)
    )


def _struggles(found: DataFrame, signals: DataFrame) -> DataFrame:
    """task, start_event_id, last_signal, signals; no row for attempts without."""
    last = F.struct("start_time", "end_time", "kind")
    units = F.explode(F.array_distinct(F.array("session_id", "person_id"))).alias("unit_id")
    begun = F.unix_micros("start_time")
    inside = (begun >= F.col("start_us")) & (begun < F.col("gave_up_us"))
    return (
        signals.select(units, "start_time", "end_time", "kind")
        .join(
            found.select("task", "start_event_id", "unit_id", "start_us", "gave_up_us"),
            on="unit_id",
            how="inner",
        )
        .where(inside)
        .groupBy("task", "start_event_id")
        .agg(F.max(last)["kind"].alias("last_signal"), F.array_sort(F.collect_set("kind")).alias("signals"))
    )


def _segments(told: DataFrame, members: DataFrame) -> DataFrame:
    """task, start_event_id, segments; no row for who is in none."""
    day = F.col("start_day")
    inside = (F.col("valid_from") < day) & (F.col("valid_to").isNull() | (F.col("valid_to") >= day))
    return (
        told.select("task", "start_event_id", "person_id", "start_day")
        .join(members.select("segment", "person_id", "valid_from", "valid_to"), on="person_id", how="inner")
        .where(inside)
        .groupBy("task", "start_event_id")
        .agg(F.sort_array(F.collect_set("segment")).alias("segments"))
    )


def completion(told: DataFrame, project: Project, tasks: Sequence[Task]) -> DataFrame:
    """Rows of `tasks`, of `described`."""

    def of(name: str, value: Column) -> Column:
        return F.struct(F.lit(name).alias("breakdown"), value.alias("value"))

    *plain, segment = BREAKDOWNS
    values = F.array(of(ALL, F.lit(ALL)), *(of(name, F.col(name)) for name in plain))
    in_segments = F.transform("segments", lambda one: of(segment, one))
    spread = told.select(
        "task",
        "person_id",
        "completed",
        "furthest",
        F.col("time_us").alias("us"),
        week_of(F.col("start_day"), project.week_start).cast("string").alias("week"),
        F.inline(F.concat(values, in_segments)),
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
