"""Churn: who goes, by cancelling and by staying away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day, ratio
from trailhouse.questions.active import FIRST, by_day_alone, events
from trailhouse.questions.asked import Asked, in_order, rows
from trailhouse.questions.fields import field, matches
from trailhouse.questions.months import (
    asked_months,
    broken_down,
    every_month,
    so_far,
    values,
    values_of,
    with_history,
)
from trailhouse.questions.periods import has_begun, with_watermark
from trailhouse.questions.rows import told
from trailhouse.settings import Churn, Step
from trailhouse.stage import Check

_KEYS = ("rule", "breakdown_by", "breakdown")


def definition(question: Churn) -> str:
    """What is asked, in one line."""
    of_rule = {
        "cancelled": f"{question.cancel.text} ends what {question.start.text} began",
        "inactive": f"no activity for {question.inactive_days} days",
    }
    return f"{' | '.join(of_rule[rule] for rule in question.rules)}; {question.about}"


def answer(question: Churn, asked: Asked) -> DataFrame:
    """Rows of `churn` for one question: a row a rule, breakdown value and month since the first one.

    By `cancelled` a unit is there while one of its subscriptions runs. By `inactive` it is there from its
    first day on, and has gone with the end of the Nth day after its last one, once the watermark has
    passed that; its next day is its return. `learned_days` are the days that hold the asked share of
    all gaps between a unit's days: what this N could be. A unit's values of breakdowns are those of
    the first event that the rule looks at, of all history.
    """
    every = turns(question, asked, question.rules)
    first = Window.partitionBy("rule", "unit")
    of_unit = every.withColumn("cohort", F.min("period").over(first))
    goes = F.col("turn") == "churned"
    moved = broken_down(of_unit, question, cohort="cohort").groupBy(*_KEYS, "period").agg(
        *(F.count_if(F.col("turn") == turn).alias(turn) for turn in ("new", "returned", "churned")),
        F.count_if(goes & (F.col("came") < F.col("period"))).alias("churned_from_start"),
        F.max("learned_days").alias("learned"),
    )  # fmt: skip
    counted = every_month(moved.drop("learned"), _KEYS, question, asked)
    net = F.col("new") + F.col("returned") - F.col("churned")
    inactive = F.col("rule") == "inactive"
    learned = moved.groupBy("rule").agg(F.max("learned").alias("learned_days"))
    counts = (
        counted.withColumn("net", net)
        .withColumns({"units_end": so_far(_KEYS, "net"), "ever": so_far(_KEYS, "new")})
        .withColumn("units_start", F.col("units_end") - F.col("net"))
        .join(F.broadcast(learned), on="rule", how="left")
    )
    return counts.where(asked_months(question)).select(
        *told(question, definition(question)),
        *_KEYS,
        "period",
        "units_start",
        "new",
        "returned",
        "churned",
        "units_end",
        "churned_from_start",
        ratio(F.col("churned_from_start"), F.col("units_start")).alias("rate"),
        ratio(F.col("units_end"), F.col("ever")).alias("retained"),
        F.when(inactive, question.inactive_days).alias("inactive_days"),
        F.when(inactive, F.col("learned_days")).alias("learned_days"),
        has_begun(F.add_months("period", 1), asked.project.timezone).alias("complete"),
    )


def turns(question: Churn, asked: Asked, rules: Sequence[str]) -> DataFrame:
    """Who comes and goes of all history, a row a turn and rule.

    Gives rule, unit, turn (new, returned, churned), day (DATE; of `inactive` a unit goes with the end of the
    last day that it may stay away), period (its month), came (month in which the stay began), learned_days,
    and the values of breakdowns.
    """
    whole = with_history(question)
    of = {"cancelled": _cancelled, "inactive": _inactive}
    found = [of[rule](whole, asked).withColumn("rule", F.lit(rule)) for rule in rules]
    return reduce(DataFrame.unionByName, found)


def _turn(question: Churn, turn: Column, day: Column, came: Column, learned: Column) -> list[Column]:
    return [
        F.col("unit"),
        turn.alias("turn"),
        day.alias("day"),
        F.trunc(day, "month").alias("period"),
        F.trunc(came, "month").alias("came"),
        learned.cast("INT").alias("learned_days"),
        *map(F.col, values_of(question)),
    ]


def _cancelled(question: Churn, asked: Asked) -> DataFrame:
    """unit, turn, day, period, came (month in which the stay began), learned_days: null here; by_0, ..."""
    which = F.lit(None) if question.subscription is None else field(question.subscription)
    begins = matches(question.start) | matches(question.change)
    keep = {
        "day": project_day(F.col("event_time"), asked.project.timezone),
        "ends": matches(question.cancel),
        "counts": begins | matches(question.cancel),
        "subscription": F.coalesce(which.cast("STRING"), F.lit("")),
        **values(question),
    }
    of = (question.start, question.change, question.cancel)
    events = rows(question, asked, of, keep, question.fields).where("counts")
    own = Window.partitionBy("unit", "subscription").orderBy(*in_order())
    of_unit = Window.partitionBy("unit").orderBy(*in_order())
    until = of_unit.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    runs = (~F.col("ends")).cast("INT")
    before, after = F.col("running") - F.col("change"), F.col("running")
    is_new = F.row_number().over(of_unit) == 1
    turn = F.when(F.col("is_first"), "new").when(before == 0, "returned").when(after == 0, "churned")
    began = (
        events.withColumns({name: F.first(name).over(until) for name in values_of(question)})
        .withColumn("change", runs - F.coalesce(F.lag(runs).over(own), F.lit(0)))
        .where(F.col("change") != 0)
        .withColumns({"running": F.sum("change").over(until), "is_first": is_new})
        .withColumn("turn", turn)
        .where(F.col("turn").isNotNull())
        .withColumn("came", F.max(F.when(F.col("turn") != "churned", F.col("day"))).over(until))
    )
    return began.select(*_turn(question, F.col("turn"), F.col("day"), F.col("came"), F.lit(None)))


def _inactive(question: Churn, asked: Asked) -> DataFrame:
    """unit, turn, day, period, came, learned_days, by_0, ..."""
    by = values_of(question)
    limit, zone = question.inactive_days, asked.project.timezone
    of_unit = Window.partitionBy("unit").orderBy("day")
    until = of_unit.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    gap = F.datediff(F.lead("day").over(of_unit), "day")
    days = with_watermark(_days(question, asked), asked["watermark"]).withColumns(
        {"gap": gap, "since": F.datediff("day", F.lag("day").over(of_unit))}
    )
    learned = days.agg(F.ceil(F.round(F.percentile("gap", question.gap_share), 6)).alias("learned"))
    gone = F.date_add("day", limit)
    known = F.lit(True) if question.to_day is None else gone <= F.lit(question.to_day)
    is_over = has_begun(F.date_add(gone, 1), zone) & known
    comes = F.when(F.col("since").isNull(), "new").when(F.col("since") > limit, "returned")
    goes = F.when((F.col("gap").isNull() | (F.col("gap") > limit)) & is_over, "churned")
    turns = days.withColumn("comes", comes).withColumn(
        "came", F.max(F.when(F.col("comes").isNotNull(), F.col("day"))).over(until)
    )
    each = F.array(
        F.struct(F.col("comes").alias("turn"), F.col("day").alias("on")),
        F.struct(goes.alias("turn"), gone.alias("on")),
    )
    told_ = turns.select("unit", "came", *by, F.explode(each).alias("of")).where("of.turn IS NOT NULL")
    return told_.crossJoin(F.broadcast(learned)).select(
        *_turn(question, F.col("of.turn"), F.col("of.on"), F.col("came"), F.col("learned"))
    )


def _days(question: Churn, asked: Asked) -> DataFrame:
    """unit, day: the project days with activity; by_0, ...: the values of the unit's first event."""
    if by_day_alone(question, None) and question.segment is None and not question.breakdowns:
        days = asked["person_days"].select(F.col("person_id").alias("unit"), "day")
    elif not question.breakdowns:
        day = project_day(F.col("event_time"), asked.project.timezone)
        days = rows(question, asked, (Step(),), {"day": day}).select("unit", "day").distinct()
    else:
        first = events(question, asked, {"any": None}).groupBy("unit", "day").agg(F.min(FIRST).alias(FIRST))
        told_ = F.min(FIRST).over(Window.partitionBy("unit"))["values"]
        of_unit = {name: F.get(told_, F.lit(n)) for n, name in enumerate(values_of(question))}
        days = first.select("unit", "day", *(column.alias(name) for name, column in of_unit.items()))
    return days if question.to_day is None else days.where(F.col("day") <= F.lit(question.to_day))


