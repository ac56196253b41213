"""Scroll maps: how far down a page template is seen, and where attention goes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.map_views import HOW, MAP, VIEW, in_view, until_next

STEPS = 20
STEP_PCT = 100 // STEPS


def scroll_bands(activity: DataFrame, views: DataFrame, gap_cap_us: int) -> DataFrame:
    """Rows of `scroll_maps`: each 5 % of a page, from views whose scrolling is collected.

    A 5 % is reached once its lower edge was seen (`page_views.max_scroll_pct`), and lies below the fold
    when it begins where the first screen ends, or lower. It has a view's attention while some of it is in
    sight: from event to event, at most `gap_cap_us` each, by the offset sent last (0 before the first).
    """
    scrolled = views.where("max_scroll_pct IS NOT NULL AND viewport_band IS NOT NULL")
    every = F.explode(F.sequence(F.lit(1), F.lit(STEPS))).alias("step")
    reached = (
        scrolled.select(
            *MAP,
            *HOW,
            F.floor(F.col("max_scroll_pct") / STEP_PCT).cast("INT").alias("deepest"),
            _up(F.col("viewport_height") * STEPS, F.col("document_height")).alias("fold"),
        )
        .groupBy(*MAP, *HOW, "deepest", "fold")
        .agg(F.count("*").alias("n"))
        .select("*", every)
        .select(
            *MAP,
            "step",
            *HOW,
            F.col("n").alias("views"),
            F.when(F.col("step") <= F.col("deepest"), F.col("n")).otherwise(0).alias("reached"),
            F.when(F.col("step") > F.col("fold"), F.col("n")).otherwise(0).alias("below_fold"),
            F.lit(0).cast("BIGINT").alias("attention_us"),
        )
    )
    zero = F.lit(0).cast("BIGINT")
    attended = (
        _in_sight(activity, scrolled, gap_cap_us)
        .groupBy(*MAP, *HOW, "first", "last")
        .agg(F.sum("gap_us").alias("attention_us"))
        .select(
            *MAP,
            F.explode(F.sequence("first", "last")).alias("step"),
            *HOW,
            *[zero.alias(name) for name in ("views", "reached", "below_fold")],
            "attention_us",
        )
    )
    return (
        reached.unionByName(attended)
        .groupBy(*MAP, (F.col("step") * STEP_PCT).cast("INT").alias("depth"))
        .agg(*_split("views"), *_split("reached"), F.sum("below_fold").alias("below_fold"), *_attention())
    )


def _up(part: Column, whole: Column) -> Column:
    """`part / whole` of whole numbers, rounded up, as INT."""
    return F.ceil(part / whole).cast("INT")


def offsets_held(activity: DataFrame, gap_cap_us: int) -> DataFrame:
    """How long each offset of a view held: VIEW, _offset (px, as sent; 0 before the first), gap_us.

    From event to event, at most `gap_cap_us` each. Before views join: an event says no more than that.
    """
    held = _offsets(activity, gap_cap_us)
    return held.groupBy(*VIEW, "_offset").agg(F.sum("gap_us").alias("gap_us"))


def _offsets(activity: DataFrame, gap_cap_us: int) -> DataFrame:
    """The same, a row an event after which there was some time, by view."""
    view = Window.partitionBy(*VIEW).orderBy(in_view())
    so_far = view.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    offset = F.coalesce(F.last("scroll_offset", ignorenulls=True).over(so_far), F.lit(0))
    events = activity.where("session_id IS NOT NULL AND view_id IS NOT NULL").select(
        *VIEW, "event_number", "event_time", "scroll_offset"
    )
    return events.withColumns({"gap_us": until_next(gap_cap_us), "_offset": offset}).where("gap_us > 0")


def _in_sight(activity: DataFrame, views: DataFrame, gap_cap_us: int) -> DataFrame:
    """What was in sight on views, how long: MAP, left, converted, first and last (steps), gap_us."""
    height = F.col("document_height").cast("BIGINT")
    lowest = F.greatest(height - F.col("viewport_height"), F.lit(0))
    top = F.least(F.greatest("_offset", F.lit(0)), lowest)
    return (
        # Sorted as the join needs them; few are what is summed up behind it, and many what is before.
        _offsets(activity, gap_cap_us)
        .join(views, on=list(VIEW), how="inner")
        .withColumn("_top", top)
        .withColumn("_bottom", F.least(F.col("_top") + F.col("viewport_height"), height))
        .withColumns(
            {
                "first": (F.floor(F.col("_top") * STEPS / height) + 1).cast("INT"),
                "last": _up(F.col("_bottom") * STEPS, height),
            }
        )
        .where("last >= first")
        .select(*MAP, *HOW, "first", "last", "gap_us")
    )


def _split(name: str) -> list[Column]:
    """A sum, and those of its parts by outcome."""
    return [
        F.sum(name).alias(name),
        *[F.sum(F.when(F.col(how), F.col(name)).otherwise(0)).alias(f"{name}_{how}") for how in HOW],
    ]


def _attention() -> list[Column]:
    names = {"attention_us": F.lit(True), **{f"attention_{how}_us": F.col(how) for how in HOW}}
    return [
        F.sum(F.when(which, F.col("attention_us")).otherwise(0)).alias(name) for name, which in names.items()
    ]
