"""What people said, or suffered, at a time t, against what they did after it.

1. A case of a survey is a unit's first answer on the days asked for: on its scale, and where `having` asks
   for it from a unit that had done that and not the outcome's event since. t is the answer's time.
2. A case of frustration is a person's calendar month with a session, t its end: the share of the sessions
   up to t with a sign of struggle, by tenths of the persons of that month. Of all months together only a
   person's first counts, so that nobody counts twice.
3. The outcome is looked for after t and the time that does not count, up to the horizon; only cases whose
   horizon is over give figures. What units are matched by is known at t: days active in the 28 days up to
   it, days since the first, device.
4. One worker makes figures of counts by stratum (feeling_figures.py).
"""

from __future__ import annotations

from functools import partial

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros, project_day
from trailhouse.from_counts import from_frame
from trailhouse.questions.asked import Asked, in_segment, rows
from trailhouse.questions.breakdowns import ALL, UNKNOWN
from trailhouse.questions.credit import SCALE
from trailhouse.questions.fields import matches
from trailhouse.questions.periods import WATERMARK, begins, with_watermark
from trailhouse.questions.rows import told
from trailhouse.questions.scales import SCALES
from trailhouse.settings import Feeling, Step
from trailhouse.signals.counting import struggles
from trailhouse.stage import Check
from trailhouse.tables._questions import own_columns
from trailhouse.tables.feelings import TABLE
from trailhouse.why.feeling_figures import BANDS, judged

ANSWERS = ("survey_response", "feedback")
_ACTIVE = ((1, 1), (3, 2), (7, 3))
_TENURE = ((0, 1), (7, 2), (28, 3), (90, 4))
"""Days up to the first number are in the band of the second; more in the next."""
_WINDOW = 28


def definition(question: Feeling) -> str:
    """What is asked, in one line."""
    of = "sessions with struggle, at a month's end" if question.score == "frustration" else "answers"
    survey = f" to {question.survey}" if question.survey else ""
    having = f", having done {question.having.text}" if question.having else ""
    return (
        f"{question.outcome}: {question.outcome_text} after {question.score} {of}{survey}{having}; matched "
        f"by active days, days since the first, device; {question.about}"
    )


def answer(question: Feeling, asked: Asked) -> DataFrame:
    """Rows of `feelings` for one question: a row a band, and of frustration also a month."""
    found = from_frame(counts(question, asked), own_columns(TABLE), partial(judged, question))
    return found.select(*told(question, definition(question)), "*")


def counts(question: Feeling, asked: Asked) -> DataFrame:
    """Columns period, band, active, tenure, device, known, n, hits, total, squares: a row a stratum.

    total and squares (DECIMAL(38,0)) are of values in parts of SCALE; null for outcomes that are no value.
    """
    units = _units(question, asked)
    if question.score == "frustration":
        cases = _months(question, asked).join(units, on="unit", how="inner")
    else:
        cases = units.withColumn("case", _first_answer(question)).where(F.col("case").isNotNull())
        cases = cases.select("*", "case.*", F.array(F.lit(ALL)).alias("periods"))
        cases = cases.withColumn("band", _band_of(question))
    told_ = _with_outcome(question, asked, cases)
    value = F.col("value").cast("DECIMAL(38,0)")
    return (
        told_.select("*", F.explode("periods").alias("period"))
        .groupBy("period", "band", "active", "tenure", "device", "known")
        .agg(
            F.count("*").alias("n"),
            F.count_if("hit").alias("hits"),
            F.try_sum(value).alias("total"),
            F.try_sum(F.try_multiply(value, value)).alias("squares"),
        )
    )


