"""Trends: what series of events count in each period, and formulas of them.

How it works:
1. Events of the series are summed by unit, period and breakdown values: one pass, one shuffle.
2. These partial sums, far fewer, are told under 'all' and each breakdown, for rolling figures in each of
   the days that they count for.
3. In each period the values of most units keep their names, the others are 'other'.
4. The calendar's grid gives every period a row; formulas and what came before are taken from these rows.
Figures that no partial sum holds (sessions, percentiles) go the same way by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import NO_CURRENCY
from trailhouse.questions.asked import Asked, rows
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.fields import field, matches, value_of
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN, OTHER
from trailhouse.questions.trend_formulas import VALUE, formula_value
from trailhouse.questions.trend_periods import begin_of_reading, grid, last_day, period_of
from trailhouse.settings import Project
from trailhouse.settings.questions import Trend
from trailhouse.settings.questions.formulas import names_in
from trailhouse.settings.questions.trend import Series
from trailhouse.stage import Check

MONEY = "value"
"""The field whose figures are told by currency."""
_NUMBER = "DECIMAL(28,9)"
_FROM_NOTHING = ("count", "units", "sessions", "sum")
"""Measures that are 0 where nothing happened."""


def definition(question: Trend, project: Project) -> str:
    """What is asked, in one line."""
    parts = [one.text for one in question.series]
    parts += [f"{one.name} = {one.formula}" for one in question.formulas]
    by = f"by {question.interval} in {project.timezone}"
    by += f", weeks from {project.week_start}" if question.interval == "week" else ""
    by += f", each over {question.rolling} days" if question.rolling else ""
    by += f", compared by {question.compare}" if question.compare else ""
    return "; ".join([*parts, by, question.about])


def answer(question: Trend, asked: Asked) -> DataFrame:
    """Rows of `trends` for one question."""
    project, base = asked.project, _base(question, asked)
    sums = _Sums(question, base)
    money = [one for one in question.series if one.field == MONEY]
    plain = [one for one in question.series if one.field != MONEY]
    figures = sums.figures(plain, ())
    periods = grid(question, project, asked["watermark"], figures.agg(F.min("period").alias("first")))
    wide = sums.filled(figures, periods, plain, ())
    lines = [_lines(question, wide, plain, ())]
    if money:
        by_currency = sums.filled(sums.figures(money, ("currency",)), periods, money, ("currency",))
        keys = [*BREAKDOWN, "period"]
        lacking = [f"{kind}_{one.name}" for one in plain for kind in ("x", "u")]
        beside = by_currency.join(wide.select(*keys, *lacking), on=keys, how="left") if plain else by_currency
        lines.append(_lines(question, beside, money, plain))
    long = reduce(DataFrame.unionByName, lines)
    if question.compare:
        line = ("series", *BREAKDOWN, "currency")
        ago = long.select(
            *(F.col(name).alias(f"_{name}") for name in line),
            F.col("period").alias("_period"),
            F.col("value").alias("previous"),
        )
        same = [F.col(name).eqNullSafe(F.col(f"_{name}")) for name in line]
        long = long.join(ago, [F.col("before") == F.col("_period"), *same], how="left")
    else:
        long = long.withColumn("previous", F.lit(None).cast(VALUE))
    return long.where("shown").select(
        *told(question, definition(question, project)),
        "series",
        "measure",
        *BREAKDOWN,
        "currency",
        "date",
        "start",
        "value",
        "units",
        "previous",
        "complete",
    )


def _base(question: Trend, asked: Asked) -> DataFrame:
    """The events of any series: unit, period, `m_NAME` whether of the series, `v_NAME` its number, `b_0` ...
    the breakdowns' values, currency, session_id."""
    project, time = asked.project, F.col("event_time")
    keep: dict[str, Column] = {"period": period_of(question, project, time)}
    for one in question.series:
        keep[f"m_{one.name}"] = matches(one.event)
        if one.field is not None:
            keep[f"v_{one.name}"] = F.when(matches(one.event), _number(one.field))
    keep |= {f"b_{place}": value_of(name) for place, name in enumerate(question.breakdowns)}
    keep["currency"] = F.coalesce("currency", F.lit(NO_CURRENCY))
    keep["session_id"] = F.col("session_id")
    to_day = question.to_day and last_day(question, project, question.to_day)
    from_day = begin_of_reading(question, project)
    if from_day is not None and question.rolling:
        from_day = type(from_day).fromordinal(from_day.toordinal() - question.rolling + 1)
    widened = question.model_copy(update={"from_day": from_day, "to_day": to_day})
    steps = [one.event for one in question.series]
    found = rows(widened, asked, steps, keep)
    return found.where(_any(question.series)).drop("t", "sequence", "after_views", "event_id")


