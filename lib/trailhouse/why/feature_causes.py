"""What may keep people from trying a feature: candidates, each a value that a person had or met.

What was met counts from the begin of the session of the first offer to the end of the view that offered it
(of the session, where no view did), and only before the first use: those who tried it and those who
did not are looked at over the same stretch. To add one: append a Cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.breakdowns import ALL, device
from trailhouse.questions.fields import field
from trailhouse.questions.numbers import quantile
from trailhouse.signals.counting import is_struggle
from trailhouse.stage import Frames

_LONGEST = 200
SEGMENT = "segment"
"""The breakdown by segments of today."""


@dataclass(frozen=True)
class Exposed:
    """What candidates are found in.

    `people`: feature, person_id, tried, session_id, view_id, page_group, device_type, values, offer_day (the
    project's), until_us (the end of the stretch), used_us, visible_px (how far down the view was seen; null:
    not collected). `marks` are those of feature_use. `frames`: activity, sessions, signals, segment_members.
    """

    people: DataFrame
    marks: DataFrame
    frames: Frames

    def met(self, rows: DataFrame) -> DataFrame:
        """Rows (session_id, t and more) within the stretch of each person who was offered a feature."""
        inside = (F.col("t") <= F.col("until_us")) & F.coalesce(F.col("t") < F.col("used_us"), F.lit(True))
        people = self.people.where("session_id IS NOT NULL").withColumnRenamed("view_id", "offer_view")
        return people.join(rows, on="session_id", how="inner").where(inside)


@dataclass(frozen=True)
class Cause:
    """A kind of candidates: `found` gives feature, person_id, value; rows may repeat."""

    kind: str
    sentence: str
    found: Callable[[Exposed], DataFrame]


def _found(rows: DataFrame, value: Column) -> DataFrame:
    return rows.select("feature", "person_id", F.left(value, F.lit(_LONGEST)).alias("value")).where(
        "value IS NOT NULL"
    )


def _signals(of: Exposed) -> DataFrame:
    place = F.coalesce("selector", "signal_page", F.lit("?"))
    signals = (
        of.frames["signals"]
        .where(is_struggle())
        .select(
            "session_id",
            F.unix_micros("start_time").alias("t"),
            "kind",
            "selector",
            F.col("page_group").alias("signal_page"),
        )
    )
    return _found(of.met(signals), F.concat_ws(" ", F.concat("kind", F.lit(" on")), place))


def _errors(of: Exposed) -> DataFrame:
    errors = (
        of.frames["activity"]
        .where("event_name = 'error' AND session_id IS NOT NULL")
        .select(
            "session_id",
            F.unix_micros("event_time").alias("t"),
            F.coalesce(field("properties.message"), F.lit("unknown")).alias("message"),
        )
    )
    # Numbers in a message tell one case from another, not one fault.
    return _found(of.met(errors), F.regexp_replace("message", r"\d+", "#"))


def _clicked_instead(of: Exposed) -> DataFrame:
    clicks = (
        of.frames["activity"]
        .where("event_name = 'click' AND view_id IS NOT NULL")
        .select(
            "session_id",
            "view_id",
            F.unix_micros("event_time").alias("t"),
            F.col("element.selector").alias("clicked"),
        )
    )
    # A click on the feature itself is its use, and nothing after that is looked at.
    met = of.met(clicks).where(F.col("view_id") == F.col("offer_view"))
    return _found(met, F.col("clicked"))


def _below_fold(of: Exposed) -> DataFrame:
    """Where an element of the feature begins (its median place on such devices) was never in sight."""
    known = of.frames["sessions"].select("session_id", device())
    places = (
        of.marks.where("y IS NOT NULL AND page IS NOT NULL")
        .join(known, on="session_id", how="inner")
        .groupBy("feature", F.col("page").alias("page_group"), "device_type")
        .agg(quantile("y", 0.5).alias("at_px"))
    )
    met = of.people.join(F.broadcast(places), on=["feature", "page_group", "device_type"], how="inner")
    return _found(met.where("at_px >= visible_px"), F.concat(F.lit("its element on "), "page_group"))


def _mix(of: Exposed) -> DataFrame:
    rows = of.people.select("feature", "person_id", F.inline("values"))
    rows = rows.where(~F.col("breakdown").isin(ALL, SEGMENT))
    return rows.select("feature", "person_id", F.concat_ws(": ", "breakdown", "value").alias("value"))


def _segments(of: Exposed) -> DataFrame:
    """Segments that the person was in when the day before the first offer ended: later ones may follow it."""
    before = F.date_sub("offer_day", 1)
    members = of.frames["segment_members"].select("person_id", "segment", "valid_from", "valid_to")
    met = of.people.join(members, on="person_id", how="inner").where(
        (F.col("valid_from") <= before) & (F.col("valid_to").isNull() | (F.col("valid_to") > before))
    )
    return _found(met, F.concat(F.lit(f"{SEGMENT}: "), "segment"))


CAUSES: tuple[Cause, ...] = (
    Cause("signal", "A sign of struggle, with its element, or its page where it has none.", _signals),
    Cause("error", "An error, by its message.", _errors),
    Cause("clicked instead", "Another element of the view that offered it was clicked.", _clicked_instead),
    Cause("below the fold", "The view was not scrolled as far as the feature's element.", _below_fold),
    Cause("who", "Device, channel, field of the person.", _mix),
    Cause("who", "A segment that the person was in before.", _segments),
)
