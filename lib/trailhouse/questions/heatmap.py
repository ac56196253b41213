"""Heatmaps: where on a page template people click."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.people import of_people
from trailhouse.settings import Project

X_BINS = 100
Y_BIN_PX = 16
BANDS: tuple[tuple[str, int | None], ...] = (
    ("<480", 480),
    ("480-767", 768),
    ("768-1279", 1280),
    (">=1280", None),
)
"""Name of a band of viewport widths, and the first width in px beyond it."""


def band(width: str) -> Column:
    """The band that a viewport's width (px) falls into; null for null."""
    named = F.when(F.col(width).isNull(), F.lit(None).cast("string"))
    for name, beyond in BANDS:
        named = named.when(F.lit(True) if beyond is None else F.col(width) < beyond, name)
    return named


def click_bins(activity: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """Rows of `heatmaps`: clicks by bin, without bots and internal traffic.

    A click needs its page template, view, coordinates and the viewport's width; the others are in
    no map. Pointers beyond the viewport's sides (a page that scrolls sideways) fall into the outer
    bins, as do those above the page's top.
    """
    is_click = (
        (F.col("event_name") == "click") & F.col("page_group").isNotNull() & F.col("view_id").isNotNull()
    )
    placed = (F.col("x") + F.col("y")).isNotNull() & (F.col("width") > 0)
    x_bin = F.floor(F.col("x") * X_BINS / F.col("width"))
    return (
        of_people(activity.where(is_click), sessions)
        .select(
            "page_group",
            F.coalesce("device.type", F.lit("unknown")).alias("device_type"),
            project_day(F.col("event_time"), project.timezone).alias("day"),
            F.when(~F.col("element.interactive"), "click_inert").otherwise("click").alias("kind"),
            F.col("element.x").cast("bigint").alias("x"),
            F.col("element.y").cast("bigint").alias("y"),
            F.col("viewport.width").cast("bigint").alias("width"),
            "session_id",
            "view_id",
        )
        .where(placed)
        .select(
            "*",
            band("width").alias("viewport_band"),
            F.greatest(F.least(x_bin, F.lit(X_BINS - 1)), F.lit(0)).cast("int").alias("x_bin"),
            F.greatest(F.floor(F.col("y") / Y_BIN_PX), F.lit(0)).cast("int").alias("y_bin"),
        )
        .groupBy("page_group", "device_type", "viewport_band", "day", "kind", "x_bin", "y_bin")
        .agg(
            F.count("*").alias("clicks"),
            F.count_distinct(F.struct("session_id", "view_id")).alias("views"),
        )
    )
