"""Heatmaps: where on a page template people click, and where they rest the pointer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.groups import Groups, combined
from trailhouse.questions.map_views import MAP
from trailhouse.questions.pointer import KINDS, MOVE, Pointed, pointed

X_BINS = 100
Y_BIN_PX = 16
_COUNTS = ("points", "views", "points_left", "points_converted", "dwell_us")
_MAP = "page_group STRING, device_type STRING, viewport_band STRING, day DATE"
_SCHEMA = f"{_MAP}, kind STRING, x_bin INT, y_bin INT, " + ", ".join(f"{name} BIGINT" for name in _COUNTS)


def bins(activity: DataFrame, views: DataFrame, dwell_cap_us: int) -> DataFrame:
    """Rows of `heatmaps` from activity and `views_of_people`: clicks and moves by bin.

    A pointer dwells where it is until the view's next move or click, `dwell_cap_us` at most; where the last
    one of a view rested nobody knows, and it counts none. What lies to the right of the viewport on a wider
    page is in the last bin.
    """
    binned = pointed(activity, views, partial(_binned, dwell_cap_us), _SCHEMA)
    return binned.groupBy(*MAP, "kind", "x_bin", "y_bin").agg(*(F.sum(name).alias(name) for name in _COUNTS))


def _binned(dwell_cap_us: int, seen: Pointed) -> Iterator[pa.Table]:
    """The bins of some views."""
    # What has no place still says that the pointer moved on.
    rest = seen.rest(dwell_cap_us)
    placed = np.flatnonzero(seen.placed)
    view, kind, width = seen.view[placed], seen.kind[placed], seen.width[placed]
    x_bin = np.minimum(seen.x[placed] * X_BINS // width, X_BINS - 1)
    y_bin = seen.y[placed] // Y_BIN_PX
    cells = Groups(combined(seen.codes(*MAP)[view], kind, x_bin, y_bin))
    some = cells.some_row
    is_move = kind[some] == MOVE
    yield pa.table(
        {
            **seen.of_views(view[some], *MAP),
            "kind": pa.array(KINDS).take(pa.array(kind[some])),
            "x_bin": x_bin[some].astype(np.int32),
            "y_bin": y_bin[some].astype(np.int32),
            "points": cells.counts(),
            "views": cells.distinct(view + 1),
            "points_left": cells.sums(seen.flags("left")[view]),
            "points_converted": cells.sums(seen.flags("converted")[view]),
            "dwell_us": pa.array(cells.sums(rest[placed]), mask=~is_move),
        }
    )
