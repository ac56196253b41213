"""What the pointer did on views: clicks and moves, where they were, and whether that is a place."""

from __future__ import annotations

from typing import Any, TypeVar

from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.map_views import VIEW, to_next

KINDS = ("move", "click", "click_inert")
"""What a point is, by its number."""
MOVE, _, INERT = range(len(KINDS))
SENTINEL = 65_535
"""What some trackers send for a place that they do not know: the greatest number of 16 bits."""
TEXT_LENGTH = 200
Numbers = TypeVar("Numbers", Column, NDArray[Any])


def points(activity: DataFrame) -> DataFrame:
    """Clicks and moves on views: VIEW, person_id, event_number, event_time, kind (a number), x, y (page px).

    And, null where they are not known: width and page_width, of the viewport and the page at that time (px);
    selector, text and link of what was clicked.
    """
    is_move, element = F.col("event_name") == "mouse_move", F.col("element")
    names = {
        "selector": element["selector"],
        "text": F.substring(F.trim(element["text"]), 1, TEXT_LENGTH),
        "link": element["href"],
    }
    found = activity.where(F.col("event_name").isin("click", "mouse_move"))
    return found.where("session_id IS NOT NULL AND view_id IS NOT NULL").select(
        *VIEW,
        "person_id",
        "event_number",
        "event_time",
        F.when(is_move, MOVE).when(~element["interactive"], INERT).otherwise(1).alias("kind"),
        element["x"].alias("x"),
        element["y"].alias("y"),
        F.col("viewport.width").alias("width"),
        F.col("document.width").alias("page_width"),
        *(F.when(~is_move & (name != ""), name).alias(column) for column, name in names.items()),
    )


def is_place(
    x: Numbers, y: Numbers, width: Numbers, page_width: Numbers, widest: Numbers, bottom: Numbers
) -> Numbers:
    """Whether a point has a place on its page.

    It has none where it is missing, negative, 65535, below the page's lower edge (`bottom`; 0: not known), or
    to the right of both the viewport and the page; and where the viewport has no width, then or at its
    `widest`.
    What lies to the right of the viewport on a wider page is a place.
    """
    across = (x >= 0) & ((x <= width) | (x <= page_width)) & (x != SENTINEL)
    down = (y >= 0) & ((bottom <= 0) | (y <= bottom)) & (y != SENTINEL)
    found: Numbers = (width > 0) & (widest > 0) & across & down
    return found


def pointer(activity: DataFrame, views: DataFrame) -> DataFrame:
    """Points of `views_of_people`, with the columns of their view.

    Added: `width` is the view's widest where it is not known, `placed`, and rest_us, microseconds to the
    view's next point, null for the last.
    """
    # Before the views join: rows are narrow as yet, and what the window sorts the join need not sort again.
    moments = points(activity).drop("person_id").withColumn("rest_us", to_next())
    x, y, width, page_width, widest = map(F.col, ("x", "y", "width", "page_width", "viewport_width"))
    placed = is_place(x, y, width, page_width, widest, F.coalesce("document_height", F.lit(0)))
    return (
        moments.join(views, on=list(VIEW), how="inner")
        .withColumn("width", F.coalesce("width", "viewport_width"))
        .withColumn("placed", F.coalesce(placed, F.lit(False)))
    )
