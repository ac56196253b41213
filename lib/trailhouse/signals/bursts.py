"""Things in a row, close together: the windows that rage clicks, thrashed cursors and refreshes share.

Rows come later first: `lag` is what happened next. So a burst is told at its first row, once the window
has come to it, by what a running value says of its last one; no rows are gathered.

1. A row is linked when it belongs together with the next one. chain: the two are close. window: some
   `count` rows in a row that hold both are close, from first to last.
2. The last row of a burst is the one that is not linked; each earlier row knows the latest such row.
3. The first row is linked, and the row before it is not linked to it. Its number less that of the
   last, plus one, is the burst's length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.signals.kind import Burst


def with_bursts(
    rows: DataFrame,
    presets: Mapping[str, Burst],
    keys: Sequence[str],
    order: Sequence[Column],
    marked: Column | None = None,
) -> DataFrame:
    """`rows` + for each preset, by a name of the caller's, `_burst_NAME`: STRUCT<size, last_at, last_row>.

    It is null on all rows but the first of a burst with enough rows. `order` brings later rows first within
    `keys`; by it `_row` counts them. `rows` have `moment` (microseconds, in that order), `fits`, and what the
    presets look at (x, y, selector, label). A row that does not fit is in no burst, and parts those around
    it. `_marked_row` is the number of the nearest row that is `marked`, this one or a later one.
    """
    ordered = Window.partitionBy(*keys).orderBy(*order)
    so_far = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # 1.
    close = {f"_close_{name}": _close(preset, ordered) for name, preset in presets.items()}
    rows = rows.withColumns({"_row": F.row_number().over(ordered), **close})
    spread = {
        f"_close_{name}": F.max(f"_close_{name}").over(
            ordered.rowsBetween(Window.currentRow, preset.count - 2)
        )
        for name, preset in presets.items()
        if preset.mode == "window"
    }
    if spread:
        rows = rows.withColumns(spread)
    # 2.
    last = {
        f"_last_{name}": F.last(
            F.when(~F.col(f"_close_{name}"), F.struct("_row", F.col("moment").alias("at"))), ignorenulls=True
        ).over(so_far)
        for name in presets
    }
    reached = {
        f"_reached_{name}": F.coalesce(F.lead(f"_close_{name}").over(ordered), F.lit(False))
        for name in presets
    }
    mark = F.when(F.lit(False) if marked is None else marked, F.col("_row"))
    nearest = {"_marked_row": F.last(mark, ignorenulls=True).over(so_far)}
    rows = rows.withColumns({**last, **reached, **nearest})
    # 3.
    bursts = {}
    for name, preset in presets.items():
        size = F.col("_row") - F.col(f"_last_{name}._row") + 1
        first = F.col(f"_close_{name}") & ~F.col(f"_reached_{name}") & (size >= preset.count)
        told = F.struct(
            size.cast("INT").alias("size"),
            F.col(f"_last_{name}.at").alias("last_at"),
            F.col(f"_last_{name}._row").alias("last_row"),
        )
        bursts[f"_burst_{name}"] = F.when(first, told)
    return rows.withColumns(bursts).drop(*close, *last, *reached)


def _close(preset: Burst, ordered: WindowSpec) -> Column:
    """chain: close to the next row. window: to the next `count - 1`, all together."""
    steps = 1 if preset.mode == "chain" else preset.count - 1
    span = F.lag("moment", steps).over(ordered) - F.col("moment")
    soon = span < preset.ms * 1000 if preset.below else span <= preset.ms * 1000
    if steps == 1:
        fit = F.col("fits") & F.lag("fits").over(ordered)
        near = _near_next(preset, ordered)
    else:
        held = ordered.rowsBetween(-steps, Window.currentRow)
        fit = F.min("fits").over(held)
        near = _all_near(preset, held)
    return F.coalesce(fit & soon & near, F.lit(False))


def _near_next(preset: Burst, ordered: WindowSpec) -> Column:
    if preset.on == "anything":
        return F.lit(True)
    if preset.on == "label":
        return F.col("label") == F.lag("label").over(ordered)
    one_element = F.col("selector") == F.lag("selector").over(ordered)
    if preset.on == "element":
        return one_element
    steps = [F.abs(F.col(c).cast("BIGINT") - F.lag(c).over(ordered)) for c in ("x", "y")]
    return F.coalesce(steps[0] + steps[1] <= preset.px, one_element)


def _all_near(preset: Burst, held: WindowSpec) -> Column:
    if preset.on == "anything":
        return F.lit(True)
    named = "label" if preset.on == "label" else "selector"
    one_name = (F.count(named).over(held) == preset.count) & (
        F.min(named).over(held) == F.max(named).over(held)
    )
    if preset.on != "place":
        return one_name
    # The greatest Manhattan distance within a set is the wider of its two diagonal extents.
    x, y = F.col("x").cast("BIGINT"), F.col("y").cast("BIGINT")
    width = F.greatest(*(F.max(d).over(held) - F.min(d).over(held) for d in (x + y, x - y)))
    all_placed = F.count(x + y).over(held) == preset.count
    return F.when(all_placed, width <= preset.px).otherwise(one_name)
