"""Scores of found persons, by hand."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession

from trailhouse.identity.quality import b_cubed, pairwise


def _persons(spark: SparkSession, groups: str) -> DataFrame:
    """`ab c` is the person of a and b, and the person of c."""
    rows = [(one, f"person {n}") for n, group in enumerate(groups.split()) for one in group]
    return spark.createDataFrame(rows, "id string, person string")


CASES = [
    # found, truth, pairwise precision and recall, B-cubed precision and recall
    ("abc de", "de abc", 1, 1, 1, 1),
    # Of 10 pairs found, ab, ac, bc and de belong together (4). B-cubed: (3 x 3/5 + 2 x 2/5) / 5.
    ("abcde", "abc de", 4 / 10, 1, 13 / 25, 1),
    # Nobody joined: no pair found, none of 4 recalled. B-cubed recall: (3 x 1/3 + 2 x 1/2) / 5.
    ("a b c d e", "abc de", 1, 0, 1, 2 / 5),
    # Found: ab, cd, ce, de, of which ab and de belong (of 4). Precision: (1 + 1 + 1/3 + 2/3 + 2/3) / 5,
    # recall: (2/3 + 2/3 + 1/3 + 1 + 1) / 5.
    ("ab cde", "abc de", 2 / 4, 2 / 4, 11 / 15, 11 / 15),
    # e was not found at all, so it stands alone; z has no truth, so it is not judged. Of 4 true pairs 3.
    ("abc dz", "abc de", 1, 3 / 4, 1, (3 + 1 / 2 + 1 / 2) / 5),
]


@pytest.mark.parametrize(("found", "truth", "precision", "recall", "b_precision", "b_recall"), CASES)
def test_scores_are_those_counted_by_hand(spark, found, truth, precision, recall, b_precision, b_recall):
    frames = _persons(spark, found), _persons(spark, truth)

    def scores(p: float, r: float) -> dict[str, float]:
        return {"precision": p, "recall": r, "f1": 2 * p * r / (p + r) if p + r else 0}

    assert pairwise(*frames) == pytest.approx(scores(precision, recall))
    assert b_cubed(*frames) == pytest.approx(scores(b_precision, b_recall))


def test_nothing_to_judge_scores_one(spark):
    nobody = _persons(spark, "")
    assert pairwise(nobody, nobody) == b_cubed(nobody, nobody) == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
