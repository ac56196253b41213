"""Heatmaps: where on a page template people click, and where they rest the pointer."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.map_views import MAP, VIEW, capped

X_BINS = 100
Y_BIN_PX = 16


def bins(points: DataFrame, dwell_cap_us: int) -> DataFrame:
    """Rows of `heatmaps` from those of `pointer`: clicks and moves by bin.

    A pointer dwells where it is until the view's next move or click, `dwell_cap_us` at most; where the last
    one of a view rested nobody knows, and it counts none.
    """
    x_bin = F.least(F.floor(F.col("x") * X_BINS / F.col("width")), F.lit(X_BINS - 1))
    is_move = F.col("kind") == "move"
    dwell = F.when(is_move, capped(F.col("rest_us"), dwell_cap_us))
    cell = (*MAP, "kind", "x_bin", "y_bin")
    in_cells = (
        # What has no place still says that the pointer moved on.
        points.withColumn("dwell_us", dwell)
        .where("placed")
        .withColumns({"x_bin": x_bin.cast("INT"), "y_bin": F.floor(F.col("y") / Y_BIN_PX).cast("INT")})
    )
    by_view = in_cells.groupBy(*VIEW, *cell, "left", "converted").agg(
        F.count("*").alias("points"), F.sum("dwell_us").alias("dwell_us")
    )
    return by_view.groupBy(*cell).agg(
        F.sum("points").alias("points"),
        F.count("*").alias("views"),
        F.sum(F.when(F.col("left"), F.col("points")).otherwise(0)).alias("points_left"),
        F.sum(F.when(F.col("converted"), F.col("points")).otherwise(0)).alias("points_converted"),
        F.sum("dwell_us").alias("dwell_us"),
    )
