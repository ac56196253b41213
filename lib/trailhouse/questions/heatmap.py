"""Heatmaps: where on a page template people click, and where they rest the pointer."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.map_views import HOW, MAP, VIEW, capped
from trailhouse.questions.pointer import KINDS, MOVE, pointer

X_BINS = 100
Y_BIN_PX = 16


def bins(activity: DataFrame, views: DataFrame, dwell_cap_us: int) -> DataFrame:
    """Rows of `heatmaps` from activity and `views_of_people`: clicks and moves by bin.

    A pointer dwells where it is until the view's next move or click, `dwell_cap_us` at most; where the last
    one of a view rested nobody knows, and it counts none. What lies to the right of the viewport on a wider
    page is in the last bin.
    """
    x_bin = F.least(F.floor(F.col("x").cast("BIGINT") * X_BINS / F.col("width")), F.lit(X_BINS - 1))
    dwell = F.when(F.col("kind") == MOVE, capped(F.col("rest_us"), dwell_cap_us))
    cell = (*MAP, "kind", "x_bin", "y_bin")
    in_cells = (
        # What has no place still says that the pointer moved on.
        pointer(activity, views)
        .withColumn("dwell_us", dwell)
        .where("placed")
        .withColumns({"x_bin": x_bin.cast("INT"), "y_bin": F.floor(F.col("y") / Y_BIN_PX).cast("INT")})
    )
    by_view = in_cells.groupBy(*VIEW, *cell, *HOW).agg(
        F.count("*").alias("points"), F.sum("dwell_us").alias("dwell_us")
    )
    found = by_view.groupBy(*cell).agg(
        F.sum("points").alias("points"),
        F.count("*").alias("views"),
        *(F.sum(F.when(F.col(how), F.col("points")).otherwise(0)).alias(f"points_{how}") for how in HOW),
        F.sum("dwell_us").alias("dwell_us"),
    )
    kinds = F.array(*map(F.lit, KINDS))
    return found.withColumn("kind", F.get(kinds, F.col("kind")))
