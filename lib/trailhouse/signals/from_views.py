"""What `page_views` alone tells: views left again at once, reloads, and views that open beside others."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.settings import Signals
from trailhouse.signals.bursts import with_bursts
from trailhouse.signals.chosen import Chosen, candidate, chosen

_TAB = ("session_id", "anonymous_id", "tab_id")
_HOUR = 3_600_000_000


def with_signals(page_views: DataFrame, settings: Signals) -> DataFrame:
    """The views that may hold a signal: session_id, view_id, `place`, `found`, form_outcome, `ends_at`.

    `found` are candidates (`chosen.candidate`), null those that are none. form_outcome is null but for forms
    that were begun and not sent.
    """
    views = page_views.select(
        "session_id",
        "view_id",
        "anonymous_id",
        "tab_id",
        "view_number",
        F.unix_micros("start_time").alias("at"),
        F.unix_micros("end_time").alias("ends_at"),
        F.coalesce("page_path", "page_title").alias("path"),
        F.col("navigation_type").alias("navigation"),
        (F.col("clicks") == 0).alias("unclicked"),
        "form_outcome",
        F.struct("person_id", "page_group", "page_path", "device_type", "is_bot", "internal").alias("place"),
    )
    order = (F.col("at").desc(), F.col("view_number").desc())
    tab = W.partitionBy(*_TAB).orderBy(*order)
    views = views.withColumns(
        {
            "path_before": F.lead("path").over(tab),
            "path_after": F.lag("path").over(tab),
            "left_by": F.lag("navigation").over(tab),
            "left_at": F.lag("at").over(tab),
        }
    )
    reloaded = (F.col("navigation") == "reload") & F.col("path").eqNullSafe(F.col("path_before"))
    views = views.withColumns({"fits": F.coalesce(reloaded, F.lit(False)), "moment": F.col("at")})
    refreshes = {f"refresh_{one.number}": one.rule for one in chosen(settings, "rapid_refresh")}
    views = with_bursts(views, refreshes, _TAB, order)
    found = (*_returns(settings), *_quick_backs(settings), *_refreshes(settings))
    unsent = F.when(F.col("form_outcome").isin("started", "abandoned"), F.col("form_outcome"))
    kept = views.where(F.coalesce(*found).isNotNull() | unsent.isNotNull())
    return kept.select(
        "session_id",
        "view_id",
        "place",
        F.array(*found).alias("found"),
        unsent.alias("form_outcome"),
        "ends_at",
    )


def _returns(settings: Signals) -> list[Column]:
    """In the order A, B, A' of a tab's views: A' shows A's path and B another, and B did not last."""
    returns = (F.col("path_after") == F.col("path_before")) & (F.col("path") != F.col("path_before"))
    by_history = F.coalesce(F.col("left_by") == "back_forward", F.lit(True))
    found = []
    for one in chosen(settings, "u_turn"):
        within = micros(settings.u_turn_seconds) if one.rule.ms is None else one.rule.ms * 1000
        quick = F.col("left_at") - F.col("at") <= within
        idle = F.col("unclicked") & F.col("form_outcome").isNull() if one.rule.still else F.lit(True)
        found.append(F.when(returns & by_history & quick & idle, _left(one)))
    return found


def _quick_backs(settings: Signals) -> list[Column]:
    by_link_and_back = (F.col("navigation") == "link") & (F.col("left_by") == "back_forward")
    found = []
    for one in chosen(settings, "quick_back"):
        quick = F.col("left_at") - F.col("at") <= one.rule.ms * 1000
        found.append(F.when(by_link_and_back & quick, _left(one)))
    return found


def _refreshes(settings: Signals) -> list[Column]:
    found = []
    for one in chosen(settings, "rapid_refresh"):
        burst = F.col(f"_burst_refresh_{one.number}")
        told = candidate(one, burst["size"], F.col("at"), burst["last_at"])
        found.append(F.when(burst.isNotNull(), told))
    return found


def _left(one: Chosen) -> Column:
    """A page that was left again: it, and the one after it."""
    return candidate(one, F.lit(2), F.col("at"), F.col("left_at"), still=bool(one.rule.still))


def openings(page_views: DataFrame, wait_us: int) -> DataFrame:
    """By clicked view, when another one opened on its device while it was open, or up to `wait_us` later.

    session_id, view_id, `at` (microseconds). Where a device's id is not told, as some trackers leave it out
    after a log-in, being in one tab stands in for it. By hours, so that ten thousand views a day are no
    square of it.
    """
    device = ("session_id", "anonymous_id", "tab_id")
    start, end = F.unix_micros("start_time"), F.unix_micros("end_time") + wait_us
    clicked = page_views.where("clicks > 0").select(
        *device, "view_id", start.alias("open_from"), end.alias("open_to")
    )
    hours = F.sequence(F.floor(F.col("open_from") / _HOUR), F.floor(F.col("open_to") / _HOUR))
    clicked = clicked.withColumn("hour", F.explode(hours))
    opened = page_views.where("page_view_events > 0").select(
        F.col("session_id").alias("_session"),
        F.col("anonymous_id").alias("_device"),
        F.col("tab_id").alias("_tab"),
        F.col("view_id").alias("_view"),
        start.alias("at"),
        F.floor(start / _HOUR).alias("_hour"),
    )
    nameless = F.col("anonymous_id").isNull() | F.col("_device").isNull()
    same_device = F.col("anonymous_id").eqNullSafe(F.col("_device")) | (
        nameless & (F.col("tab_id") == F.col("_tab"))
    )
    beside = (
        (F.col("session_id") == F.col("_session"))
        & same_device
        & (F.col("hour") == F.col("_hour"))
        & F.col("at").between(F.col("open_from"), F.col("open_to"))
        & (F.col("view_id") != F.col("_view"))
    )
    return clicked.join(opened, on=beside, how="inner").select("session_id", "view_id", "at")
