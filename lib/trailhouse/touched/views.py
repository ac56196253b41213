"""Views to make anew, of tables by day: those of the days on which views of touched sessions began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.scope import of_days
from trailhouse.stage import Context, Look, Part
from trailhouse.touched.days import days_between
from trailhouse.touched.sessions import sessions_on, touched_days


def view_days(
    look: Look,
    context: Context,
    tables: Sequence[str],
    more: Callable[[Look], DataFrame | None] | None = None,
) -> Part | str:
    """The project days on which the views of touched sessions began, and all views of these days.

    For a stage that reads activity, page_views and sessions, and whose `tables` say of each `day` what the
    views did that began on it. Whether a view was its session's last, or its session converted or is a
    bot's, an event of another day may decide: so all days of a touched session count. `more` gives further
    views that are touched (rows of page_views; None: there are none).
    """
    zone = ZoneInfo(context.settings.project.timezone)
    utc, begun = touched_days(look, "activity", "page_views"), touched_days(look, "sessions")
    if utc is None or begun is None:
        return UNKNOWN
    changed = utc | days_between(begun, zone, UTC)
    start = project_day(F.col("start_time"), context.settings.project.timezone)
    also = more(look) if more else None
    beside = (
        set() if also is None else {row.day for row in also.select(start.alias("day")).distinct().collect()}
    )
    if not changed and not beside:
        return Part({}, {})
    if is_most(look.rows["activity"], changed, context.settings):
        return MOST
    days = beside
    if changed:
        touched = sessions_on(look, changed, context.settings.sessions, context.scratch)
        days = days | days_between(touched.all_days, UTC, zone)
    near = sorted(days_between(days, zone, UTC))
    views = look.inputs["page_views"].where(F.col("view_date").isin(near) & start.isin(sorted(days)))
    # A view may go on for days.
    span = F.explode(F.sequence(F.to_date("start_time"), F.to_date("end_time"))).alias("day")
    seen = sorted(row.day for row in views.select(span).distinct().collect())
    inputs = {
        **look.inputs,
        "activity": look.inputs["activity"].where(F.col("event_date").isin(seen)),
        "page_views": views,
        "sessions": look.inputs["sessions"].where(F.col("session_date") <= max(days)),
    }
    return Part(inputs, {table: of_days("day", days) for table in tables}, days=len(days))


def attempted(look: Look) -> DataFrame | None:
    """The views of people during whose attempts at tasks one came, went or ended otherwise; None: no views.

    For stages that read task_attempts. What an attempt came to may be known by time alone, or by a later
    session: no event of its own need have changed.
    """
    if look.days["task_attempts"] == []:
        return None
    now, before = (
        frames["task_attempts"].select(
            *("task", "person_id", "session_id", "completed", "last_time", "pages"),
            F.col("start_time").alias("begun"),
        )
        for frames in (look.inputs, look.before)
    )
    changed = now.exceptAll(before).unionByName(before.exceptAll(now))
    during = (F.col("start_time") <= F.col("last_time")) & (F.col("end_time") >= F.col("begun"))
    spans = changed.select("person_id", "begun", "last_time")
    views = look.inputs["page_views"].select("person_id", "start_time", "end_time")
    return views.join(F.broadcast(spans), on="person_id", how="inner").where(during)
