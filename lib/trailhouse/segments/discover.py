"""Segments that nobody declared: persons whose profiles are alike, by k-means, named by what they share.

1. The whole numbers of a profile, as logarithms, each scaled to a standard deviation of 1.
2. For each number of segments, the persons are halved by a hash of their ids; each half is clustered by
   itself, and both clusterings are applied to all. The stability is how equally they split them (the
   adjusted Rand index).
3. The largest number that is stable enough is taken: a segment which another half of the persons would not
   show is an accident. Where none is, there are no segments.
4. All persons are clustered into that many; segments are numbered from the largest.

Stability by halves as in R. Tibshirani and G. Walther (2005), Cluster validation by prediction strength,
Journal of Computational and Graphical Statistics 14(3), with L. Hubert and P. Arabie's adjusted Rand index
(1985). Spark ML clusters; it is loaded only here.
Persons are sorted into one partition and seeds are fixed: the same profiles give the same segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.identity.settle import settled
from trailhouse.segments.features import NUMBERS, counted, profile_features
from trailhouse.segments.similar import shares
from trailhouse.settings.segments import Discover
from trailhouse.tables import TABLES
from trailhouse.why.evidence import ALPHA

if TYPE_CHECKING:
    from pyspark.ml.clustering import KMeansModel

METHOD = "k-means; 1"
"""To be changed with the way that segments are found."""
_JUDGED = 20_000
"""Persons by whom two clusterings are compared at most: those whose ids have the least hashes."""
_SEEDS = (1, 2)
"""Clusterings begin at drawn centres; the best of these counts."""
_STEPS = 40
_TOLD, _IN_NAME = 8, 3


def discovered(profiles: DataFrame, asked: Discover, scratch: str) -> tuple[DataFrame, DataFrame] | None:
    """Rows of `discovered_segments` and of `discovered_members`; None where there are no segments.

    An engine: it writes to the folder URL `scratch`, and fits.
    """
    # Sorted again, as a file may be read in parts of any order.
    points = (
        settled(_points(profiles), scratch, "points").coalesce(1).sortWithinPartitions("person_id").persist()
    )
    try:
        if points.count() < asked.from_persons:
            return None
        found = number_of(points, asked)
        if found is None:
            return None
        count, stability = found
        placed = settled(
            _fit(points, count).transform(points).select("person_id", "place"), scratch, "placed"
        )
    finally:
        points.unpersist()
    largest = (
        placed.groupBy("place").agg(F.count("*").alias("size"), F.min("person_id").alias("first")).collect()
    )
    ranked = sorted(largest, key=lambda row: (-row["size"], row["first"]))
    numbers = {row["place"]: number for number, row in enumerate(ranked, start=1)}
    names = F.create_map(*[F.lit(part) for pair in numbers.items() for part in pair])
    members = placed.select("person_id", names[F.col("place")].alias("segment"))
    sizes = {number: row["size"] for number, row in enumerate(ranked, start=1)}
    return _told(profiles, members, sizes, stability), members


def number_of(points: DataFrame, asked: Discover) -> tuple[int, float] | None:
    """The largest number of segments that is stable enough, with its stability; None: no number is.

    `points` have person_id, its hash, half (0 or 1) and point.
    """
    from sklearn.metrics import adjusted_rand_score

    judged = points.orderBy("hash", "person_id").limit(_JUDGED)
    for count in range(asked.most, 1, -1):
        models = [_fit(points.where(F.col("half") == half), count) for half in (0, 1)]
        both = judged
        for number, model in enumerate(models):
            both = model.setPredictionCol(f"of_{number}").transform(both)
        pairs = both.select("of_0", "of_1").toPandas()
        stability = round(float(adjusted_rand_score(pairs["of_0"], pairs["of_1"])), 6)
        # All in one group are equally split, too; equal profiles can not be told apart.
        if stability >= asked.stability and min(pairs.nunique()) > 1:
            return count, stability
    return None


def _points(profiles: DataFrame) -> DataFrame:
    """1. In order of person_id, in one partition."""
    from pyspark.ml.feature import StandardScaler, VectorAssembler

    numbers = [F.log1p(F.coalesce(F.col(name), F.lit(0)).cast("DOUBLE")).alias(name) for name in NUMBERS]
    hashed = F.xxhash64("person_id")
    rows = profiles.select("person_id", *numbers).coalesce(1).sortWithinPartitions("person_id")
    rows = VectorAssembler(inputCols=list(NUMBERS), outputCol="numbers").transform(rows)
    scaled = StandardScaler(inputCol="numbers", outputCol="point", withMean=True, withStd=True)
    half = F.pmod(hashed, F.lit(2)).cast("INT")
    return (
        scaled.fit(rows)
        .transform(rows)
        .select("person_id", "point", hashed.alias("hash"), half.alias("half"))
    )


def _fit(points: DataFrame, count: int) -> KMeansModel:
    """The clustering of least cost among those from the fixed seeds."""
    from pyspark.ml.clustering import KMeans

    best: KMeansModel | None = None
    for seed in _SEEDS:
        method = KMeans(
            k=count, seed=seed, maxIter=_STEPS, featuresCol="point", predictionCol="place", initSteps=2
        )
        model = method.fit(points)
        if best is None or model.summary.trainingCost < best.summary.trainingCost:
            best = model
    assert best is not None
    return best


def _told(profiles: DataFrame, members: DataFrame, sizes: Mapping[int, int], stability: float) -> DataFrame:
    """Rows of `discovered_segments`, named by what their members share most."""
    features = profile_features(profiles).join(members, on="person_id")
    counts = counted(features, {f"of_{one}": F.col("segment") == one for one in sizes}).toPandas()
    persons = sum(sizes.values())
    rows = []
    for number, size in sizes.items():
        one = counts.rename(columns={f"of_{number}": "members"})
        found = shares(one, size, persons)
        more = found[~found["too_few"] & (found["low"] > 1) & (found["p_adjusted"] <= ALPHA)]
        more = more.drop_duplicates("feature")
        rows.append(
            (number, _name(more, number), size, [_shared(row) for row in more[:_TOLD].to_dict("records")])
        )
    kind = TABLES["discovered_segments"].column("shared").type
    spark = profiles.sparkSession
    made = spark.createDataFrame(rows, f"segment INT, name STRING, size BIGINT, shared {kind}")
    return made.crossJoin(profiles.agg(F.max("as_of").alias("as_of"))).select(
        "segment",
        "name",
        "as_of",
        "size",
        F.lit(persons).cast("BIGINT").alias("persons"),
        ratio(F.col("size"), F.lit(persons)).alias("share"),
        F.lit(len(sizes)).alias("segments"),
        F.lit(Decimal(str(stability))).cast("DECIMAL(9,6)").alias("stability"),
        F.lit(METHOD).alias("method"),
        "shared",
    )


def _name(more: pd.DataFrame, number: int) -> str:
    told = more[:_IN_NAME].to_dict("records")
    parts = [f"{one['feature'].removeprefix('profile.')} {one['value']}" for one in told]
    return ", ".join(parts) or f"segment {number}"


def _shared(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    shares_in_and_out = (Decimal(f"{row[name]:.6f}") for name in ("share_in", "share_out"))
    lifts = (Decimal(f"{min(row[name], 1e12):.4f}") for name in ("lift", "low", "high"))
    return (row["feature"], row["value"], *shares_in_and_out, *lifts)
