"""What the report reads of activations and feelings: their rows, of candidates the ones that say most."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.report.reads import Frames
from trailhouse.tables.activations import VERDICTS

CANDIDATES, MONTHS = 12, 18


def activations(frames: Frames) -> DataFrame:
    """Of each question the first candidates by verdict and correlation, and the newest months of the best."""
    rows = frames["activations"]
    # Those of which nothing is said come last, by what they would tell, were it no chance.
    said = F.array_position(F.array(*map(F.lit, VERDICTS[:-2])), F.col("verdict"))
    rank = F.when(said > 0, said).otherwise(len(VERDICTS))
    place = F.struct(rank, F.col("mcc").isNull(), -F.abs("mcc"), "days", "times", "action")
    whole = F.col("cohort") == "all"
    of_question = Window.partitionBy("question", whole)
    first = of_question.orderBy(F.when(whole, place), F.desc("cohort"))
    ranked = rows.withColumns(
        {"place": F.row_number().over(first), "candidates": F.count("*").over(of_question)}
    )
    shown = ranked.where(F.col("place") <= F.when(whole, CANDIDATES).otherwise(MONTHS))
    return shown.orderBy("question", F.desc(whole), "place")


def feelings(frames: Frames) -> DataFrame:
    return (
        frames["feelings"]
        .where("breakdown_by = 'all'")
        .orderBy("question", F.col("period") != "all", F.desc("period"), "band")
    )


_ASKED = "question definition unit outcome verdict "
QUERIES = (
    (
        "activations",
        "Early actions and what came later.",
        "activations",
        _ASKED + "action times days cohort sentence candidates entered reached share_reached median_us p90_us"
        " units with_units outcomes_with outcomes_without share_with share_without lift lift_low lift_high"
        " odds_ratio odds_low odds_high split_day q_value later_lift later_low later_high",
        activations,
        2_000,
    ),
    (
        "feelings",
        "What came after what people said or suffered.",
        "feelings",
        _ASKED + "score currency period band asked units mean low high other_units other_mean difference"
        " difference_low difference_high matched_difference matched_low matched_high matched_units left_out",
        feelings,
        2_000,
    ),
)
"""Name, sentence, tables, columns, rows, limit of each, as of `ReportQuery`."""
