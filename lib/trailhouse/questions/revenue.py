"""Revenue: what subscriptions bring in a month, and what moved it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import NO_CURRENCY
from trailhouse.questions.asked import Asked, in_order, rows
from trailhouse.questions.fields import field, matches
from trailhouse.questions.months import (
    asked_months,
    broken_down,
    every_month,
    month_of,
    so_far,
    values,
    values_of,
    with_history,
)
from trailhouse.questions.periods import has_begun
from trailhouse.questions.rows import told
from trailhouse.settings import Revenue
from trailhouse.stage import Check

MOVES = ("new", "expansion", "contraction", "churn", "reactivation")
LESS = ("contraction", "churn")
_KEYS = ("breakdown_by", "breakdown", "currency")
_MONEY, _LARGE = "DECIMAL(18,4)", "DECIMAL(28,4)"
_MONTHS_OF = {"year": (1, 12), "quarter": (1, 3), "week": (52, 12), "day": (365, 12)}
"""Interval -> by what its price is multiplied, and divided, for that of a month."""
_ALSO = {
    "year": ("year", "years", "yearly", "annual", "annually"),
    "quarter": ("quarter", "quarters", "quarterly"),
    "week": ("week", "weeks", "weekly"),
    "day": ("day", "days", "daily"),
}


def definition(question: Revenue) -> str:
    """What is asked, in one line."""
    events = ", ".join(one.text for one in (question.start, question.change, question.cancel))
    several = f", subscriptions by {question.subscription}" if question.subscription else ""
    return f"monthly {question.amount} of {events}{several}; {question.about}"


def answer(question: Revenue, asked: Asked) -> DataFrame:
    """Rows of `revenue` for one question: a row a breakdown value, currency and month since the first one.

    A start or change sets the price of its subscription, a cancel sets it to 0; without a price it
    changes nothing. A price of a year counts for a month with a twelfth, rounded to 4 decimals. A unit's
    MRR is that of its subscriptions at the month's end, and its movement what differs from the end of the
    month before: what comes and goes within a month is not seen. A unit's values of breakdowns are
    those of its first such event.
    """
    moves = broken_down(_moves(question, asked), question, cohort="cohort")
    moved = moves.groupBy(*_KEYS, "period").agg(
        *(F.sum(_moved(move)).cast(_LARGE).alias(move) for move in MOVES),
        *(F.count_if(_is(move)).alias(f"{move}_units") for move in MOVES),
    )
    counted = every_month(moved, _KEYS, question, asked)
    net = sum(((-1 if move in LESS else 1) * F.col(move) for move in MOVES), start=F.lit(0))
    came = F.col("new_units") + F.col("reactivation_units") - F.col("churn_units")
    found = (
        counted.withColumns({"net": net, "came": came})
        .withColumns(
            {
                "mrr": so_far(_KEYS, "net").cast(_LARGE),
                "units": so_far(_KEYS, "came"),
                "paying": so_far(_KEYS, "new_units"),
            }
        )
        .withColumn("earned", so_far(_KEYS, "mrr"))
    )
    return found.where(asked_months(question)).select(
        *told(question, definition(question)),
        *_KEYS,
        "period",
        (F.col("mrr") - F.col("net")).cast(_LARGE).alias("mrr_start"),
        *MOVES,
        "mrr",
        "units",
        *(f"{move}_units" for move in MOVES),
        _each(F.col("mrr"), F.col("units")).alias("arpu"),
        _each(F.col("earned"), F.col("paying")).alias("ltv"),
        has_begun(F.add_months("period", 1), asked.project.timezone).alias("complete"),
    )


def _moved(move: str) -> Column:
    return F.when(_is(move), F.abs("delta")).otherwise(F.lit(0))


def _is(move: str) -> Column:
    return F.col("move") == move


def _each(money: Column, units: Column) -> Column:
    """Money a unit, half up; null for no unit."""
    return (money.cast("DECIMAL(28,4)") / F.nullif(units, F.lit(0)).cast("DECIMAL(10,0)")).try_cast(_MONEY)


def _moves(question: Revenue, asked: Asked) -> DataFrame:
    """unit, currency, period, delta (DECIMAL), move, cohort, by_0, ...: a row a unit's month that moved."""
    whole = with_history(question)
    period = month_of(F.col("event_time"), asked.project.timezone)
    keep = {"period": period, **_facts(question), **values(question)}
    of = (question.start, question.change, question.cancel)
    levels = _levels(question, rows(whole, asked, of, keep, question.fields))
    by = values_of(question)
    of_unit = Window.partitionBy("unit", "currency").orderBy("period")
    until = of_unit.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before, after = F.col("after") - F.col("delta"), F.col("after")
    ever = F.coalesce(F.max("after").over(of_unit.rowsBetween(Window.unboundedPreceding, -1)), F.lit(0)) > 0
    move = (
        F.when((before == 0) & ~ever, "new")
        .when(before == 0, "reactivation")
        .when(after == 0, "churn")
        .when(after > before, "expansion")
        .otherwise("contraction")
    )
    return (
        levels.groupBy("unit", "currency", "period", *by)
        .agg(F.sum("delta").alias("delta"))
        .where(F.col("delta") != 0)
        .withColumn("after", F.sum("delta").over(until))
        .withColumns({"move": move, "cohort": F.min("period").over(until)})
        .select("unit", "currency", "period", "delta", "move", "cohort", *by)
    )


