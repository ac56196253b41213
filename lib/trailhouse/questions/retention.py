"""Retention: which units of a cohort come back in later periods.

1. A row a unit and period: its first start there, and its latest return (of `minimum` the earliest).
2. A row a unit: its starts and its returns; then a row a unit and cohort with the numbers of the periods
   after the start that hold a return.
3. What these count as (`counted`) as marks, summed by cohort and breakdown: few rows, from which the
   triangle follows.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.active import FIRST, by_day_alone, events, person_days
from trailhouse.questions.asked import Asked
from trailhouse.questions.calendar import first_day, number_of
from trailhouse.questions.numbers import quotient
from trailhouse.questions.periods import WATERMARK, begins, has_begun, with_watermark
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN, limited, spread
from trailhouse.settings import Project, Retention
from trailhouse.stage import Check

_DAY = 24 * 3600 * 1_000_000
ROLLING = {"day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY}
"""Microseconds of a period that is counted from the start on."""
_MEMBER = -1
_LAST = 1000
"""Marks: of being in the cohort, and _LAST + n of a last return in period n. All others are periods."""


def definition(question: Retention, project: Project) -> str:
    """What is asked, in one line."""
    if question.clock == "rolling":
        length = f"{question.interval}s of {ROLLING[question.interval] // _DAY * 24} h from the start"
        calendar = f"{length}, cohorts by {question.interval} in {project.timezone}"
    elif question.interval == "week":
        calendar = f"weeks from {project.week_start} in {project.timezone}"
    else:
        calendar = f"{question.interval}s in {project.timezone}"
    return f"{question.text}, {calendar}, {question.about}"


def answer(question: Retention, asked: Asked) -> DataFrame:
    """Rows of `retention` for one question: a row a cohort, breakdown and period that has begun.

    A unit belongs to the period of its start (docs/questions/retention.md tells which) and returns when
    the return event happens, not before the start. Bots and internal traffic do not count.
    """
    members = _members(question, asked)
    marks = spread(members, question).select("cohort", *BREAKDOWN, F.explode(_marks(question)).alias("mark"))
    counted = marks.groupBy("cohort", *BREAKDOWN, "mark").agg(F.count("*").alias("n"))
    size = F.when(F.col("mark") == _MEMBER, F.col("n"))
    return _triangle(question, asked, limited(counted, question, size, ["cohort"]))


def _moments(question: Retention, asked: Asked) -> DataFrame:
    """Rows of unit, day, start_t and return_t (one of them may be null), and FIRST with breakdowns."""
    start_by_day = by_day_alone(question, question.start) and not question.breakdowns
    return_by_day = (
        by_day_alone(question, question.event) and question.clock == "calendar" and question.minimum == 1
    )
    nothing = F.lit(None).cast("BIGINT")
    parts = []
    if start_by_day or return_by_day:
        parts.append(
            person_days(question, asked).select(
                "unit",
                "day",
                (F.col("first_t") if start_by_day else nothing).alias("start_t"),
                (F.col("last_t") if return_by_day else nothing).alias("return_t"),
            )
        )
    steps = {} if start_by_day else {"starts": question.start}
    steps |= {} if return_by_day else {"returns": question.event}
    if steps:
        narrowed = question if "starts" in steps else question.model_copy(update={"breakdowns": ()})
        found = events(narrowed, asked, steps)
        when = {name: F.when(F.col(name), F.col("t")) if name in steps else nothing for name in _FLAGS}
        columns: list[Column | str] = ["unit", "day", *(when[name].alias(to) for name, to in _FLAGS.items())]
        if FIRST in found.columns:
            columns.append(F.when(F.col("starts"), F.col(FIRST)).alias(FIRST))
        parts.append(found.select(*columns))
    return parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1], allowMissingColumns=True)


_FLAGS = {"starts": "start_t", "returns": "return_t"}


def _members(question: Retention, asked: Asked) -> DataFrame:
    """A row a unit and cohort: cohort INT, returned ARRAY<INT>, and `values` with breakdowns."""
    project, moments = asked.project, _moments(question, asked)
    start = F.col(FIRST) if FIRST in moments.columns else F.struct(F.col("start_t").alias("t"))
    start = F.when(F.col("start_t").isNotNull(), start)
    if question.starts != "first_ever":
        start = F.when(_asked_for(question, F.col("day")), start)
    # A struct is compared row by row in Java objects; a number is not.
    plain = FIRST not in moments.columns
    period = moments.select(
        "unit",
        number_of(F.col("day"), question.interval, project).alias("p"),
        (start["t"] if plain else start).alias("start"),
        "return_t",
    )
    by_period = period.groupBy("unit", "p").agg(F.min("start").alias("start"), _returns(question))
    # Of all starts the first counts, or each period's.
    starts = F.collect_list("start") if question.starts == "recurring" else F.min("start")
    if question.clock == "rolling":
        returns = F.flatten(F.collect_list("at"))
    else:
        returns = F.collect_list(F.when(F.col("at").isNotNull(), F.struct("p", "at")))
    units = by_period.groupBy("unit").agg(starts.alias("start"), returns.alias("returns"))
    if question.starts == "recurring":
        units = units.select(F.explode("start").alias("start"), "returns")
    at = F.col("start") if plain else F.col("start.t")
    began = units.where(F.col("start").isNotNull()).select(
        at.alias("t"),
        project_day(F.timestamp_micros(at), project.timezone).alias("day"),
        "returns",
        *([] if plain else ["start.values"]),
    )
    if question.starts == "first_ever":
        began = began.where(_asked_for(question, F.col("day")))
    cohort = number_of(F.col("day"), question.interval, project).alias("cohort")
    rest = [] if plain else ["values"]
    return _returned(question, began.select("t", cohort, "returns", *rest)).select(
        "cohort", "returned", *rest
    )


def _asked_for(question: Retention, day: Column) -> Column:
    first = F.lit(True) if question.from_day is None else day >= F.lit(question.from_day)
    return first if question.to_day is None else first & (day <= F.lit(question.to_day))


def _returns(question: Retention) -> Column:
    """`at` of a unit and period: all times with a rolling clock; else the last with `minimum` - 1 after it.

    The unit has returned in the period, after some time in it, when `at` is not before that time.
    """
    if question.clock == "rolling":
        return F.collect_list("return_t").alias("at")
    if question.minimum == 1:
        return F.max("return_t").alias("at")
    latest = F.sort_array(F.collect_list("return_t"), asc=False)
    return F.get(latest, F.lit(question.minimum - 1)).alias("at")


def _returned(question: Retention, began: DataFrame) -> DataFrame:
    """With `returned`: the numbers of the periods that hold a return, each once, the cohort's own being 0."""
    t = F.col("t")
    if question.clock == "calendar":
        after = F.filter("returns", lambda one: one["at"] >= t)
        return began.withColumn("returned", F.transform(after, lambda one: one["p"] - F.col("cohort")))
    length = F.lit(ROLLING[question.interval])
    after = F.filter("returns", lambda at: at >= t)
    numbers = F.transform(after, lambda at: F.call_function("div", at - t, length).cast("INT"))
    began = began.withColumn("numbers", numbers if question.minimum == 1 else F.array_sort(numbers))
    if question.minimum > 1:
        enough = question.minimum - 1
        began = began.withColumn(
            "numbers",
            F.filter("numbers", lambda one, place: F.get("numbers", place + enough) == one),
        )
    return began.withColumn("returned", F.array_distinct("numbers"))


