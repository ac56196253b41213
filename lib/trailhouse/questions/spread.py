"""Answers by the values of breakdowns: every row also under 'all', and small values under 'other'."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.breakdowns import ALL
from trailhouse.settings import Question

OTHER = "other"
BREAKDOWN = ("breakdown_by", "breakdown")


def spread(frame: DataFrame, question: Question, values: str = "values") -> DataFrame:
    """Each row under 'all', and under its value of each breakdown; `values` is dropped.

    `values` holds a text a breakdown of the question, in order; it is not looked at where there is none.
    """
    rest = [name for name in frame.columns if name != values]
    if not question.breakdowns:
        return frame.select(*rest, *(F.lit(ALL).alias(name) for name in BREAKDOWN))
    pairs = [_pair(F.lit(ALL), F.lit(ALL))]
    pairs += [_pair(F.lit(name), F.col(values)[place]) for place, name in enumerate(question.breakdowns)]
    return frame.select(*rest, F.inline(F.array(*pairs)))


def limited(counted: DataFrame, question: Question, size: Column, within: Sequence[str] = ()) -> DataFrame:
    """Counts `n` of the largest values of a breakdown, the others summed as 'other'.

    `size` is the part of `n` that ranks a value, within the columns of `within`; equal ones by name.
    """
    if not question.breakdowns:
        return counted
    keys = [name for name in counted.columns if name not in (*BREAKDOWN, "n")]
    shown = small_as_other(counted, question.breakdown_limit, size, within)
    return shown.groupBy(*keys, *BREAKDOWN).agg(F.sum("n").alias("n"))


def small_as_other(frame: DataFrame, limit: int, size: Column, within: Sequence[str] = ()) -> DataFrame:
    """The rows with values beyond the `limit` largest of each breakdown as 'other'; nothing is summed.

    A value is as large as the sum of `size` over its rows within the columns of `within`; equal ones by name.
    """
    of_value = Window.partitionBy(*within, *BREAKDOWN)
    in_order = Window.partitionBy(*within, "breakdown_by").orderBy(F.desc("_size"), "breakdown")
    sized = frame.withColumn("_size", F.coalesce(F.sum(size).over(of_value), F.lit(0)))
    small = F.dense_rank().over(in_order) > limit
    shown = F.when(small, F.lit(OTHER)).otherwise(F.col("breakdown"))
    return sized.withColumn("breakdown", shown).drop("_size")


def own_values(frame: DataFrame, question: Question, within: Sequence[str] = ()) -> DataFrame:
    """The values with rows of their own: BREAKDOWN and `within` of those of most distinct units.

    `frame` has these columns and `unit`. Of as many units the first by name, and `breakdown_limit` of
    each breakdown within the columns of `within`.
    """
    keys = [*within, *BREAKDOWN]
    asked = frame.where(F.col("breakdown_by").isin(*question.breakdowns))
    units = asked.groupBy(*keys).agg(F.count_distinct("unit").alias("units"))
    in_order = Window.partitionBy(*within, "breakdown_by").orderBy(F.desc("units"), "breakdown")
    ranked = units.withColumn("rank", F.row_number().over(in_order))
    return ranked.where(F.col("rank") <= question.breakdown_limit).select(*keys)


def with_other(frame: DataFrame, question: Question, own: DataFrame, within: Sequence[str] = ()) -> DataFrame:
    """`frame` with values of the question's breakdowns that are not `own` as 'other'; nothing is summed."""
    known = F.broadcast(own.withColumn("is_own", F.lit(True)))
    is_own = F.col("is_own") | ~F.col("breakdown_by").isin(*question.breakdowns)
    named = F.when(is_own, F.col("breakdown")).otherwise(F.lit(OTHER))
    found = frame.join(known, on=[*within, *BREAKDOWN], how="left")
    return found.withColumn("breakdown", named).drop("is_own")


def _pair(by: Column, value: Column) -> Column:
    return F.struct(by.alias("breakdown_by"), value.alias("breakdown"))
