"""What the report reads of returns, segments, credit, money, experiments and predictions.

Answers are small tables already: most reads are their rows, newest first, so that a limit cuts old
periods. Lists of structs come as lists side by side.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.report.reads import Frames

CHANGES = 18_000
"""Days on which segments change that are read: 100 segments over 180 days."""
ITEMS = 10
"""Recommended items that are told: those of most persons."""
REASONS = 8
"""Reasons of a prediction that are told: those of most persons."""


def lifecycle(frames: Frames) -> DataFrame:
    return _everyone(frames["lifecycle"]).orderBy(F.desc("date"), "question")


def stickiness(frames: Frames) -> DataFrame:
    return _everyone(frames["stickiness"]).orderBy(F.desc("date"), "question", "periods")


def _everyone(answers: DataFrame) -> DataFrame:
    return answers.where("breakdown_by = 'all'")


def segments(frames: Frames) -> DataFrame:
    return frames["segments"].orderBy(F.desc("size"), "segment")


def segment_days(frames: Frames) -> DataFrame:
    """By how much the members of a segment change on a day, the newest day first.

    Sizes follow from it and from today's, backwards: so a limit cuts nothing but old days.
    """
    came, gone = (
        F.struct(F.col(at).alias("day"), F.lit(by).alias("change"))
        for at, by in (("valid_from", 1), ("valid_to", -1))
    )
    changes = frames["segment_members"].select("segment", F.inline(F.array(came, gone)))
    by_day = changes.where("day IS NOT NULL").groupBy("segment", "day")
    return by_day.agg(F.sum("change").alias("change")).orderBy(F.desc("day"), "segment")


def segment_overlap(frames: Frames) -> DataFrame:
    return frames["segment_overlap"].orderBy(F.desc("both"), "a", "b")


_SHARED = ("feature", "value", "share_in", "share_out", "lift", "low", "high")


def discovered(frames: Frames) -> DataFrame:
    return _side_by_side(frames["discovered_segments"].orderBy("segment"), "shared", _SHARED)


def _side_by_side(frame: DataFrame, name: str, fields: tuple[str, ...]) -> DataFrame:
    return frame.withColumns({f"{name}_{field}": F.col(f"{name}.{field}") for field in fields})


def attribution(frames: Frames) -> DataFrame:
    """Credit over all periods; decimals, so that sums are exact."""
    keys = ("question", "definition", "unit", "touch_by", "model", "touch", "currency")
    return (
        frames["attribution"]
        .groupBy(*keys)
        .agg(
            *[F.sum(name).alias(name) for name in ("conversions", "value", "touches")],
            F.min("period").alias("first"),
            F.max("period").alias("last"),
        )
        .orderBy("question", "currency", "model", F.desc("conversions"), "touch")
    )


def _by_month(answers: DataFrame) -> DataFrame:
    """Everyone (cohort null) and cohorts by their first month."""
    is_cohort = F.col("breakdown_by") == "cohort"
    shown = answers.where(is_cohort | (F.col("breakdown_by") == "all"))
    return shown.withColumn("cohort", F.when(is_cohort, F.col("breakdown").try_cast("date")))


def revenue(frames: Frames) -> DataFrame:
    return _by_month(frames["revenue"]).orderBy(F.desc("period"), "question", "currency", "cohort")


def churn(frames: Frames) -> DataFrame:
    return _by_month(frames["churn"]).orderBy(F.desc("period"), "question", "rule", "cohort")


def trials(frames: Frames) -> DataFrame:
    return _everyone(frames["trials"]).orderBy(F.desc("cohort"), "question")


def experiments(frames: Frames) -> DataFrame:
    # The breakdowns last, were there too many rows.
    keys = ("question", "breakdown_by", "breakdown", "metric", "variant")
    return frames["experiments"].orderBy(F.col("breakdown_by") != "all", *keys)


_CALIBRATION = ("persons", "predicted", "observed", "low", "high")


def prediction_quality(frames: Frames) -> DataFrame:
    found = _side_by_side(frames["prediction_quality"], "calibration", _CALIBRATION)
    return _side_by_side(found, "features", ("feature", "weight")).orderBy("question")


def prediction_bands(frames: Frames) -> DataFrame:
    score = F.col("score")
    return (
        frames["predictions"]
        .groupBy("question", "as_of", "decile")
        .agg(
            F.count("*").alias("persons"),
            F.min(score).alias("low"),
            F.max(score).alias("high"),
            F.sum(score).alias("expected"),
        )
        .orderBy("question", "decile")
    )


def prediction_reasons(frames: Frames) -> DataFrame:
    told = frames["predictions"].select("question", F.inline("reasons"))
    counted = told.groupBy("question", "feature", "value").agg(
        F.count("*").alias("persons"), F.sum("weight").alias("weight")
    )
    most = Window.partitionBy("question").orderBy(F.desc("persons"), "feature", "value")
    return (
        counted.withColumn("rank", F.row_number().over(most))
        .where(F.col("rank") <= REASONS)
        .orderBy("question", "rank")
    )


def recommendation_quality(frames: Frames) -> DataFrame:
    return frames["recommendation_quality"].orderBy(F.desc("hits"), F.desc("model"))


def most_recommended(frames: Frames) -> DataFrame:
    shown = frames["next_items"]
    persons = shown.agg(F.count_distinct("person_id").alias("of"))
    counted = shown.groupBy("item", "category").agg(
        F.count("*").alias("persons"), F.count_if(F.col("rank") == 1).alias("first")
    )
    return counted.crossJoin(persons).orderBy(F.desc("persons"), F.desc("first"), "item")


_ASKED = "question definition unit "

QUERIES = (
    (
        "lifecycle",
        "Who is new, stays, comes back and stays away.",
        "lifecycle",
        _ASKED + "interval date active new returning resurrecting dormant complete",
        lifecycle,
        1_000,
    ),
    (
        "stickiness",
        "In how many periods units were active.",
        "stickiness",
        _ASKED + "interval within date periods units at_least share complete",
        stickiness,
        1_000,
    ),
    (
        "segments",
        "The declared segments.",
        "segments",
        "segment definition description as_of size persons share ever joined_28 left_28",
        segments,
        100,
    ),
    (
        "segment_days",
        "How their sizes change.",
        "segment_members",
        "segment day change",
        segment_days,
        CHANGES,
    ),
    (
        "segment_overlap",
        "How many persons two of them share.",
        "segment_overlap",
        "a b both jaccard",
        segment_overlap,
        1_000,
    ),
    (
        "discovered",
        "Segments that nobody declared.",
        "discovered_segments",
        "segment name size share stability method " + " ".join(f"shared_{field}" for field in _SHARED),
        discovered,
        20,
    ),
    (
        "attribution",
        "Credit by model.",
        "attribution",
        _ASKED + "touch_by model touch currency conversions value touches first last",
        attribution,
        5_000,
    ),
    (
        "revenue",
        "Monthly recurring revenue and its movement.",
        "revenue",
        _ASKED + "cohort currency period mrr_start new expansion contraction churn reactivation mrr units"
        " new_units arpu ltv complete",
        revenue,
        5_000,
    ),
    (
        "churn",
        "Who went.",
        "churn",
        _ASKED + "rule cohort period units_start new returned churned units_end churned_from_start rate"
        " retained inactive_days learned_days complete",
        churn,
        5_000,
    ),
    (
        "trials",
        "Trials that became subscriptions.",
        "trials",
        _ASKED + "cohort trials ended converted rate median_us complete",
        trials,
        500,
    ),
    (
        "experiments",
        "How variants differ.",
        "experiments",
        _ASKED + "breakdown_by breakdown metric measure currency variant is_control exposed excluded units"
        " mean low high difference difference_low difference_high lift p_value cuped_difference cuped_low"
        " cuped_high cuped_p_value always_low always_high always_p_value ratio_p_value",
        experiments,
        2_000,
    ),
    (
        "prediction_quality",
        "How well predictions held.",
        "prediction_quality",
        _ASKED + "verdict trained_as_of judged_as_of trained_persons trained_outcomes judged_persons"
        " judged_outcomes auc auc_low auc_high recency_auc gain_low brier base_brier "
        + " ".join(f"calibration_{field}" for field in _CALIBRATION)
        + " features_feature features_weight",
        prediction_quality,
        50,
    ),
    (
        "prediction_bands",
        "Persons by tenths of the score.",
        "predictions",
        "question as_of decile persons low high expected",
        prediction_bands,
        500,
    ),
    (
        "prediction_reasons",
        "What raises most persons' scores.",
        "predictions",
        "question feature value persons weight",
        prediction_reasons,
        50 * REASONS,
    ),
    (
        "recommendation_quality",
        "How well models of next items held.",
        "recommendation_quality",
        "model verdict chosen definition trained_as_of judged_to judged_persons recommended hits hit_rate low"
        " high gain gain_low gain_high coverage",
        recommendation_quality,
        10,
    ),
    (
        "most_recommended",
        "Items recommended most.",
        "next_items",
        "item category persons first of",
        most_recommended,
        ITEMS,
    ),
)
"""Name, sentence, tables, columns, rows, limit of each, as of `ReportQuery`."""
