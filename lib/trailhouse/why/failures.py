"""What precedes failure: what came last in attempts that failed, and what completed ones hardly have."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.from_counts import Row, from_counts
from trailhouse.tables.task_failures import TABLE
from trailhouse.why.evidence import adjusted, lifts

TOP = 10
"""Rows of what came last before a failure, by task and kind."""
WEIGHED = 50
"""Of these so many, by failures, are judged: p is adjusted for all of them."""
_WHAT = (
    ("page_group", "last_page", "pages"),
    ("signal", "last_signal", "signals"),
    ("element", "last_element", "elements"),
)
"""What, the column of the last one, and that of all."""


def failures(told: DataFrame) -> DataFrame:
    """Rows of `task_failures`, of questions/tasks.py `described`: what came last, most first.

    What came last in a completed attempt is its end, whatever preceded it. So the lift compares attempts
    that have it at all: their share of the failed, as a multiple of their share of the completed.
    """
    each = F.concat(*(_each(*one) for one in _WHAT))
    failed = ~F.col("completed")
    counted = (
        told.select("task", "completed", F.inline(each))
        .groupBy("task", "what", "value")
        .agg(
            F.count_if(failed & F.col("last")).alias("failures"),
            F.count_if(F.col("completed") & F.col("last")).alias("completions"),
            F.count_if(failed).alias("failures_with"),
            F.count_if("completed").alias("completions_with"),
        )
        .where(F.col("failures") > 0)
    )
    totals = told.groupBy("task").agg(
        F.count_if(failed).alias("all_failures"), F.count_if("completed").alias("all_completions")
    )
    rank = F.row_number().over(Window.partitionBy("task", "what").orderBy(F.desc("failures"), "value"))
    weighed = (
        counted.withColumn("rank", rank)
        .where(F.col("rank") <= WEIGHED)
        .join(F.broadcast(totals), on="task", how="inner")
        .withColumns(
            {
                "share": ratio(F.col("failures"), F.col("all_failures")),
                "share_of_completed": ratio(F.col("completions"), F.col("all_completions")),
            }
        )
    )
    return from_counts(weighed, TABLE.columns, _judged)


def _each(what: str, last: str, every: str) -> Column:
    """ARRAY<STRUCT<what, value, last (whether it came last)>>."""
    return F.transform(
        every,
        lambda one: F.struct(
            F.lit(what).alias("what"), one.alias("value"), one.eqNullSafe(F.col(last)).alias("last")
        ),
    )


def _judged(rows: list[Row]) -> Iterator[Row]:
    rows.sort(key=lambda row: (row["task"], row["what"], row["rank"]))
    names = ("failures_with", "all_failures", "completions_with", "all_completions")
    found = lifts(*([row[name] for row in rows] for name in names))
    q = adjusted(found["p"])
    for row, (_, one), of_many in zip(rows, found.iterrows(), q, strict=True):
        if row["rank"] <= TOP:
            yield {
                **row,
                **{name: one[name] for name in ("lift", "low", "high", "p")},
                "q": of_many,
                "too_few": bool(one["too_few"]),
            }
