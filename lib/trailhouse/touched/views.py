"""Views to make anew, of tables by day: those of the days on which views of touched sessions began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.scope import of_days
from trailhouse.stage import Context, Look, Part
from trailhouse.touched.days import days_between
from trailhouse.touched.sessions import sessions_on, touched_days


def view_days(look: Look, context: Context, tables: Sequence[str]) -> Part | str:
    """The project days on which the views of touched sessions began, and all views of these days.

    For a stage that reads activity, page_views and sessions, and whose `tables` say of each `day` what the
    views did that began on it. Whether a view was its session's last, or its session converted or is a
    bot's, an event of another day may decide: so all days of a touched session count.
    """
    zone = ZoneInfo(context.settings.project.timezone)
    utc, begun = touched_days(look, "activity", "page_views"), touched_days(look, "sessions")
    if utc is None or begun is None:
        return UNKNOWN
    changed = utc | days_between(begun, zone, UTC)
    if not changed:
        return Part({}, {})
    if is_most(look.rows["activity"], changed, context.settings):
        return MOST
    touched = sessions_on(look, changed, context.settings.sessions, context.scratch)
    days = days_between(touched.all_days, UTC, zone)
    start = project_day(F.col("start_time"), context.settings.project.timezone)
    near = sorted(days_between(days, zone, UTC))
    views = look.inputs["page_views"].where(F.col("view_date").isin(near) & start.isin(sorted(days)))
    # A view may go on for days.
    span = F.explode(F.sequence(F.to_date("start_time"), F.to_date("end_time"))).alias("day")
    seen = sorted(row.day for row in views.select(span).distinct().collect())
    inputs = {
        "activity": look.inputs["activity"].where(F.col("event_date").isin(seen)),
        "page_views": views,
        "sessions": look.inputs["sessions"].where(F.col("session_date") <= max(days)),
    }
    return Part(inputs, {table: of_days("day", days) for table in tables}, days=len(days))
