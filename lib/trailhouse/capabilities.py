"""What a tracker sends: by app, platform and UTC day, so that silence is told from "not collected".

By day and not by view: on a view where nothing moves no mark of it would come either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

TRACKER = ("app_id", "platform", "day")
"""What a row of `capabilities` speaks of."""


@dataclass(frozen=True)
class Input:
    """Something that a tracker may send; `sent()` is true of an event that carries it."""

    name: str
    sentence: str
    sent: Callable[[], Column]


def _named(*names: str) -> Callable[[], Column]:
    return lambda: F.col("event_name").isin(*names)


def _has(column: str) -> Callable[[], Column]:
    return lambda: F.col(column).isNotNull()


INPUTS: tuple[Input, ...] = (
    Input("clicks", "Clicks and taps.", _named("click")),
    Input(
        "coordinates",
        "Clicks with a place on the page.",
        lambda: (
            (F.col("event_name") == "click") & F.col("element.x").isNotNull() & F.col("element.y").isNotNull()
        ),
    ),
    Input(
        "elements",
        "Clicks that name their element.",
        lambda: (F.col("event_name") == "click") & F.col("element.selector").isNotNull(),
    ),
    Input("moves", "Moves of the pointer.", _named("mouse_move")),
    Input("scroll", "Events with a scroll offset.", _has("scroll_offset")),
    Input("mutations", "Marks that something changed on the page.", _named("mutation")),
    Input("heartbeats", "Heartbeats.", _named("heartbeat")),
    Input("visibility", "Marks that a tab was hidden or shown.", _named("visibility")),
    Input("navigation_types", "Events that say how their page was reached.", _has("navigation_type")),
    Input("errors", "Errors.", _named("error")),
    Input(
        "form_events",
        "Forms begun, changed, submitted or left.",
        _named("form_start", "form_change", "form_submit", "form_abandon"),
    ),
    Input("form_outcomes", "Forms submitted or left.", _named("form_submit", "form_abandon")),
    Input(
        "media",
        "Video and audio.",
        _named("media_play", "media_pause", "media_progress", "media_complete"),
    ),
    Input("survey_displays", "Surveys shown.", _named("survey_shown")),
    Input("web_vitals", "Web vitals.", _named("web_vital")),
)
"""The columns of the table `capabilities`."""

NAMES: tuple[str, ...] = tuple(one.name for one in INPUTS)


def capabilities(activity: DataFrame) -> DataFrame:
    """Rows of `capabilities`: by tracker and day, how many events carry each input; 0: not collected.

    `activity` holds every event of its days.
    """
    tracker = ("app_id", "platform", F.col("event_date").alias("day"))
    return activity.groupBy(*tracker).agg(*[F.count_if(one.sent()).alias(one.name) for one in INPUTS])


def with_collected(
    rows: DataFrame, told: DataFrame, inputs: tuple[str, ...], app: Column, platform: Column, day: Column
) -> DataFrame:
    """`rows` + a BOOLEAN for each of `inputs`: whether that tracker sends it on that day.

    `told` are rows of `capabilities`, few enough for each task to have them all.
    """
    unknown = {*inputs} - {*NAMES}
    if unknown:
        raise ValueError(f"no input of capabilities: {', '.join(sorted(unknown))}")
    names = {name: f"_told_{name}" for name in TRACKER}
    known = told.select(
        *[F.col(name).alias(other) for name, other in names.items()],
        *[(F.col(name) > 0).alias(f"_collects_{name}") for name in inputs],
    )
    same = (
        app.eqNullSafe(F.col("_told_app_id"))
        & platform.eqNullSafe(F.col("_told_platform"))
        & (day == F.col("_told_day"))
    )
    joined = rows.join(F.broadcast(known), on=same, how="left")
    collected = {f"collects_{name}": F.coalesce(f"_collects_{name}", F.lit(False)) for name in inputs}
    return joined.withColumns(collected).drop(*names.values(), *[f"_collects_{name}" for name in inputs])