def _number(name: str) -> Column:
    """A field as an exact number; null where it is none."""
    if name == MONEY:
        return field(name).cast(_NUMBER)
    return field(name).cast("STRING").try_cast(_NUMBER)


def _any(series: Sequence[Series]) -> Column:
    return reduce(Column.__or__, (F.col(f"m_{one.name}") for one in series), F.lit(False))


@dataclass(frozen=True)
class _Sums:
    """The figures of a question's series, from the events of `_base`."""

    question: Trend
    base: DataFrame

    def figures(self, series: Sequence[Series], money: tuple[str, ...]) -> DataFrame:
        """A row a cell and period with events: `x_NAME` and `u_NAME`, the value and units of each series.

        `money` is the column of the currency, where the series are told by it. Without it there are rows
        for the events of all series, so that the first of them tells where the grid begins.
        """
        keys = [*BREAKDOWN, *money, "period"]
        ranks = self._ranks() if self.question.breakdowns else None
        found = self._by_key("unit", series, money, ranks)
        visits = [one for one in series if one.measure == "sessions"]
        others = [self._by_key("session_id", visits, money, ranks)] if visits else []
        others += [self._percentile(one, money, ranks) for one in series if one.measure == "percentile"]
        for other in others:
            found = found.join(other, on=keys, how="left")
        return _at_once(found)

    def filled(
        self, figures: DataFrame, periods: DataFrame, series: Sequence[Series], money: tuple[str, ...]
    ) -> DataFrame:
        """The figures of each cell for every period of the grid."""
        inside = F.broadcast(periods.select("period"))
        cells = figures.join(inside, on="period", how="left_semi").select(*BREAKDOWN, *money)
        if not money:
            everything = periods.select(F.lit(ALL).alias("breakdown_by"), F.lit(ALL).alias("breakdown"))
            cells = cells.unionByName(everything)
        full = cells.distinct().crossJoin(F.broadcast(periods))
        if self.question.breakdowns:
            # What is among the others in a period has no row of its own there, not one of nought.
            lost = self._ranks().where(F.col("rank") > self.question.breakdown_limit)
            full = full.join(lost.drop("rank"), on=[*BREAKDOWN, "period"], how="left_anti")
        full = full.join(figures, on=[*BREAKDOWN, *money, "period"], how="left")
        zero = F.lit(0).cast(VALUE)
        from_nothing = [one for one in series if one.measure in _FROM_NOTHING]
        values = {f"x_{one.name}": F.coalesce(f"x_{one.name}", zero) for one in from_nothing}
        units = {f"u_{one.name}": F.coalesce(f"u_{one.name}", F.lit(0)) for one in series}
        return full.withColumns({**values, **units})

    def _by_key(
        self, key: str, series: Sequence[Series], money: tuple[str, ...], ranks: DataFrame | None
    ) -> DataFrame:
        """Figures that add up over units, or sessions: partial sums of these first."""
        first, again, last = [], [], []
        for one in series:
            name, is_one = one.name, F.col(f"m_{one.name}")
            if money:
                is_one = is_one & F.col(f"v_{name}").isNotNull()
            first.append(F.count_if(is_one).alias(f"n_{name}"))
            again.append(F.sum(f"n_{name}").alias(f"n_{name}"))
            if one.field is not None and one.measure != "percentile":
                number = F.col(f"v_{name}")
                # A sum is a DECIMAL(38,9) already: of sums it stays one.
                told_by = {"c": (F.count(number), F.sum), "s": (F.sum(number), F.sum)}
                told_by |= {"lo": (F.min(number), F.min), "hi": (F.max(number), F.max)}
                first += [of.alias(f"{kind}_{name}") for kind, (of, _) in told_by.items()]
                again += [of(f"{kind}_{name}").alias(f"{kind}_{name}") for kind, (_, of) in told_by.items()]
            last += _figures(one, of_sessions=key == "session_id")
        given = [f"b_{place}" for place in range(len(self.question.breakdowns))]
        events = self.base.where(F.col(key).isNotNull())
        if money:
            numbers = (F.col(f"v_{one.name}").isNotNull() for one in series)
            events = events.where(reduce(Column.__or__, numbers))
        partial = events.groupBy(key, "period", *given, *money).agg(F.count("*").alias("events"), *first)
        spread = self._spread(partial, ranks)
        cell = [*BREAKDOWN, *money, "period"]
        if given or self.question.rolling:
            spread = spread.groupBy(key, *cell).agg(F.sum("events").alias("events"), *again)
        return spread.groupBy(*cell).agg(F.sum("events").alias("_events"), *last).drop("_events")

    def _percentile(self, one: Series, money: tuple[str, ...], ranks: DataFrame | None) -> DataFrame:
        given = [f"b_{place}" for place in range(len(self.question.breakdowns))]
        numbers = self.base.where(F.col(f"v_{one.name}").isNotNull())
        spread = self._spread(numbers.select("period", *given, *money, f"v_{one.name}"), ranks)
        value = F.percentile(f"v_{one.name}", one.percentile / 100)
        return spread.groupBy(*BREAKDOWN, *money, "period").agg(value.try_cast(VALUE).alias(f"x_{one.name}"))

    def _spread(self, frame: DataFrame, ranks: DataFrame | None) -> DataFrame:
        """Rows with period and b_0 ... under each breakdown, in each day that they count for, by rank."""
        breakdowns = self.question.breakdowns
        pairs = [F.struct(F.lit(ALL).alias("breakdown_by"), F.lit(ALL).alias("breakdown"))]
        pairs += [
            F.struct(F.lit(name).alias("breakdown_by"), F.col(f"b_{place}").alias("breakdown"))
            for place, name in enumerate(breakdowns)
        ]
        kept = [name for name in frame.columns if name != "period" and not _is_breakdown(name)]
        told_under = frame.select(*kept, "period", F.inline(F.array(*pairs)))
        if self.question.rolling:
            until = F.date_add("period", self.question.rolling - 1)
            days = F.explode(F.sequence("period", until)).alias("period")
            told_under = told_under.select(*kept, *BREAKDOWN, days)
        if ranks is None:
            return told_under
        keys = [*BREAKDOWN, "period"]
        ranked = told_under.join(F.broadcast(ranks), on=keys, how="left")
        return ranked.withColumn(
            "breakdown",
            F.when(F.col("rank") > self.question.breakdown_limit, OTHER).otherwise(F.col("breakdown")),
        ).drop("rank")

    def _ranks(self) -> DataFrame:
        """breakdown_by, breakdown, period -> rank, by distinct units with an event of any series."""
        given = [f"b_{place}" for place in range(len(self.question.breakdowns))]
        units = self._spread(self.base.select("unit", "period", *given).distinct(), None)
        counted = (
            units.where(F.col("breakdown_by") != ALL)
            .distinct()
            .groupBy(*BREAKDOWN, "period")
            .agg(F.count("*").alias("units"))
        )
        by_units = Window.partitionBy("breakdown_by", "period").orderBy(F.desc("units"), F.col("breakdown"))
        return counted.withColumn("rank", F.row_number().over(by_units)).drop("units")


