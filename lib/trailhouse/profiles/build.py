"""Profiles as of any day, or of several, by one pass over history.

1. Beside each row stand the days that may see it; nothing of later is summed, listed or compared.
2. Each source is folded to a row a person and day: person_days, sessions, activity, identities.
3. All of a person's rows come together by one key.

What later data teaches of the past stays in: who is one person, and which sessions are a bot's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.profiles import computed, days, habits, interests, used, visits
from trailhouse.profiles.keys import AS_OF, PERSON, happened, moments, seen_until
from trailhouse.questions.people import of_people
from trailhouse.settings import Settings
from trailhouse.stage import Frames
from trailhouse.tables.profiles import TABLE

LEFT_OUT = "sessions of bots and staff"
"""Optional frame: sessions among which all such are, when `sessions` are not all."""
COLUMNS = tuple(column.name for column in TABLE.columns)
_EMPTY = (
    "identifiers",
    "computed_traits",
    "device_types",
    "favourite_pages",
    "favourite_hours",
    *interests.LISTS,
    *days.WORTH,
)


def profiles_as_of(frames: Frames, day: date, settings: Settings) -> DataFrame:
    """Rows of the table `profiles` as they were when the project's `day` ended.

    `frames` are person_days, sessions, activity and identities, of whatever later days. A day before the
    first event gives no rows.
    """
    # A constant, which filters and keys are simplified by: a frame of made rows would be none.
    days_asked = frames["person_days"].sparkSession.range(1).select(F.lit(day).alias(AS_OF))
    cut = {
        "person_days": F.col("day") <= F.lit(day),
        "sessions": F.col("session_date") <= F.lit(day),
        # A zone moves a day by one at most.
        "activity": F.col("event_date") <= F.date_add(F.lit(day), 1),
    }
    frames = {name: frame.where(cut[name]) if name in cut else frame for name, frame in frames.items()}
    return profiles_on(frames, days_asked, settings)


def profiles_on(
    frames: Frames, days_asked: DataFrame, settings: Settings, only: Sequence[str] = COLUMNS
) -> DataFrame:
    """Rows of the table `profiles` for each of `days_asked` (as_of DATE, each once), by what had come then.

    `frames`: person_days, sessions, activity, identities. `only`: the columns that are asked for.
    """
    project = settings.project
    ends = moments(days_asked, project)
    # 1.
    people = of_people(frames["activity"], frames.get(LEFT_OUT, frames["sessions"]))
    activity = seen_until(people.where("person_id IS NOT NULL"), ends, happened())
    visited = frames["sessions"].where("NOT is_bot AND NOT internal")
    sessions = seen_until(visited, ends, F.col("session_date") <= F.col("as_of"))
    person_days = seen_until(frames["person_days"], ends, F.col("day") <= F.col("as_of"))
    known = seen_until(
        frames["identities"], ends, project_day(F.col("first_seen"), project.timezone) <= F.col("as_of")
    )
    # 2.
    rules = settings.profiles
    parts = [
        visits.from_sessions(sessions, settings),
        visits.touches(sessions),
        habits.most_frequent(activity, sessions.where(visits.has_ended()), rules.favourites),
        habits.latest(activity),
        _identifiers(known),
        days.worth(person_days),
    ]
    if rules.traits and "computed_traits" in only:
        parts.append(computed.computed(activity, rules.traits))
    if settings.items.events and not {*interests.LISTS, interests.LAST}.isdisjoint(only):
        parts.append(interests.interests(activity, settings.items, project.timezone))
    if settings.features.declared and "features" in only:
        parts.append(used.feature_uses(activity, settings.features.declared, project))
    # 3.
    return _closed(_joined(days.from_days(person_days, project), parts), settings).select(*only)


def _joined(first: DataFrame, parts: Sequence[DataFrame]) -> DataFrame:
    """All columns of `first` beside those of the parts, by PERSON.

    A part goes through the joins as one struct: each join would copy each of some hundred columns.
    """
    found, names = _packed(first, "_part"), ["_part"]
    for place, part in enumerate(parts):
        names.append(f"_part_{place}")
        found = found.join(_packed(part, names[-1]), on=list(PERSON), how="left")
    return found.select(*PERSON, *(f"{name}.*" for name in names))


def _packed(part: DataFrame, name: str) -> DataFrame:
    return part.select(*PERSON, F.struct(*(one for one in part.columns if one not in PERSON)).alias(name))


def _identifiers(identities: DataFrame) -> DataFrame:
    pair = F.struct(F.col("id_type").alias("type"), F.col("id_value").alias("value"))
    return identities.groupBy(*PERSON).agg(F.array_sort(F.collect_list(pair)).alias("identifiers"))


def _closed(profiles: DataFrame, settings: Settings) -> DataFrame:
    """With the columns that follow from others, and what stands for nothing."""
    first_day = project_day(F.col("first_seen"), settings.project.timezone)
    filled = {}
    for column in TABLE.columns:
        if column.name in _EMPTY:
            none = F.array().cast(column.type)
            given = F.col(column.name) if column.name in profiles.columns else none
            filled[column.name] = F.coalesce(given, none).cast(column.type)
        elif column.name == "features":
            given = F.col(column.name) if column.name in profiles.columns else F.lit(None)
            filled[column.name] = F.coalesce(given.cast(column.type), F.create_map().cast(column.type))
        elif column.name not in profiles.columns:  # interests, where no item is declared
            filled[column.name] = F.lit(None).cast(column.type)
        elif column.type == "BIGINT":
            filled[column.name] = F.coalesce(column.name, F.lit(0))
    filled["cohort_month"] = F.trunc(first_day, "month")
    return TABLE.select(profiles.withColumns(filled).select(*TABLE.schema.names))
