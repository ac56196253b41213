"""The views that maps of pages are made of."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.settings import Project
from trailhouse.tables.heatmaps import BANDS

VIEW = ("session_id", "view_id")
PAGE = ("page_group", "device_type", "day")
MAP = ("page_group", "device_type", "viewport_band", "day")
HOW = ("left", "converted")
"""How a view ended, by which maps are split."""


def band(width: str) -> Column:
    """The band that a viewport's width (px) falls into; null for null and for a width of none."""
    named = F.when(F.col(width).isNull() | (F.col(width) <= 0), F.lit(None).cast("string"))
    for name, beyond in BANDS:
        named = named.when(F.lit(True) if beyond is None else F.col(width) < beyond, name)
    return named


def views_of_people(page_views: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """The views of people with what says to which map each belongs, and how it ended.

    Columns: session_id, view_id, person_id; start_time, end_time; page_group, device_type, viewport_band
    (null where no width is known), day; viewport_width, viewport_height, document_height in px;
    max_scroll_pct; left (the session's last view), converted (its session did). A view without a page
    template is on no map.
    """
    people = sessions.where("NOT is_bot AND NOT internal").select("session_id", "converted")
    own = page_views.where("page_group IS NOT NULL AND NOT is_bot AND NOT internal")
    return own.join(people, on="session_id", how="inner").select(
        *VIEW,
        "person_id",
        "start_time",
        "end_time",
        "page_group",
        F.coalesce("device_type", F.lit("unknown")).alias("device_type"),
        band("viewport_width").alias("viewport_band"),
        project_day(F.col("start_time"), project.timezone).alias("day"),
        "viewport_width",
        "viewport_height",
        "document_height",
        "max_scroll_pct",
        F.col("is_exit").alias("left"),
        "converted",
    )


def in_view() -> Column:
    """A window's way through a view: every event in its order."""
    return F.col("event_number").asc()


def of_their_views(activity: DataFrame, views: DataFrame) -> DataFrame:
    """Events of `views_of_people` with the person of their view: a session may be of several."""
    return activity.drop("person_id").join(views.select(*VIEW, "person_id"), on=list(VIEW), how="inner")


def until_next(cap_us: int) -> Column:
    """Microseconds from a row until the next of its view in the frame, at most `cap_us`; 0 for the last."""
    return capped(to_next(), cap_us)


def to_next() -> Column:
    """The same without a limit; null for the last."""
    following = F.lead("event_time").over(Window.partitionBy(*VIEW).orderBy(in_view()))
    return F.unix_micros(following) - F.unix_micros("event_time")


def capped(gap: Column, cap_us: int) -> Column:
    """A time until what follows, at most `cap_us`; 0 where nothing follows."""
    # `least` passes over nulls: the last would count a whole cap.
    return F.when(gap.isNull(), F.lit(0)).otherwise(F.least(gap, F.lit(cap_us))).cast("BIGINT")
