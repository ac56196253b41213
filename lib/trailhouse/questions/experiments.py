"""Experiments: exact sums of metrics by variant, and what they tell."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros, project_day
from trailhouse.durations import as_text
from trailhouse.from_counts import Row, from_counts
from trailhouse.questions import variants
from trailhouse.questions.asked import Asked, rows
from trailhouse.questions.credit import SCALE
from trailhouse.questions.fields import field, matches
from trailhouse.questions.months import broken_down, known_until, values, values_of
from trailhouse.questions.periods import with_watermark
from trailhouse.questions.rows import told
from trailhouse.settings import Experiment, Metric
from trailhouse.stage import Check
from trailhouse.tables._questions import own_columns
from trailhouse.tables.experiments import TABLE

_SUMS = ("x", "xx", "y", "yy", "xy")
_EXACT = "DECIMAL(38,0)"
_CONTEXT = Context(prec=60)


def definition(question: Experiment) -> str:
    """What is asked, in one line."""
    metrics = ", ".join(f"{one.measure} of {one.event.text}" for one in question.metrics)
    window = f" within {as_text(question.window)}" if question.window else ""
    return (
        f"{question.experiment} by {question.exposure.text} against {question.control}: {metrics}{window} "
        f"after exposure, CUPED by {question.before} before; {question.about}"
    )


def answer(question: Experiment, asked: Asked) -> DataFrame:
    """Rows of `experiments` for one question: a row a breakdown value, metric and variant.

    A unit takes part from its first exposure in the days asked for; who was exposed to two variants is
    left out and counted. Metrics count from that instant on, for the window if there is one: a unit whose
    window is not over by the watermark, and the last day asked for, is not yet among `units`. The time
    before exposure, up to `before`, is what CUPED adjusts by. Breakdowns are by the values at the first
    exposure.
    """
    units = broken_down(_units(question, asked), question)
    size = len(question.metrics)
    ready, of = F.col("ready"), F.struct(*(f"{part}_{n}" for n in range(size) for part in "xy"))
    counted = units.select("breakdown_by", "breakdown", "variant", ready.alias("ready"), of.alias("of"))

    def summed(n: int, parts: str) -> Column:
        """Null where a product or the sum goes beyond 38 digits."""
        first, second = (F.when(ready, F.col(f"of.{part}_{n}")) for part in (parts[0], parts[-1]))
        one = first if len(parts) == 1 else F.try_multiply(first, second)
        every = F.count(one) == F.count_if(ready)
        return F.when(every, F.try_sum(one)).cast(_EXACT).alias(f"{parts}_{n}")

    sums = counted.groupBy("breakdown_by", "breakdown", "variant").agg(
        F.count("*").alias("exposed"),
        F.count_if(ready).alias("units"),
        *(summed(n, parts) for n in range(size) for parts in _SUMS),
    )
    found = from_counts(sums, own_columns(TABLE), Judge(question))
    return found.select(*told(question, definition(question)), "*")


def _units(question: Experiment, asked: Asked) -> DataFrame:
    """unit, variant (null: several), ready, x_n and y_n by metric (DECIMAL(38,0)), by_0, ...

    A row an exposed unit.
    """
    exposes, day = matches(question.exposure), project_day(F.col("event_time"), asked.project.timezone)
    if question.from_day is not None:
        exposes = exposes & (day >= F.lit(question.from_day))
    keep = {"variant": F.when(exposes, _variant(question))}
    keep |= {f"m_{n}": _measured(one) for n, one in enumerate(question.metrics)} | values(question)
    steps = (question.exposure, *(one.event for one in question.metrics))
    whose = Window.partitionBy("unit")
    is_exposure = F.col("variant").isNotNull()
    events = (
        rows(_with_before(question), asked, steps, keep, question.fields)
        .withColumn("exposed", F.min(F.when(is_exposure, F.col("t"))).over(whose))
        .where(F.col("exposed").isNotNull())
    )
    at, exposed = F.col("t"), F.col("exposed")
    after = at >= exposed
    if question.window is not None:
        after = after & (at <= exposed + micros(question.window))
    before = (at < exposed) & (at >= exposed - micros(question.before))
    order = F.struct(
        "t", F.col("sequence").isNull(), "sequence", "after_views", "event_id", *values_of(question)
    )
    first = F.min(F.when(is_exposure, order))
    metrics = [
        _total(one, F.when(period, F.col(f"m_{n}"))).alias(f"{part}_{n}")
        for n, one in enumerate(question.metrics)
        for part, period in (("x", after), ("y", before))
    ]
    units = events.groupBy("unit").agg(
        F.min("variant").alias("least"),
        F.max("variant").alias("greatest"),
        F.min("exposed").alias("exposed"),
        first.alias("first"),
        *metrics,
    )
    ready = F.lit(True)
    if question.window is not None:
        units = with_watermark(units, asked["watermark"])
        known = F.unix_micros(known_until(question, asked.project))
        ready = F.coalesce(known > F.col("exposed") + micros(question.window), F.lit(False))
    return units.select(
        "unit",
        F.when(F.col("least") == F.col("greatest"), F.col("least")).alias("variant"),
        ready.alias("ready"),
        *(F.col(f"{part}_{n}") for n in range(len(question.metrics)) for part in "xy"),
        *(F.col(f"first.{name}").alias(name) for name in values_of(question)),
    )


def _variant(question: Experiment) -> Column:
    if question.variant is not None:
        return field(question.variant).cast("STRING")
    own = F.filter("experiments", lambda one: one["name"] == question.experiment)
    return F.get(own, F.lit(0))["variant"]


def _with_before(question: Experiment) -> Experiment:
    """The question with the days before its first one that CUPED looks at."""
    if question.from_day is None:
        return question
    days = question.before + timedelta(days=1)
    return question.model_copy(update={"from_day": question.from_day - days})


def _measured(metric: Metric) -> Column:
    """BIGINT of an event: 1, or its value in parts of SCALE; null for other events and currencies."""
    asked = matches(metric.event)
    if metric.measure != "value":
        return F.when(asked, F.lit(1).cast("BIGINT"))
    return F.when(asked & (F.col("currency") == metric.currency), (F.col("value") * SCALE).cast("BIGINT"))


def _total(metric: Metric, measured: Column) -> Column:
    """A unit's metric from those of its events; 0 for no event."""
    of = F.max(measured) if metric.measure == "share" else F.sum(measured.cast("DECIMAL(19,0)"))
    return F.coalesce(of, F.lit(0)).cast(_EXACT)


