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
    """A row a person and `as_of`, from rows of sessions with it that had begun."""
    project, rules = settings.project, settings.profiles
    ended = F.col("end_time") < F.col(UNTIL)
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
        F.when(ended, F.struct(*_AT)).alias("_at"),
        "channel",
        F.col("campaign.name").alias("_campaign"),
        "entry_page",
        F.when(ended, F.col("device.type")).alias("_device_type"),
        F.when(ended, F.col("geo.country")).alias("_country"),
        F.when(ended, F.col("anonymous_id")).alias("_device"),
    )

    def last_known(name: str) -> Column:
        return F.max_by(name, F.when(F.col(name).isNotNull(), F.col("_at")))

    # Twice the number of sessions of an hour, and that the earlier of two equal ones is above.
    hours = [F.count_if(F.col("_hour") == hour) * 32 + (31 - hour) for hour in range(24)]
    most = F.slice(F.sort_array(F.filter(F.array(*hours), lambda one: one >= 32), False), 1, rules.favourites)
    return frame.groupBy(*PERSON).agg(
        *sums(of("sessions")),
        ratio(F.sum("friction_sessions"), F.sum("_ended")).alias("frustration_rate"),
        F.min_by("channel", "_at").alias("first_channel"),
        F.max_by("channel", "_at").alias("last_channel"),
        F.min_by("_campaign", "_at").alias("first_campaign"),
        F.min_by("entry_page", "_at").alias("first_page"),
        last_known("_device_type").alias("device_type"),
        last_known("_country").alias("country"),
        F.size(F.collect_set("_device")).cast("BIGINT").alias("devices"),
        F.array_sort(F.collect_set("_device_type")).alias("device_types"),
        F.transform(most, lambda one: (31 - one % 32).cast("INT")).alias("favourite_hours"),
    )
