"""`person_days`: activity, views and sessions by person and project day."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import money_by_currency, project_day
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES

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
    left_out = F.broadcast(sessions.where("is_bot OR internal").select("session_id"))
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
    signals = F.col("rage_clicks") + F.coalesce("dead_clicks", F.lit(0)) + F.col("u_turns")
    return sessions.groupBy("person_id", F.col("session_date").alias("day")).agg(
        F.count("*").alias("sessions"),
        F.count_if("is_bounce").alias("bounces"),
        F.sum("engaged_us").alias("engaged_us"),
        F.sum("rage_clicks").alias("rage_clicks"),
        F.sum(signals).alias("signals"),
    )


def _views(page_views: DataFrame, settings: Settings) -> DataFrame:
    day = project_day(F.col("start_time"), settings.project.timezone)
    return page_views.groupBy("person_id", day.alias("day")).agg(F.count("*").alias("views"))


STAGE = Stage(
    name="person_days",
    reads=("activity", "page_views", "sessions"),
    writes=("person_days",),
    transform=transform,
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
