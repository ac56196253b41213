"""Persons whose profile may be another than the published one.

1. Those with rows on days that changed, before and now, and whose identifiers changed.
2. When the day of the profiles moves, those with rows on the days that come into view, those with rows on a
   day that leaves a window (of the last N days, or the week), and those of sessions that have ended since.

Everyone else's profile is the same but for its day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import reduce
from typing import Literal
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.identity.settle import settled
from trailhouse.profiles.keys import moments
from trailhouse.profiles.measures import WINDOWS
from trailhouse.settings import Project
from trailhouse.stage import Look
from trailhouse.touched.days import days_between
from trailhouse.touched.sessions import touched_days


@dataclass(frozen=True)
class Moved:
    """The day of the published profiles, and that of the ones to be made."""

    before: date
    now: date

    @property
    def came(self) -> set[date]:
        """Days that came into view, or went out of it."""
        return _after(min(self.before, self.now), max(self.before, self.now))

    def shifted(self, week_start: Literal["monday", "sunday"]) -> set[date]:
        """Days that a window of the last days, or the week, holds for one of the two days alone."""
        first, last = min(self.before, self.now), max(self.before, self.now)
        found = self.came
        for days in WINDOWS:
            found |= _after(first - timedelta(days), last - timedelta(days))
        begun = first - timedelta((first.weekday() + (week_start == "sunday")) % 7)
        if last >= begun + timedelta(7):
            found |= _after(begun - timedelta(1), first)
        return found


def _after(first: date, last: date) -> set[date]:
    return {first + timedelta(step) for step in range(1, (last - first).days + 1)}


def touched_persons(look: Look, moved: Moved, project: Project, scratch: str) -> tuple[DataFrame, int] | None:
    """person_id, each once, and on how many days they were looked for; None where that is not known.

    Scratch is a folder URL to write to.
    """
    own, utc = touched_days(look, "person_days", "sessions"), touched_days(look, "activity")
    if own is None or utc is None:
        return None
    last = max(moved.before, moved.now)
    changed = {day for day in own if day <= last}
    near = days_between([last], ZoneInfo(project.timezone), UTC)
    utc = {day for day in utc if day <= max(near)}
    shifted = moved.shifted(project.week_start)
    found = [
        *_on(look, "person_days", "day", changed, shifted),
        *_on(look, "sessions", "session_date", changed, shifted),
        *_on(look, "activity", "event_date", utc, set()),
        _named_otherwise(look, moved, project),
    ]
    if moved.came:
        found.append(_ended(look.inputs["sessions"], moved, project))
    every = reduce(DataFrame.unionAll, found).where("person_id IS NOT NULL").distinct()
    return settled(every, scratch, "persons"), len(changed | shifted)


def _on(
    look: Look, table: str, column: str, changed: Iterable[date], same: Iterable[date]
) -> list[DataFrame]:
    """Persons with a row on one of these days, of which only `changed` may differ before and now."""
    sides = ((look.before[table], sorted(changed)), (look.inputs[table], sorted({*changed, *same})))
    return [rows.where(F.col(column).isin(days)).select("person_id") for rows, days in sides if days]


def _named_otherwise(look: Look, moved: Moved, project: Project) -> DataFrame:
    """Persons whose identifiers, of those seen by the day, are others than before."""
    seen = project_day(F.col("first_seen"), project.timezone)
    told = F.xxhash64("id_type", "id_value").alias("told")
    before, now = (
        rows.where(seen <= F.lit(day)).select("person_id", told)
        for rows, day in (
            (look.before["identities"], moved.before),
            (look.inputs["identities"], moved.now),
        )
    )
    # The same on both sides take each other away.
    both = before.unionAll(now).groupBy("person_id").agg(F.bit_xor("told").alias("told"))
    return both.where("told <> 0").select("person_id")


def _ended(sessions: DataFrame, moved: Moved, project: Project) -> DataFrame:
    """Persons of sessions that were under way when one of the two days ended."""
    session = sessions.sparkSession
    days = session.createDataFrame([(day,) for day in (moved.before, moved.now)], "as_of DATE")
    ends = moments(days, project)
    crossing = (F.col("session_date") <= F.col("as_of")) & (F.col("end_time") >= F.col("_until"))
    return sessions.crossJoin(ends).where(crossing).select("person_id")
