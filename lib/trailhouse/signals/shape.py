"""What every detector works on and gives back."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.columns import short_hash
from trailhouse.tables.signals import TABLE

KEYS = ("person_id", "session_id", "view_id")


def clicks(activity: DataFrame) -> DataFrame:
    """The clicks and taps of a person on a view, one row each, flattened to what the rules look at.

    Clicks without person, session or view are nobody's struggle on no page, and left out.
    """
    is_click = F.col("event_name") == "click"
    is_placed = (
        F.col("person_id").isNotNull() & F.col("session_id").isNotNull() & F.col("view_id").isNotNull()
    )
    return activity.where(is_click & is_placed).select(
        *KEYS,
        "page_group",
        "page_path",
        F.col("element.selector").alias("selector"),
        F.col("element.text").alias("element_text"),
        F.lower("element.tag").alias("tag"),
        F.col("element.href").alias("href"),
        F.col("element.interactive").alias("interactive"),
        F.col("element.x").alias("x"),
        F.col("element.y").alias("y"),
        "event_name",
        "event_time",
        "sequence",
        "event_id",
        F.col("device.type").alias("device_type"),
        "app_id",
        "platform",
        "event_date",
        "page_url",
        "is_bot",
        "internal",
    )


def on_view() -> WindowSpec:
    """The clicks of a view in the suite's order of events; the caller adds the frame."""
    by_sequence = F.col("sequence").asc_nulls_last()
    return Window.partitionBy("session_id", "view_id").orderBy("event_time", by_sequence, "event_id")


def as_signals(found: DataFrame, kind: str, preset: str, version: int) -> DataFrame:
    """`found` (keys, place, start_time, end_time, size, first_event_id) as rows of `signals`.

    The id is a function of kind, preset and first event, so that a rerun gives the same one.
    """
    return found.select(
        short_hash(F.lit(kind), F.lit(preset), F.col("first_event_id")).alias("signal_id"),
        F.to_date("start_time").alias("signal_date"),
        F.lit(kind).alias("kind"),
        F.lit(preset).alias("preset"),
        F.lit(version).alias("rule_version"),
        *(
            column.name
            for column in TABLE.columns
            if column.name not in ("signal_id", "signal_date", "kind", "preset", "rule_version")
        ),
    )
