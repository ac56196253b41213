"""Sections of pages: for how many seconds each holds people.

1. A moment of a view belongs to the section in the middle of what is seen then: the offset sent last (0
   before the first) and half of the viewport, both on the page. So a view's time is split and never
   counted twice.
2. Time runs from event to event of a view, at most the cap of engaged time each, as on scroll maps.
3. A section holds a view for the sum of its moments; seconds are the mean over the views that it held at all.
4. It holds people longer than other sections where it does so in the same views: the paired difference to the
   mean of the others that held the view. The section of the first screen has everyone's time to look about,
   and was not chosen: it is neither compared nor compared with.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.stats import t as student_t

from trailhouse.columns import week_of
from trailhouse.from_counts import Row, from_counts
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.map_views import VIEW
from trailhouse.questions.scroll_map import offsets_held
from trailhouse.questions.shares import Numbers
from trailhouse.settings import Arrivals, Project
from trailhouse.tables import page_sections
from trailhouse.why.evidence import ALPHA, adjusted

FEW = 30
"""Views below which a mean of times, which are far from normal, is no claim."""
_KEYS = ("page_group", "device_type", "period")
_SECTION = "STRUCT<from_px: INT, to_px: INT, section: STRING>"


def held(
    activity: DataFrame, views: DataFrame, asked: Arrivals, project: Project, gap_cap_us: int
) -> DataFrame:
    """Rows of `page_sections` from activity and `views_of_people`."""
    known = views.where(
        "max_scroll_pct IS NOT NULL AND viewport_height IS NOT NULL AND document_height > 0"
    ).select(
        *VIEW,
        "page_group",
        "device_type",
        "viewport_height",
        "document_height",
        week_of(F.col("day"), project.week_start).cast("STRING").alias("week"),
    )
    by_view = _by_view(activity, known, asked, gap_cap_us)
    keys = ("page_group", "from_px", "to_px", "section")
    devices = F.array(F.lit(ALL), F.col("device_type"))
    periods = F.array(F.lit(ALL), F.col("week"))

    def spread(frame: DataFrame) -> DataFrame:
        wide = frame.withColumn("device_type", F.explode(F.array_distinct(devices)))
        return wide.withColumn("period", F.explode(periods)).drop("week")

    whole = "DECIMAL(38,0)"
    own, apart = F.col("ms").cast(whole), F.col("apart_ms").cast(whole)
    sums = (
        spread(by_view)
        .groupBy(*_KEYS, *keys[1:])
        .agg(
            F.count("*").alias("held_views"),
            F.sum("ms").alias("total_ms"),
            F.sum(own * own).cast(whole).alias("squares"),
            F.count("apart_ms").alias("pairs"),
            F.sum("apart_ms").alias("apart_total"),
            F.sum(apart * apart).cast(whole).alias("apart_squares"),
        )
    )
    seen = spread(known.select("page_group", "device_type", "week")).groupBy(*_KEYS)
    counts = sums.join(seen.agg(F.count("*").alias("views")), on=list(_KEYS), how="inner")
    return from_counts(counts, page_sections.TABLE.columns, _judged)


def _by_view(activity: DataFrame, known: DataFrame, asked: Arrivals, gap_cap_us: int) -> DataFrame:
    """A row a view and section: ms, and apart_ms, how much longer than the mean of the view's others."""
    lowest = F.greatest(F.col("document_height") - F.col("viewport_height"), F.lit(0))
    top = F.least(F.greatest("_offset", F.lit(0)), lowest)
    placed = (
        offsets_held(activity, gap_cap_us)
        .join(known, on=list(VIEW), how="inner")
        .withColumns({"of": _section(asked, _middle(top)), "first": _section(asked, _middle(F.lit(0)))})
        .withColumn("is_first", F.col("of").eqNullSafe(F.col("first")))
        .select(*VIEW, "page_group", "device_type", "week", "of.*", "is_first", "gap_us")
    )
    view = ("session_id", "view_id", "page_group", "device_type", "week")
    ms = F.floor((F.sum("gap_us") + 500) / 1000).cast("BIGINT").alias("ms")
    every = F.collect_list(F.struct("from_px", "to_px", "section", "is_first", "ms"))
    section = ("from_px", "to_px", "section", "is_first")
    gathered = placed.groupBy(*view, *section).agg(ms).groupBy(*view).agg(every.alias("all"))
    chosen = F.filter("all", lambda one: ~one["is_first"])
    total = F.aggregate(chosen, F.lit(0).cast("BIGINT"), lambda sum_, one: sum_ + one["ms"])
    others = F.nullif(F.size(chosen) - 1, F.lit(0))
    mean = F.round((F.col("total") - F.col("ms")).cast("DECIMAL(20,0)") / F.col("others")).cast("BIGINT")
    return (
        gathered.select(*view, total.alias("total"), others.alias("others"), F.inline("all"))
        .withColumn("apart_ms", F.when(~F.col("is_first"), F.col("ms") - mean))
        .drop("total", "others", "is_first", "session_id", "view_id")
    )


