"""The visits before conversions: what attribution gives credit to."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import NO_CURRENCY, micros, project_day, week_of
from trailhouse.enrich import channels, urls
from trailhouse.questions.asked import Asked, in_segment, rows
from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.questions.credit import SCALE
from trailhouse.questions.fields import matches, value_of
from trailhouse.settings import Attribution, Project

PATH = "ARRAY<STRUCT<t: BIGINT, touch: STRING, direct: BOOLEAN>>"


def conversions(question: Attribution, asked: Asked) -> DataFrame:
    """unit, t, period, currency, amount (BIGINT, parts of SCALE; null: no value told).

    With breakdowns also `values`, theirs at the conversion, in order.
    """
    zone = asked.project.timezone
    keep = {
        "asked": matches(question.conversion),
        "period": _period(question, project_day(F.col("event_time"), zone), asked.project),
        "currency": F.coalesce("currency", F.lit(NO_CURRENCY)),
        "amount": (F.col("value") * SCALE).cast("BIGINT"),
    }
    more = told_values(question)
    keep |= {name: F.array(*map(value_of, question.breakdowns)) for name in more}
    found = rows(question, asked, [question.conversion], keep).where("asked")
    return found.select("unit", "t", "period", "currency", "amount", *more)


def told_values(question: Attribution) -> tuple[str, ...]:
    """The column of the values of breakdowns; none where there are none."""
    return ("values",) if question.breakdowns else ()


def _period(question: Attribution, day: Column, project: Project) -> Column:
    if question.interval == "day":
        return day
    return week_of(day, project.week_start) if question.interval == "week" else F.trunc(day, "month")


def visits(question: Attribution, asked: Asked) -> DataFrame:
    """unit, `visits`: ARRAY<STRUCT<t, touch, direct>> of all its sessions, in order."""
    sessions = asked["sessions"].where(~F.col("is_bot") & ~F.col("internal"))
    if question.from_day is not None:
        first = F.date_sub(F.lit(question.from_day), question.look_back.days + 1)
        sessions = sessions.where(F.col("session_date") >= first)
    if question.to_day is not None:
        sessions = sessions.where(F.col("session_date") <= F.lit(question.to_day))
    sessions = in_segment(question, asked, sessions)
    unit = {"person": "person_id", "session": "session_id", "device": "anonymous_id"}.get(question.unit)
    if unit is None:
        accounts = asked["activity"].select("session_id", "account_id").dropna().distinct()
        sessions, unit = sessions.join(accounts, on="session_id", how="inner"), "account_id"
    direct = F.col("channel") == channels.DIRECT
    touch = {
        "channel": F.col("channel"),
        "source": F.coalesce(
            "campaign.source", F.when(direct, channels.DIRECT).otherwise(urls.host(F.col("referrer")))
        ),
        "campaign": F.col("campaign.name"),
    }[question.by]
    visit = F.struct(
        F.unix_micros("start_time").alias("t"),
        F.coalesce(touch, F.lit(UNKNOWN)).alias("touch"),
        direct.alias("direct"),
    )
    found = sessions.where(F.col(unit).isNotNull())
    # Visits that are equal in all three are interchangeable: no further tie-break is needed.
    return found.groupBy(F.col(unit).alias("unit")).agg(F.sort_array(F.collect_list(visit)).alias("visits"))


def without_direct(question: Attribution, path: Column) -> Column:
    if question.direct == "count":
        return path
    others = F.filter(path, lambda visit: ~visit["direct"])
    return F.when(F.exists(path, lambda visit: ~visit["direct"]), others).otherwise(path)


def paths(question: Attribution, conversions: DataFrame, visits: DataFrame) -> DataFrame:
    """period, currency, amount, `path`: the visits that count, in order; empty where there is none.

    With breakdowns `values`, too.
    """
    back = F.lit(micros(question.look_back))
    near = F.filter("visits", lambda visit: (visit["t"] <= F.col("t")) & (visit["t"] >= F.col("t") - back))
    return (
        conversions.join(visits, on="unit", how="left")
        .withColumn("path", F.coalesce(near, F.array().cast(PATH)))
        .select(
            "period",
            "currency",
            "amount",
            *told_values(question),
            without_direct(question, F.col("path")).alias("path"),
        )
    )