@dataclass(frozen=True)
class Judge:
    """Rows of exact sums to rows of the table."""

    question: Experiment

    def __call__(self, rows: Iterable[Row]) -> Iterator[Row]:
        groups: dict[tuple[str, str], dict[str | None, Row]] = defaultdict(dict)
        for row in rows:
            groups[row["breakdown_by"], row["breakdown"]][row["variant"]] = row
        for (by, value), group in sorted(groups.items()):
            for one in self._group(group):
                yield {"breakdown_by": by, "breakdown": value, **one}

    def _group(self, group: dict[str | None, Row]) -> Iterator[Row]:
        """A row a metric and variant of one breakdown value."""
        asked = self.question
        excluded = group[None]["exposed"] if None in group else 0
        names = sorted({name for name in group if name is not None} | set(asked.expected))
        exposed = {name: group[name]["exposed"] if name in group else 0 for name in names}
        ratio = variants.ratio_p_value(exposed, asked.expected)
        for number, metric in enumerate(asked.metrics):
            scale = SCALE if metric.measure == "value" else 1
            every = {name: _sums(group.get(name), number) for name in names}
            ratios: variants.Told = {"ratio_p_value": ratio}
            for name, own in every.items():
                figures: dict[str, float | Decimal | None] = dict(ratios)
                if own is not None and own.n:
                    figures |= self._figures(metric, name, own, every)
                yield {
                    **{"metric": metric.name, "measure": metric.measure, "currency": metric.currency},
                    **{"variant": name, "is_control": name == asked.control},
                    **{"exposed": exposed[name], "excluded": excluded},
                    "units": group[name]["units"] if name in group else 0,
                    "total": own and _scaled("total", Decimal(own.x), scale),
                    **{key: _scaled(key, one, scale) for key, one in figures.items()},
                }

    def _figures(
        self, metric: Metric, name: str, own: variants.Sums, every: dict[str, variants.Sums | None]
    ) -> dict[str, float | Decimal | None]:
        asked, share = self.question, metric.measure == "share"
        low, high = variants.own_interval(own, asked.confidence, share=share) or (None, None)
        found: dict[str, float | Decimal | None] = {"low": low, "high": high}
        found["mean"] = _CONTEXT.divide(Decimal(own.x), own.n)
        control = every.get(asked.control)
        if control is None or not control.n or name == asked.control:
            return found
        known = [one for one in every.values() if one is not None]
        found |= variants.compared(own, control, asked.confidence, share=share, planned=asked.planned_units)
        return found | dict(variants.adjusted(own, control, known, asked.confidence))


def _sums(row: Row | None, number: int) -> variants.Sums | None:
    """The exact sums of a metric; None where a sum went beyond 38 digits."""
    if row is None or not row["units"]:
        return variants.Sums(0, 0, 0, 0, 0, 0)
    told = [row[f"{part}_{number}"] for part in _SUMS]
    return None if None in told else variants.Sums(row["units"], *map(int, told))


def _scaled(name: str, value: float | Decimal | None, scale: int) -> float | Decimal | None:
    """A figure of parts of `scale` in whole ones, exact; p values and ratios are of no unit."""
    alike = name.endswith("p_value") or name in ("lift", "cuped_reduction")
    if alike or value is None or not math.isfinite(value):
        return value
    return _CONTEXT.divide(Decimal(value), scale)


CHECKS = (
    Check(
        "experiments",
        "units_are_exposed",
        "Figures are of units that were exposed, and shares of no more than these did it.",
        "units <= exposed AND (measure <> 'share' OR total <= units)",
    ),
    Check(
        "experiments",
        "ends_in_order",
        "Means and differences lie in their intervals.",
        "low <= mean AND mean <= high AND difference_low <= difference AND difference <= difference_high "
        "AND always_low <= difference AND difference <= always_high "
        "AND cuped_low <= cuped_difference AND cuped_difference <= cuped_high",
    ),
    Check(
        "experiments",
        "split_is_as_planned",
        "Units are split over the variants as planned: else assignment or tracking is broken.",
        "ratio_p_value >= 0.001",
        severity="warn",
    ),
)