def _marks(question: Retention) -> Column:
    """ARRAY<INT>: _MEMBER, the rows (their first periods) that the unit counts in, and its last return."""
    last = _last(question)
    later = F.when(last.isNotNull(), F.array(last + _LAST)).otherwise(_none())
    return F.concat(F.array(F.lit(_MEMBER)), _counted(question), later)


def _counted(question: Retention) -> Column:
    returned, end = F.col("returned"), F.lit(question.last_period)
    own = F.filter(returned, lambda n: n == 0)
    match question.counted:
        case "on":
            return F.filter(returned, lambda n: n <= end)
        case "on_or_after":
            return _numbers(F.lit(0), _last(question))
        case "on_or_before":
            return F.concat(own, _numbers(F.array_min(F.filter(returned, lambda n: n > 0)), end))
        case "streak":
            later = F.array_sort(F.filter(returned, lambda n: (n > 0) & (n <= end)))
            # Sorted and each once: 1, 2, 3 stand at their places until one is missing.
            unbroken = F.size(F.filter(later, lambda n, place: n == place + 1))
            return F.concat(own, _numbers(F.lit(1), unbroken))
        case "brackets":
            return F.array_compact(F.array(*(_held(returned, *line) for line in question.lines)))


def _last(question: Retention) -> Column:
    """The period of the last return, at most the last that is followed; null without any."""
    last, end = F.array_max("returned"), F.lit(question.last_period)
    return F.when(last > end, end).otherwise(last)


def _held(returned: Column, first: int, last: int) -> Column:
    """The first period of a bracket that holds a return; else null."""
    return F.when(F.exists(returned, lambda n: n.between(first, last)), F.lit(first))


def _numbers(first: Column, last: Column) -> Column:
    """The numbers from one to another; none where there is no such, or the last comes before the first."""
    return F.when(last >= first, F.sequence(first, last)).otherwise(_none())


def _none() -> Column:
    return F.array().cast("ARRAY<INT>")


