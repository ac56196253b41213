"""Whether a calendar period of the project is over, by the watermark.

All of it takes the Spark session's time zone as UTC, as the suite sets it.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

WATERMARK = "watermark"


def begins(day: Column, timezone: str) -> Column:
    """The instant at which a DATE begins in the project's zone."""
    return F.to_utc_timestamp(day.cast("timestamp"), timezone)


def with_watermark(frame: DataFrame, watermark: DataFrame) -> DataFrame:
    """`frame` with the column `watermark` of the one-row frame (watermark TIMESTAMP)."""
    return frame.crossJoin(F.broadcast(watermark.select(WATERMARK)))


def has_begun(day: Column, timezone: str) -> Column:
    """Whether the watermark has reached the begin of `day`; false where there is no watermark.

    A period is over when the first day after it has begun.
    """
    return F.coalesce(F.col(WATERMARK) >= begins(day, timezone), F.lit(False))