def _units(question: Feeling, asked: Asked) -> DataFrame:
    """A row a unit: unit, first_day, days, outcomes {t, value}, befores (times), answers {t, ...}."""
    zone = asked.project.timezone
    step = question.counted
    survey = F.col("survey")
    is_answer = F.col("event_name").isin(*ANSWERS) & (F.lower(survey["kind"]) == question.score)
    if question.survey is not None:
        is_answer = is_answer & (survey["id"] == question.survey)
    valid = {scale.kind: scale.valid for scale in SCALES}.get(question.score)
    is_answer = is_answer & survey["score"].between(*valid) if valid else F.lit(False)
    amount = F.lit(None).cast("BIGINT")
    is_outcome = matches(step)
    if question.outcome == "revenue":
        is_outcome = is_outcome & (F.col("currency") == question.currency)
        amount = (F.coalesce("value", F.lit(0)) * SCALE).cast("BIGINT")
    keep = {
        "day": project_day(F.col("event_time"), zone),
        "is_answer": F.coalesce(is_answer, F.lit(False)),
        "is_outcome": F.coalesce(is_outcome, F.lit(False)),
        "amount": amount,
        "is_before": F.lit(False) if question.having is None else matches(question.having),
        "points": survey["score"],
        "device": F.coalesce("device.type", F.lit(UNKNOWN)),
    }
    steps = [step, *([question.having] if question.having else [])]
    fields = frozenset().union(*(one.fields for one in steps))
    found = rows(question, asked, (Step(),), keep, fields, every_day=True)
    answered = F.struct("t", F.col("sequence").isNull(), "sequence", "event_id", "day", "points", "device")
    return found.groupBy("unit").agg(
        F.min("day").alias("first_day"),
        F.min("t").alias("first_t"),
        F.collect_set("day").alias("days"),
        F.collect_list(F.when(F.col("is_outcome"), F.struct("t", F.col("amount").alias("value")))).alias(
            "outcomes"
        ),
        F.collect_list(F.when(F.col("is_before"), F.col("t"))).alias("befores"),
        F.array_sort(F.collect_list(F.when(F.col("is_answer"), answered))).alias("answers"),
    )


def _eligible(question: Feeling, t: Column) -> Column:
    """Whether a unit can still have the outcome, and is one that is asked about, at this time."""
    last = F.array_max(F.filter(F.transform("outcomes", lambda one: one["t"]), lambda at: at <= t))
    before = F.array_max(F.filter("befores", lambda at: at <= t))
    if question.having is not None:
        since = F.coalesce(last < before, F.lit(True)) if question.once else F.lit(True)
        return before.isNotNull() & since
    return last.isNull() if question.once else F.lit(True)


def _first_answer(question: Feeling) -> Column:
    """1.: {t, day, points, device} of the case; null: none."""
    inside = F.filter("answers", lambda one: _asked_for(question, one["day"]) & _eligible(question, one["t"]))
    one = F.get(inside, F.lit(0))
    return F.when(
        one.isNotNull(),
        F.struct(*(one[name].alias(name) for name in ("t", "day", "points", "device"))),
    )


def _asked_for(question: Feeling, day: Column) -> Column:
    inside = F.lit(True) if question.from_day is None else day >= F.lit(question.from_day)
    return inside if question.to_day is None else inside & (day <= F.lit(question.to_day))


def _band_of(question: Feeling) -> Column:
    found = F.lit(None).cast("STRING")
    for name, (low, high) in BANDS[question.score].items():
        found = F.when(F.col("points").between(low, high), name).otherwise(found)
    return found


