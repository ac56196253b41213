"""Whether what a step asks for lies below the fold, by device class and day, and the day it slipped there.

1. An element's y is that of its box on the page, from clicks on it (the pointer's y where no box is sent). A
   view without a click on it has the y of clicks on views of the same device class, width band and document
   height, of the nearest day; else of the same device class and band.
2. It lies below the fold where it begins at the first screen's end or lower; it is reached where the view was
   scrolled so far that all of it was seen, or where it was clicked.
3. The day it slipped: the change point (slip.py) of the daily share of views whose y lies below the usual
   fold of their device class, its median over all days. So a view on a large screen tells of it, too, and a
   day on which small screens come moves nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.from_counts import Row
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.map_views import VIEW
from trailhouse.settings import Onboarding
from trailhouse.why.slip import Slip, slipped

_PLACE = (
    "step",
    "device_type",
    "day",
    "viewport_band",
    "viewport_height",
    "document_height",
    "max_scroll_pct",
)
COUNTS = "step INT, device_type STRING, day DATE, viewport_band STRING, viewport_height INT, "
COUNTS += "document_height INT, max_scroll_pct INT, y INT, height INT, clicked BOOLEAN, views BIGINT"


def seen_places(
    activity: DataFrame, views: DataFrame, one: Onboarding, steps: Mapping[str, int]
) -> DataFrame:
    """Views of the pages of steps, counted by COUNTS: `steps` are numbers of steps by name.

    `views` are `views_of_people`. y and height: of the box that was clicked first (null: none was).
    """
    places = F.array(
        *(
            F.struct(
                F.lit(steps[place.step]).alias("step"),
                F.lit(place.page_group).alias("of"),
                F.lit(place.element).alias("wanted"),
            )
            for place in one.places
        )
    )
    pages = sorted({place.page_group for place in one.places})
    own = views.where(F.col("page_group").isin(*pages)).select("*", F.inline(places)).where("of = page_group")
    box = F.col("element.box")
    y = F.coalesce(box["y"], F.col("element.y"))
    clicks = activity.where(
        F.col("event_name").isin("click")
        & F.col("element.selector").isin(*sorted({place.element for place in one.places}))
        & F.col("view_id").isNotNull()
    ).select(
        *VIEW,
        F.col("element.selector").alias("wanted"),
        "event_number",
        y.alias("y"),
        box["height"].alias("height"),
    )
    first = clicks.groupBy(*VIEW, "wanted").agg(
        F.min(F.when(F.col("y") >= 0, F.struct("event_number", "y", "height"))).alias("at")
    )
    return (
        own.join(first.withColumn("clicked", F.lit(True)), on=[*VIEW, "wanted"], how="left")
        .select(
            *_PLACE,
            F.col("at.y").alias("y"),
            F.coalesce("at.height", F.lit(0)).alias("height"),
            F.coalesce("clicked", F.lit(False)).alias("clicked"),
        )
        .groupBy(*_PLACE, "y", "height", "clicked")
        .agg(F.count("*").alias("views"))
    )


@dataclass
class Day:
    """Counts of a step's page on one device class and day."""

    views: int = 0
    judged: int = 0
    below: int = 0
    past: int = 0
    """Views where it lies below the usual fold of their device class."""
    scrolled: int = 0
    reached: int = 0
    clicked: int = 0
    y: Counter[int] = field(default_factory=Counter)
    folds: Counter[int] = field(default_factory=Counter)


Days = dict[tuple[int, str], dict[date, Day]]
"""Step and device class ('all' too) -> day -> counts."""


def by_day(rows: Sequence[Row]) -> Days:
    """The counted views of steps, with y of those that did not click, by device class and day."""
    known, usual = _Known(rows), _usual_folds(rows)
    found: Days = defaultdict(lambda: defaultdict(Day))
    for row in rows:
        at = (row["y"], row["height"]) if row["y"] is not None else known.nearest(row)
        for device in {ALL, row["device_type"]}:
            _add(
                found[row["step"], device][row["day"]], row, at, usual.get((row["step"], row["device_type"]))
            )
    return found


def _usual_folds(rows: Sequence[Row]) -> dict[tuple[int, str], int | None]:
    """The median height of viewports by step and device class."""
    heights: dict[tuple[int, str], Counter[int]] = defaultdict(Counter)
    for row in rows:
        if row["viewport_height"] is not None:
            heights[row["step"], row["device_type"]][row["viewport_height"]] += row["views"]
    return {key: median(own) for key, own in heights.items()}


class _Known:
    """Where clicks say that the element is."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._by: dict[tuple[Any, ...], dict[date, Counter[tuple[int, int]]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        for row in rows:
            if row["y"] is not None:
                for key in self._keys(row):
                    self._by[key][row["day"]][row["y"], row["height"]] += row["views"]

    @staticmethod
    def _keys(row: Row) -> tuple[tuple[Any, ...], ...]:
        wide = (row["step"], row["device_type"], row["viewport_band"])
        return ((*wide, row["document_height"]), wide) if row["document_height"] is not None else (wide,)

    def nearest(self, row: Row) -> tuple[int, int] | None:
        """y and height of the nearest day (of two the earlier): the most frequent, of these the least."""
        for key in self._keys(row):
            days = self._by.get(key)
            if days:
                day = min(days, key=lambda one: (abs((one - row["day"]).days), one))
                return min(days[day], key=lambda at: (-days[day][at], at))
        return None


def _add(day: Day, row: Row, at: tuple[int, int] | None, usual: int | None) -> None:
    n = row["views"]
    day.views += n
    day.clicked += n * row["clicked"]
    if at is None or row["viewport_height"] is None:
        return
    y, height = at
    day.judged += n
    day.below += n * (y >= row["viewport_height"])
    day.past += n * (usual is not None and y >= usual)
    day.y[y] += n
    day.folds[row["viewport_height"]] += n
    if row["max_scroll_pct"] is not None and row["document_height"]:
        seen = row["max_scroll_pct"] * row["document_height"]
        # Percent are rounded: half of one more may have been seen.
        deep = 100 * (y + height) <= seen + row["document_height"] / 2
        day.scrolled += n
        day.reached += n * (deep or row["clicked"])


def median(counts: Counter[int]) -> int | None:
    """The lower median of values by how often each is there; None of none."""
    rest = (counts.total() + 1) // 2
    for value in sorted(counts):
        rest -= counts[value]
        if rest <= 0 and counts[value]:
            return value
    return None


def slips(days: Days) -> dict[tuple[int, str], Slip | None]:
    """The change of the share past the usual fold, by step and device class."""
    return {
        key: slipped({day: (one.past, one.judged) for day, one in own.items()}) for key, own in days.items()
    }


def fold_rows(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows of `onboarding_fold` without the onboarding's and the steps' names."""
    for (step, device), own in sorted(by_day(rows).items()):
        for day, one in sorted(own.items()):
            yield {
                "step": step,
                "device_type": device,
                "day": day,
                "views": one.views,
                "clicked": one.clicked,
                "judged": one.judged,
                "median_y": median(one.y),
                "median_fold": median(one.folds),
                "below_fold": one.below if one.judged else None,
                "below_share": one.below / one.judged if one.judged else None,
                "scrolled": one.scrolled,
                "reached": one.reached if one.scrolled else None,
                "reached_share": one.reached / one.scrolled if one.scrolled else None,
            }
