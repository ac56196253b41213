"""Trials: which become subscriptions, of those that have ended."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros, ratio
from trailhouse.questions.asked import Asked, in_order, rows
from trailhouse.questions.fields import field, matches
from trailhouse.questions.months import broken_down, known_until, month_of, values
from trailhouse.questions.numbers import quantile
from trailhouse.questions.periods import with_watermark
from trailhouse.questions.rows import told
from trailhouse.settings import Trials
from trailhouse.stage import Check


def definition(question: Trials) -> str:
    """What is asked, in one line."""
    return (
        f"{question.start.text} then {question.convert.text} up to {question.grace} after its end "
        f"({question.end.text}, else {question.ends_at}, else {question.length} long); {question.about}"
    )


def answer(question: Trials, asked: Asked) -> DataFrame:
    """Rows of `trials` for one question: a row a breakdown value and month of the start.

    A trial lasts to the first end event after its start, else to the end that its start plans, else for
    the usual length. It converts by the first conversion after its start, up to the grace after its end.
    What is known is what happened until the watermark, and the last day asked for.
    What comes after the unit's next trial began belongs to that one. Only trials whose end and
    grace lie before that count as ended, and only of these conversions are counted.
    """
    begun = broken_down(each_trial(question, asked), question)
    return (
        begun.groupBy("breakdown_by", "breakdown", "cohort")
        .agg(
            F.count("*").alias("trials"),
            F.count_if("ended").alias("ended"),
            F.count_if(F.col("ended") & F.col("us").isNotNull()).alias("converted"),
            quantile(F.when(F.col("ended"), F.col("us")), 0.5).alias("median_us"),
        )
        .select(
            *told(question, definition(question)),
            "breakdown_by",
            "breakdown",
            "cohort",
            "trials",
            "ended",
            "converted",
            ratio(F.col("converted"), F.col("ended")).alias("rate"),
            "median_us",
            (F.col("ended") == F.col("trials")).alias("complete"),
        )
    )


def each_trial(question: Trials, asked: Asked) -> DataFrame:
    """A row a trial: unit, cohort, ended, us (from start to conversion; null: none in time), by_0, ...

    Also t (of its start) and `over` (its end with the grace), in microseconds since 1970.
    """
    keep = {
        "starts": matches(question.start),
        "ends": matches(question.end),
        "converts": matches(question.convert),
        "planned": F.unix_micros(F.try_to_timestamp(field(question.ends_at).cast("STRING"))),
        "cohort": month_of(F.col("event_time"), asked.project.timezone),
        **values(question),
    }
    events = rows(question, asked, (question.start, question.end, question.convert), keep, question.fields)
    place = Window.partitionBy("unit").orderBy(*in_order())
    later = place.rowsBetween(1, Window.unboundedFollowing)
    here = F.struct("place", "t")
    trials = (
        events.withColumn("place", F.row_number().over(place))
        .withColumns({
            "next": F.min(F.when(F.col("starts"), F.col("place"))).over(later),
            "end": F.min(F.when(F.col("ends"), here)).over(later),
            "conversion": F.min(F.when(F.col("converts"), here)).over(later),
        })
        .where("starts")
    )  # fmt: skip

    def own(name: str) -> Column:
        mine = F.col("next").isNull() | (F.col(f"{name}.place") < F.col("next"))
        return F.when(mine, F.col(f"{name}.t"))

    planned = F.when(F.col("planned") >= F.col("t"), F.col("planned"))
    end = F.coalesce(own("end"), planned, F.col("t") + F.lit(micros(question.length)))
    over = F.col("over")
    in_time = F.when(F.col("converted") <= over, F.col("converted") - F.col("t"))
    return (
        with_watermark(trials, asked["watermark"])
        .withColumns({"over": end + F.lit(micros(question.grace)), "converted": own("conversion")})
        .withColumns({
            "us": in_time,
            "ended": F.coalesce(F.unix_micros(known_until(question, asked.project)) >= over, F.lit(False)),
        })
    )  # fmt: skip


CHECKS = (
    Check(
        "trials",
        "parts_of_trials",
        "Converted trials have ended, ended ones have begun.",
        "converted <= ended AND ended <= trials",
    ),
    Check(
        "trials",
        "breakdowns_add_up",
        "The values of each breakdown add up to 'all', by month.",
        query=(
            "SELECT question, cohort FROM (SELECT question, breakdown_by, cohort, sum(trials) AS trials, "
            "sum(converted) AS converted FROM {batch} GROUP BY question, breakdown_by, cohort) "
            "GROUP BY question, cohort HAVING min(trials) <> max(trials) OR min(converted) <> max(converted)"
        ),
    ),
)
