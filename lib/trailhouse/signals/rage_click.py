"""Rage clicks: the same place clicked again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.settings import Signals
from trailhouse.signals.shape import KEYS, clicks, on_view

VERSION = 1


@dataclass(frozen=True)
class Preset:
    """`clicks` of them, within `px` (Manhattan) and `ms`, told apart by `mode`.

    chain: each within px and ms of the one before. window: all of them within px of each other and
    ms from first to last. element: each on the element, and within ms, of the one before.
    """

    name: str
    sentence: str
    clicks: int
    px: int
    ms: int
    mode: Literal["chain", "window", "element"] = "chain"


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("posthog", "3 clicks, each within 30 px and 1 s of the one before.", 3, 30, 1000),
        Preset("mixpanel", "4 clicks, each within 30 px and 1 s of the one before.", 4, 30, 1000),
        Preset("highlight", "5 clicks in 2 s, all within 30 px of each other.", 5, 30, 2000, "window"),
        Preset(
            "same_element",
            "3 clicks on one element, each within 1 s of the one before.",
            3,
            0,
            1000,
            "element",
        ),
    )
}


def find(activity: DataFrame, settings: Signals) -> DataFrame:
    """One row a burst: a longest run of linked clicks on one view that holds enough of them.

    Clicks on elements that are made for quick clicking (`allowed_selectors`, as parts of the
    selector in any case) are left out before bursts are looked for. Where one of two clicks has no
    coordinates, being on one element stands in for being near. No activity tells of selected text,
    so that a triple click which selects a paragraph is taken for rage.
    """
    preset = PRESETS[settings.rage_click]
    ordered = on_view()
    linked = (
        clicks(activity)
        .where(~_allowed(settings.allowed_selectors))
        .withColumn("at_us", F.unix_micros("event_time"))
        .withColumn("linked", F.coalesce(_linked(preset), F.lit(False)))
    )
    if preset.mode == "window":
        # A click goes on with a burst when any window that qualifies holds it and the one before.
        reach = ordered.rowsBetween(Window.currentRow, preset.clicks - 2)
        linked = linked.withColumn("linked", F.max("linked").over(reach))
    begun = F.sum(F.when(F.col("linked"), 0).otherwise(1))
    first = F.struct("event_time", F.col("sequence").isNull(), "sequence", "event_id")
    bursts = linked.withColumn(
        "burst", begun.over(ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    )
    place = F.struct(
        "page_group", "page_path", "selector", "element_text", "device_type", "is_bot", "internal"
    )
    return (
        bursts.groupBy(*KEYS, "burst")
        .agg(
            F.count("*").cast("int").alias("size"),
            F.min("event_time").alias("start_time"),
            F.max("event_time").alias("end_time"),
            F.min_by("event_id", first).alias("first_event_id"),
            F.min_by(place, first).alias("place"),
        )
        .where(F.col("size") >= preset.clicks)
        .select("*", "place.*")
    )


def _allowed(selectors: tuple[str, ...]) -> Column:
    allowed = F.lit(False)
    for part in selectors:
        allowed = allowed | F.contains(F.lower("selector"), F.lit(part.lower()))
    return F.coalesce(allowed, F.lit(False))


def _linked(preset: Preset) -> Column:
    """chain, element: linked to the click before. window: the last of enough clicks close together."""
    ordered = on_view()
    if preset.mode == "window":
        last = ordered.rowsBetween(1 - preset.clicks, Window.currentRow)
        span = F.max("at_us").over(last) - F.min("at_us").over(last)
        enough = F.count("*").over(last) == preset.clicks
        one_element = (F.count("selector").over(last) == preset.clicks) & (
            F.min("selector").over(last) == F.max("selector").over(last)
        )
        all_placed = F.count(F.col("x") + F.col("y")).over(last) == preset.clicks
        # The greatest Manhattan distance within a set is the wider of its two diagonal extents.
        width = F.greatest(
            *(
                F.max(d).over(last) - F.min(d).over(last)
                for d in (F.col("x") + F.col("y"), F.col("x") - F.col("y"))
            )
        )
        return (
            enough
            & (span <= preset.ms * 1000)
            & F.when(all_placed, width <= preset.px).otherwise(one_element)
        )
    soon = F.col("at_us") - F.lag("at_us").over(ordered) <= preset.ms * 1000
    same = F.col("selector") == F.lag("selector").over(ordered)
    if preset.mode == "element":
        return soon & same
    distance = F.abs(F.col("x") - F.lag("x").over(ordered)) + F.abs(F.col("y") - F.lag("y").over(ordered))
    return soon & F.coalesce(distance <= preset.px, same)
