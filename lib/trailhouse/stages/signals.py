"""The stage `signals`: where people struggled.

A run makes anew the signals of all sessions on days whose activity, page views or capabilities changed;
excessive scrolling, which is judged by the week, in all weeks that hold such a day.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import short_hash
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.scope import Scope
from trailhouse.settings import Settings
from trailhouse.signals import one_pass, scrolling
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables.signals import TABLE
from trailhouse.touched.sessions import sessions_on, touched_days

_WHOLE_WEEKS = "page views of whole weeks"
"""Input of a part: every view of the weeks whose scrolling is judged anew."""


def transform(inputs: Frames, context: Context) -> Frames:
    """The signals of every kind, by each preset that the settings name."""
    settings = context.settings
    found = one_pass.find(inputs["activity"], inputs["page_views"], inputs["capabilities"], settings.signals)
    weeks = scrolling.find(inputs.get(_WHOLE_WEEKS, inputs["page_views"]), settings)
    return {TABLE.name: TABLE.select(_as_signals(found.unionByName(weeks)))}


def _as_signals(found: DataFrame) -> DataFrame:
    """The id is a function of kind, preset and first event (or view), so that a rerun gives the same one."""
    start = F.timestamp_micros("start_at")
    of_view = F.concat_ws("/", "session_id", "view_id")
    return found.select(
        short_hash(F.col("kind"), F.col("preset"), F.coalesce("first_event_id", of_view)).alias("signal_id"),
        F.to_date(start).alias("signal_date"),
        start.alias("start_time"),
        F.timestamp_micros("end_at").alias("end_time"),
        "place.*",
        *(name for name in found.columns if name not in ("place", "start_at", "end_at")),
    )


def narrow(look: Look, context: Context) -> Part | str:
    """The sessions on changed days, and the weeks that hold them."""
    settings = context.settings
    days = touched_days(look, "activity", "page_views", "capabilities")
    if days is None:
        return UNKNOWN
    if not days:
        return Part({}, {})
    if is_most(look.rows["activity"], days, settings):
        return MOST
    touched = sessions_on(look, days, settings.sessions, context.scratch)
    inputs = touched.inputs(look)
    weeks = _weeks(look.inputs["page_views"], days, settings)
    inputs[_WHOLE_WEEKS] = weeks.inside(look.inputs["page_views"])
    scope = _either(touched.scope("signal_date"), weeks)
    return Part(inputs, {"signals": scope}, days=len(touched.days))


def _weeks(page_views: DataFrame, days: Collection[date], settings: Settings) -> Scope:
    """Rows with a start_time in a week, of the project's, that overlaps one of some UTC days."""
    # A zone's day lies at most a day before or after the UTC day of the same instant.
    near = [day + timedelta(step) for day in sorted(days) for step in (-1, 0, 1)]
    first = {day - timedelta((day.weekday() + (settings.project.week_start == "sunday")) % 7) for day in near}
    chosen = scrolling.week(settings).isin(sorted(first))
    return Scope(lambda rows: rows.where(chosen), lambda rows: rows.where(~chosen))


def _either(sessions: Scope, weeks: Scope) -> Scope:
    """Excessive scrolling by the week, everything else by the session."""
    by_week = F.col("kind") == scrolling.KIND
    return Scope(
        lambda rows: weeks.inside(rows.where(by_week)).unionByName(sessions.inside(rows.where(~by_week))),
        lambda rows: weeks.outside(rows.where(by_week)).unionByName(sessions.outside(rows.where(~by_week))),
    )


STAGE = Stage(
    name="signals",
    reads=("activity", "page_views", "capabilities"),
    writes=("signals",),
    transform=transform,
    narrow=narrow,
    version=3,
    settings=("signals", "project"),
    pins={"activity": "page_views"},
    checks=(
        Check(
            "signals",
            "ends_after_start",
            "A signal ends no earlier than it starts.",
            "end_time >= start_time",
        ),
        Check(
            "signals",
            "rage_is_many",
            "A rage click holds at least three clicks.",
            "kind <> 'rage_click' OR size >= 3",
        ),
        Check(
            "signals",
            "events_are_named",
            "A signal names its first event, unless the rule looks at views alone.",
            f"kind = '{scrolling.KIND}' OR first_event_id IS NOT NULL",
        ),
    ),
)