def _at_once(figures: DataFrame) -> DataFrame:
    """The same few rows, which all that reads them takes from one computation.

    Each reader needs other columns, and Spark would compute as many plans: of one row that holds all it
    can cut none away, and finds them equal.
    """
    gathered = figures.groupBy().agg(F.collect_list(F.struct(*figures.columns)).alias("rows"))
    return gathered.select(F.inline("rows"))


def _is_breakdown(name: str) -> bool:
    return name.startswith("b_")


def _figures(one: Series, *, of_sessions: bool) -> list[Column]:
    """x and u of a series, from the partial sums of its units; of sessions x alone."""
    name = one.name
    events = F.sum(f"n_{name}")
    having = F.count_if(F.col(f"n_{name}") > 0)
    if of_sessions:
        return [having.cast(VALUE).alias(f"x_{name}")]
    by_measure = {
        "count": lambda: events,
        "units": lambda: having,
        "per_unit": lambda: _quotient(events, having),
        "sum": lambda: F.coalesce(F.sum(f"s_{name}"), F.lit(0).cast(VALUE)),
        "avg": lambda: _quotient(F.sum(f"s_{name}"), F.sum(f"c_{name}")),
        "min": lambda: F.min(f"lo_{name}"),
        "max": lambda: F.max(f"hi_{name}"),
    }
    own = [having.alias(f"u_{name}")]
    if one.measure in by_measure:
        own.append(by_measure[one.measure]().cast(VALUE).alias(f"x_{name}"))
    return own