def _facts(question: Revenue) -> dict[str, Column]:
    """Of an event: whether it ends the subscription, what it costs a month, in what, and which it is."""
    given = field(question.amount).try_cast(_MONEY)
    price = F.when(given < 0, F.lit(0).cast(_MONEY)).otherwise(given)
    interval = F.lower(F.trim(field(question.interval).cast("STRING")))
    monthly = price
    for name, (times, by) in _MONTHS_OF.items():
        of_month = (price * F.lit(times).cast("DECIMAL(3,0)") / F.lit(by).cast("DECIMAL(2,0)")).try_cast(
            _MONEY
        )
        monthly = F.when(interval.isin(*_ALSO[name]), of_month).otherwise(monthly)
    which = F.lit(None) if question.subscription is None else field(question.subscription)
    return {
        "cancels": matches(question.cancel),
        "sets": matches(question.start) | matches(question.change),
        "monthly": monthly,
        "currency": F.coalesce(F.upper(field(question.currency).cast("STRING")), F.lit(NO_CURRENCY)),
        "subscription": F.coalesce(which.cast("STRING"), F.lit("")),
    }


def _levels(question: Revenue, events: DataFrame) -> DataFrame:
    """unit, currency, period, delta: what each event adds to the MRR of a currency, or takes from it."""
    counted = events.where(F.col("cancels") | (F.col("sets") & F.col("monthly").isNotNull()))
    own = Window.partitionBy("unit", "subscription").orderBy(*in_order())
    first = Window.partitionBy("unit").orderBy(*in_order())
    first = first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    now = F.struct(
        F.when(~F.col("cancels"), F.col("currency")).alias("currency"),
        F.when(~F.col("cancels"), F.col("monthly")).alias("monthly"),
    )
    by = values_of(question)
    changes = (
        counted.withColumns({name: F.first(name, ignorenulls=False).over(first) for name in by})
        .withColumn("now", now)
        .withColumn("before", F.lag("now").over(own))
    )
    signed = F.array(
        F.struct(F.col("now.currency"), F.col("now.monthly").alias("delta")),
        F.struct(F.col("before.currency"), (-F.col("before.monthly")).alias("delta")),
    )
    return (
        changes.select("unit", "period", *by, F.explode(signed).alias("of"))
        .where(F.col("of.currency").isNotNull())
        .select("unit", "period", *by, "of.*")
    )


CHECKS = (
    Check(
        "revenue",
        "movement_adds_up",
        "MRR is that of the begin and all movement.",
        "mrr = mrr_start + new + expansion + reactivation - contraction - churn",
    ),
    Check(
        "revenue",
        "months_join",
        "A month begins with the MRR and the units that the month before ended with.",
        query=(
            "SELECT question, breakdown_by, breakdown, currency, period FROM "
            "(SELECT *, lag(mrr) OVER w AS before, lag(units) OVER w AS units_before FROM {batch} "
            "WINDOW w AS (PARTITION BY question, breakdown_by, breakdown, currency ORDER BY period)) "
            "WHERE mrr_start <> before "
            "OR units <> units_before + new_units + reactivation_units - churn_units"
        ),
    ),
    Check(
        "revenue",
        "breakdowns_add_up",
        "The values of each breakdown add up to 'all', by currency and month.",
        query=(
            "SELECT question, currency, period FROM {batch} GROUP BY question, currency, period "
            "HAVING sum(if(breakdown_by = 'all', mrr, 0)) * count(DISTINCT breakdown_by) <> sum(mrr) "
            "OR sum(if(breakdown_by = 'all', units, 0)) * count(DISTINCT breakdown_by) <> sum(units)"
        ),
    ),
)
