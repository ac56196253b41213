"""What precedes failure: what came last in attempts that failed, against those that were completed."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.tables.task_failures import TABLE
from trailhouse.why.evidence import adjusted, lifts
from trailhouse.why.judging import Row, judged, rounded

TOP = 10
"""Rows of what came last before a failure, by task and kind."""
WEIGHED = 50
"""Of these so many, by failures, are judged: p is adjusted for all of them."""


def failures(told: DataFrame) -> DataFrame:
    """Rows of `task_failures`, of questions/tasks.py `described`: what came last, most first.

    Lift: the share of failed attempts whose last it was, as a multiple of that of the completed.
    """
    last = [
        F.struct(F.lit(what).alias("what"), F.col(column).alias("value"))
        for what, column in (
            ("page_group", "last_page"),
            ("signal", "last_signal"),
            ("element", "last_element"),
        )
    ]
    failed, done = F.count_if(~F.col("completed")), F.count_if("completed")
    counted = (
        told.select("task", "completed", F.inline(F.array(*last)))
        .where(F.col("value").isNotNull())
        .groupBy("task", "what", "value")
        .agg(failed.alias("failures"), done.alias("completions"))
        .where(F.col("failures") > 0)
    )
    totals = told.groupBy("task").agg(failed.alias("all_failures"), done.alias("all_completions"))
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
    return judged(weighed, _judge, TABLE)


def _judge(rows: list[Row]) -> Iterable[Row]:
    if not rows:
        return
    rows.sort(key=lambda row: (row["task"], row["what"], row["rank"]))
    names = ("failures", "all_failures", "completions", "all_completions")
    found = lifts(*([row[name] for row in rows] for name in names))
    q = adjusted(found["p"])
    for row, (_, one), of_many in zip(rows, found.iterrows(), q, strict=True):
        if row["rank"] <= TOP:
            yield {
                **{column.name: row.get(column.name) for column in TABLE.columns},
                **{name: rounded(one[name], 4, 18) for name in ("lift", "low", "high")},
                "p": rounded(one["p"], 8),
                "q": rounded(of_many, 8),
                "too_few": bool(one["too_few"]),
            }
