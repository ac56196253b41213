"""Funnels: how many get through declared steps, how long that takes, and who does not."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import micros, project_day, ratio, week_of
from trailhouse.durations import as_text
from trailhouse.questions.asked import Asked
from trailhouse.questions.breakdowns import ALL, UNKNOWN
from trailhouse.questions.fields import field
from trailhouse.questions.matcher import attempts
from trailhouse.questions.numbers import quantile, whole_quotient
from trailhouse.questions.periods import WATERMARK, begins, with_watermark
from trailhouse.questions.rows import told
from trailhouse.questions.spread import small_as_other
from trailhouse.settings import Funnel, Project
from trailhouse.stage import Check

_KEYS = ("date", "breakdown_by", "breakdown")


def definition(funnel: Funnel) -> str:
    """What is asked, in one line."""
    steps = " > ".join(_step_text(funnel, number) for number in range(len(funnel.steps)))
    first = "the first one done" if funnel.order == "unordered" else "step 1"
    parts = [f"{steps}; {funnel.order}, within {as_text(funnel.window)} of {first}"]
    parts += ["same-time events by the tie-break"] if funnel.ties == "strict" else []
    parts += [f"times to {as_text(funnel.resolution)}"] if funnel.resolution else []
    parts += ["one event may be several steps"] if funnel.reuse else []
    parts += [", ".join(funnel.modes)] if funnel.modes else []
    for one in funnel.exclusions:
        before = one.before or len(funnel.steps)
        what = "leaves out" if funnel.on_exclusion == "leave_out" else "stops"
        parts.append(f"{one.event.text} between {one.after} and {before} {what}")
    parts += [f"{', '.join(funnel.hold_constant)} held constant"] if funnel.hold_constant else []
    parts += ["the first attempt"] if funnel.attempt == "first" and funnel.count != "totals" else []
    parts += {"units": [], "sessions": ["each session alone"], "totals": ["every attempt"]}[funnel.count]
    parts += [funnel.about]
    if funnel.breakdowns:
        at = funnel.attribution
        parts.append(f"values of {f'step {at}' if isinstance(at, int) else at.replace('_', ' ')}")
    parts += [f"by {funnel.interval} of the start"] if funnel.interval != "none" else []
    return ", ".join(parts)


def answer(funnel: Funnel, asked: Asked) -> DataFrame:
    """Rows of `funnels` for one question: a row a step for 'all', for each value, and for each date.

    Times between steps are in microseconds, over those who did the step; median and p90 interpolate
    between neighbours. Needs `watermark` where an interval is asked for.
    """
    columns = {f"value_{n}": field(name).cast("STRING") for n, name in enumerate(funnel.breakdowns)}
    by_all = funnel.attribution == "all"
    found = attempts(
        funnel,
        asked,
        {} if by_all else {name: (column, funnel.attribution) for name, column in columns.items()},
        columns if by_all else {},
        funnel.breakdowns,
    )
    parts = found.select(
        "done",
        _dates(funnel, asked.project).alias("dates"),
        F.explode(_breakdowns(funnel, by_all=by_all)).alias("part"),
    ).select("done", "part.*", F.explode("dates").alias("date"))
    if funnel.breakdowns:
        # By attempts, all of which did step 1, within each date; so laid out, both looks take one shuffle.
        parts = parts.repartition("date", "breakdown_by")
        parts = small_as_other(parts, funnel.breakdown_limit, F.lit(1), ["date"])
    counted = (
        parts.select(*_KEYS, F.inline("done"))
        .groupBy(*_KEYS, "step")
        .agg(
            F.count("*").alias("units"),
            quantile("since", 0.5).alias("median_us"),
            whole_quotient(F.sum("since"), F.count("since")).alias("mean_us"),
            quantile("since", 0.9).alias("p90_us"),
        )
        .select(*_KEYS, F.struct("step", F.struct("units", "median_us", "mean_us", "p90_us")).alias("one"))
    )
    # Its steps are there even when nobody came.
    everyone = (
        asked["sessions"]
        .limit(0)
        .agg(F.count("*"))
        .select(
            F.lit(None).cast("DATE").alias("date"),
            F.lit(ALL).alias("breakdown_by"),
            F.lit(ALL).alias("breakdown"),
        )
    )
    steps = counted.unionByName(everyone, allowMissingColumns=True)
    whole = steps.groupBy(*_KEYS).agg(F.map_from_entries(F.collect_list("one")).alias("steps"))
    return _rows(funnel, asked, whole)


def _rows(funnel: Funnel, asked: Asked, whole: DataFrame) -> DataFrame:
    """Keys and a map of steps as rows of `funnels`."""
    count = len(funnel.steps)
    # A share is of the required step before: an optional one may have been left out.
    before = [
        max((k for k in range(n) if not funnel.steps[k].optional), default=-1) + 1 for n in range(count)
    ]
    each = whole.select("*", F.explode(F.sequence(F.lit(1), F.lit(count))).alias("step"))
    dated = each if funnel.interval == "none" else with_watermark(each, asked["watermark"])
    timed = dated.withColumn("complete", _complete(funnel, asked.project))

    def of(step: Column, name: str) -> Column:
        return F.try_element_at("steps", step)[name]

    def units(step: Column) -> Column:
        return F.coalesce(of(step, "units"), F.lit(0).cast("BIGINT"))

    step = F.col("step")
    names = F.array(*(F.lit(_step_name(funnel, number)) for number in range(count)))
    optional = F.array(*(F.lit(one.optional) for one in funnel.steps))
    at = funnel.attribution
    attribution = f"step {at}" if isinstance(at, int) else at
    previous = F.get(F.array(*map(F.lit, before)), step - 1)
    return timed.select(
        *told(funnel, definition(funnel)),
        "date",
        "complete",
        "breakdown_by",
        "breakdown",
        F.when(F.col("breakdown_by") != ALL, F.lit(attribution)).alias("attribution"),
        "step",
        F.get(names, step - 1).alias("step_name"),
        F.get(optional, step - 1).alias("optional"),
        units(step).alias("units"),
        F.when(previous > 0, ratio(units(step), units(previous))).alias("from_previous"),
        ratio(units(step), units(F.lit(1))).alias("from_start"),
        *(of(step, name).alias(name) for name in ("median_us", "mean_us", "p90_us")),
    )


def dropoffs(funnel: Funnel, asked: Asked) -> DataFrame:
    """Who did not get through, to follow up: a row an attempt that counts and is not whole.

    unit, session_id (null unless sessions are counted), last_step and its name, next_step (the required step
    that it lacks; null in an unordered funnel), start_time, last_time.
    """
    found = attempts(funnel, asked)
    count, first, last = len(funnel.steps), F.get("done", F.lit(0)), F.element_at("done", -1)
    step = last["step"]
    missing = [
        next((k + 1 for k in range(n, count) if not funnel.steps[k].optional), None)
        for n in range(1, count + 1)
    ]
    ordered = funnel.order != "unordered"
    following = F.get(F.array(*(F.lit(one).cast("INT") for one in missing)), step - 1)
    # One who lacks nothing but optional steps is through.
    open_ = following.isNotNull() if ordered else step < count
    names = F.array(*(F.lit(_step_name(funnel, number)) for number in range(count)))
    return found.where(open_).select(
        F.lit(funnel.name).alias("question"),
        "unit",
        (F.col("session_id") if funnel.count == "sessions" else F.lit(None).cast("STRING")).alias(
            "session_id"
        ),
        step.alias("last_step"),
        F.get(names, step - 1).alias("step_name"),
        (following if ordered else F.lit(None).cast("INT")).alias("next_step"),
        F.timestamp_micros(first["t"]).alias("start_time"),
        F.timestamp_micros(last["t"]).alias("last_time"),
    )


def _dates(funnel: Funnel, project: Project) -> Column:
    """No date, for the whole, and that of the start."""
    none = F.lit(None).cast("DATE")
    if funnel.interval == "none":
        return F.array(none)
    start = F.timestamp_micros(F.get("done", F.lit(0))["t"])
    day = project_day(start, project.timezone)
    first = {
        "day": day,
        "week": week_of(day, project.week_start),
        "month": F.trunc(day, "month"),
    }[funnel.interval]
    return F.array(none, first)


def _complete(funnel: Funnel, project: Project) -> Column:
    """Whether all who began in the period have had the whole window by the watermark; null without a date."""
    day = F.col("date")
    after = {
        "none": F.lit(None).cast("DATE"),
        "day": F.date_add(day, 1),
        "week": F.date_add(day, 7),
        "month": F.add_months(day, 1),
    }[funnel.interval]
    if funnel.interval == "none":
        return F.lit(None).cast("BOOLEAN")
    end = F.unix_micros(begins(after, project.timezone)) + F.lit(micros(funnel.window))
    return F.when(day.isNotNull(), F.coalesce(F.unix_micros(WATERMARK) >= end, F.lit(False)))


def _breakdowns(funnel: Funnel, *, by_all: bool) -> Column:
    """The values under which an attempt counts: as `breakdown_by` and `breakdown`."""

    def part(by: Column, value: Column) -> Column:
        return F.struct(by.alias("breakdown_by"), F.coalesce(value, F.lit(UNKNOWN)).alias("breakdown"))

    everyone = F.struct(F.lit(ALL).alias("breakdown_by"), F.lit(ALL).alias("breakdown"))
    each = [part(F.lit(name), F.col(f"value_{n}")) for n, name in enumerate(funnel.breakdowns)]
    if not by_all or not each:
        return F.array(everyone, *each)
    chosen = F.when(F.col("by").isNull(), everyone)
    for n, one in enumerate(each):
        chosen = chosen.when(F.col("by") == f"value_{n}", one)
    return F.array(chosen)


def _step_name(funnel: Funnel, number: int) -> str:
    if funnel.order == "unordered":
        return f"{number + 1} of {len(funnel.steps)} steps"
    return funnel.steps[number].label


def _step_text(funnel: Funnel, number: int) -> str:
    step = funnel.steps[number]
    more = ["optional"] if step.optional else []
    more += [f"within {as_text(step.within)}"] if step.within is not None else []
    return step.text + (f" ({', '.join(more)})" if more else "")


CHECKS = (
    Check(
        "funnels",
        "steps_only_lose",
        "No step is reached by more than the required step before.",
        query=(
            "SELECT question, date, breakdown_by, breakdown, step FROM (SELECT *, "
            "min(if(optional, NULL, units)) OVER "
            "(PARTITION BY question, date, breakdown_by, breakdown ORDER BY step "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM {batch}) "
            "WHERE units > before"
        ),
    ),
    Check(
        "funnels",
        "breakdowns_add_up",
        "The values of a breakdown add up to 'all', at every step, where each unit has one value.",
        query=(
            "SELECT question, date, breakdown_by, 'all' AS breakdown, step FROM ("
            "SELECT question, date, step, breakdown_by, sum(units) AS units FROM {batch} "
            "WHERE breakdown_by <> 'all' AND coalesce(attribution <> 'all', true) "
            "GROUP BY question, date, step, breakdown_by) parts "
            "JOIN (SELECT question AS q, date AS d, step AS s, units AS whole FROM {batch} "
            "WHERE breakdown_by = 'all') ON question = q AND date <=> d AND step = s WHERE units <> whole"
        ),
    ),
    Check(
        "funnels",
        "dates_add_up",
        "The dates of a funnel add up to the whole, at every step.",
        query=(
            "SELECT question, CAST(NULL AS DATE) AS date, 'all' AS breakdown_by, 'all' AS breakdown, step "
            "FROM ("
            "SELECT question, step, sum(if(d IS NULL, units, 0)) AS whole, "
            "sum(if(d IS NULL, 0, units)) AS parts, count(d) AS dates "
            "FROM (SELECT question, step, units, date AS d FROM {batch} WHERE breakdown_by = 'all') "
            "GROUP BY question, step) WHERE dates > 0 AND whole <> parts"
        ),
    ),
    Check(
        "funnels",
        "times_in_order",
        "The median time is no longer than the 90th percentile.",
        "median_us <= p90_us",
    ),
)
