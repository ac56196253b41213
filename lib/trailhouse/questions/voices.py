"""What people say, with the behaviour around it: surveys, feedback and support tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros, project_day
from trailhouse.enrich.words import sentiment_of, themes_of
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.scales import scales, within
from trailhouse.settings import Feedback, Project

SHOWN, RESPONSE, DISMISSED = "survey_shown", "survey_response", "survey_dismissed"
SAID = (RESPONSE, "feedback", "support_ticket")
ASKED = ("nps", "csat", "ces", "rating", "choice", "text")
PAGE_BEFORE = timedelta(days=1)
"""How long before a ticket a page may have been seen to count as the page before it."""


def voices(activity: DataFrame, sessions: DataFrame) -> DataFrame:
    """Events of feedback, each with its survey, kind, score, text, channel, and whether people sent it.

    Adds to the columns of activity that are kept: survey_id ('all' without one), kind (null for a display
    that does not tell), score, text, trigger, channel; is_bot and internal are true also by the session.
    """
    survey, name = F.col("survey"), F.col("event_name")
    text = F.coalesce(survey["answer"], _property("text"), _property("subject"))
    told = F.lower(survey["kind"])
    kind = (
        F.when(name == "support_ticket", "ticket")
        .when(told.isin(*ASKED), told)
        .when(name.isin(SHOWN, DISMISSED), None)
        .when(survey["score"].isNotNull(), "rating")
        .otherwise("text")
    )
    known = sessions.select(
        "session_id",
        "channel",
        F.col("is_bot").alias("_session_bot"),
        F.col("internal").alias("_session_internal"),
    )
    return (
        activity.where(name.isin(SHOWN, DISMISSED, *SAID))
        .select(
            *("event_id", "event_date", "event_time", "event_name", "sequence", "person_id", "session_id"),
            *("view_id", "page_group", "page_path", "event_number", "view_number", "session_start"),
            *("element", "viewport", "language", "experiments", "is_bot", "internal"),
            F.col("device.type").alias("device_type"),
            F.coalesce(survey["id"], F.lit(ALL)).alias("survey_id"),
            kind.alias("kind"),
            F.when(name.isin(*SAID), survey["score"]).alias("score"),
            F.when(name.isin(*SAID) & (F.trim(text) != ""), text).alias("text"),
            _property("trigger").alias("trigger"),
        )
        .join(known, on="session_id", how="left")
        .withColumns(
            {
                "is_bot": F.col("is_bot") | F.coalesce("_session_bot", F.lit(False)),
                "internal": F.col("internal") | F.coalesce("_session_internal", F.lit(False)),
            }
        )
        .drop("_session_bot", "_session_internal")
    )


def of_people(said: DataFrame) -> DataFrame:
    """Rows of `voices` that count: without bots and own staff."""
    return said.where(~F.col("is_bot") & ~F.col("internal"))


def with_person(
    said: DataFrame, person_days: DataFrame, segment_members: DataFrame, project: Project
) -> DataFrame:
    """`said` + what is known of the person: cohort, segments.

    `cohort` is the month of the first day in `person_days` as YYYY-MM, null where there is none; `segments`
    (sorted, empty for none) are those that the person was in on the event's day in the project's zone.
    """
    first = person_days.groupBy("person_id").agg(F.date_format(F.min("day"), "yyyy-MM").alias("cohort"))
    stretch = F.struct("segment", "valid_from", "valid_to")
    members = segment_members.groupBy("person_id").agg(F.collect_list(stretch).alias("_stretches"))
    day = project_day(F.col("event_time"), project.timezone)

    def holds(one: Column) -> Column:
        return (one["valid_from"] <= day) & (one["valid_to"].isNull() | (one["valid_to"] > day))

    names = F.transform(F.filter("_stretches", holds), lambda one: one["segment"])
    return (
        said.join(first, on="person_id", how="left")
        .join(members, on="person_id", how="left")
        .withColumn("segments", F.coalesce(F.array_sort(names), F.array().cast("ARRAY<STRING>")))
        .drop("_stretches")
    )


def with_rage(said: DataFrame, signals: DataFrame) -> DataFrame:
    """`said` + rage_before: rage clicks of the session that began before; null outside of sessions."""
    rages = rage_clicks(signals).groupBy("session_id").agg(F.collect_list("start_time").alias("_rages"))
    before = F.size(F.filter("_rages", lambda start: start < F.col("event_time")))
    count = F.when(F.col("_rages").isNull(), 0).otherwise(before)
    return (
        said.join(rages, on="session_id", how="left")
        .withColumn("rage_before", F.when(F.col("session_id").isNotNull(), count))
        .drop("_rages")
    )


def rage_clicks(signals: DataFrame) -> DataFrame:
    """session_id and start_time of rage clicks: the one place that says which of them count."""
    return signals.where("kind = 'rage_click' AND NOT extra").select("session_id", "start_time")


def with_display(said: DataFrame) -> DataFrame:
    """`said` + shown_at, the last display of its survey to the person before, and `_episode`, its number."""
    whose = Window.partitionBy("_unit", "survey_id").orderBy(
        F.col("event_time"), F.col("sequence").asc_nulls_last(), F.col("event_id")
    )
    so_far = whose.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    shown = F.col("event_name") == SHOWN
    return said.withColumn("_unit", _unit()).withColumns(
        {
            "shown_at": F.max(F.when(shown, F.col("event_time"))).over(so_far),
            "_episode": F.sum(F.when(shown, 1).otherwise(0)).over(so_far),
        }
    )


def with_page_before(said: DataFrame, page_views: DataFrame, skipped: Sequence[str] = ()) -> DataFrame:
    """`said` + page_before: of a ticket the page group of the person's last view that began before it.

    It is of the ticket's session, or began within `PAGE_BEFORE`. Groups in `skipped` are never it.
    """
    tickets = said.where("event_name = 'support_ticket' AND person_id IS NOT NULL").select(
        "event_id", "person_id", F.col("event_time").alias("_at"), F.col("session_id").alias("_session")
    )
    views = page_views.where("page_group IS NOT NULL AND NOT continued")
    if skipped:
        views = views.where(~F.col("page_group").isin(*skipped))
    views = views.select("person_id", "session_id", "view_id", "view_number", "start_time", "page_group")
    soon = F.timestamp_diff("MICROSECOND", F.col("start_time"), F.col("_at")) <= micros(PAGE_BEFORE)
    near = F.coalesce(F.col("session_id") == F.col("_session"), F.lit(False)) | soon
    place = F.struct("start_time", "view_number", "session_id", "view_id")
    before = (
        views.join(F.broadcast(tickets), on="person_id", how="inner")
        .where((F.col("start_time") <= F.col("_at")) & near)
        .groupBy("event_id")
        .agg(F.max_by("page_group", place).alias("page_before"))
    )
    return said.join(before, on="event_id", how="left")


def answers(said: DataFrame, rules: Feedback) -> DataFrame:
    """Rows of `feedback_answers`: what was said, of `voices` with person, rage, display and page before."""
    element = F.col("element")
    given = said.where(F.col("event_name").isin(*SAID)).withColumns(
        {
            "_themes": themes_of(F.col("text"), rules.themes),
            "_sentiment": sentiment_of(F.col("text"), F.col("language")),
        }
    )
    since = F.timestamp_diff("MICROSECOND", F.col("session_start"), F.col("event_time"))
    return given.select(
        "event_id",
        F.col("event_date").alias("answer_date"),
        F.col("event_time").alias("answer_time"),
        *("survey_id", "kind", "score"),
        F.when(F.col("score").isNotNull(), within(scales(rules), "valid")).alias("on_scale"),
        *("text", "trigger", "person_id", "session_id", "view_id"),
        *("page_group", "page_path", "page_before", "event_number", "view_number"),
        (F.col("view_number") - 1).alias("views_before"),
        since.alias("since_start_us"),
        F.when(F.col("event_name") == RESPONSE, F.col("shown_at")).alias("shown_at"),
        "rage_before",
        element["selector"].alias("selector"),
        element["text"].alias("element_text"),
        element["box"].alias("box"),
        element["x"].alias("x"),
        element["y"].alias("y"),
        *("device_type", "viewport", "channel", "cohort", "segments", "language", "experiments"),
        F.col("_themes").alias("themes"),
        F.col("_sentiment.label").alias("sentiment"),
        F.col("_sentiment.score").alias("sentiment_score"),
        *("is_bot", "internal"),
    )


def _unit() -> Column:
    """Whose surveys they are; an event without a person is alone."""
    return F.coalesce("person_id", F.concat(F.lit("\0"), "event_id"))


def _property(name: str) -> Column:
    return F.get_json_object("properties", f"$.{name}")
