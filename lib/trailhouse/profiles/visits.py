"""Of profiles: what `sessions` tell. A session under way at the end of the day counts, and tells no more."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.profiles.keys import PERSON, UNTIL
from trailhouse.profiles.measures import of, sums
from trailhouse.settings import Settings
from trailhouse.signals.counting import struggles

_AT = ("start_time", "session_id")


def from_sessions(sessions: DataFrame, settings: Settings) -> DataFrame:
    """A row a person and `as_of`, from rows of sessions with it that had begun: numbers."""
    project, rules = settings.project, settings.profiles
    ended = has_ended()
    struggled = struggles()
    local = F.from_utc_timestamp("start_time", project.timezone)
    frame = sessions.select(
        *PERSON,
        F.col("session_date").alias("day"),
        F.hour(local).alias("_hour"),
        F.lit(1).cast("BIGINT").alias("sessions"),
        ended.cast("BIGINT").alias("_ended"),
        F.when(ended, F.col("engaged_us")).otherwise(0).alias("engaged_us"),
        F.when(ended, F.coalesce("rage_clicks", F.lit(0))).otherwise(0).alias("rage_clicks"),
        F.when(ended, struggled).otherwise(0).alias("signals"),
        (ended & (struggled > 0)).cast("BIGINT").alias("friction_sessions"),
    )
    # The sessions of an hour, times 32, and the more the earlier: the order of both in one number.
    hours = [F.count_if(F.col("_hour") == hour) * 32 + (31 - hour) for hour in range(24)]
    most = F.slice(F.sort_array(F.filter(F.array(*hours), lambda one: one >= 32), False), 1, rules.favourites)
    return frame.groupBy(*PERSON).agg(
        *sums(of("sessions")),
        ratio(F.sum("friction_sessions"), F.sum("_ended")).alias("frustration_rate"),
        F.transform(most, lambda one: (31 - one % 32).cast("INT")).alias("favourite_hours"),
    )


def touches(sessions: DataFrame) -> DataFrame:
    """First and last touch, and the last that is known of device and place, of sessions that had ended."""
    device, country = F.col("device.type"), F.col("geo.country")
    ends = sessions.where(has_ended()).groupBy(*PERSON)
    # One comparison a session finds all values of the first, and one all of the last.
    found = ends.agg(
        F.min(F.struct(*_AT, "channel", F.col("campaign.name").alias("campaign"), "entry_page")).alias(
            "first"
        ),
        F.max(F.struct(*_AT, "channel")).alias("last"),
        F.max(F.when(device.isNotNull(), F.struct(*_AT, device.alias("type")))).alias("device"),
        F.max(F.when(country.isNotNull(), F.struct(*_AT, country.alias("country")))).alias("place"),
    )
    return found.select(
        *PERSON,
        F.col("first.channel").alias("first_channel"),
        F.col("last.channel").alias("last_channel"),
        F.col("first.campaign").alias("first_campaign"),
        F.col("first.entry_page").alias("first_page"),
        F.col("device.type").alias("device_type"),
        F.col("place.country").alias("country"),
    )


def has_ended() -> Column:
    """Of a row of sessions: whether it had ended when the day did."""
    return F.col("end_time") < F.col(UNTIL)
