"""Settings of tasks: what people set out to do, from a start to an end."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from trailhouse.durations import Duration
from trailhouse.errors import SettingsError
from trailhouse.settings.maps import KeyElement
from trailhouse.settings.questions import Filter, Step
from trailhouse.settings.section import Section

_OF_PERSONS = ("profile.", "trait.")


class Task(Section):
    name: str
    start: Step
    end: Step
    steps: tuple[Step, ...] = Field((), max_length=30, description="on the way, in order; none is required")
    time_limit: Duration = Field(timedelta(minutes=30), description="from the start, its end included")
    unit: Literal["session", "person"] = Field(
        "session", description="whether an attempt ends with its session, or may go on in a later one"
    )
    pages: tuple[str, ...] = Field(
        (),
        description="page groups that it is done on, others are detours; none: those of its own events, and "
        "those that at least half of the completed attempts come by",
    )

    @property
    def way(self) -> tuple[Step, ...]:
        """Start, steps and end."""
        return (self.start, *self.steps, self.end)

    @model_validator(mode="after")
    def _of_events(self) -> Task:
        for step in self.way:
            asked = sorted(name for name in step.fields if name.startswith(_OF_PERSONS))
            if asked:
                raise ValueError(
                    f"the steps of a task are told by events and sessions, not by {', '.join(asked)}, which "
                    "is as of today: declare a segment of it, tasks are broken down by segment"
                )
        return self


def _names_once(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    names = [task.name for task in tasks]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"task names must be unique, found twice: {', '.join(doubled)}")
    return tasks


Tasks = Annotated[tuple[Task, ...], AfterValidator(_names_once)]
"""Tasks of different names."""


def every_task(declared: Iterable[Task], key: Iterable[KeyElement]) -> tuple[Task, ...]:
    """The declared tasks, and one for each key element with an outcome: from a click on it to that.

    The latter bear the element's name and page. SettingsError where a declared one has that name, too.
    """
    made = tuple(_of_element(one, one.outcome) for one in key if one.outcome is not None)
    tasks = (*declared, *made)
    try:
        return _names_once(tasks)
    except ValueError as error:
        raise SettingsError(f"{error}; a key element with an outcome makes the task NAME of PAGE") from None


def require_tasks(key: Iterable[KeyElement], tasks: Iterable[Task]) -> None:
    """Raises SettingsError for a key element whose `task` is none of the tasks, with the nearest one."""
    names = [task.name for task in tasks]
    for one in key:
        if one.task is not None and one.task not in names:
            near = difflib.get_close_matches(one.task, names, n=1, cutoff=0.5)
            told = f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
            raise SettingsError(
                f"elements.key: {one.name} of {one.page_group} names the task {one.task!r}, which nothing "
                f"declares: {told}"
            )


def _of_element(element: KeyElement, outcome: Step) -> Task:
    clicked = Step(
        event="click",
        page_group=element.page_group,
        where=(Filter(field="selector", value=element.selector),),
        name=f"{element.name} clicked",
    )
    name = f"{element.name} of {element.page_group}"
    return Task(name=name, start=clicked, end=outcome, time_limit=element.time_limit)
