"""`feature_usage`: how many are offered a feature, try it, adopt it, and how often they use it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio, week_of
from trailhouse.questions.breakdowns import ALL, UNKNOWN, device
from trailhouse.questions.fields import field, traits
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile, quotient
from trailhouse.settings import Features, Profiles, Project
from trailhouse.why.feature_use import Declared

_RATE = "DECIMAL(9,6)"
ADOPTED_WEEKS = 2
"""Weeks with a use from which on a person has adopted a feature."""


def with_values(
    persons: DataFrame,
    sessions: DataFrame,
    profiles: DataFrame | None,
    members: DataFrame | None,
    rules: Features,
    declared: Profiles,
) -> DataFrame:
    """`exposed_persons` with `values`: an array of {breakdown, value}.

    Device and channel are those of the session of the first offer, so that they add up to all; segments
    are today's, of which a person may have several or none; fields are those of the profile.
    """
    known = sessions.select("session_id", device(), "channel")
    frame = persons.withColumn("session_id", F.col("first_offer.session_id")).join(
        known, on="session_id", how="left"
    )
    parts = [_value(ALL, F.lit(ALL))]
    parts += [_value(name, F.col(name)) for name in ("device_type", "channel")]
    if rules.breakdowns:
        frame = frame.join(_fields(profiles, rules, declared), on="person_id", how="left")
        parts += [_value(name, F.col(f"_field_{n}")) for n, name in enumerate(rules.breakdowns)]
    values = F.array(*parts)
    if members is not None:
        today = members.where("valid_to IS NULL").groupBy("person_id")
        frame = frame.join(today.agg(F.collect_set("segment").alias("_segments")), on="person_id", how="left")
        own = F.transform(
            F.coalesce("_segments", F.array().cast("ARRAY<STRING>")), lambda one: _value("segment", one)
        )
        values = F.concat(values, own)
    return frame.select(
        "feature", "person_id", "session_id", "first_offer", "first_use", "device_type", "channel",
        values.alias("values"),
    )  # fmt: skip


def _value(breakdown: str, value: Column) -> Column:
    return F.struct(F.lit(breakdown).alias("breakdown"), F.coalesce(value, F.lit(UNKNOWN)).alias("value"))


def _fields(profiles: DataFrame | None, rules: Features, declared: Profiles) -> DataFrame:
    """person_id and a text a breakdown; `profiles` must be there where any is asked for."""
    assert profiles is not None
    of_profile = sorted(
        name.removeprefix("profile.") for name in rules.breakdowns if name.startswith("profile.")
    )
    structs = [F.struct(*of_profile).alias("profile")] if of_profile else []
    trait = traits(rules.breakdowns, declared.names)
    structs += [] if trait is None else [trait]
    known = profiles.select("person_id", *structs)
    named = [
        F.nullif(field(name).cast("STRING"), F.lit("")).alias(f"_field_{n}")
        for n, name in enumerate(rules.breakdowns)
    ]
    return known.select("person_id", *named)


def usage(
    offers: DataFrame,
    persons: DataFrame,
    person_days: DataFrame,
    watermark: DataFrame,
    features: Declared,
    project: Project,
) -> DataFrame:
    """Rows of `feature_usage`, of `offered`, and of `exposed_persons` `with_values`.

    Week by week those count who were offered it in that week; they have adopted it by then where they used it
    in an earlier week, too. Person-weeks are weeks in which somebody who has tried it was active, from the
    week of the first use on.
    """

    def week(day: Column) -> Column:
        return week_of(day, project.week_start).cast("string")

    tried = F.timestamp_micros("first_use.t")
    first_week = week(project_day(tried, project.timezone))
    known = persons.select(
        "feature",
        "person_id",
        "values",
        F.col("first_offer.t").alias("exposed_us"),
        F.col("first_use.t").alias("used_us"),
        first_week.alias("first_week"),
    )
    done = offers.select("feature", "person_id", week(F.col("day")).alias("week"), "session_id", "uses")
    days = person_days.groupBy("person_id", week(F.col("day")).alias("week")).agg(
        F.min("first_time").alias("first_time")
    )
    users = known.where("used_us IS NOT NULL").select("feature", "person_id", "first_week")
    active = days.join(users, on="person_id", how="inner").where("week >= first_week")
    active = active.select("feature", "person_id", "week", F.lit(1).alias("active"))
    seen = days.groupBy("person_id").agg(F.unix_micros(F.min("first_time")).alias("seen_us"))
    used = F.col("uses") > 0

    def many(value: str, where: Column | None = None) -> Column:
        column = F.col(value) if where is None else F.when(where, F.col(value))
        return F.size(F.collect_set(column)).cast("BIGINT")

    by_person = (
        done.unionByName(active, allowMissingColumns=True)
        .withColumn("period", F.explode(F.array(F.lit(ALL), "week")))
        .groupBy("feature", "person_id", "period")
        .agg(
            F.coalesce(F.sum("uses"), F.lit(0)).alias("uses"),
            F.count_if(F.col("active").isNull()).alias("_offers"),
            F.count("active").alias("person_weeks"),
            many("session_id").alias("sessions"),
            many("session_id", used).alias("used_sessions"),
            many("week", used).alias("_weeks"),
        )
    )
    everywhere = F.col("period") == ALL
    again = F.when(everywhere, F.col("_weeks") >= ADOPTED_WEEKS).otherwise(
        used & (F.col("first_week") < F.col("period"))
    )
    new = used & (everywhere | (F.col("first_week") == F.col("period")))
    rows = (
        by_person.join(known, on=["feature", "person_id"], how="inner")
        .join(seen, on="person_id", how="left")
        .select(
            "feature",
            "period",
            F.inline("values"),
            (F.col("_offers") > 0).alias("is_exposed"),
            used.alias("is_tried"),
            F.coalesce(again, F.lit(False)).alias("is_adopted"),
            F.coalesce(new, F.lit(False)).alias("is_new"),
            *("uses", "person_weeks", "sessions", "used_sessions"),
            F.when(new, F.col("used_us") - F.col("exposed_us")).alias("wait_us"),
            # A first event by another rule of time cannot come after the use.
            F.when(new, F.greatest(F.col("used_us") - F.col("seen_us"), F.lit(0))).alias("seen_us"),
        )
    )
    # One that nobody was offered is told, too.
    nobody = watermark.select(F.explode(F.array(*map(F.lit, features))).alias("feature"))
    nobody = nobody.select("feature", *(F.lit(ALL).alias(name) for name in ("period", "breakdown", "value")))
    counted = (
        rows.unionByName(nobody, allowMissingColumns=True)
        .groupBy("feature", "breakdown", "value", "period")
        .agg(
            *(F.count_if(f"is_{name}").alias(name) for name in ("exposed", "tried", "adopted", "new")),
            *(
                F.coalesce(F.sum(name), F.lit(0)).alias(name)
                for name in ("uses", "person_weeks", "sessions", "used_sessions")
            ),
            quantile("wait_us", 0.5).alias("median_us"),
            quantile("wait_us", 0.9).alias("p90_us"),
            quantile("seen_us", 0.5).alias("seen_median_us"),
            quantile("seen_us", 0.9).alias("seen_p90_us"),
        )
    )
    told = F.create_map(*(F.lit(text) for name, one in features.items() for text in (name, one.text)))
    return counted.select(
        "*",
        F.try_element_at(told, F.col("feature")).alias("definition"),
        F.col("new").alias("first_tried"),
        quotient(F.col("uses"), F.col("person_weeks"), 4).alias("frequency"),
        *_share("tried", "exposed", "tried"),
        *_share("adopted", "tried", "adopted"),
        *_share("used_sessions", "sessions", "session"),
    ).drop("new")


def _share(part: str, whole: str, name: str) -> list[Column]:
    low, high = wilson(part, F.nullif(whole, F.lit(0)))
    some = F.col(whole) > 0
    return [
        ratio(F.col(part), F.col(whole)).alias(f"{name}_rate"),
        F.when(some, F.round(low, 6).cast(_RATE)).alias(f"{name}_low"),
        F.when(some, F.round(high, 6).cast(_RATE)).alias(f"{name}_high"),
    ]
