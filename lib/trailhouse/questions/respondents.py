"""Who answers, and who writes to the support."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.questions.intervals import poisson, wilson
from trailhouse.questions.numbers import quotient, whole_quotient
from trailhouse.questions.voices import RESPONSE, SHOWN
from trailhouse.signals.counting import struggles


def respondents(voices: DataFrame, sessions: DataFrame) -> DataFrame:
    """Rows of `feedback_respondents`: persons who were shown a survey, by whether they answered it.

    `voices` are those of people. Sessions are all of a person's, without bots and own staff: what is
    compared is who they are, not what the survey did to them.
    """
    name = F.col("event_name")
    shown = (
        voices.where(name.isin(SHOWN, RESPONSE) & F.col("person_id").isNotNull())
        .groupBy("survey_id", "person_id")
        .agg(F.bool_or(name == SHOWN).alias("_shown"), F.bool_or(name == RESPONSE).alias("answered"))
        .where("_shown")
    )
    hurt = struggles() > 0  # what is not collected cannot be seen
    persons = (
        sessions.where("NOT is_bot AND NOT internal")
        .groupBy("person_id")
        .agg(
            F.count("*").alias("sessions"),
            F.sum("engaged_us").alias("engaged_us"),
            F.bool_or("converted").alias("converted"),
            F.bool_or(hurt).alias("hurt"),
        )
    )
    counted = (
        shown.join(persons, on="person_id", how="left")
        .groupBy("survey_id", "answered")
        .agg(
            F.count("*").alias("persons"),
            F.coalesce(F.sum("sessions"), F.lit(0)).alias("sessions"),
            F.coalesce(F.sum("engaged_us"), F.lit(0)).alias("engaged_us"),
            F.count_if("converted").alias("converted_persons"),
            F.count_if("hurt").alias("friction_persons"),
        )
    )
    all_of = F.col("persons")
    conversion, friction = wilson("converted_persons", "persons"), wilson("friction_persons", "persons")
    return counted.select(
        *("survey_id", "answered", "persons", "sessions", "engaged_us"),
        quotient(F.col("sessions"), all_of, 4).alias("sessions_per_person"),
        whole_quotient(F.col("engaged_us"), all_of).alias("engaged_us_per_person"),
        "converted_persons",
        ratio(F.col("converted_persons"), all_of).alias("conversion"),
        _share(conversion[0]).alias("conversion_low"),
        _share(conversion[1]).alias("conversion_high"),
        "friction_persons",
        ratio(F.col("friction_persons"), all_of).alias("friction"),
        _share(friction[0]).alias("friction_low"),
        _share(friction[1]).alias("friction_high"),
    )


def tickets(voices: DataFrame, page_views: DataFrame, sessions: DataFrame) -> DataFrame:
    """Rows of `feedback_tickets`: tickets by the page before, against the persons who saw that page.

    `voices` are those of people, with the page before. Bots and own staff are left out of both sides.
    """
    page = F.coalesce("page_before", F.lit(UNKNOWN))
    counted = (
        voices.where("event_name = 'support_ticket'")
        .groupBy(page.alias("page_group"))
        .agg(F.count("*").alias("tickets"), F.count_distinct("person_id").alias("ticket_persons"))
    )
    others = sessions.where("is_bot OR internal").select("session_id")
    saw = (
        page_views.where("NOT is_bot AND NOT internal AND page_group IS NOT NULL")
        .select("page_group", "person_id", "session_id")
        .join(F.broadcast(counted.select("page_group")), on="page_group", how="left_semi")
        .join(others, on="session_id", how="left_anti")
        .groupBy("page_group")
        .agg(F.count_distinct("person_id").alias("persons"))
    )
    low, high = poisson(F.col("tickets"))
    people = F.col("persons")
    return counted.join(saw, on="page_group", how="left").select(
        *("page_group", "tickets", "ticket_persons", "persons"),
        quotient(1000 * F.col("tickets"), people, 4).alias("per_thousand"),
        _rate(1000 * low / people).alias("low"),
        _rate(1000 * high / people).alias("high"),
    )


def _share(share: Column) -> Column:
    return F.round(share, 6).cast("DECIMAL(9,6)")


def _rate(rate: Column) -> Column:
    return F.round(rate, 4).cast("DECIMAL(18,4)")
