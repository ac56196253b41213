"""Which early action goes with a later outcome: counts of all candidates by one pass over activity.

1. A case is a unit's start; days count from the start's in the project's zone, 0 being its own. With every
   start a case each, an event belongs to the last start at or before it.
2. By case and action the first so many times of the action, and of the case the days with any event, whether
   the outcome came on its days, and whether its event came before them: such a case is not at risk.
3. Figures are of cases whose last outcome day is over. Nothing of an action's days knows what comes
   after them; how many reached it, and when, is told of all whose first days are over.
4. What is counted: by candidate and stratum (active days, fields of the start, month) and outcome; by
   candidate, day of the start and outcome; by candidate, month and time to it. A case and action is in one
   class, the most times that it reaches, so that candidates cost no more rows than actions.
5. One worker makes figures of the counts (candidates.py, odds.py), and chooses (activation.py).
"""

from __future__ import annotations

from functools import partial

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.from_counts import from_frame
from trailhouse.questions.asked import Asked, rows
from trailhouse.questions.fields import matches, value_of
from trailhouse.questions.periods import has_begun, with_watermark
from trailhouse.questions.rows import told
from trailhouse.settings import Activation, Project, Step
from trailhouse.stage import Check
from trailhouse.tables._questions import own_columns
from trailhouse.tables.activations import TABLE
from trailhouse.why.activation import judged

_SHIFT = 43
"""Bits of microseconds beneath the day's number: 60 days fit, and such numbers sort as times do."""
_BANDS = ((1, 1), (2, 2), (4, 3), (7, 4))
"""Active days up to the first number are in the band of the second; more in the next."""


def definition(question: Activation) -> str:
    """What is asked, in one line."""
    actions = " | ".join(one.text for one in question.actions) or "each event"
    start = "the first event" if question.start is None else f"{question.starts} {question.start.text}"
    times, days = (" | ".join(map(str, given)) for given in (question.times, question.days))
    return (
        f"{question.outcome}: {question.outcome_text} after {start}, by {actions} at least {times} times on "
        f"the first {days} days; adjusted for {', '.join(('active days', 'month', *question.adjust))}; "
        f"{question.about}"
    )


def answer(question: Activation, asked: Asked) -> DataFrame:
    """Rows of `activations` for one question: a row a candidate, and of the best one a row a month."""
    found = from_frame(counts(question, asked), own_columns(TABLE), partial(judged, question))
    return found.select(*told(question, definition(question)), "*")


def counts(question: Activation, asked: Asked) -> DataFrame:
    """3., 4. Columns: what, action (null: all cases), i (of question.days), j (of question.times), mature
    (how many of question.days are over), band, levels, month, day, outcome, bucket, n.

    `what` is strata, days or times; what a kind does not tell apart is null.
    """
    cases = _cases(question, asked)
    parts = F.concat(_of_cases(question), _of_actions(question))
    told_ = cases.select(F.inline(parts))
    return told_.groupBy(*told_.columns).agg(F.count("*").alias("n"))


