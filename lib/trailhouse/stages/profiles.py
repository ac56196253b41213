"""`profiles`: what is known of a person as of the last complete day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import money_by_currency, project_day, week_of
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a person with an event on or before the day; nothing later enters it."""
    settings = context.settings
    zone = settings.project.timezone
    # The day of the watermark is not over yet.
    as_of = F.broadcast(
        inputs["watermark"].select(F.date_sub(project_day(F.col("watermark"), zone), 1).alias("as_of"))
    )

    def until(frame: DataFrame, day: Column) -> DataFrame:
        return frame.crossJoin(as_of).where(day <= F.col("as_of"))

    days = until(inputs["person_days"], F.col("day"))
    sessions = until(inputs["sessions"].where("NOT is_bot AND NOT internal"), F.col("session_date"))
    activity = until(
        inputs["activity"].where("person_id IS NOT NULL AND NOT is_bot AND NOT internal"),
        project_day(F.col("event_time"), zone),
    )
    identities = until(inputs["identities"], project_day(F.col("first_seen"), zone))
    profiles = (
        _from_days(days, settings)
        .join(_from_sessions(sessions), on="person_id", how="left")
        .join(_from_activity(activity), on="person_id", how="left")
        .join(_traits(activity), on="person_id", how="left")
        .join(_identifiers(identities), on="person_id", how="left")
    )
    cohort = F.trunc(project_day(F.col("first_seen"), zone), "month")
    profiles = profiles.withColumns(
        {
            "cohort_month": cohort,
            "identifiers": F.coalesce(
                "identifiers", F.array().cast(TABLES["profiles"].column("identifiers").type)
            ),
        }
    )
    return {"profiles": profiles.na.fill(0, ["devices"]).select(*TABLES["profiles"].schema.names)}


def _from_days(days: DataFrame, settings: Settings) -> DataFrame:
    day, as_of = F.col("day"), F.col("as_of")
    this_week = week_of(as_of, settings.project.week_start)
    week = week_of(day, settings.project.week_start)
    summed = ("sessions", "views", "events", "engaged_us", "conversions", "orders", "rage_clicks")
    frame = days.groupBy("person_id", "as_of").agg(
        F.min("first_time").alias("first_seen"),
        F.max("last_time").alias("last_seen"),
        F.count("*").alias("active_days"),
        F.count_if(day > F.date_sub(as_of, 7)).alias("active_days_7"),
        F.count_if(day > F.date_sub(as_of, 28)).alias("active_days_28"),
        *[F.sum(name).alias(name) for name in summed],
        F.max(F.when(F.col("orders") > 0, day)).alias("last_order_day"),
        money_by_currency(F.flatten(F.collect_list("value"))).alias("value"),
        F.bool_or(week == this_week).alias("_now"),
        F.bool_or(week == F.date_sub(this_week, 7)).alias("_before"),
        F.bool_or(week < this_week).alias("_ever"),
    )
    state = (
        F.when(~F.col("_now"), "dormant")
        .when(~F.col("_ever"), "new")
        .when(F.col("_before"), "returning")
        .otherwise("resurrecting")
    )
    return frame.withColumn("lifecycle", state)


def _from_sessions(sessions: DataFrame) -> DataFrame:
    at = F.struct("start_time", "session_id")

    def last_known(value: Column) -> Column:
        return F.max_by(value, F.when(value.isNotNull(), at))

    return sessions.groupBy("person_id").agg(
        F.min_by("channel", at).alias("first_channel"),
        F.max_by("channel", at).alias("last_channel"),
        F.min_by(F.col("campaign.name"), at).alias("first_campaign"),
        F.min_by("entry_page", at).alias("first_page"),
        last_known(F.col("device.type")).alias("device_type"),
        last_known(F.col("geo.country")).alias("country"),
        F.count_distinct("anonymous_id").alias("devices"),
    )


def _from_activity(activity: DataFrame) -> DataFrame:
    survey = F.col("survey")
    answered = (
        (F.col("event_name") == "survey_response")
        & (survey["kind"] == "nps")
        & survey["score"].between(0, 10)
    )
    nps = (
        activity.where(answered)
        .groupBy("person_id")
        .agg(F.max_by(survey["score"], F.struct("event_time", "event_id")).alias("latest_nps"))
    )
    accounts = activity.where("user_id IS NOT NULL").groupBy("person_id", "user_id").count()
    most = Window.partitionBy("person_id").orderBy(F.col("count").desc(), "user_id")
    main = (
        accounts.withColumn("_rank", F.row_number().over(most))
        .where("_rank = 1")
        .select("person_id", "user_id")
    )
    return main.join(nps, on="person_id", how="full")


def _traits(activity: DataFrame) -> DataFrame:
    """Last write wins by trait: every value as text, keys sorted."""
    told = activity.where("event_name = 'identify' AND traits IS NOT NULL")
    entries = told.select(
        "person_id",
        "event_time",
        "sequence",
        "event_id",
        F.explode(F.from_json("traits", "MAP<STRING, STRING>")).alias("key", "text"),
    )
    newest = Window.partitionBy("person_id", "key").orderBy(
        F.col("event_time").desc(), F.col("sequence").desc_nulls_first(), F.col("event_id").desc()
    )
    latest = entries.withColumn("_rank", F.row_number().over(newest)).where("_rank = 1 AND text IS NOT NULL")
    pairs = F.array_sort(F.collect_list(F.struct("key", "text")))
    return latest.groupBy("person_id").agg(F.to_json(F.map_from_entries(pairs)).alias("traits"))


def _identifiers(identities: DataFrame) -> DataFrame:
    pair = F.struct(F.col("id_type").alias("type"), F.col("id_value").alias("value"))
    return identities.groupBy("person_id").agg(F.array_sort(F.collect_list(pair)).alias("identifiers"))


STAGE = Stage(
    name="profiles",
    reads=("person_days", "sessions", "activity", "identities", "watermark"),
    writes=("profiles",),
    transform=transform,
    settings=("project",),
    pins={"identities": "activity", "activity": "person_days", "sessions": "person_days"},
    checks=(
        Check(
            "profiles",
            "seen_in_order",
            "A person is last seen no earlier than first.",
            "last_seen >= first_seen",
        ),
        Check(
            "profiles",
            "windows_nest",
            "Active days of 7 are within those of 28, and these within all.",
            "active_days_7 <= active_days_28 AND active_days_28 <= active_days",
        ),
    ),
)
