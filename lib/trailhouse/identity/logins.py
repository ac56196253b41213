"""When an account took over another identifier on a day: the `logins` of `identity_links`.

1. An account is an identifier of a unique type; its pair with an identifier of another type is a
   log-in. Most identifiers know one account a day: it took over at the pair's first event.
2. Where a day has several, their events are looked at one by one. Of the accounts that one moment
   shows, the loudest type and then the least value counts.
3. An account takes over with the first event after another account's.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.identity.links import raw_identifiers
from trailhouse.identity.priority import rank_of
from trailhouse.settings import Settings

_ACCOUNT = ("account_type", "account_value")
_DEVICE = ("device_type", "device_value")


def is_login(settings: Settings) -> Column:
    """Whether a link's row pairs an account with an identifier of another kind."""
    unique = settings.identity.unique
    return F.col("type_a").isin(unique) != F.col("type_b").isin(unique)


def sides(links: DataFrame, settings: Settings) -> DataFrame:
    """`links` (log-ins alone) plus account_type, account_value, device_type and device_value."""
    account_first = F.col("type_a").isin(settings.identity.unique)

    def side(part: str, first: Column) -> Column:
        return F.when(first, F.col(f"{part}_a")).otherwise(F.col(f"{part}_b"))

    return links.withColumns(
        {
            "account_type": side("type", account_first),
            "account_value": side("value", account_first),
            "device_type": side("type", ~account_first),
            "device_value": side("value", ~account_first),
        }
    )


def with_logins(daily: DataFrame, shown: DataFrame, events: DataFrame, settings: Settings) -> DataFrame:
    """`daily` (`links.daily_links`, read from files) plus logins: ARRAY<TIMESTAMP>, sorted.

    `shown` are the sightings that `daily` was made of, and `events` the events of those.
    """
    paired = sides(daily.where(is_login(settings)), settings)
    contested = (
        paired.groupBy("link_date", *_DEVICE).agg(F.count(F.lit(1)).alias("accounts")).where("accounts > 1")
    )
    taken = _takeovers(_moments(contested, shown, events, settings))
    # 1.
    none = F.array().cast("array<timestamp>")
    by_device = contested.select("link_date", *_DEVICE, F.lit(True).alias("contested"))
    logins = (
        paired.select(
            "link_date", *_DEVICE, *_ACCOUNT, "type_a", "value_a", "type_b", "value_b", "first_time"
        )
        .join(by_device, on=["link_date", *_DEVICE], how="inner")
        .join(taken, on=["link_date", *_DEVICE, *_ACCOUNT], how="left")
        .select(
            "link_date", "type_a", "value_a", "type_b", "value_b", F.coalesce("taken", none).alias("taken")
        )
    )
    sole = F.when(is_login(settings), F.array("first_time")).otherwise(none)
    return daily.join(logins, on=["link_date", "type_a", "value_a", "type_b", "value_b"], how="left").select(
        *[F.col(name) for name in daily.columns], F.coalesce("taken", sole).alias("logins")
    )


def _moments(contested: DataFrame, shown: DataFrame, events: DataFrame, settings: Settings) -> DataFrame:
    """link_date, device, event_time and the account of each moment that shows one on a contested device."""
    # 2.
    unique = settings.identity.unique
    accounts = F.filter("ids", lambda one: one["id_type"].isin(unique))
    account = F.array_min(
        F.transform(
            accounts,
            lambda one: F.struct(
                rank_of(one["id_type"]).alias("rank"),
                one["id_value"].alias("account_value"),
                one["id_type"].alias("account_type"),
            ),
        )
    )
    sets = (
        shown.where(F.exists("ids", lambda one: one["id_type"].isin(unique)))
        .select("raw", F.col("event_date").alias("link_date"), "ids", account.alias("account"))
        .withColumn("device", F.explode("ids"))
        .select(
            "raw",
            "link_date",
            "account",
            F.col("device.id_type").alias("device_type"),
            F.col("device.id_value").alias("device_value"),
        )
        .join(contested.select("link_date", *_DEVICE), on=["link_date", *_DEVICE], how="left_semi")
        .distinct()
    )
    times = events.select(
        raw_identifiers(settings).alias("raw"), F.col("event_date").alias("link_date"), "event_time"
    )
    return (
        times.join(sets, on=["raw", "link_date"], how="inner")
        .groupBy("link_date", *_DEVICE, "event_time")
        .agg(F.min("account").alias("account"))
    )


def _takeovers(moments: DataFrame) -> DataFrame:
    """link_date, device, account, taken: when the account took over, sorted."""
    # 3.
    by_time = Window.partitionBy("link_date", *_DEVICE).orderBy("event_time")
    return (
        moments.withColumn("before", F.lag("account").over(by_time))
        .where(~F.col("account").eqNullSafe(F.col("before")))
        .groupBy(
            "link_date",
            *_DEVICE,
            F.col("account.account_type").alias("account_type"),
            F.col("account.account_value").alias("account_value"),
        )
        .agg(F.sort_array(F.collect_list("event_time")).alias("taken"))
    )
