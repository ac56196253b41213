"""The pain, and who leaves, before and after the release of a fix."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.people import of_people
from trailhouse.questions.periods import WATERMARK
from trailhouse.settings.impact import Release
from trailhouse.why.impact_given import Given, as_facts, today
from trailhouse.why.impact_risks import days_late


def around_release(
    given: Given, release: Release, days: DataFrame, asked_at: DataFrame | None
) -> list[DataFrame]:
    """The pain, and who leaves, before and after; with a control, both groups."""
    length, period = release.window // timedelta(days=1), given.case.period_days
    out = _release_day(given, release)
    own = days.where(F.col("unit").isNotNull())
    group = F.lit("reached")
    kept: DataFrame | None = None
    if release.control is not None:
        members = given.inputs["segment_members"].where(F.col("segment") == release.control)
        kept = own.join(members.select("person_id").distinct(), on="person_id", how="left_semi")
        kept = kept.select("unit").distinct().withColumn("is_kept", F.lit(True))
        group = F.when(F.col("is_kept"), "control").otherwise("reached")
    question = given.churn
    late = given.case.horizon + (days_late(given, question) if question is not None else 0)
    # Who leaves after the release is asked of periods that follow one wholly after it.
    found = [_windows(given, "pain", own, out, kept, group, length, 0, 0)]
    if asked_at is not None:
        counted = asked_at.select("unit", "day", F.col("leaves").alias("affected"))
        found.append(_windows(given, "gone", counted, out, kept, group, length, period, late))
    return found


def _release_day(given: Given, release: Release) -> DataFrame:
    """One row: the day of the release; null as long as no event is of its version."""
    if release.day is not None:
        return given.inputs[WATERMARK].select(F.lit(release.day).alias("out"))
    mine = given.inputs["activity"].where(F.col("release") == F.lit(release.version))
    return of_people(mine, given.inputs["sessions"]).agg(
        F.min(project_day(F.col("event_time"), given.zone)).alias("out")
    )


def _windows(
    given: Given,
    kind: str,
    rows_: DataFrame,
    out: DataFrame,
    kept: DataFrame | None,
    group: Column,
    length: int,
    delay: int,
    late: int,
) -> DataFrame:
    """Units and those affected, before and after, by group. `rows_`: unit, day, affected."""
    marked = rows_.crossJoin(F.broadcast(out)).where(F.col("out").isNotNull())
    if kept is not None:
        marked = marked.join(kept, on="unit", how="left")
    begin = F.date_add("out", delay)
    before = (F.col("day") >= F.date_sub("out", length)) & (F.col("day") < F.col("out"))
    after = (F.col("day") >= begin) & (F.col("day") < F.date_add(begin, length))
    phase = F.when(before, "before").when(after, "after")
    # Of the pain a customer counts once a window; who leaves is asked once a period.
    per = ("unit",) if kind == "pain" else ("unit", "day")
    once = marked.withColumns({"phase": phase, "group": group}).where(F.col("phase").isNotNull())
    each = once.groupBy("out", "group", "phase", *per).agg(F.bool_or("affected").alias("hit"))
    counted = each.groupBy("out", "group", "phase").agg(
        F.count_if("hit").alias("hits"), F.count("*").alias("units")
    )
    ends = F.date_add(F.col("out"), delay + length + late)
    return as_facts(
        given,
        kind,
        counted,
        key=F.concat_ws("|", "group", "phase"),
        x1=F.col("hits"),
        x2=F.col("units"),
        x3=F.unix_date("out"),
        complete=F.coalesce((F.col("phase") == "before") | (ends <= today(given)), F.lit(False)),
    )
