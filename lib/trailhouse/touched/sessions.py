"""Sessions to make anew: all that have an event on one of some days, and those of the same runs.

On the days themselves all sessions count, so that few rows have to be looked up by a key: those of
sessions that reach beyond these days.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.identity.settle import settled
from trailhouse.scope import Scope
from trailhouse.settings import Sessions
from trailhouse.stage import Look

WHOLE_DAYS = "activity of whole days"
"""Input of a part: every event on the days of its sessions, for what is judged by the day."""


@dataclass(frozen=True)
class Touched:
    """All sessions with an event on one of `days`, and those in `crossing` (session_id, each once).

    Sessions in `crossing` also have events on `beside`, days that are not among `days`.
    """

    days: list[date]
    beside: list[date]
    crossing: DataFrame = field(repr=False)

    @property
    def all_days(self) -> list[date]:
        """Every day on which one of the sessions may have a row."""
        return sorted({*self.days, *self.beside})

    def events(self, activity: DataFrame) -> DataFrame:
        """Their rows of `activity`."""
        theirs = activity.where("session_id IS NOT NULL")
        inside = theirs.where(F.col("event_date").isin(self.days))
        if not self.beside:
            return inside
        others = theirs.where(F.col("event_date").isin(self.beside))
        return inside.unionByName(others.join(self.crossing, on="session_id", how="left_semi"))

    def inputs(self, look: Look) -> dict[str, DataFrame]:
        """What a stage reads, cut to these sessions, and `WHOLE_DAYS`."""
        activity = look.inputs["activity"]
        found = {**look.inputs, "activity": self.events(activity)}
        found[WHOLE_DAYS] = activity.where(F.col("event_date").isin(self.all_days))
        for table, day in (("page_views", "view_date"), ("signals", "signal_date")):
            if table in found:
                found[table] = self.scope(day).inside(found[table])
        return found

    def scope(self, column: str, *, margin: int = 0) -> Scope:
        """Their rows in a table with session_id, start_time, and `column`, the partition's day.

        `margin`: by how many days that may differ from the UTC day of start_time.
        """
        near = sorted({d + timedelta(step) for d in self.all_days for step in range(-margin, margin + 1)})
        crossing = self.crossing.withColumn("_crossing", F.lit(True))
        inside = F.to_date("start_time").isin(self.days) | F.coalesce("_crossing", F.lit(False))

        def some(rows: DataFrame, *, wanted: bool) -> DataFrame:
            joined = rows.where(F.col(column).isin(near)).join(crossing, on="session_id", how="left")
            return joined.where(inside == wanted).select(*rows.columns)

        return Scope(
            lambda rows: some(rows, wanted=True),
            lambda rows: rows.where(~F.col(column).isin(near)).unionByName(some(rows, wanted=False)),
        )

    def joined_by(self, more: DataFrame) -> Touched:
        """These sessions, and those of `more` (session_id, day), which have rows on these days."""
        beside = {row.day for row in more.select("day").distinct().collect()} - {*self.days}
        crossing = self.crossing.unionAll(more.select("session_id")).distinct()
        return Touched(self.days, sorted({*self.beside, *beside}), crossing)


def touched_days(look: Look, *tables: str) -> set[date] | None:
    """The UTC days on which one of these inputs may have changed; None where one does not tell."""
    found: set[date] = set()
    for table in tables:
        days = look.days[table]
        if days is None:
            return None
        found |= {*days}
    return found


def sessions_on(look: Look, days: Collection[date], rules: Sessions, scratch: str) -> Touched:
    """The sessions, before and now, that an event on one of `days` lies in, or in another of whose run.

    Days not among `days` have the same rows in both versions of `activity`. Scratch is a folder URL.
    """
    chosen = sorted(days)
    now = look.inputs["activity"].where("session_id IS NOT NULL")
    before = look.before["activity"].where("session_id IS NOT NULL")
    run = ["session_id", "run_start"] if rules.boundary == "client" else ["person_id", "run_start"]
    begun = F.to_date("run_start")
    reaching = [
        side.where(F.col("event_date").isin(chosen) & ~begun.isin(chosen)).select(*run)
        for side in (before, now)
    ]
    runs = settled(reaching[0].unionAll(reaching[1]).distinct(), scratch, "reaching")
    earliest = runs.agg(F.min(begun).alias("day")).collect()[0].day
    outside = now.where(~F.col("event_date").isin(chosen)).select(*{"session_id", *run}, "event_date")
    # A run goes on after its begin; the tracker's own session may have earlier events of a server.
    since = (lambda day: F.lit(True)) if rules.boundary == "client" else F.col("event_date").__ge__
    found = outside.where(since(chosen[0]) & begun.isin(chosen))
    if earliest is not None:
        found = found.unionByName(outside.where(since(earliest)).join(runs, on=run, how="left_semi"))
    crossing = settled(found.select("session_id", "event_date").distinct(), scratch, "crossing")
    beside = sorted(row.event_date for row in crossing.select("event_date").distinct().collect())
    return Touched(chosen, beside, crossing.select("session_id").distinct())
