"""The stage `tasks`: whether people get done what they set out to do, and by which ways."""

from __future__ import annotations

from pyspark.sql import functions as F

from trailhouse.identity.settle import settled
from trailhouse.questions.attempts import attempts
from trailhouse.questions.rows import no_rows
from trailhouse.questions.tasks import completion, described
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.change_counts import changes
from trailhouse.why.detour_counts import detours
from trailhouse.why.detours import with_departures, with_detours
from trailhouse.why.failures import failures


def transform(inputs: Frames, context: Context) -> Frames:
    """The declared tasks and those of key elements; no row where there is none.

    Attempts are written to the scratch folder, so that activity is read once.
    """
    settings, activity = context.settings, inputs["activity"]
    tasks, project = settings.every_task, settings.project
    if not tasks:
        return {name: no_rows(TABLES[name], activity) for name in STAGE.writes}
    sessions = inputs["sessions"]
    features = {name: one.uses for name, one in settings.features.declared.items()}
    made = attempts(activity, sessions, inputs["watermark"], tasks, features)
    found = settled(made, context.scratch, "attempts")
    departed = settled(with_departures(found, tasks), context.scratch, "departed")
    members = inputs["segment_members"] if settings.segments.rules else None
    told = described(with_detours(departed), sessions, inputs["signals"].where("NOT extra"), project, members)
    told = settled(told, context.scratch, "told")
    times = {
        "start_time": F.timestamp_micros("start_us"),
        "last_time": F.timestamp_micros("last_us"),
    }
    tables = {
        "tasks": completion(told, project, tasks),
        "task_failures": failures(told),
        "task_attempts": told.withColumns(times).select(*TABLES["task_attempts"].schema.names),
        "task_detours": detours(told),
        "task_changes": changes(told, inputs["watermark"], project, tasks),
    }
    return {name: TABLES[name].select(frame) for name, frame in tables.items()}


def declared(settings: Settings) -> bool:
    """Whether there is any task."""
    return bool(settings.every_task)


STAGE = Stage(
    name="tasks",
    reads=("activity", "sessions", "signals", "segment_members", "watermark"),
    writes=("tasks", "task_failures", "task_attempts", "task_detours", "task_changes"),
    transform=transform,
    settings=("tasks", "elements.key", "features.declared", "segments.rules", "project"),
    pins={"activity": "sessions", "signals": "sessions"},
    wanted=declared,
    optional=("segment_members",),
    version=3,
    checks=(
        Check(
            "tasks",
            "parts_of_attempts",
            "Completed attempts are attempts, and each person made one.",
            "completed <= attempts AND persons <= attempts AND completion_rate BETWEEN low AND high",
        ),
        Check(
            "tasks",
            "breakdowns_add_up",
            "The values of each breakdown add up to all attempts, in every period; segments overlap.",
            query=(
                "SELECT task, 'all' AS breakdown, 'all' AS value, period FROM {batch} "
                "WHERE breakdown <> 'segment' "
                "GROUP BY task, period HAVING sum(if(breakdown = 'all', 3 * attempts, -attempts)) <> 0"
            ),
        ),
        Check(
            "tasks",
            "steps_only_lose",
            "No step is done in more attempts than the step before.",
            "aggregate(steps, attempts, (before, s) -> if(s.attempts <= before, s.attempts, -1L)) >= 0",
        ),
        Check(
            "task_failures",
            "parts_of_all",
            "The failures of a task's pages are no more than all of its failures.",
            query=(
                "SELECT task, what, min(value) AS value FROM {batch} GROUP BY task, what "
                "HAVING sum(share) > 1.001"
            ),
        ),
        Check(
            "task_failures",
            "lift_in_its_interval",
            "A lift lies in its interval.",
            "low <= lift AND lift <= high",
        ),
        Check(
            "task_attempts",
            "time_is_its_parts",
            "The time of a completed attempt is what it spent on the way to each step and in detours.",
            "NOT completed OR (time_us = aggregate(leg_us, away_us, (sum, leg) -> sum + leg) "
            "AND time_us = unix_micros(last_time) - unix_micros(start_time))",
        ),
        Check(
            "task_attempts",
            "detours_come_back_or_not",
            "Who made no detour came back from none, and who completed the task came back.",
            "(detours > 0) = (detour IS NOT NULL) AND (detours > 0) = (returned IS NOT NULL) "
            "AND (detours > 0 OR away_us = 0) AND (NOT completed OR coalesce(returned, true))",
        ),
        Check(
            "task_detours",
            "parts_of_attempts",
            "Attempts with a detour and without are all; returned and completed ones are of these.",
            "(rank > 0 OR detours + without = attempts) AND detours + without <= attempts "
            "AND greatest(returned, completed) <= detours AND completed_without <= without "
            "AND coalesce(difference BETWEEN difference_low AND difference_high, true)",
        ),
        Check(
            "task_changes",
            "parts_sum_to_the_change",
            "The parts of a change sum to it, to the microsecond.",
            query=(
                "SELECT task, period_kind, period, 0 AS rank FROM {batch} GROUP BY task, period_kind, period "
                "HAVING sum(if(part = 'all', -us, us)) <> 0 "
                "OR sum(if(part = 'all', us - mean_us + mean_before_us, 0)) <> 0"
            ),
        ),
    ),
)