def _middle(top: Column) -> Column:
    return (top + F.least("viewport_height", "document_height") / 2).cast("INT")


def _section(asked: Arrivals, at: Column) -> Column:
    """The declared section in which a place of the page lies, else its band."""
    band = F.lit(asked.band_px)
    first = (F.floor(at / band) * band).cast("INT")
    name = F.concat(first.cast("STRING"), F.lit(" to "), (first + band).cast("STRING"), F.lit(" px"))
    found = F.struct(first.alias("from_px"), (first + band).cast("INT").alias("to_px"), name.alias("section"))
    section = found.cast(_SECTION)
    for one in asked.sections:
        inside = (F.col("page_group") == one.page_group) & (at >= one.from_px)
        if one.to_px is not None:
            inside = inside & (at < one.to_px)
        if one.device_type is not None:
            inside = inside & (F.col("device_type") == one.device_type)
        values = F.lit(one.from_px), F.lit(one.to_px), F.lit(one.name)
        declared = F.struct(
            *(value.alias(key) for value, key in zip(values, ("from_px", "to_px", "section"), strict=True))
        )
        section = F.when(inside, declared.cast(_SECTION)).otherwise(section)
    return section


def _judged(rows: list[Row]) -> Iterator[Row]:
    rows = sorted(rows, key=lambda row: (*(row[key] for key in _KEYS), row["from_px"], row["section"]))
    own = _mean(
        [row["held_views"] for row in rows],
        [row["total_ms"] for row in rows],
        [row["squares"] for row in rows],
    )
    apart = _mean(
        [row["pairs"] for row in rows],
        [row["apart_total"] or 0 for row in rows],
        [row["apart_squares"] or 0 for row in rows],
    )
    # Each kind of breakdown is a list of its own: weeks do not make the whole less sure.
    q = np.full(len(rows), np.nan)
    kinds = np.array([(row["device_type"] == ALL) + 2 * (row["period"] == ALL) for row in rows])
    for kind in range(4):
        q[kinds == kind] = adjusted(apart[3][kinds == kind])
    few = np.array([row["pairs"] < FEW for row in rows])
    order: dict[int, int] = {}
    keys = [tuple(row[key] for key in _KEYS) for row in rows]
    by_rank = sorted(
        range(len(rows)), key=lambda n: (keys[n], rows[n]["held_views"] < FEW, -own[0][n], rows[n]["from_px"])
    )
    for place, n in enumerate(by_rank):
        before = by_rank[place - 1] if place else None
        order[n] = order[before] + 1 if before is not None and keys[before] == keys[n] else 1
    for n, row in enumerate(rows):
        yield {
            **row,
            "rank": order[n],
            "held_share": row["held_views"] / row["views"],
            "seconds": own[0][n] / 1000,
            "low": own[1][n] / 1000,
            "high": own[2][n] / 1000,
            "difference": apart[0][n] / 1000,
            "difference_low": apart[1][n] / 1000,
            "difference_high": apart[2][n] / 1000,
            "p": apart[3][n],
            "q": q[n],
            "too_few": bool(few[n]),
            "holds": bool(not few[n] and apart[0][n] > 0 and q[n] < ALPHA),
        }


def _mean(n: list[int], total: list[int], squares: list[int]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Mean, ends of Student's 95 % interval, p of 0, of values with these exact sums; nan where not known."""
    found = []
    for count, sum_, square in zip(n, total, map(int, squares), strict=True):
        mean = sum_ / count if count else np.nan
        if count < 2:
            found.append((mean, np.nan, np.nan, np.nan))
            continue
        # Exact in whole numbers, as n x squares - total^2 is.
        error = ((count * square - sum_ * sum_) / (count * count * (count - 1))) ** 0.5
        half = float(student_t.ppf(0.975, count - 1)) * error
        p = float(2 * student_t.sf(abs(mean) / error, count - 1)) if error else float(mean == 0)
        found.append((mean, mean - half, mean + half, p))
    columns = np.array(found, dtype="float64").reshape(-1, 4).T
    return columns[0], columns[1], columns[2], columns[3]
