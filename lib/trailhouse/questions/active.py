"""When units were active: from `person_days` where that tells, else from the rows of `activity`."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.asked import Asked, in_segment, rows
from trailhouse.questions.fields import matches, value_of
from trailhouse.settings import Question, Step
from trailhouse.settings.questions.intervals import asks_any

FIRST = "first"
"""Column of `events`: place in the unit's order (`t` first), and `values`, those of the breakdowns."""


def by_day_alone(question: Question, step: Step | None) -> bool:
    """Whether `person_days` tells the days of this step: persons, any event, no condition."""
    return question.unit == "person" and not question.where and asks_any(step)


def person_days(question: Question, asked: Asked) -> DataFrame:
    """A row a person and day of any event: unit, day, first_t, last_t (microseconds since 1970)."""
    return in_segment(question, asked, asked["person_days"]).select(
        F.col("person_id").alias("unit"),
        "day",
        F.unix_micros("first_time").alias("first_t"),
        F.unix_micros("last_time").alias("last_t"),
    )


def events(question: Question, asked: Asked, steps: Mapping[str, Step | None]) -> DataFrame:
    """A row an event of all history that is any of the steps: unit, day, t, and a BOOLEAN a step by its name.

    With breakdowns also FIRST, a struct whose least one of a unit is that of its first event.
    """
    asked_for = {name: step or Step() for name, step in steps.items()}
    keep = {"day": project_day(F.col("event_time"), asked.project.timezone)}
    keep |= {name: matches(step) for name, step in asked_for.items()}
    if question.breakdowns:
        keep["values"] = F.array(*map(value_of, question.breakdowns))
    found = rows(question, asked, asked_for.values(), keep, every_day=True)
    found = found.where(" OR ".join(f"`{name}`" for name in asked_for))
    columns: list[Column | str] = ["unit", "day", "t", *asked_for]
    if question.breakdowns:
        tracker = (F.col("sequence").isNull().alias("untold"), "sequence")
        columns.append(F.struct("t", *tracker, "after_views", "event_id", "values").alias(FIRST))
    return found.select(*columns)
