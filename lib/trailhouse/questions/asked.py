"""The rows of `activity` that a question looks at: one place for whom, when, where, which events.

All filters stand before any shuffle; only the columns that are asked for are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, project_day
from trailhouse.questions.fields import all_hold, fields_of, traits
from trailhouse.questions.people import of_people
from trailhouse.settings import Profiles, Project, Question, Step
from trailhouse.settings.questions import Unit, names_of
from trailhouse.settings.questions.fields import SESSION_FIELDS

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
    segment_members, and `watermark` (one row, watermark TIMESTAMP). `profiles` declares computed traits.
    """

    frames: Mapping[str, DataFrame]
    project: Project = field(default_factory=Project)
    profiles: Profiles = field(default_factory=Profiles)

    def __getitem__(self, table: str) -> DataFrame:
        return self.frames[table]


def rows(
    question: Question,
    asked: Asked,
    events: Iterable[Step],
    keep: Mapping[str, Column] | None = None,
    fields: Iterable[str] = (),
    *,
    every_day: bool = False,
) -> DataFrame:
    """Rows that are any of `events`, of the question's units, days and conditions; bots and own staff not.

    Gives unit (STRING, not null), t (BIGINT, microseconds since 1970), `sequence`, `after_views`,
    `event_id` (with t the order of a unit's events, `in_order`), and the columns of `keep`: over activity,
    and over the structs `session`, `profile` and `trait` where fields of steps, conditions or breakdowns, or
    `fields`, need them; profile and traits are the account's where the unit is one. With `every_day` all of
    history is looked at, not the question's days alone.
    Nothing is shuffled but for the joins that such fields ask for.
    """
    steps = tuple(events)
    kept = dict(keep or {})
    frame = asked["activity"] if every_day else asked["activity"].where(_days(question, asked.project))
    names = names_of(steps)
    if names is not None:
        frame = frame.where(F.col("event_name").isin(*sorted(names)))
    frame = of_people(frame.where(F.col(UNITS[question.unit]).isNotNull()), asked["sessions"])
    wanted = fields_of(steps, question.where) | {*question.breakdowns, *fields}
    frame = in_segment(question, asked, _with_joined(frame, question, asked, wanted))
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


def _with_joined(frame: DataFrame, question: Question, asked: Asked, wanted: Iterable[str]) -> DataFrame:
    """The structs `session`, `profile` and `trait`, where a field is of them."""
    names = set(wanted)
    if any(name.startswith("session.") for name in names):
        sessions = asked["sessions"].select("session_id", F.struct(*SESSION_FIELDS).alias("session"))
        frame = frame.join(sessions, on="session_id", how="left")
    of_profile = sorted(name.removeprefix("profile.") for name in names if name.startswith("profile."))
    of_account = question.unit == "account"
    structs = [F.struct(*of_profile).alias("profile")] if of_profile else []
    trait = traits(names, None if of_account else asked.profiles.names)
    structs += [] if trait is None else [trait]
    if structs:
        table, key = ("accounts", "account_id") if of_account else ("profiles", "person_id")
        frame = frame.join(asked[table].select(key, *structs), on=key, how="left")
    return frame


def in_segment(question: Question, asked: Asked, frame: DataFrame) -> DataFrame:
    """Rows with the person_id of a member of the segment: on the last day asked for, else today's."""
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
