"""`person_days`: activity, views and sessions by person and project day.

A run makes anew the project days on which activity, views or sessions changed, and those on which a session
went on that began to count, or ceased to, as a bot's or the staff's.
"""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import money_by_currency, project_day
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.scope import of_days
from trailhouse.settings import Settings
from trailhouse.signals.counting import struggles
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables import TABLES
from trailhouse.touched.days import days_between
from trailhouse.touched.flips import days_of_flips
from trailhouse.touched.sessions import touched_days

_LEFT_OUT = "sessions of bots and staff"

_COUNTED = {
    "clicks": "click",
    "searches": "search",
    "cart_adds": "cart_add",
    "form_submits": "form_submit",
    "media_plays": "media_play",
    "orders": "order",
}
"""Column -> the event it counts."""


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a person and day, of persons who are neither bots nor staff."""
    settings = context.settings
    sessions = inputs["sessions"]
    left_out = inputs.get(_LEFT_OUT, sessions).where("is_bot OR internal").select("session_id")
    left_out = F.broadcast(left_out)
    activity = inputs["activity"].where("person_id IS NOT NULL AND NOT is_bot AND NOT internal")
    activity = activity.join(left_out, on="session_id", how="left_anti")
    views = inputs["page_views"].join(left_out, on="session_id", how="left_anti")
    kept = sessions.where("NOT is_bot AND NOT internal")
    days = (
        _events(activity, settings)
        .join(_sessions(kept), on=["person_id", "day"], how="left")
        .join(_views(views, settings), on=["person_id", "day"], how="left")
        .na.fill(0, ["sessions", "bounces", "engaged_us", "rage_clicks", "signals", "views"])
    )
    return {"person_days": days.select(*TABLES["person_days"].schema.names)}


def _events(activity: DataFrame, settings: Settings) -> DataFrame:
    name = F.col("event_name")
    converts = name.isin(*[conversion.event for conversion in settings.conversions])
    valued = name.isin(*[conversion.event for conversion in settings.conversions if conversion.value])
    money = F.when(valued & F.col("value").isNotNull(), F.struct("currency", F.col("value").alias("amount")))
    day = project_day(F.col("event_time"), settings.project.timezone)
    grouped = activity.withColumn("day", day).groupBy("person_id", "day")
    return grouped.agg(
        F.min("event_time").alias("first_time"),
        F.max("event_time").alias("last_time"),
        F.count("*").alias("events"),
        *[F.count_if(name == event).alias(column) for column, event in _COUNTED.items()],
        F.count_if(converts).alias("conversions"),
        money_by_currency(F.collect_list(money)).alias("value"),
    )


def _sessions(sessions: DataFrame) -> DataFrame:
    return sessions.groupBy("person_id", F.col("session_date").alias("day")).agg(
        F.count("*").alias("sessions"),
        F.count_if("is_bounce").alias("bounces"),
        F.sum("engaged_us").alias("engaged_us"),
        F.sum("rage_clicks").alias("rage_clicks"),
        F.sum(struggles()).alias("signals"),
    )


def _views(page_views: DataFrame, settings: Settings) -> DataFrame:
    day = project_day(F.col("start_time"), settings.project.timezone)
    return page_views.groupBy("person_id", day.alias("day")).agg(F.count("*").alias("views"))


def narrow(look: Look, context: Context) -> Part | str:
    """The project days on which an input changed."""
    zone = context.settings.project.timezone
    utc, begun = touched_days(look, "activity", "page_views"), touched_days(look, "sessions")
    if utc is None or begun is None:
        return UNKNOWN
    activity, page_views, sessions = (look.inputs[name] for name in ("activity", "page_views", "sessions"))
    days = days_between(utc, UTC, ZoneInfo(zone)) | begun | days_of_flips(look, begun, zone)
    if not days:
        return Part({}, {})
    if is_most(look.rows["sessions"], days, context.settings):
        return MOST
    around = sorted(days_between(days, ZoneInfo(zone), UTC))

    def within(rows: DataFrame, partition: str, at: str) -> DataFrame:
        near = rows.where(F.col(partition).isin(around))
        return near.where(project_day(F.col(at), zone).isin(sorted(days)))

    scope = of_days("day", days)
    inputs = {
        "activity": within(activity, "event_date", "event_time"),
        "page_views": within(page_views, "view_date", "start_time"),
        "sessions": sessions.where(F.col("session_date").isin(sorted(days))),
        # A session of an earlier day may go on.
        _LEFT_OUT: sessions.where(F.col("session_date") <= max(days)),
    }
    return Part(inputs, {"person_days": scope}, days=len(days))


STAGE = Stage(
    name="person_days",
    reads=("activity", "page_views", "sessions"),
    writes=("person_days",),
    transform=transform,
    narrow=narrow,
    remembers=("person_days",),
    settings=("project", "conversions"),
    pins={"activity": "sessions", "page_views": "sessions"},
    checks=(
        Check(
            "person_days",
            "sessions_agree",
            "The days' sessions add up to the sessions of people.",
            query=(
                "SELECT 'all' AS person_id, NULL AS day FROM (SELECT sum(sessions) AS counted FROM {batch}), "
                "(SELECT count(*) AS rows FROM {sessions} WHERE NOT is_bot AND NOT internal) "
                "WHERE coalesce(counted, 0) <> rows"
            ),
        ),
        Check("person_days", "orders_convert", "Orders are no more than events.", "orders <= events"),
    ),
)
