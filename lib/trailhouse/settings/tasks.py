"""Settings of tasks: what people set out to do, from a start to an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from trailhouse.durations import Duration
from trailhouse.settings.questions import Step
from trailhouse.settings.section import Section


class Task(Section):
    name: str
    start: Step
    end: Step
    steps: tuple[Step, ...] = Field((), max_length=30, description="on the way, in order; none is required")
    time_limit: Duration = Field(timedelta(minutes=30), description="from the start, its end included")
    unit: Literal["session", "person"] = Field(
        "session", description="whether an attempt ends with its session, or may go on in a later one"
    )


def _names_once(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    names = [task.name for task in tasks]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"task names must be unique, found twice: {', '.join(doubled)}")
    return tasks


Tasks = Annotated[tuple[Task, ...], AfterValidator(_names_once)]
"""Tasks of different names."""
