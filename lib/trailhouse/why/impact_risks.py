"""Customers by periods: who was affected in one, who leaves in the next, who is alike, and what they say."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.asked import rows
from trailhouse.questions.churn import turns
from trailhouse.questions.fields import field, matches
from trailhouse.settings import Churn
from trailhouse.settings.impact import NamedBy
from trailhouse.why.impact_given import FAR, Given, as_facts, known, over, today


def stays_of(given: Given, question: Churn) -> DataFrame:
    """unit, start, left (both days; null: has not left): a row a stay as a customer.

    Who stays away has left on the day after the last one there.
    """
    moved = turns(question, given.asked, (given.case.rule,)).select("unit", "turn", "day")
    goes = F.col("turn") == "churned"
    # The turns of a unit alternate, so its nth leave ends its nth stay, whatever happens on one day.
    place = F.row_number().over(Window.partitionBy("unit", goes).orderBy("day"))
    away = question.inactive_days - 1 if given.case.rule == "inactive" else 0
    return (
        moved.withColumns({"stay": place, "goes": goes})
        .groupBy("unit", "stay")
        .agg(
            F.max(F.when(~F.col("goes"), F.col("day"))).alias("start"),
            F.date_sub(F.max(F.when(F.col("goes"), F.col("day"))), away).alias("left"),
        )
        .where(F.col("start").isNotNull())
    )


def days_late(given: Given, question: Churn) -> int:
    """Days until it is known that somebody has left."""
    return question.inactive_days if given.case.rule == "inactive" else 0


def risks(given: Given, question: Churn, stays: DataFrame, days: DataFrame) -> DataFrame:
    """A row a customer's period but the first: unit, day (its begin), left, affected, and what is alike."""
    case, period = given.case, given.case.period_days
    latest = F.date_sub(today(given), days_late(given, question) + case.horizon)
    last = F.least(F.coalesce("left", latest), latest)
    whole = F.floor(F.datediff(last, "start") / F.lit(period)).cast("INT")
    asked_at = (
        known(given, stays)
        .withColumn("periods", whole)
        .where(F.col("periods") >= 1)
        .select("unit", "start", "left", F.explode(F.sequence(F.lit(1), F.col("periods"))).alias("k"))
        .withColumn("day", F.date_add("start", (F.col("k") * period).cast("INT")))
    )
    own = days.where(F.col("unit").isNotNull()).withColumnRenamed("day", "on")
    inside = (F.col("on") >= F.col("start")) & (F.col("on") < F.coalesce("left", F.lit(FAR).cast("DATE")))
    k = (F.floor(F.datediff("on", "start") / F.lit(period)) + 1).cast("INT")
    before = (
        stays.join(own, on="unit", how="inner")
        .where(inside)
        .groupBy("unit", "start", k.alias("k"))
        .agg(
            F.bool_or("affected").alias("affected"),
            F.count_distinct("on").alias("active"),
            F.max(F.struct("on", "device")).alias("last"),
        )
    )
    found = asked_at.join(before, on=["unit", "start", "k"], how="left")
    leaves = F.col("left").isNotNull() & (F.col("left") < F.date_add("day", case.horizon))
    return _with_plan(given, question, found).select(
        "unit",
        "day",
        leaves.alias("leaves"),
        F.coalesce("affected", F.lit(False)).alias("affected"),
        _band(F.col("k"), (1, 2, 3, 6, 12)).alias("tenure"),
        F.coalesce("plan", F.lit("unknown")).alias("plan"),
        _band(F.coalesce("active", F.lit(0)), (0, 2, 5, 10)).alias("activity"),
        F.coalesce("last.device", F.lit("unknown")).alias("device"),
    )


def _band(number: Column, ends: tuple[int, ...]) -> Column:
    """Which band a number lies in, by the last number of each; beyond the last end is one more."""
    found = F.lit(len(ends))
    for place, end in reversed(list(enumerate(ends))):
        found = F.when(number <= end, F.lit(place)).otherwise(found)
    return found


