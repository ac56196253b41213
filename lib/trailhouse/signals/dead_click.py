"""Dead clicks: a click after which nothing happens."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS
from trailhouse.settings import Signals
from trailhouse.signals.shape import clicks

VERSION = 1
TEXT_FIELDS = ("input", "textarea", "select")
INERT = ("click", "heartbeat", "mouse_move", "media_progress", "web_vital", "replay_chunk")
"""What comes by itself, or from the hand, and so is no answer to a click."""
TRACKER = ("app_id", "platform", "event_date")


@dataclass(frozen=True)
class Preset:
    """A click is dead when nothing happens for `ms`."""

    name: str
    sentence: str
    ms: int


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("posthog", "Nothing happens within 2.75 s of the click.", 2750),
        Preset("openreplay", "Nothing happens within 1.234 s of the click.", 1234),
        Preset("sentry", "Nothing happens within 7 s of the click.", 7000),
    )
}


def judged(activity: DataFrame) -> DataFrame:
    """The trackers that send mutation marks, one row each (app_id, platform, event_date).

    Only there can silence after a click be told from silence of the tracker. It is decided by app,
    platform and UTC day, not by view: on a view where nothing ever moves no mark would come either.
    """
    return activity.where(F.col("event_name") == "mutation").select(*TRACKER).distinct()


def find(activity: DataFrame, trackers: DataFrame, settings: Signals) -> DataFrame:
    """One row a click on something not a text field that nothing on its view answers in time.

    `trackers` are those that tell (`judged`). An answer is any event on the view that does not come by
    itself (`INERT`), or a new view on the device in whichever tab (links open new ones), at the click's
    time or up to the preset's milliseconds later, both ends included. Clicks on what declares itself not
    interactive are left out (they are `click_inert` in `heatmaps`), and so are clicks on links that leave
    the site, whose answer no tracker of the site can see.
    """
    preset = PRESETS[settings.dead_click]
    is_view = F.col("event_name").isin(*VIEW_EVENTS)
    seen = activity.where(F.col("session_id").isNotNull() & F.col("view_id").isNotNull())
    at = F.unix_micros("event_time")
    answers = ~F.col("event_name").isin(*INERT)
    is_click = F.col("event_name") == "click"
    # Later events first, so that one pass keeps the nearest one to come; a range counts equal times.
    later = (Window.unboundedPreceding, Window.currentRow)
    on_view = Window.partitionBy("session_id", "view_id").orderBy(at.desc()).rangeBetween(*later)
    on_device = Window.partitionBy("session_id", "anonymous_id").orderBy(at.desc()).rangeBetween(*later)
    nearest = (
        seen.where(answers | is_click)
        .withColumn("answer_at", F.min(F.when(answers, at)).over(on_view))
        .withColumn("view_at", F.min(F.when(is_view, at)).over(on_device))
    )
    wait = F.least("answer_at", "view_at") - at
    unanswered = nearest.where(is_click & F.coalesce(wait > preset.ms * 1000, F.lit(True)))
    telling = trackers.select(*(F.col(name).alias(f"telling_{name}") for name in TRACKER))
    tracker_tells = [F.col(name).eqNullSafe(F.col(f"telling_{name}")) for name in TRACKER]
    return (
        clicks(unanswered.join(F.broadcast(telling), on=tracker_tells, how="left_semi"))
        .where(_can_be_dead())
        .select(
            "*",
            F.col("event_time").alias("start_time"),
            F.col("event_time").alias("end_time"),
            F.lit(1).alias("size"),
            F.col("event_id").alias("first_event_id"),
        )
    )


def _can_be_dead() -> Column:
    is_text_field = F.coalesce(F.col("tag").isin(*TEXT_FIELDS), F.lit(False))
    is_inert = F.coalesce(~F.col("interactive"), F.lit(False))
    scheme = F.regexp_extract("href", r"^\s*([a-zA-Z][a-zA-Z0-9+.-]*):", 1)
    other_scheme = ~F.lower(scheme).isin("", "http", "https", "javascript")
    other_host = F.try_parse_url("href", F.lit("HOST")) != F.try_parse_url("page_url", F.lit("HOST"))
    leaves = F.coalesce(other_scheme, F.lit(False)) | F.coalesce(other_host, F.lit(False))
    return ~is_text_field & ~is_inert & ~leaves
