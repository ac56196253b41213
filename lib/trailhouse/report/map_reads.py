"""The small frames that the maps of pages are drawn from: the most clicked pages, all days together."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.key_elements import OUTCOMES
from trailhouse.report.reads import Frames, people

PAGES = 6
CELLS = 800
ELEMENTS = {"selector": 12, "text": 6, "link": 6}
"""How many of a page's elements are listed, by what they are told by."""

_MAP = ("page_group", "device_type")


def _top(frames: Frames) -> DataFrame:
    clicks = F.when(F.col("kind") != "move", F.col("points")).otherwise(0)
    ranked = frames["heatmaps"].groupBy("page_group")
    found = ranked.agg(F.sum(clicks).alias("page_clicks"), F.sum("points").alias("page_points"))
    return found.orderBy(F.desc("page_clicks"), F.desc("page_points"), "page_group").limit(PAGES)


def _of_top(frames: Frames, table: str) -> DataFrame:
    return frames[table].join(F.broadcast(_top(frames)), "page_group", how="left_semi")


def _with_half(frames: Frames, rows: DataFrame) -> DataFrame:
    """`rows` + split_day, the last day of the first half of the days, and `early`: whether it is in it."""
    half = F.floor(F.date_diff(F.max("day"), F.min("day")) / 2).cast("INT")
    days = frames["heatmaps"].agg(F.date_add(F.min("day"), half).alias("split_day"))
    return rows.crossJoin(F.broadcast(days)).withColumn("early", F.col("day") <= F.col("split_day"))


def _of_first_half(name: str) -> Column:
    return F.sum(F.when(F.col("early"), F.col(name)).otherwise(0))


def map_cells(frames: Frames) -> DataFrame:
    is_move = F.col("kind") == "move"
    inert = F.when(F.col("kind") == "click_inert", F.col("points")).otherwise(0)
    counts = ("points", "points_early", "points_left", "points_converted")
    cells = (
        _with_half(frames, _of_top(frames, "heatmaps"))
        .groupBy(*_MAP, F.when(is_move, "move").otherwise("click").alias("layer"), "x_bin", "y_bin")
        .agg(
            F.sum("points").alias("points"),
            F.sum(inert).alias("inert"),
            F.coalesce(F.sum("dwell_us"), F.lit(0)).alias("dwell_us"),
            _of_first_half("points").alias("points_early"),
            F.sum("points_left").alias("points_left"),
            F.sum("points_converted").alias("points_converted"),
            F.max("split_day").alias("split_day"),
        )
    )
    layer = Window.partitionBy(*_MAP, "layer")
    rank = F.row_number().over(layer.orderBy(F.desc("points"), "y_bin", "x_bin"))
    totals = [F.sum(name).over(layer).alias(f"all_{name}") for name in counts]
    ranked = cells.select("*", rank.alias("rank"), *totals)
    # Were there too many maps, the quietest places of each would be left out first.
    return ranked.where(F.col("rank") <= CELLS).orderBy("rank", *_MAP, "layer")


def map_pages(frames: Frames) -> DataFrame:
    sizes = ("viewport_width", "viewport_height", "document_height")
    return (
        people(_of_top(frames, "page_views"))
        .groupBy("page_group", F.coalesce("device_type", F.lit("unknown")).alias("device_type"))
        .agg(F.count("*").alias("views"), *[F.percentile(size, 0.5).alias(size) for size in sizes])
        .orderBy(F.desc("views"))
    )


SCROLLED = {"views": "views", "reached": "reached", "attention": "attention_us"}
"""What is known of each depth -> its column."""


def map_scroll(frames: Frames) -> DataFrame:
    def of(name: str, how: str) -> str:
        return f"{name}_{how}_us" if name == "attention" else f"{name}_{how}"

    sums = [
        one
        for name, column in SCROLLED.items()
        for one in (
            F.sum(column).alias(name),
            _of_first_half(column).alias(f"{name}_early"),
            *[F.sum(of(name, how)).alias(f"{name}_{how}") for how in ("left", "converted")],
        )
    ]
    return (
        _with_half(frames, _of_top(frames, "scroll_maps"))
        .groupBy(*_MAP, "depth")
        .agg(*sums, F.sum("below_fold").alias("below_fold"))
        .orderBy(*_MAP, "depth")
    )


def map_elements(frames: Frames) -> DataFrame:
    names = ("page_views", "clicks", "inert_clicks", "views", "first_clicks", "order_sum", "unplaced_clicks")
    more = ("moves", "unplaced_moves")
    counted = (
        _of_top(frames, "elements")
        .groupBy("page_group", "named_by", "element")
        .agg(*[F.sum(name).alias(name) for name in (*names, *more)])
    )
    order = Window.partitionBy("page_group", "named_by").orderBy(F.desc("views"), F.desc("clicks"), "element")
    most = F.create_map(*[F.lit(part) for pair in ELEMENTS.items() for part in pair])
    rank = F.row_number().over(order)
    wanted = F.col("rank") <= F.coalesce(F.try_element_at(most, F.col("named_by")), F.lit(1))
    return counted.withColumn("rank", rank).where(wanted).orderBy("page_group", "named_by", "rank")


KEY_SUMS = (
    *("views", "judged", "reached", "seen", "focused", "clicked", "ignored", "first_focused", "below_fold"),
    *("pairs_as_intended", "pairs_against", "y_sum", "fold_sum"),
    *(
        f"{name}_{how}"
        for name in ("views", "judged", "seen", "focused", "clicked", "ignored")
        for how in OUTCOMES
    ),
)


def key_elements(frames: Frames) -> DataFrame:
    key = ("page_group", "device_type", "element")
    # Of each day what took the focus instead most often is known, and no more.
    by_instead = (
        frames["key_elements"]
        .groupBy(*key, "instead")
        .agg(*[F.sum(name).alias(name) for name in KEY_SUMS], F.sum("instead_views").alias("n"))
    )
    most = F.min(F.when(F.col("instead").isNotNull(), F.struct((-F.col("n")).alias("n"), "instead")))
    return (
        by_instead.groupBy(*key)
        .agg(*[F.sum(name).alias(name) for name in KEY_SUMS], most["instead"].alias("instead"))
        .orderBy(F.desc("views"), *key)
    )
