"""Days whose events count otherwise because a session became, or ceased to be, one of a bot or of staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.stage import Look


def days_of_flips(look: Look, days: Iterable[date], zone: str) -> set[date]:
    """The project days of events in sessions that count now and did not before, or the other way round.

    `days` are those on which sessions changed, by their session_date.
    """
    chosen = F.col("session_date").isin(sorted(days))
    left_out = chosen & (F.col("is_bot") | F.col("internal"))
    before, now = (
        frames["sessions"].where(left_out).select("session_id", "start_time")
        for frames in (look.before, look.inputs)
    )
    # A session that is there in one of the two alone changed its events: their days are known as such.
    flipped = before.join(now, on="session_id", how="left_anti").unionAll(
        now.join(before, on="session_id", how="left_anti")
    )
    flipped = flipped.groupBy("session_id").agg(F.min("start_time").alias("start_time"))
    first = flipped.agg(F.min(F.to_date("start_time")).alias("day")).collect()[0].day
    if first is None:
        return set()
    activity = look.inputs["activity"].where(F.col("event_date") >= first)
    events = activity.join(flipped, on="session_id", how="left_semi")
    day = project_day(F.col("event_time"), zone)
    return {row.day for row in events.select(day.alias("day")).distinct().collect()}
