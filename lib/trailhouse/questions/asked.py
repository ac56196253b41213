"""The rows of `activity` that a question looks at: one place for whom, when, where, which events.

All filters stand before any shuffle; only the columns that are asked for are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, project_day
from trailhouse.questions.fields import all_hold, fields_of
from trailhouse.questions.people import of_people
from trailhouse.settings import Project, Question, Step
from trailhouse.settings.questions import Unit, names_of
from trailhouse.settings.questions.fields import PROFILE_FIELDS, SESSION_FIELDS

UNITS: Mapping[Unit, str] = {
    "person": "person_id",
    "account": "account_id",
    "session": "session_id",
    "device": "anonymous_id",
}
"""Unit -> its column in `activity`."""


@dataclass(frozen=True)
class Asked:
    """What questions read. Tables that a question does not need may be missing.

    `frames` are tables by name: activity, sessions, page_views, person_days, profiles, accounts,
    segment_members, and `watermark` (one row, watermark TIMESTAMP).
    """

    frames: Mapping[str, DataFrame]
    project: Project = field(default_factory=Project)

    def __getitem__(self, table: str) -> DataFrame:
        return self.frames[table]


def rows(
    question: Question,
    asked: Asked,
    events: Iterable[Step],
    keep: Mapping[str, Column] | None = None,
    *,
    also: Iterable[str] = (),
) -> DataFrame:
    """Rows that are any of `events`, of the question's units, days and conditions; bots and own staff not.

    Gives unit (STRING, not null), t (BIGINT, microseconds since 1970), `sequence`, `after_views`,
    `event_id` (with t the order of a unit's events, `in_order`), and the columns of `keep`: over activity,
    and over the structs `session` and `profile` where fields of steps, conditions, breakdowns or `also`
    need them.
    Nothing is shuffled but for the joins that such fields ask for.
    """
    steps = tuple(events)
    kept = dict(keep or {})
    frame = asked["activity"].where(_days(question, asked.project))
    names = names_of(steps)
    if names is not None:
        frame = frame.where(F.col("event_name").isin(*sorted(names)))
    frame = of_people(frame.where(F.col(UNITS[question.unit]).isNotNull()), asked["sessions"])
    wanted = fields_of(steps, question.where) | {*question.breakdowns, *also}
    frame = _in_segment(question, asked, _with_joined(frame, asked, wanted))
    return frame.where(all_hold(question.where)).select(
        F.col(UNITS[question.unit]).alias("unit"),
        F.unix_micros("event_time").alias("t"),
        "sequence",
        (~F.col("event_name").isin(*VIEW_EVENTS)).alias("after_views"),
        "event_id",
        *(column.alias(name) for name, column in kept.items()),
    )


def in_order() -> tuple[Column, ...]:
    """The order of a unit's rows: time, the tracker's sequence, views first, then the id."""
    tracker = F.col("sequence").asc_nulls_last()
    return (F.col("t").asc(), tracker, F.col("after_views").asc(), F.col("event_id").asc())


def _days(question: Question, project: Project) -> Column:
    """Of the project's days; by partitions first, which a zone moves by a day at most."""
    day, date = project_day(F.col("event_time"), project.timezone), F.col("event_date")
    inside = F.lit(True)
    if question.from_day is not None:
        first = F.lit(question.from_day)
        inside = inside & (date >= F.date_sub(first, 1)) & (day >= first)
    if question.to_day is not None:
        last = F.lit(question.to_day)
        inside = inside & (date <= F.date_add(last, 1)) & (day <= last)
    return inside


def _with_joined(frame: DataFrame, asked: Asked, wanted: Iterable[str]) -> DataFrame:
    """The structs `session` and `profile`, where a field is of them."""
    prefixes = {name.partition(".")[0] for name in wanted if "." in name}
    if "session" in prefixes:
        sessions = asked["sessions"].select("session_id", F.struct(*SESSION_FIELDS).alias("session"))
        frame = frame.join(sessions, on="session_id", how="left")
    if prefixes & {"profile", "trait"}:
        profiles = asked["profiles"].select("person_id", F.struct(*PROFILE_FIELDS, "traits").alias("profile"))
        frame = frame.join(profiles, on="person_id", how="left")
    return frame


def _in_segment(question: Question, asked: Asked, frame: DataFrame) -> DataFrame:
    """Only members of the segment: on the last day asked for, else today's."""
    if question.segment is None:
        return frame
    members = asked["segment_members"].where(F.col("segment") == question.segment)
    if question.to_day is None:
        members = members.where(F.col("valid_to").isNull())
    else:
        last = F.lit(question.to_day)
        members = members.where(
            (F.col("valid_from") <= last) & (F.col("valid_to").isNull() | (F.col("valid_to") > last))
        )
    return frame.join(members.select("person_id").distinct(), on="person_id", how="left_semi")