def _cases(question: Activation, asked: Asked) -> DataFrame:
    """1., 2.: day0, month, known, mature, outcome, levels, days (bits), actions {action, codes}."""
    zone, (first, last) = asked.project.timezone, question.outcome_days
    starts = F.lit(True) if question.start is None else matches(question.start)
    outcome = F.lit(True) if question.event is None else matches(question.event)
    keep = {
        "day": project_day(F.col("event_time"), zone),
        "starts": starts,
        "counts": outcome,
        "action": _action(question),
        "levels": F.array(*map(value_of, question.adjust)).cast("ARRAY<STRING>"),
    }
    steps = (*question.actions, *(one for one in (question.start, question.event) if one))
    found = rows(question, asked, (Step(),), keep, _fields(question, steps), every_day=True)
    placed = found.withColumn("t0", _start(question)).where("t >= t0")
    day0 = project_day(F.timestamp_micros("t0"), zone)
    placed = placed.withColumn("day0", day0).where(_asked_for(question, F.col("day0")))
    k = F.datediff("day", "day0").cast("BIGINT")
    early = F.col("k") < question.days[-1]
    code = F.when(early, F.shiftleft("k", _SHIFT) + F.col("t") - F.col("t0"))
    at_start = F.struct("untold", "sequence", "after_views", "event_id", "levels")
    by_action = (
        placed.withColumns({"k": k, "untold": F.col("sequence").isNull()})
        .where(F.col("k") <= last)
        .groupBy("unit", "t0", "day0", "action")
        .agg(
            F.slice(F.sort_array(F.collect_list(code)), 1, question.times[-1]).alias("codes"),
            F.bit_or(F.when(early, F.expr("shiftleft(1L, cast(k AS INT))"))).alias("days"),
            F.bool_or(F.col("counts") & F.col("k").between(first, last)).alias("outcome"),
            F.bool_or(F.col("counts") & (F.col("k") < first)).alias("before"),
            F.min(F.when(F.col("starts") & (F.col("t") == F.col("t0")), at_start)).alias("start"),
        )
    )
    done = F.col("action").isNotNull() & (F.size("codes") > 0)
    cases = by_action.groupBy("unit", "t0", "day0").agg(
        F.array_sort(F.collect_list(F.when(done, F.struct("action", "codes")))).alias("actions"),
        F.bit_or("days").alias("days"),
        F.bool_or("outcome").alias("outcome"),
        F.bool_or("before").alias("before"),
        F.min("start").alias("start"),
    )
    absent = question.outcome == "churn" and question.event is None
    at_risk = F.lit(True) if question.event is None or question.outcome == "retention" else ~F.col("before")
    return with_watermark(cases, asked["watermark"]).select(
        F.date_format("day0", "yyyy-MM").alias("month"),
        "day0",
        "days",
        "actions",
        F.col("start.levels").alias("levels"),
        (~F.col("outcome") if absent else F.col("outcome")).alias("outcome"),
        (_over(last + 1, asked.project) & at_risk).alias("known"),
        sum((_over(days, asked.project).cast("INT") for days in question.days), start=F.lit(0)).alias(
            "mature"
        ),
    )


def _over(days: int, project: Project) -> Column:
    """Whether the case's first so many days are over."""
    return has_begun(F.date_add("day0", days), project.timezone)


def _start(question: Activation) -> Column:
    """The time of the start that an event belongs to; null before the first."""
    start = F.when(F.col("starts"), F.col("t"))
    if question.starts == "first":
        return F.min(start).over(Window.partitionBy("unit"))
    so_far = Window.partitionBy("unit").orderBy("t")
    return F.max(start).over(so_far.rangeBetween(Window.unboundedPreceding, Window.currentRow))


def _asked_for(question: Activation, day: Column) -> Column:
    inside = F.lit(True) if question.from_day is None else day >= F.lit(question.from_day)
    return inside if question.to_day is None else inside & (day <= F.lit(question.to_day))


def _action(question: Activation) -> Column:
    """The candidate that an event is; null: none."""
    if not question.actions:
        name = F.col("event_name")
        return F.when(~name.isin(*question.leave_out), name) if question.leave_out else name
    labels = [F.when(matches(one), F.lit(one.label)) for one in question.actions]
    # A row more for an event that is several counts it for each; all else is the same with it.
    return F.explode_outer(F.filter(F.array(*labels), lambda one: one.isNotNull()))


def _fields(question: Activation, steps: tuple[Step, ...]) -> frozenset[str]:
    return frozenset(question.adjust).union(*(one.fields for one in steps))


def _struct(**given: Column) -> Column:
    """An entry of `counts`; what is not given is null."""
    kinds = {
        **{"what": "STRING", "action": "STRING", "i": "INT", "j": "INT", "mature": "INT", "band": "INT"},
        **{"levels": "ARRAY<STRING>", "month": "STRING", "day": "DATE", "outcome": "BOOLEAN"},
        "bucket": "BIGINT",
    }
    return F.struct(*(given.get(name, F.lit(None)).cast(kind).alias(name) for name, kind in kinds.items()))


def _band(days: int) -> Column:
    """The band of the number of active days among the first so many."""
    active = F.bit_count(F.col("days").bitwiseAND(F.lit((1 << days) - 1)))
    band = F.lit(len(_BANDS) + 1)
    for most, number in reversed(_BANDS):
        band = F.when(active <= most, number).otherwise(band)
    return band


def _stratum(i: int, days: int) -> dict[str, Column]:
    return {"i": F.lit(i), "band": _band(days), "levels": F.col("levels"), "month": F.col("month")}


def _of_cases(question: Activation) -> Column:
    """Entries of a case itself: what candidates are held against."""
    known = [
        _struct(what=F.lit("strata"), outcome=F.col("outcome"), **_stratum(i, days))
        for i, days in enumerate(question.days)
    ]
    known.append(_struct(what=F.lit("days"), day=F.col("day0"), outcome=F.col("outcome")))
    everyone = _struct(what=F.lit("times"), mature=F.col("mature"), month=F.col("month"))
    return F.concat(F.array(everyone), F.when(F.col("known"), F.array(*known)).otherwise(F.array()))


