"""Stickiness: in how many periods of a range units were active."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.active import FIRST, by_day_alone, events, person_days
from trailhouse.questions.asked import Asked
from trailhouse.questions.calendar import first_day, number_of
from trailhouse.questions.periods import has_begun, with_watermark
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN, limited, spread
from trailhouse.settings import Project, Stickiness
from trailhouse.settings.questions.intervals import event_text
from trailhouse.stage import Check


def definition(question: Stickiness, project: Project) -> str:
    """What is asked, in one line."""
    weeks = question.within == "week" or question.interval == "week"
    calendar = f"{f'weeks from {project.week_start}, ' if weeks else ''}{project.timezone}"
    within = "the range" if question.within == "range" else f"a {question.within}"
    return f"{question.interval}s of {within} with {event_text(question.event)}, {calendar}, {question.about}"


def answer(question: Stickiness, asked: Asked) -> DataFrame:
    """Rows of `stickiness` for one question: a row a range, breakdown and number of active periods.

    Numbers go from 1 to the greatest that any unit has there, without a gap. Of the days asked for the
    weeks or months that hold them are counted, whole. A unit stands under the value of its first event
    in the range.
    """
    project = asked.project
    units = spread(_units(question, asked), question)
    counted = units.groupBy("range", *BREAKDOWN, "periods").agg(F.count("*").alias("n"))
    counted = limited(counted, question, F.col("n"), ["range"])
    bars = F.map_from_entries(F.collect_list(F.struct("periods", "n")))
    ranges = counted.groupBy("range", *BREAKDOWN).agg(bars.alias("bars"), F.max("periods").alias("most"))

    def of(number: Column) -> Column:
        return F.coalesce(F.try_element_at("bars", number), F.lit(0).cast("BIGINT"))

    def from_on(number: Column) -> Column:
        return F.aggregate(
            F.sequence(number, F.col("most")), F.lit(0).cast("BIGINT"), lambda sum_, one: sum_ + of(one)
        )

    lines = ranges.select("*", F.explode(F.sequence(F.lit(1), F.col("most"))).alias("periods"))
    lines = lines.select(
        "*",
        of(F.col("periods")).alias("units"),
        from_on(F.col("periods")).alias("at_least"),
        from_on(F.lit(1)).alias("everyone"),
    )
    first, after = _ends(question, project)
    return (
        with_watermark(lines, asked["watermark"])
        .where(has_begun(first, project.timezone))
        .select(
            *told(question, definition(question, project)),
            F.lit(question.interval).alias("interval"),
            F.lit(question.within).alias("within"),
            first.alias("date"),
            *BREAKDOWN,
            "periods",
            "units",
            "at_least",
            ratio(F.col("at_least"), F.col("everyone")).alias("share"),
            F.lit(False).alias("complete")
            if after is None
            else has_begun(after, project.timezone).alias("complete"),
        )
    )


def _ends(question: Stickiness, project: Project) -> tuple[Column, Column | None]:
    """The first day of the range of a row, and the first after it; None: it goes on."""
    if question.within != "range":
        number = F.col("range")
        return first_day(number, question.within, project), first_day(number + 1, question.within, project)
    return F.lit(question.from_day), None if question.to_day is None else F.date_add(
        F.lit(question.to_day), 1
    )


def _units(question: Stickiness, asked: Asked) -> DataFrame:
    """A row a range and unit: range INT, periods INT (how many), and `values` with breakdowns."""
    project, day = asked.project, F.col("day")
    if by_day_alone(question, question.event) and not question.breakdowns:
        active = person_days(question, asked)
    else:
        active = events(question, asked, {"active": question.event})
    if question.within == "range":
        active = active.where(day >= F.lit(question.from_day))
        active = active if question.to_day is None else active.where(day <= F.lit(question.to_day))
        within = F.lit(0)
    else:
        within = number_of(day, question.within, project)
        if question.from_day is not None:
            active = active.where(within >= number_of(F.lit(question.from_day), question.within, project))
        if question.to_day is not None:
            active = active.where(within <= number_of(F.lit(question.to_day), question.within, project))
    p = number_of(day, question.interval, project)
    by_period = active.withColumns({"range": within, "p": p}).groupBy("range", "unit", "p")
    count = F.count("*").cast("INT").alias("periods")
    if not question.breakdowns:
        return by_period.agg(F.lit(True)).groupBy("range", "unit").agg(count).drop("unit")
    units = by_period.agg(F.min(FIRST).alias(FIRST)).groupBy("range", "unit")
    return units.agg(count, F.min(FIRST).alias(FIRST)).select("range", "periods", f"{FIRST}.values")


_RANGE = "question, breakdown_by, breakdown, date"

CHECKS = (
    Check(
        "stickiness",
        "histogram_sums_to_at_least",
        "Units of at least so many periods are those of exactly so many and of more.",
        query=(
            "SELECT question, date, breakdown_by, breakdown, periods FROM (SELECT *, sum(units) OVER "
            f"(PARTITION BY {_RANGE} ORDER BY periods DESC) AS summed FROM {{batch}}) "
            "WHERE at_least <> summed"
        ),
    ),
    Check(
        "stickiness",
        "everyone_is_active_once",
        "Each range has a row of one period, which holds every unit.",
        query=(
            "SELECT question, date, breakdown_by, breakdown FROM {batch} GROUP BY ALL "
            "HAVING min(periods) <> 1 OR max(share) <> 1 OR count(*) <> max(periods)"
        ),
    ),
    Check(
        "stickiness",
        "breakdowns_add_up",
        "The values of a breakdown add up to 'all', in every range.",
        query=(
            "WITH summed AS (SELECT question, breakdown_by, date, periods, sum(units) AS units "
            "FROM {batch} GROUP BY ALL) SELECT one.question, one.date, one.periods FROM summed one "
            "JOIN summed whole ON one.question = whole.question AND one.date = whole.date "
            "AND one.periods = whole.periods AND whole.breakdown_by = 'all' AND one.breakdown_by <> 'all' "
            "WHERE one.units <> whole.units"
        ),
    ),
)