def _quotient(part: Column, whole: Column) -> Column:
    """Half up in nine digits; null where the whole is 0."""
    divisor = F.nullif(whole.cast("DECIMAL(20,0)"), F.lit(0).cast("DECIMAL(20,0)"))
    return (part.cast(VALUE) / divisor).cast(VALUE)


def _lines(question: Trend, wide: DataFrame, series: Sequence[Series], beside: Sequence[Series]) -> DataFrame:
    """A row a series or formula, cell and period. Formulas are told where the last of their series stands:
    beside a currency when one of them is money."""
    money = "currency" in wide.columns
    own, known = {one.name for one in series}, {one.name for one in (*series, *beside)}

    def line(name: str, measure: str, value: Column, units: Column) -> Column:
        return F.struct(
            F.lit(name).alias("series"),
            F.lit(measure).alias("measure"),
            value.cast(VALUE).alias("value"),
            units.cast("BIGINT").alias("units"),
        )

    lines = [line(one.name, one.measure, F.col(f"x_{one.name}"), F.col(f"u_{one.name}")) for one in series]
    columns = {name: F.col(f"x_{name}") for name in known}
    for formula in question.formulas:
        used = {*names_in(formula.term)}
        if used <= known and (not money or used & own):
            lines.append(line(formula.name, "formula", formula_value(formula.term, columns), F.lit(None)))
    currency = F.col("currency") if money else F.lit(None).cast("STRING").alias("currency")
    told_as = F.inline(F.array(*lines)) if lines else F.inline(F.array().cast(_NO_LINES))
    return wide.select(
        *BREAKDOWN, currency, "period", "date", "start", "before", "shown", "complete", told_as
    )


_NO_LINES = f"ARRAY<STRUCT<series: STRING, measure: STRING, value: {VALUE}, units: BIGINT>>"

CHECKS = (
    Check(
        "trends",
        "breakdowns_add_up",
        "Counts and sums over the values of a breakdown are those of 'all', in every period.",
        query=(
            "SELECT question, series, currency, start FROM ("
            "SELECT question, series, currency, start, breakdown_by, sum(value) AS whole FROM {batch} "
            "WHERE measure IN ('count', 'sum') GROUP BY question, series, currency, start, breakdown_by) "
            "GROUP BY question, series, currency, start HAVING min(whole) <> max(whole)"
        ),
    ),
    Check(
        "trends",
        "every_period_has_a_row",
        "Each series has a row of 'all' for every period of its question.",
        query=(
            "SELECT question, series, currency FROM ("
            "SELECT *, max(periods) OVER (PARTITION BY question) AS most "
            "FROM (SELECT question, series, currency, "
            "count(*) AS periods FROM {batch} WHERE breakdown_by = 'all' GROUP BY ALL)) "
            "WHERE periods <> most"
        ),
    ),
    Check(
        "trends",
        "units_are_of_events",
        "No more units than events; a figure of units is their number.",
        "CASE measure WHEN 'count' THEN units <= value WHEN 'units' THEN units = value ELSE true END",
    ),
)
