"""Daily engagement: one row a day, a column a metric of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.metrics import METRICS, Metric, Source
from trailhouse.questions.periods import has_begun, with_watermark
from trailhouse.settings import Project


def daily(
    person_days: DataFrame,
    sessions: DataFrame,
    watermark: DataFrame,
    project: Project,
    metrics: Sequence[Metric] = METRICS,
) -> DataFrame:
    """Rows of `engagement`: every day from the first to the last with an event of a person.

    A day in between on which nobody came is a row too: counts are 0, ratios null.
    """
    people = sessions.where(~F.col("is_bot") & ~F.col("internal"))
    persons = _with_neighbours(person_days)
    by_source = {source: [m for m in metrics if m.source == source] for source in get_args(Source)}
    days = person_days.agg(F.min("day").alias("first"), F.max("day").alias("last")).select(
        F.explode(F.sequence("first", "last")).alias("day")
    )
    parts = [_reach(days, persons, by_source["reach"])]
    parts += [_money(person_days, metric) for metric in by_source["money"]]
    for source, frame in (
        ("person_days", persons),
        ("sessions", people.withColumn("day", F.col("session_date"))),
    ):
        if by_source[source]:
            parts.append(frame.groupBy("day").agg(*(metric.measured() for metric in by_source[source])))
    for part in parts:
        days = days.join(part, on="day", how="left")
    counted = days.select("day", *(_filled(m) for m in metrics if m.source != "day"))
    for metric in by_source["day"]:
        counted = counted.withColumn(metric.name, metric.measured())
    return with_watermark(counted, watermark).select(
        "day",
        has_begun(F.date_add("day", 1), project.timezone).alias("complete"),
        *(metric.name for metric in metrics),
    )


def _with_neighbours(person_days: DataFrame) -> DataFrame:
    """With `first_day` and `next_day`: whether it is the person's first one, and when the next one is."""
    person = Window.partitionBy("person_id").orderBy("day")
    return person_days.withColumn("first_day", F.lag("day").over(person).isNull()).withColumn(
        "next_day", F.lead("day").over(person)
    )


def _reach(days: DataFrame, persons: DataFrame, metrics: Sequence[Metric]) -> DataFrame:
    """Distinct persons of the last `metric.days` days, exactly, without a row a person and day of the span.

    A person's day counts for the `days` days from it on, or until the person's next day takes over:
    one more where that begins, one less where it ends, and a running sum over all days.
    """
    names = [metric.name for metric in metrics]

    def change(at: Column, *amounts: int) -> Column:
        return F.struct(
            at.alias("day"), *(F.lit(n).alias(name) for n, name in zip(amounts, names, strict=True))
        )

    changes = [change(F.col("day"), *(1 for _ in metrics))]
    for place, metric in enumerate(metrics):
        end = F.date_add("day", metric.days)
        until = F.least(end, F.col("next_day"))  # least() skips nulls: the last day runs its full span
        changes.append(change(until, *(-1 if place == other else 0 for other in range(len(metrics)))))
    summed = (
        persons.select(F.explode(F.array(*changes)).alias("change"))
        .select("change.*")
        .groupBy("day")
        .agg(*(F.sum(name).alias(name) for name in names))
    )
    so_far = Window.orderBy("day").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return days.join(summed, on="day", how="left").select(
        "day", *(F.sum(F.coalesce(name, F.lit(0))).over(so_far).alias(name) for name in names)
    )


def _money(person_days: DataFrame, metric: Metric) -> DataFrame:
    """Amounts of the day summed by currency, sorted by it."""
    amounts = person_days.select("day", F.explode(metric.measured()).alias("money")).select("day", "money.*")
    total = F.sum("amount").cast("DECIMAL(18,4)").alias("amount")
    by_currency = amounts.groupBy("day", "currency").agg(total)
    return by_currency.groupBy("day").agg(
        F.sort_array(F.collect_list(F.struct("currency", "amount"))).alias(metric.name)
    )


def _filled(metric: Metric) -> Column:
    if metric.source == "money":
        return F.coalesce(metric.name, F.array().cast(metric.type)).cast(metric.type).alias(metric.name)
    if metric.empty is None:
        return F.col(metric.name)
    return F.coalesce(metric.name, F.lit(metric.empty)).cast(metric.type).alias(metric.name)
