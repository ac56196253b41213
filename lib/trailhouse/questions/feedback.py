"""Feedback: survey scores and response rates by week and breakdown, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio, week_of
from trailhouse.questions.breakdowns import ALL, UNKNOWN
from trailhouse.questions.intervals import mean_t, net_promoter, wilson
from trailhouse.questions.numbers import quotient
from trailhouse.questions.scales import Scale, end_of, scales, within
from trailhouse.questions.voices import DISMISSED, RESPONSE, SHOWN
from trailhouse.settings import Feedback, Project

_SCORE = "DECIMAL(9,4)"
_LONGEST = 200
"""Characters that tell a choice from another."""


IN_WORDS = ("choice", "text")
"""Kinds whose answers have no score."""


def scores(voices: DataFrame, project: Project, rules: Feedback) -> DataFrame:
    """Rows of `feedback`: a row a survey, kind, week (and one over all weeks) and breakdown value.

    `voices` are those of people, with person, rage and display. NPS is the share of 9-10 less that of 0-6,
    times 100; CSAT the share of 4-5, in percent; CES and ratings have a mean; choices the share of each, in
    percent, as the breakdown 'choice'. A person may be in several segments or in none, so that these alone
    do not add up. Answers outside of their scale are left out. A display counts as
    answered when an answer of its kind follows before the next display to the person. It seldom tells
    its kind: then it is that of each of the survey's answers.
    """
    known = scales(rules)
    day = project_day(F.col("event_time"), project.timezone)
    week = week_of(day, project.week_start).cast("string")
    asked = voices.where("event_name <> 'support_ticket'").withColumn("week", week)
    # What came of each display: rows of one survey, person and display number stand together.
    of_display = Window.partitionBy("_unit", "survey_id", "_episode")
    answered = F.collect_set(F.when(F.col("event_name") == RESPONSE, F.col("kind"))).over(of_display)
    left = F.count_if(F.col("event_name") == DISMISSED).over(of_display) > 0
    asked = asked.select(*_KEPT, answered.alias("_answered"), left.alias("_left"))

    given = _answers(asked, known)
    kinds = given.groupBy("survey_id").agg(F.collect_set("kind").alias("_kinds"))
    displays = _displays(asked, kinds)
    counted = _counted(given.unionByName(displays, allowMissingColumns=True), known)
    return _scored(counted, known)


_KEPT = (
    *("survey_id", "kind", "score", "text", "event_name", "week", "_episode"),
    *("page_group", "device_type", "channel", "cohort", "segments", "rage_before"),
)


def _answers(asked: DataFrame, known: Sequence[Scale]) -> DataFrame:
    in_words = F.col("kind").isin(*IN_WORDS) & F.col("text").isNotNull()
    valid = within(known, "valid") | in_words
    given = asked.where(F.col("event_name").isin(RESPONSE, "feedback") & valid)
    return given.withColumn("_is_answer", F.lit(True)).drop("_answered", "_left")


def _displays(asked: DataFrame, kinds: DataFrame) -> DataFrame:
    """A row a display and kind, with what came of it."""
    of_survey = F.coalesce(F.col("_kinds"), F.array(F.lit(UNKNOWN)))
    each = F.when(F.col("kind").isNotNull(), F.array("kind")).otherwise(of_survey)
    shown = asked.where(F.col("event_name") == SHOWN).join(kinds, on="survey_id", how="left")
    responded = F.array_contains("_answered", F.col("kind"))
    return (
        shown.withColumn("kind", F.explode(each))
        .withColumns(
            {
                "_is_answer": F.lit(False),
                "_responded": responded,
                "_left": F.col("_left") & (F.size("_answered") == 0),
            }
        )
        .drop("_kinds", "_answered")
    )


def _counted(rows: DataFrame, known: Sequence[Scale]) -> DataFrame:
    """Counts by survey, kind, week and breakdown value, each row also under 'all'."""
    rage = F.when(F.col("rage_before") > 0, "rage").when(F.col("rage_before") == 0, "no rage")
    values = {
        "page_group": F.col("page_group"),
        "device_type": F.col("device_type"),
        "channel": F.col("channel"),
        "cohort": F.col("cohort"),
        "rage_before": rage,
    }
    parts = [_part(ALL, F.lit(ALL)), *(_part(name, value) for name, value in values.items())]
    is_choice = F.col("_is_answer") & (F.col("kind") == "choice")
    choice = F.when(is_choice, F.array(_part("choice", F.left("text", F.lit(_LONGEST))))).otherwise(F.array())
    segments = F.transform("segments", lambda name: _part("segment", name))
    answer = F.col("_is_answer")
    score = F.when(answer, F.col("score").cast("bigint"))
    return (
        rows.withColumn("part", F.explode(F.concat(F.array(*parts), segments, choice)))
        .withColumn("week", F.explode(F.array("week", F.lit(ALL))))
        .groupBy("survey_id", "kind", "week", "part.breakdown", "part.breakdown_value")
        .agg(
            F.count_if(answer).alias("answers"),
            F.count_if(answer & within(known, "top")).alias("top"),
            F.count_if(answer & within(known, "bottom")).alias("bottom"),
            F.coalesce(F.sum(score), F.lit(0)).alias("_total"),
            F.coalesce(F.sum(score * score), F.lit(0)).alias("_squares"),
            F.count_if(~answer).alias("_shown"),
            F.count_if(~answer & F.col("_responded")).alias("_answered"),
            F.count_if(~answer & F.col("_left")).alias("_dismissed"),
        )
    )


def _part(breakdown: str, value: Column) -> Column:
    return F.struct(
        F.lit(breakdown).alias("breakdown"), F.coalesce(value, F.lit(UNKNOWN)).alias("breakdown_value")
    )


def _scored(counted: DataFrame, known: Sequence[Scale]) -> DataFrame:
    """Counts with scores, rates and intervals; what no tracker ever sent of a survey is null."""
    survey = Window.partitionBy("survey_id", "kind")
    week = Window.partitionBy("survey_id", "kind", "week")
    of_everyone = F.when(F.col("breakdown") == ALL, F.col("answers"))
    told = counted.withColumns(
        {
            "_collected": F.max("_shown").over(survey) > 0,
            "_leaving": F.max("_dismissed").over(survey) > 0,
            "_of_all": F.max(of_everyone).over(week),
            # Nothing can be divided by these where there is nothing to count.
            "_n": F.nullif("answers", F.lit(0)),
        }
    )
    is_choice = F.col("breakdown") == "choice"
    shown = F.when(F.col("_collected") & ~is_choice, F.col("_shown"))
    told = told.withColumns(
        {
            "shown": shown,
            "_some": F.nullif(shown, F.lit(0)),
            "answered": F.when(shown.isNotNull(), F.col("_answered")),
            "dismissed": F.when(shown.isNotNull() & F.col("_leaving"), F.col("_dismissed")),
        }
    )
    kind = F.col("kind")
    has_ends = kind.isin(*(scale.kind for scale in known if scale.top))
    score, low, high = _scores(known, is_choice)
    rate_low, rate_high = wilson("answered", "_some")
    return told.select(
        *("survey_id", "kind", "week", "breakdown", "breakdown_value", "answers"),
        F.when(has_ends, F.col("top")).alias("top"),
        F.when(has_ends, F.col("bottom")).alias("bottom"),
        score.cast(_SCORE).alias("score"),
        F.round(low, 4).cast(_SCORE).alias("low"),
        F.round(high, 4).cast(_SCORE).alias("high"),
        *("shown", "answered", "dismissed"),
        ratio(F.col("answered"), F.col("shown")).alias("response_rate"),
        _share(F.when(F.col("_some") > 0, rate_low)).alias("response_low"),
        _share(F.when(F.col("_some") > 0, rate_high)).alias("response_high"),
    )


def _scores(known: Sequence[Scale], is_choice: Column) -> tuple[Column, Column, Column]:
    """Score and both ends of its interval, by kind."""
    kind, n = F.col("kind"), F.col("_n")
    nps, csat = net_promoter("top", "bottom", "_n"), wilson("top", "_n")
    mean, choice = mean_t("_total", "_squares", "_n"), wilson("answers", "_of_all")
    least = end_of(known, 0)
    most = end_of(known, 1)
    is_mean = kind.isin("ces", "rating")

    def chosen(net: Column, share: Column, middle: Column, choices: Column) -> Column:
        return (
            F.when(kind == "nps", net)
            .when(kind == "csat", share)
            .when(is_mean, middle)
            .when(is_choice, choices)
        )

    score = chosen(
        quotient((F.col("top") - F.col("bottom")) * 100, n, 4),
        quotient(F.col("top") * 100, n, 4),
        quotient(F.col("_total"), n, 4),
        quotient(F.col("answers") * 100, F.col("_of_all"), 4),
    )
    # A mean lies on its scale, and so does its interval.
    low = chosen(100 * nps[0], 100 * csat[0], F.greatest(mean[0], least), 100 * choice[0])
    high = chosen(100 * nps[1], 100 * csat[1], F.least(mean[1], most), 100 * choice[1])
    # `least` and `greatest` pass over nulls: an end is told only where there is something to tell.
    enough = (F.col("_n") > 1) | ((F.col("_n") == 1) & ~is_mean)
    return score, F.when(enough, low), F.when(enough, high)


def _share(share: Column) -> Column:
    return F.round(share, 6).cast("DECIMAL(9,6)")
