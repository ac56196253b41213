"""A gap of retention as a number: who of a cohort did not come back in a period."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import SettingsError
from trailhouse.questions.active import events
from trailhouse.questions.asked import Asked
from trailhouse.questions.calendar import first_day, number_of
from trailhouse.questions.periods import has_begun, with_watermark
from trailhouse.questions.retention import _asked_for as of_the_days
from trailhouse.settings import Retention
from trailhouse.why.asked import Number, in_session


def retention_gap(question: Retention, period: int, asked: Asked) -> Number:
    """Units by whether they came back in this period after that of their start, once it is over.

    The stretch is the session of the start, to its end: what came later would tell who had come back.
    SettingsError for a question that does not count calendar periods one by one.
    """
    if (question.clock, question.counted, question.minimum) != ("calendar", "on", 1):
        raise SettingsError("reasons for a retention gap: of calendar periods, counted: on, minimum: 1")
    if question.starts == "recurring" or question.unit != "person":
        raise SettingsError("reasons for a retention gap: of persons, by their first start")
    interval, project = question.interval, asked.project
    plain = question.model_copy(update={"breakdowns": ()})
    found = events(plain, asked, {"starts": question.start, "returns": question.event}).withColumn(
        "p", number_of(F.col("day"), interval, project)
    )
    in_days = of_the_days(question, F.col("day"))
    starts = F.col("starts") & (in_days if question.starts == "first_in_range" else F.lit(True))
    units = (
        found.groupBy("unit")
        .agg(
            F.min(F.when(starts, F.struct("t", "p", "day"))).alias("start"),
            F.collect_set(F.when(F.col("returns"), F.col("p"))).alias("returned"),
        )
        .where(F.col("start").isNotNull() & of_the_days(question, F.col("start.day")))
    )
    over = has_begun(first_day(F.col("start.p") + period + 1, interval, project), project.timezone)
    key = f"{question.name}:{period}"
    rows: DataFrame = (
        with_watermark(units, asked["watermark"])
        .where(over)
        .select(
            F.lit(key).alias("number"),
            "unit",
            F.col("unit").alias("person_id"),
            F.col("start.t").alias("from_us"),
            F.lit(None).cast("BIGINT").alias("done_us"),
            F.lit(None).cast("BIGINT").alias("before_us"),
            (~F.array_contains("returned", F.col("start.p") + period)).alias("failed"),
        )
    )
    label = f"did not come back in {interval} {period} ({question.name})"
    units_ = in_session(rows, asked["sessions"])
    groups = ("those who did not come back", "those who did")
    return Number(key, "retention", question.name, label, units_, period, leaves=False, groups=groups)
