"""U-turns: back to the page before, almost at once."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.settings import Signals
from trailhouse.signals.shape import KEYS

VERSION = 1
PRESET = "default"


def find(activity: DataFrame, page_views: DataFrame, settings: Signals) -> DataFrame:
    """One row a page that a person left again for the page before it, in one tab and session.

    In the order A, B, A' of a tab's views: A' shows A's path and B another, B lasts (its start to
    the start of A') no longer than `u_turn_seconds`, and A' was reached by the browser's history
    (`back_forward`), where the tracker says how pages are reached. The row stands at B.
    """
    tab = Window.partitionBy("session_id", "anonymous_id", "tab_id").orderBy("start_time", "view_number")
    path = F.coalesce("page_path", "page_title")
    views = (
        page_views.withColumn("path", path)
        .withColumn("path_before", F.lag(path).over(tab))
        .withColumn("path_after", F.lead(path).over(tab))
        .withColumn("reached_by", F.lead("navigation_type").over(tab))
        .withColumn("left_at", F.lead("start_time").over(tab))
    )
    returns = (F.col("path_after") == F.col("path_before")) & (F.col("path") != F.col("path_before"))
    by_history = F.coalesce(F.col("reached_by") == "back_forward", F.lit(True))
    quick = F.unix_micros("left_at") - F.unix_micros("start_time") <= micros(settings.u_turn_seconds)
    turns = views.where(returns & by_history & quick).select(
        *KEYS,
        "page_group",
        "page_path",
        F.lit(None).cast("string").alias("selector"),
        F.lit(None).cast("string").alias("element_text"),
        "start_time",
        F.col("left_at").alias("end_time"),
        F.lit(2).alias("size"),
        "device_type",
        "is_bot",
        "internal",
    )
    # page_views names no event; the least number in the session is the view's first one.
    first_events = (
        activity.where(F.col("view_id").isNotNull())
        .join(turns.select("session_id", "view_id"), on=["session_id", "view_id"], how="left_semi")
        .groupBy("session_id", "view_id")
        .agg(F.min_by("event_id", "event_number").alias("first_event_id"))
    )
    return turns.join(first_events, on=["session_id", "view_id"], how="inner")