def _months(question: Feeling, asked: Asked) -> DataFrame:
    """2.: unit, t, day (the month's last), device, band, periods."""
    own = in_segment(question, asked, asked["sessions"].where("NOT is_bot AND NOT internal"))
    month, device = F.trunc("session_date", "month"), F.coalesce("device.type", F.lit(UNKNOWN))
    by_month = own.groupBy(F.col("person_id").alias("unit"), month.alias("month")).agg(
        F.count("*").alias("sessions"),
        F.count_if(struggles() > 0).alias("hurt"),
        F.max_by(device, F.struct("start_time", "session_id")).alias("device"),
    )
    so_far = Window.partitionBy("unit").orderBy("month")
    until = so_far.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # Parts of a million: whole numbers, so that tenths have exact bounds.
    rate = F.call_function("div", F.sum("hurt").over(until) * 1_000_000, F.sum("sessions").over(until))
    day = F.last_day("month")
    rated = by_month.withColumns({"rate": rate, "day": day})
    rated = rated.where(_asked_for(question, F.col("day")))
    rated = rated.withColumn("number", F.row_number().over(so_far))
    bounds = rated.groupBy("month").agg(F.percentile("rate", [n / 10 for n in range(1, 10)]).alias("bounds"))
    below = F.size(F.filter("bounds", lambda bound: bound < F.col("rate")))
    label = F.date_format("month", "yyyy-MM")
    end = F.unix_micros(begins(F.date_add("day", 1), asked.project.timezone)) - 1
    return rated.join(F.broadcast(bounds), on="month").select(
        "unit",
        end.alias("t"),
        "day",
        "device",
        F.format_string("%02d", below + 1).alias("band"),
        F.when(F.col("number") == 1, F.array(F.lit(ALL), label)).otherwise(F.array(label)).alias("periods"),
    )


def _with_outcome(question: Feeling, asked: Asked, cases: DataFrame) -> DataFrame:
    """3.: periods, band, active, tenure, device, known, hit, value (in parts of SCALE; null: none asked)."""
    t, horizon, wait = F.col("t"), micros(question.horizon), micros(question.wait)
    inside = F.filter("outcomes", lambda one: (one["t"] > t + F.lit(wait)) & (one["t"] <= t + F.lit(horizon)))
    came = F.size(inside) > 0
    absent = question.outcome == "churn" and question.event is None
    recent = F.filter("days", lambda day: (day <= F.col("day")) & (day > F.date_sub("day", _WINDOW)))
    zero = F.lit(0).cast("BIGINT")
    value = F.aggregate(inside, zero, lambda sum_, one: sum_ + one["value"])
    if question.once and wait:  # who leaves with the answer cannot leave later
        at_once = F.exists("outcomes", lambda one: (one["t"] > t) & (one["t"] <= t + F.lit(wait)))
        cases = cases.where(~at_once)
    known = with_watermark(cases, asked["watermark"])
    if question.score == "frustration":  # a month that is not over has no rate yet
        known = known.where(_eligible(question, t) & (F.unix_micros(WATERMARK) > t))
    over = F.unix_micros(WATERMARK) > t + F.lit(horizon)
    return known.select(
        "periods",
        "band",
        _stepped(F.size(recent), _ACTIVE).alias("active"),
        _stepped(F.datediff("day", "first_day"), _TENURE).alias("tenure"),
        "device",
        F.coalesce(over, F.lit(False)).alias("known"),
        (~came if absent else came).alias("hit"),
        (value if question.outcome == "revenue" else F.lit(None).cast("BIGINT")).alias("value"),
    )


def _stepped(number: Column, bands: tuple[tuple[int, int], ...]) -> Column:
    found = F.lit(len(bands) + 1)
    for most, band in reversed(bands):
        found = F.when(number <= most, band).otherwise(found)
    return found


CHECKS = (
    Check(
        "feelings",
        "parts_of_units",
        "Figures are of units that were asked, and of no more than these; matched ones are among them.",
        "units <= asked AND hits <= units AND matched_units + left_out = units",
    ),
    Check(
        "feelings",
        "ends_in_order",
        "Means and differences lie in their intervals.",
        "low <= mean AND mean <= high AND difference_low <= difference AND difference <= difference_high "
        "AND matched_low <= matched_difference AND matched_difference <= matched_high",
    ),
    Check(
        "feelings",
        "bands_add_up",
        "The units of a band and of all others are the same for every band of a period.",
        query=(
            "SELECT question, period FROM {batch} GROUP BY question, period "
            "HAVING min(units + other_units) <> max(units + other_units) "
            "OR min(units + other_units) <> sum(units)"
        ),
    ),
)
