"""Media: how far a video or recording is watched.

The rules, for one medium in a view (session, view, media id; the title where it has no id):
1. Positions are whole milliseconds; one below 0, or that is no number, is none. media_complete without a
   position stands at the end. The length is the greatest that the view's events tell.
2. From an event that plays (media_play, media_progress) to the next one, what lies between their positions
   was watched, if the position went forwards and no faster than the clock: by at most the time between
   them and a tenth of it, or 2 s, more. Else it was a jump.
3. The medium has 20 bins of 5 %. A bin was watched when its middle was.
4. It is completed by a media_complete. The time watched is the sum of what was watched; twice counts twice.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.breakdowns import UNKNOWN, devices, periods, visits
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile
from trailhouse.settings import Project

KEYS = ("media_id", "device_type", "period")
BINS = 20
SLACK_MS = 2_000
_OF_VIEW = ("session_id", "view_id", "media_id")
_NAMES = ("media_play", "media_pause", "media_progress", "media_complete")
_RATE = "DECIMAL(9,6)"


def media(activity: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """Rows of `media`, without bots and internal traffic."""
    watched = [F.count_if(F.getbit("bins", F.lit(k)) == 1) for k in range(BINS)]
    rows = (
        devices(periods(_views(activity, sessions, project)))
        .groupBy(*KEYS)
        .agg(
            F.max("named")["title"].alias("title"),
            F.count("*").alias("views"),
            F.count_distinct("person_id").alias("persons"),
            F.sum("plays").alias("plays"),
            F.count_if("completed").alias("completed"),
            F.count("bins").alias("measured_views"),
            F.array(*watched).alias("watched"),
            F.max("length").alias("length"),
            quantile("watched_us", 0.5).alias("median_watched_us"),
            F.sum("watched_us").alias("watched_us"),
        )
    )
    low, high = wilson("completed", "views")
    return rows.select(
        *KEYS,
        "title",
        "plays",
        "views",
        "persons",
        "completed",
        ratio(F.col("completed"), F.col("views")).alias("completion_rate"),
        F.round(low, 6).cast(_RATE).alias("low"),
        F.round(high, 6).cast(_RATE).alias("high"),
        (F.col("length") * 1000).alias("length_us"),
        "measured_views",
        F.when(F.col("measured_views") > 0, F.col("watched")).alias("watched"),
        "watched_us",
        "median_watched_us",
    )


def _views(activity: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """A row a medium in a view: plays, whether completed, the bins watched as bits, and the time."""
    events = _events(activity).join(visits(sessions, project).drop("channel"), on="session_id", how="inner")
    view = Window.partitionBy(*_OF_VIEW)
    in_order = view.orderBy("n")
    at_end = F.when(F.col("event_name") == "media_complete", F.col("length"))
    pieces = (
        events.withColumn("length", F.max("length").over(view))
        .withColumn("position", F.coalesce("position", at_end))
        .withColumns(
            {
                "moved": F.lead("position").over(in_order) - F.col("position"),
                "passed": F.lead("t").over(in_order) - F.col("t"),  # microseconds
            }
        )
    )
    plays = F.col("event_name").isin("media_play", "media_progress")
    allowed = F.col("passed") + F.greatest(F.floor(F.col("passed") / 10), F.lit(SLACK_MS * 1000))
    played = plays & (F.col("moved") > 0) & (F.col("moved") * 1000 <= allowed)
    bins = F.when(F.col("length").isNotNull(), F.coalesce(F.when(played, _bits()), F.lit(0).cast("bigint")))
    placed = F.col("position").isNotNull()
    return (
        pieces.withColumn("bins", bins)
        .groupBy(*_OF_VIEW, "person_id", "device_type", "week")
        .agg(
            F.max(F.when(F.col("title").isNotNull(), F.struct("t", "event_id", "title"))).alias("named"),
            F.count_if(F.col("event_name") == "media_play").alias("plays"),
            F.bool_or(F.col("event_name") == "media_complete").alias("completed"),
            F.max("length").alias("length"),
            # Without two positions nothing can be told of what was watched.
            F.when(F.count_if(placed) > 1, F.bit_or("bins")).alias("bins"),
            F.when(F.count_if(placed) > 1, F.sum(F.when(played, F.col("moved") * 1000).otherwise(0))).alias(
                "watched_us"
            ),
        )
    )


def _events(activity: DataFrame) -> DataFrame:
    asked = F.col("event_name").isin(*_NAMES) & F.col("view_id").isNotNull() & ~F.col("is_bot")
    position, length = _milliseconds("position"), _milliseconds("length")
    return activity.where(asked & ~F.col("internal")).select(
        "session_id",
        "view_id",
        F.coalesce("media.id", "media.title", F.lit(UNKNOWN)).alias("media_id"),
        F.col("media.title").alias("title"),
        F.when(position >= 0, position).alias("position"),
        F.when(length > 0, length).alias("length"),
        "event_name",
        "event_id",
        F.col("event_number").alias("n"),
        F.unix_micros("event_time").alias("t"),
    )


def _milliseconds(name: str) -> Column:
    """A second count of a tracker in whole milliseconds; null for no number, or more than a year."""
    told = F.col(f"media.{name}")
    return F.when(F.abs(told) < 31_536_000, F.round(told * 1000).try_cast("bigint"))


def _bits() -> Column:
    """A bit for each bin whose middle lies from `position` on and before `position + moved`."""
    length = F.col("length")
    begin, end = F.least("position", "length"), F.least(F.col("position") + F.col("moved"), "length")

    def before(place: Column) -> Column:
        """How many middles, (2k + 1) / 40 of the length, lie before a place."""
        return F.floor((place * 2 * BINS - 1 + length) / (length * 2))

    def ones(count: Column) -> Column:
        return F.call_function("shiftleft", F.lit(1).cast("bigint"), count.cast("int")) - 1

    return ones(before(end)) - ones(before(begin))