def _triangle(question: Retention, asked: Asked, counted: DataFrame) -> DataFrame:
    """Rows of the table from (cohort, breakdown, mark, n)."""
    project, marks = asked.project, F.map_from_entries(F.collect_list(F.struct("mark", "n")))
    lines = [
        F.struct(F.lit(first).alias("period"), F.lit(last).alias("period_end"), F.lit(before).alias("before"))
        for (first, last), before in zip(
            question.lines, [_MEMBER, *(first for first, _ in question.lines)], strict=False
        )
    ]
    cells = counted.groupBy("cohort", *BREAKDOWN).agg(marks.alias("marks"))
    cells = cells.select("*", F.inline(F.array(*lines)))

    def of(mark: Column) -> Column:
        return F.coalesce(F.try_element_at("marks", mark), F.lit(0).cast("BIGINT"))

    later = F.sequence(F.col("period"), F.lit(question.last_period))
    unbounded = F.aggregate(later, F.lit(0).cast("BIGINT"), lambda sum_, n: sum_ + of(n + _LAST))
    base = F.col("before") if question.base == "previous" else F.lit(_MEMBER)
    begun, over = _begun(question, project)
    return (
        with_watermark(cells, asked["watermark"])
        .where(begun)
        .select(
            *told(question, definition(question, project)),
            F.lit(question.interval).alias("interval"),
            F.lit(question.counted).alias("counted"),
            F.lit(question.base).alias("base"),
            *BREAKDOWN,
            first_day(F.col("cohort"), question.interval, project).alias("cohort"),
            "period",
            "period_end",
            of(F.lit(_MEMBER)).alias("cohort_size"),
            of(F.col("period")).alias("units"),
            unbounded.alias("unbounded"),
            quotient(of(F.col("period")), of(base), 6).try_cast("DECIMAL(9,6)").alias("rate"),
            over.alias("complete"),
        )
    )


def _begun(question: Retention, project: Project) -> tuple[Column, Column]:
    """Whether the first period of a row has begun for anyone of the cohort, and its last is over for all."""
    cohort, zone = F.col("cohort"), project.timezone

    def day(number: Column) -> Column:
        return first_day(number, question.interval, project)

    if question.clock == "calendar":
        first, after = day(cohort + F.col("period")), day(cohort + F.col("period_end") + 1)
        return has_begun(first, zone), has_begun(after, zone)
    length, now = F.lit(ROLLING[question.interval]), F.unix_micros(F.col(WATERMARK))
    first = F.unix_micros(begins(day(cohort), zone)) + F.col("period") * length
    last = F.unix_micros(begins(day(cohort + 1), zone)) + (F.col("period_end") + 1) * length
    return F.coalesce(now >= first, F.lit(False)), F.coalesce(now >= last, F.lit(False))


_ROW = "question, breakdown_by, breakdown, cohort"

CHECKS = (
    Check(
        "retention",
        "unbounded_holds_more",
        "Returns in a period are no more than returns in it or later, these no more than the cohort.",
        "(units <= unbounded OR counted = 'on_or_before') AND greatest(units, unbounded) <= cohort_size",
    ),
    Check(
        "retention",
        "unbounded_only_falls",
        "Who returned in a period or later has returned in the period before or later.",
        query=(
            "SELECT question, cohort, period FROM (SELECT *, lag(unbounded) OVER "
            f"(PARTITION BY {_ROW} ORDER BY period) AS before FROM {{batch}}) "
            "WHERE unbounded > before"
        ),
    ),
    Check(
        "retention",
        "counted_as_said",
        "Returns on or after are the unbounded ones; streaks only break, and who was back stays so.",
        query=(
            "SELECT question, cohort, period FROM (SELECT *, if(period > 1, lag(units) OVER "
            f"(PARTITION BY {_ROW} ORDER BY period), NULL) AS before FROM {{batch}}) "
            "WHERE (counted = 'on_or_after' AND units <> unbounded) "
            "OR (counted = 'streak' AND units > before) OR (counted = 'on_or_before' AND units < before)"
        ),
    ),
    Check(
        "retention",
        "shares_of_the_cohort",
        "A share of the cohort is at most all of it.",
        "base <> 'total' OR rate <= 1",
    ),
    Check(
        "retention",
        "breakdowns_add_up",
        "The values of a breakdown add up to 'all', in every cohort and period.",
        query=(
            "WITH summed AS (SELECT question, breakdown_by, cohort, period, sum(cohort_size) AS size, "
            "sum(units) AS units, sum(unbounded) AS unbounded FROM {batch} GROUP BY ALL) "
            "SELECT one.question, one.cohort, one.period FROM summed one JOIN summed whole "
            "ON one.question = whole.question AND one.cohort = whole.cohort AND one.period = whole.period "
            "AND whole.breakdown_by = 'all' AND one.breakdown_by <> 'all' "
            "WHERE (one.size, one.units, one.unbounded) <> (whole.size, whole.units, whole.unbounded)"
        ),
    ),
)
