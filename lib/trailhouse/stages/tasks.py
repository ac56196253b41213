"""The stage `tasks`: whether people get done what they set out to do."""

from __future__ import annotations

from trailhouse.questions.rows import no_rows
from trailhouse.questions.tasks import attempts, completion, failures
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """The declared tasks and what precedes failure; no row where none is declared."""
    activity, sessions, tasks = inputs["activity"], inputs["sessions"], context.settings.tasks
    if not tasks:
        return {name: no_rows(TABLES[name], activity) for name in STAGE.writes}
    found = attempts(activity, sessions, inputs["watermark"], tasks)
    counted = inputs["signals"].where("NOT extra")
    made = {
        "tasks": completion(found, sessions, context.settings.project, tasks),
        "task_failures": failures(found, counted),
    }
    return {name: TABLES[name].select(frame) for name, frame in made.items()}


def declared(settings: Settings) -> bool:
    """Whether there is any task."""
    return bool(settings.tasks)


STAGE = Stage(
    name="tasks",
    reads=("activity", "sessions", "signals", "watermark"),
    writes=("tasks", "task_failures"),
    transform=transform,
    settings=("tasks", "project"),
    pins={"activity": "sessions", "signals": "sessions"},
    wanted=declared,
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
            "The values of each breakdown add up to all attempts, in every period.",
            query=(
                "SELECT task, 'all' AS breakdown, 'all' AS value, period FROM {batch} "
                "GROUP BY task, period HAVING sum(if(breakdown = 'all', 2 * attempts, -attempts)) <> 0"
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
    ),
)
