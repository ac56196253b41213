"""How well found persons agree with known ones.

Both measures look at the identifiers of `truth`; one that `found` does not know counts as a person
of its own, so that nothing is gained by leaving it out. Identifiers without a truth are not judged.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window, WindowSpec
from pyspark.sql import functions as F


def pairwise(found: DataFrame, truth: DataFrame) -> dict[str, float]:
    """precision, recall and f1 over pairs of identifiers; both frames have id (once each) and person.

    precision: of the pairs that `found` puts together, the share that belongs together; recall: of
    those that belong together, the share that `found` puts together. A share of no pairs is 1.
    """
    # Ordered pairs: every identifier with each of its fellows.
    both, together, belong = _sums(found, truth, "n * (n - 1)", "n * (n_found - 1)", "n * (n_truth - 1)")
    return _scores(both / together if together else 1.0, both / belong if belong else 1.0)


def b_cubed(found: DataFrame, truth: DataFrame) -> dict[str, float]:
    """precision, recall and f1 as means over identifiers (Bagga and Baldwin 1998); frames as above.

    precision of an identifier: the share of its found person that truly is its person; recall: the
    share of its true person that was found with it. Without identifiers both are 1.
    """
    precision, recall, n = _sums(found, truth, "n * n / n_found", "n * n / n_truth", "n")
    return _scores(precision / n, recall / n) if n else _scores(1.0, 1.0)


def _sums(found: DataFrame, truth: DataFrame, *expressions: str) -> list[float]:
    """Sums over the cells of found by true person; 0 where there are none.

    n: identifiers that a found and a true person have in common; n_found, n_truth: all of either.
    """
    known = found.select("id", F.struct(F.lit(True).alias("known"), "person").alias("found"))
    alone = F.struct(F.lit(False).alias("known"), F.col("id").alias("person"))
    cells = (
        truth.select("id", F.col("person").alias("truth"))
        .join(known, on="id", how="left")
        .withColumn("found", F.coalesce("found", alone))
        .groupBy("found", "truth")
        .agg(F.count(F.lit(1)).alias("n"))
        .withColumn("n_found", F.sum("n").over(_all_of("found")))
        .withColumn("n_truth", F.sum("n").over(_all_of("truth")))
    )
    row = cells.agg(*[F.sum(F.expr(one)) for one in expressions]).first()
    return [value or 0 for value in row or [0] * len(expressions)]


def _all_of(column: str) -> WindowSpec:
    return Window.partitionBy(column).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)


def _scores(precision: float, recall: float) -> dict[str, float]:
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0}
