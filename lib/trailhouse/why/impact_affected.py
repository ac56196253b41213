"""Whom a case's pain hits, and when: persons by project day."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.attempts import attempts, one_by_one
from trailhouse.questions.fields import matches
from trailhouse.questions.people import of_people
from trailhouse.questions.periods import WATERMARK
from trailhouse.why.impact_given import FAR, Given


def hits(given: Given) -> DataFrame:
    """When the pain struck whom, a row a time: person_id, session_id (null outside of all), t (time), day.

    Of a segment: every first event of a day on which a person is a member.
    """
    of, inputs = given.case.affected, given.inputs
    activity, sessions = inputs["activity"].where(F.col("person_id").isNotNull()), inputs["sessions"]
    if of.signal is not None:
        asked = (F.col("kind") == of.signal) & ~F.col("extra")
        for column in ("page_group", "selector"):
            if (value := getattr(of, column)) is not None:
                asked = asked & (F.col(column) == value)
        found = of_people(inputs["signals"].where(asked), sessions)
        found = found.select("person_id", "session_id", F.col("start_time").alias("t"))
    elif of.failed_task is not None:
        task = next(one for one in given.settings.every_task if one.name == of.failed_task)
        if given.tried is None:
            tried = attempts(inputs["activity"], sessions, inputs[WATERMARK], (task,))
        else:
            tried = one_by_one(given.tried, task)
        begun = F.timestamp_micros("start_us")
        found = tried.where(~F.col("completed")).select("person_id", "session_id", begun.alias("t"))
    elif of.event is not None:
        found = of_people(activity.where(matches(of.event)), sessions)
        found = found.select("person_id", "session_id", F.col("event_time").alias("t"))
    else:
        day = project_day(F.col("event_time"), given.zone)
        seen = of_people(activity, sessions).groupBy("person_id", day.alias("day"))
        first = seen.agg(F.min(F.struct("event_time", "event_id", "session_id")).alias("first"))
        return in_segment(given, first, of.segment or "").select(
            "person_id", "first.session_id", F.col("first.event_time").alias("t"), "day"
        )
    return found.withColumn("day", project_day(F.col("t"), given.zone))


def affected_days(given: Given) -> DataFrame:
    """A row a person's day with any event: person_id, day, unit (null: no customer), device, affected."""
    case, inputs = given.case, given.inputs
    day = project_day(F.col("event_time"), given.zone)
    unit = F.min("account_id" if case.unit == "account" else "person_id")
    seen = (
        of_people(inputs["activity"].where(F.col("person_id").isNotNull()), inputs["sessions"])
        .groupBy("person_id", day.alias("day"))
        .agg(unit.alias("unit"), F.max("device.type").alias("device"))
    )
    if case.unit == "account":
        person = Window.partitionBy("person_id").orderBy("day")
        before = F.last("unit", ignorenulls=True).over(person.rowsBetween(Window.unboundedPreceding, 0))
        after = F.first("unit", ignorenulls=True).over(person.rowsBetween(0, Window.unboundedFollowing))
        seen = seen.withColumn("unit", F.coalesce(before, after))
    if case.affected.segment is not None:
        struck = in_segment(given, seen.select("person_id", "day"), case.affected.segment)
    else:
        struck = hits(given)
    flags = struck.select("person_id", "day").distinct().withColumn("hit", F.lit(True))
    joined = seen.join(flags, on=["person_id", "day"], how="left")
    return joined.withColumn("affected", F.coalesce("hit", F.lit(False))).drop("hit")


def in_segment(given: Given, days: DataFrame, name: str) -> DataFrame:
    """Rows of `days` (person_id, day) on which the person is a member."""
    members = given.inputs["segment_members"].where(F.col("segment") == name)
    stretch = members.select(
        "person_id", "valid_from", F.coalesce("valid_to", F.lit(FAR).cast("DATE")).alias("to")
    )
    return (
        days.join(stretch, on="person_id", how="inner")
        .where((F.col("day") >= F.col("valid_from")) & (F.col("day") < F.col("to")))
        .drop("valid_from", "to")
    )