def _of_actions(question: Activation) -> Column:
    """Entries of each action of a case, in the class of the most times that it reaches."""

    def entries(one: Column) -> Column:
        codes, label = one["codes"], one["action"]
        found: list[Column] = []
        all_found: list[Column] = []
        for i, days in enumerate(question.days):
            done = F.size(F.filter(codes, partial(_before, days)))
            classes = ((done >= times).cast("INT") for times in question.times)
            reached = sum(classes, start=F.lit(0)) - 1
            shared = {"action": label, "i": F.lit(i), "j": reached, "outcome": F.col("outcome")}
            found.append(_struct(what=F.lit("strata"), **{**_stratum(i, days), **shared}))
            found.append(_struct(what=F.lit("days"), day=F.col("day0"), **shared))
        for j, times in enumerate(question.times):
            code = F.get(codes, F.lit(times - 1))
            first = F.lit(len(question.days) - 1)
            for place in reversed(range(len(question.days) - 1)):
                first = F.when(_before(question.days[place], code), place).otherwise(first)
            entry = _struct(
                what=F.lit("times"), action=label, i=first, j=F.lit(j), mature=F.col("mature"),
                month=F.col("month"), bucket=_bucket(code),
            )  # fmt: skip
            all_found.append(F.when(code.isNotNull(), entry))
        known = F.filter(F.array(*found), lambda entry: entry["j"] >= 0)
        times_ = F.filter(F.array(*all_found), lambda entry: entry.isNotNull())
        return F.concat(times_, F.when(F.col("known"), known).otherwise(F.array()))

    return F.flatten(F.transform("actions", entries))


def _before(days: int, code: Column) -> Column:
    """Whether it happened on the first so many days."""
    return code < F.lit(days << _SHIFT)


def _bucket(code: Column) -> Column:
    """Whole seconds from the start on, rounded down to eight binary digits: less than 1 % off."""
    seconds = F.call_function("div", code.bitwiseAND(F.lit((1 << _SHIFT) - 1)), F.lit(1_000_000))
    power = F.lit(1)
    for digits in range(9, 24):  # of 60 days in seconds
        power = F.when(seconds >= 1 << (digits - 1), 1 << (digits - 8)).otherwise(power)
    return F.call_function("div", seconds, power) * power


CHECKS = (
    Check(
        "activations",
        "parts_of_units",
        "Those who did it are units, outcomes are theirs, and who reached it had entered.",
        "with_units <= units AND outcomes_with <= with_units AND outcomes_without <= units - with_units "
        "AND reached <= entered AND median_us <= p90_us",
    ),
    Check(
        "activations",
        "ends_in_order",
        "Lifts and odds lie in their intervals.",
        "lift_low <= lift AND lift <= lift_high AND odds_low <= odds_ratio AND odds_ratio <= odds_high "
        "AND later_low <= later_lift AND later_lift <= later_high",
    ),
    Check(
        "activations",
        "outcomes_are_the_same",
        "All candidates of a question split the same units and outcomes.",
        query=(
            "SELECT question FROM {batch} WHERE cohort = 'all' GROUP BY question HAVING "
            "min(units) <> max(units) "
            "OR min(outcomes_with + outcomes_without) <> max(outcomes_with + outcomes_without)"
        ),
    ),
    Check(
        "activations",
        "oftener_is_rarer",
        "No more units do an action oftener than less often, and no fewer in more days.",
        query=(
            "SELECT question, action, times, days FROM (SELECT *, lag(with_units) OVER (PARTITION BY "
            "question, action, days ORDER BY times) AS oftener, lag(with_units) OVER (PARTITION BY "
            "question, action, times ORDER BY days) AS sooner FROM {batch} WHERE cohort = 'all') "
            "WHERE with_units > oftener OR with_units < sooner"
        ),
    ),
    Check(
        "activations",
        "one_is_best",
        "A question has one best candidate at most, and its months add up to it.",
        query=(
            "SELECT question FROM {batch} WHERE verdict = 'best' GROUP BY question HAVING "
            "count_if(cohort = 'all') <> 1 "
            "OR sum(if(cohort = 'all', entered, -entered)) <> 0 "
            "OR sum(if(cohort = 'all', reached, -reached)) <> 0 "
            "OR sum(if(cohort = 'all', units, -units)) <> 0 "
            "OR sum(if(cohort = 'all', outcomes_with, -outcomes_with)) <> 0"
        ),
    ),
)
