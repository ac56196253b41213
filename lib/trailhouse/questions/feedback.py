"""Feedback: survey scores by week, with 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, GroupedData
from pyspark.sql import functions as F

from trailhouse.columns import project_day, week_of
from trailhouse.questions.intervals import net_promoter, wilson
from trailhouse.questions.numbers import quotient
from trailhouse.questions.people import of_people
from trailhouse.settings import Project

ALL = "all"
_SCORE = "DECIMAL(9,4)"


@dataclass(frozen=True)
class Scale:
    """A kind of survey: which scores are valid, which count as top and as bottom (inclusive ends)."""

    kind: str
    valid: tuple[int, int]
    top: tuple[int, int]
    bottom: tuple[int, int]


SCALES: tuple[Scale, ...] = (
    Scale("nps", valid=(0, 10), top=(9, 10), bottom=(0, 6)),
    Scale("csat", valid=(1, 5), top=(4, 5), bottom=(1, 2)),
)


def scores(activity: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """Rows of `feedback`: a row a survey, kind and week with answers, and one over all weeks.

    NPS is the share of 9-10 less that of 0-6, times 100; CSAT the share of 4-5, in percent. Answers
    outside of their scale, bots and internal traffic are left out. `shown` counts displays of the
    survey; it is null for a survey whose displays are never sent.
    """
    asked = F.col("event_name").isin("survey_shown", "survey_response")
    day = project_day(F.col("event_time"), project.timezone)
    surveys = of_people(activity.where(asked), sessions).select(
        "event_name",
        F.coalesce("survey.id", F.lit(ALL)).alias("survey_id"),
        F.lower("survey.kind").alias("kind"),
        F.col("survey.score").alias("score"),
        week_of(day, project.week_start).cast("string").alias("week"),
    )
    answers = surveys.where((F.col("event_name") == "survey_response") & _within("valid"))
    shown = surveys.where(F.col("event_name") == "survey_shown")
    weekly = _by_week(answers).agg(
        F.count("*").alias("answers"),
        F.count_if(_within("top")).alias("top"),
        F.count_if(_within("bottom")).alias("bottom"),
    )
    # A display seldom tells its kind: it is that of the survey's answers.
    kinds = answers.select("survey_id", F.col("kind").alias("answered_kind")).distinct()
    kind_fits = F.col("kind").isNull() | (F.col("kind") == F.col("answered_kind"))
    displays = (
        shown.join(kinds, on="survey_id", how="inner")
        .where(kind_fits)
        .withColumn("kind", F.col("answered_kind"))
    )
    weekly_shown = _by_week(displays).agg(F.count("*").alias("displays"))
    collected = displays.select("survey_id", "kind").distinct().withColumn("collected", F.lit(True))
    nps_low, nps_high = net_promoter("top", "bottom", "answers")
    share_low, share_high = wilson("top", "answers")
    is_nps = F.col("kind") == "nps"
    net = F.when(is_nps, F.col("top") - F.col("bottom")).otherwise(F.col("top")) * 100
    return (
        weekly.join(weekly_shown, on=["survey_id", "kind", "week"], how="left")
        .join(collected, on=["survey_id", "kind"], how="left")
        .select(
            "survey_id",
            "kind",
            "week",
            F.when(F.col("collected"), F.coalesce("displays", F.lit(0))).alias("shown"),
            "answers",
            "top",
            "bottom",
            quotient(net, F.col("answers"), 4).cast(_SCORE).alias("score"),
            _percent(F.when(is_nps, nps_low).otherwise(share_low)).alias("low"),
            _percent(F.when(is_nps, nps_high).otherwise(share_high)).alias("high"),
        )
    )


def _within(part: str) -> Column:
    """Whether the score lies in this part of its kind's scale; false for other kinds, and for none."""
    inside = F.lit(False)
    for scale in SCALES:
        low, high = getattr(scale, part)
        inside = inside | ((F.col("kind") == scale.kind) & F.col("score").between(low, high))
    return F.coalesce(inside, F.lit(False))


def _by_week(frame: DataFrame) -> GroupedData:
    """Grouped by survey, kind and week, and once more under the week 'all'."""
    twice = frame.withColumn("week", F.explode(F.array("week", F.lit(ALL))))
    return twice.groupBy("survey_id", "kind", "week")


def _percent(share: Column) -> Column:
    return F.round(share * 100, 4).cast(_SCORE)