CHECKS = (
    Check(
        "churn",
        "movement_adds_up",
        "Units at the end are those at the begin, with who came, without who went.",
        "units_end = units_start + new + returned - churned AND churned_from_start <= churned "
        "AND churned_from_start <= units_start",
    ),
    Check(
        "churn",
        "months_join",
        "A month begins with the units that the month before ended with.",
        query=(
            "SELECT question, rule, breakdown_by, breakdown, period FROM (SELECT *, lag(units_end) OVER "
            "(PARTITION BY question, rule, breakdown_by, breakdown ORDER BY period) AS before FROM {batch}) "
            "WHERE units_start <> before"
        ),
    ),
    Check(
        "churn",
        "breakdowns_add_up",
        "The values of each breakdown, cohorts among them, add up to 'all', by rule and month.",
        query=(
            "SELECT question, rule, period FROM (SELECT *, "
            "size(collect_set(breakdown_by) OVER (PARTITION BY question)) AS fields FROM {batch}) "
            "GROUP BY question, rule, period "
            "HAVING sum(if(breakdown_by = 'all', units_end, 0)) * max(fields) <> sum(units_end) "
            "OR sum(if(breakdown_by = 'all', new, 0)) * max(fields) <> sum(new) "
            "OR sum(if(breakdown_by = 'all', returned, 0)) * max(fields) <> sum(returned) "
            "OR sum(if(breakdown_by = 'all', churned, 0)) * max(fields) <> sum(churned) "
            "OR sum(if(breakdown_by = 'all', churned_from_start, 0)) * max(fields) <> sum(churned_from_start)"
        ),
    ),
)
