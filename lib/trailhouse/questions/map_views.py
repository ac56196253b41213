"""The views that maps of pages are made of, and what the pointer did on them."""

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
SENTINEL = 65_535
"""What some trackers send for a place that they do not know: the greatest number of 16 bits."""


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


def pointer(activity: DataFrame, views: DataFrame) -> DataFrame:
    """Clicks and moves of `views_of_people`, a row each, with their place and whether it is one.

    Added to the columns of the view: event_time, event_number, kind (click, click_inert, move), x and y (page
    px), width (of the viewport at that time, px), placed, selector, text, link; rest_us, microseconds to the
    view's next row, null for the last; click_number, which of the view's clicks it is. A place is none when
    it is missing, negative, 65535, beyond the page's lower edge, or to the right of both the viewport and the
    page; and where the viewport has no width. What lies to the right of the viewport on a wider page is
    a place: in the last bin.
    """
    is_move = F.col("event_name") == "mouse_move"
    kind = F.when(is_move, "move").when(~F.col("element.interactive"), "click_inert").otherwise("click")
    events = activity.where(
        F.col("event_name").isin("click", "mouse_move")
        & F.col("session_id").isNotNull()
        & F.col("view_id").isNotNull()
    )
    events = events.select(
        *VIEW,
        "event_number",
        "event_time",
        kind.alias("kind"),
        F.col("element.x").cast("BIGINT").alias("x"),
        F.col("element.y").cast("BIGINT").alias("y"),
        F.col("viewport.width").cast("BIGINT").alias("_width"),
        F.col("document.width").cast("BIGINT").alias("_page_width"),
        F.col("element.selector").alias("selector"),
        F.col("element.text").alias("text"),
        F.col("element.href").alias("link"),
    )
    is_click = F.col("kind") != "move"
    so_far = Window.partitionBy(*VIEW).orderBy(in_view()).rowsBetween(Window.unboundedPreceding, 0)
    # Before the views join: rows are narrow as yet, and what the windows sort the join need not sort again.
    events = events.withColumns(
        {"rest_us": _to_next(), "click_number": F.when(is_click, F.count_if(is_click).over(so_far))}
    )
    x, y, width = F.col("x"), F.col("y"), F.col("width")
    right = F.greatest(width, "_page_width")
    bottom = F.when(F.col("document_height") > 0, F.col("document_height"))
    placed = (
        (width > 0)
        & F.col("viewport_band").isNotNull()
        & x.between(0, right)
        & (y >= 0)
        & (bottom.isNull() | (y <= bottom))
        & (x != SENTINEL)
        & (y != SENTINEL)
    )
    return (
        events.join(views, on=list(VIEW), how="inner")
        .withColumn("width", F.coalesce("_width", F.col("viewport_width").cast("BIGINT")))
        .withColumn("placed", F.coalesce(placed, F.lit(False)))
        .drop("_width", "_page_width")
    )


def until_next(cap_us: int) -> Column:
    """Microseconds from a row until the next of its view in the frame, at most `cap_us`; 0 for the last."""
    return capped(_to_next(), cap_us)


def capped(gap: Column, cap_us: int) -> Column:
    """A time until what follows, at most `cap_us`; 0 where nothing follows."""
    # `least` passes over nulls: the last would count a whole cap.
    return F.when(gap.isNull(), F.lit(0)).otherwise(F.least(gap, F.lit(cap_us))).cast("BIGINT")


def _to_next() -> Column:
    following = F.lead("event_time").over(Window.partitionBy(*VIEW).orderBy(in_view()))
    return F.unix_micros(following) - F.unix_micros("event_time")
