"""The model of predictions: a logistic regression over standardised features of profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, StructField, StructType

from trailhouse.settings import Prediction

AGES = ("days_since_first", "days_since_last")


@dataclass(frozen=True)
class Feature:
    """A term of the model: a number by standard deviations, or one value of a category."""

    column: str
    value: str | None
    mean: float
    deviation: float
    weight: float = 0.0

    @property
    def name(self) -> str:
        """What a reader sees."""
        return self.column if self.value is None else f"{self.column} = {self.value}"

    def term(self) -> Column:
        """Distance from the mean, in standard deviations for numbers."""
        if self.value is not None:
            known = F.coalesce(F.col(self.column) == self.value, F.lit(False))
            return known.cast("double") - F.lit(self.mean)
        moved = (F.log1p(F.col(self.column).cast("double")) - F.lit(self.mean)) / F.lit(self.deviation)
        return F.coalesce(moved, F.lit(0.0))


def fit(question: Prediction, spark: SparkSession, sample: pd.DataFrame) -> tuple[list[Feature], float]:
    """The features with their weights, and the intercept of the average person.

    One partition in the sample's order, so that the same rows give the same weights.
    """
    features = [*_numbers(question, sample), *_categories(question, sample)]
    matrix = _matrix(features, sample)
    data = [(float(y), Vectors.dense(x)) for y, x in zip(sample["outcome"], matrix, strict=True)]
    shape = StructType([StructField("label", DoubleType()), StructField("features", VectorUDT())])
    frame = spark.createDataFrame(data, shape).coalesce(1)
    # The terms are on one scale already; a second one would hide rare values from the penalty.
    model = LogisticRegression(regParam=question.penalty, standardization=False, maxIter=200, tol=1e-9).fit(
        frame
    )
    weighed = [
        Feature(one.column, one.value, one.mean, one.deviation, float(weight))
        for one, weight in zip(features, model.coefficients, strict=True)
    ]
    return weighed, float(model.intercept)


def _numbers(question: Prediction, sample: pd.DataFrame) -> list[Feature]:
    found = []
    for name in (*question.numbers, *AGES):
        values = np.log1p(pd.to_numeric(sample[name]).dropna().to_numpy(float))
        if len(values) and (deviation := float(values.std())) > 0:  # what never differs tells nothing
            found.append(Feature(name, None, float(values.mean()), deviation))
    return found


def _categories(question: Prediction, sample: pd.DataFrame) -> list[Feature]:
    found = []
    for name in question.categories:
        counts = sample[name].dropna().value_counts()
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[: question.levels]
        found += [
            Feature(name, str(value), count / len(sample), 1.0)
            for value, count in ranked
            if count < len(sample)
        ]
    return found


def _matrix(features: Sequence[Feature], sample: pd.DataFrame) -> np.ndarray:
    """The terms as Feature.term() gives them."""
    columns = []
    for one in features:
        if one.value is not None:
            columns.append((sample[one.column] == one.value).to_numpy(float) - one.mean)
            continue
        moved = (np.log1p(pd.to_numeric(sample[one.column]).to_numpy(float)) - one.mean) / one.deviation
        columns.append(np.nan_to_num(moved, nan=0.0))
    return np.column_stack(columns)


def scored_by(features: Sequence[Feature], intercept: float, sample: pd.DataFrame) -> np.ndarray:
    odds = _matrix(features, sample) @ np.array([one.weight for one in features]) + intercept
    return np.asarray(1 / (1 + np.exp(-odds)))
