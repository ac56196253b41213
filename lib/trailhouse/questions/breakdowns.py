"""Sessions of people with what they are broken down by, and rows spread over these breakdowns."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import week_of
from trailhouse.settings import Project

ALL = "all"
UNKNOWN = "unknown"


def visits(sessions: DataFrame, project: Project, *more: Column) -> DataFrame:
    """Sessions of people: session_id, person_id, device_type, channel, `week` as YYYY-MM-DD, and `more`.

    A session has one device (that of its first event that tells), so that devices add up to 'all';
    its week is that of its day in the project's zone.
    """
    return sessions.where(~F.col("is_bot") & ~F.col("internal")).select(
        "session_id",
        "person_id",
        device(),
        "channel",
        week_of(F.col("session_date"), project.week_start).cast("string").alias("week"),
        *more,
    )


def device() -> Column:
    """device_type of a row of `sessions`; 'unknown' where nothing tells, or a tracker calls it 'all'."""
    return F.coalesce(F.nullif("device.type", F.lit(ALL)), F.lit(UNKNOWN)).alias("device_type")


def periods(frame: DataFrame) -> DataFrame:
    """Each row twice: in the period of its `week`, and in the period 'all'; without `week`."""
    return frame.withColumn("period", F.explode(F.array(F.lit(ALL), "week"))).drop("week")


def devices(frame: DataFrame) -> DataFrame:
    """Each row twice: under its device_type, and under 'all'."""
    return frame.withColumn("device_type", F.explode(F.array(F.lit(ALL), "device_type")))