def _with_plan(given: Given, question: Churn, found: DataFrame) -> DataFrame:
    """`found` (unit, day) with the plan of the last subscription event before that day."""
    if given.case.plan is None:
        return found.withColumn("plan", F.lit(None).cast("STRING"))
    keep = {
        "on": project_day(F.col("event_time"), given.zone),
        "plan": field(given.case.plan).cast("STRING"),
        "tells": matches(question.start) | matches(question.change),
    }
    events = rows(
        question, given.asked, (question.start, question.change), keep, [given.case.plan], every_day=True
    )
    order = F.struct("t", F.coalesce("sequence", F.lit(2**62)), "after_views", "event_id")
    told = (
        events.where("tells AND plan IS NOT NULL")
        .groupBy("unit", "on")
        .agg(F.max_by("plan", order).alias("plan"))
    )
    until = F.lead("on").over(Window.partitionBy("unit").orderBy("on"))
    stretch = told.select("unit", "plan", "on", until.alias("until"))
    valid = (F.col("on") < F.col("day")) & (F.col("until").isNull() | (F.col("until") >= F.col("day")))
    then = found.select("unit", "day").distinct().join(stretch, on="unit", how="inner").where(valid)
    return found.join(then.select("unit", "day", "plan"), on=["unit", "day"], how="left")


def strata(given: Given, asked_at: DataFrame) -> DataFrame:
    alike = ("tenure", "plan", "activity", "device")
    struck, leaves = F.col("affected"), F.col("leaves")
    counted = asked_at.groupBy(F.trunc("day", "month").alias("month"), *alike).agg(
        F.count_if(struck & leaves).alias("a"),
        F.count_if(struck).alias("n"),
        F.count_if(~struck & leaves).alias("b"),
        F.count_if(~struck).alias("m"),
    )
    question = given.churn
    late = given.case.horizon + (days_late(given, question) if question is not None else 0)
    return as_facts(
        given,
        "risk",
        counted,
        month=F.col("month"),
        key=F.to_json(F.struct(*alike)),
        x1=F.col("a"),
        x2=F.col("n"),
        x3=F.col("b"),
        x4=F.col("m"),
        complete=over(given, F.col("month"), late),
    )


def left(given: Given, question: Churn, stays: DataFrame, days: DataFrame) -> DataFrame:
    gone = stays.where(F.col("left").isNotNull()).select("unit", "left")
    named = given.case.named_by
    if named is None:
        told = gone.withColumns({"answered": F.lit(False), "named": F.lit(False)})
    elif named.theme is None:
        told = _by_reason(given, question, named, gone)
    else:
        told = _by_theme(given, named, gone, days)
    counted = told.groupBy(F.trunc("left", "month").alias("month")).agg(
        F.count("*").alias("left"),
        F.count_if("answered").alias("answered"),
        F.count_if("named").alias("named"),
    )
    return as_facts(
        given,
        "left",
        counted,
        month=F.col("month"),
        x1=F.col("left"),
        x2=F.col("answered"),
        x3=F.col("named"),
        complete=over(given, F.col("month"), days_late(given, question)),
    )


def _by_reason(given: Given, question: Churn, named: NamedBy, gone: DataFrame) -> DataFrame:
    keep = {
        "left": project_day(F.col("event_time"), given.zone),
        "reason": F.trim(field(named.field).cast("STRING")),
        "ends": matches(question.cancel),
    }
    said = rows(question, given.asked, (question.cancel,), keep, [named.field], every_day=True)
    reason = F.col("reason")
    by_day = said.where("ends").groupBy("unit", "left").agg(
        F.bool_or(reason.isNotNull() & (reason != "")).alias("answered"),
        F.bool_or(F.coalesce(reason.isin(*named.reasons), F.lit(False))).alias("named"),
    )  # fmt: skip
    return gone.join(by_day, on=["unit", "left"], how="left")


def _by_theme(given: Given, named: NamedBy, gone: DataFrame, days: DataFrame) -> DataFrame:
    near = named.within // timedelta(days=1)
    has_text = F.col("text").isNotNull() & (F.trim("text") != "") & F.col("person_id").isNotNull()
    said = given.inputs["feedback_answers"].where(has_text & ~F.col("is_bot") & ~F.col("internal"))
    customers = days.where(F.col("unit").isNotNull()).select("person_id", "unit").distinct()
    spoken = said.select(
        "person_id",
        project_day(F.col("answer_time"), given.zone).alias("on"),
        F.array_contains("themes", named.theme or "").alias("of_it"),
    ).join(customers, on="person_id", how="inner")
    beside = F.abs(F.datediff("on", "left")) <= near
    return (
        gone.join(spoken, on="unit", how="left")
        .groupBy("unit", "left")
        .agg(
            F.bool_or(F.coalesce(beside, F.lit(False))).alias("answered"),
            F.bool_or(F.coalesce(beside & F.col("of_it"), F.lit(False))).alias("named"),
        )
    )
