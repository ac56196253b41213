"""Pages: traffic, attention and struggle by page template, and the exits and bounces to be expected.

What is expected (indirect standardisation, as for the expected deaths of a standardised mortality
ratio; N. E. Breslow and N. E. Day (1987), Statistical Methods in Cancer Research II, chapter 2):
1. A stratum is a device and an entry channel within a period. Its exit rate is what all pages together
   have there: exits / pairs of a session and a page that it saw.
2. A page's expected exits are the sum, over the strata, of its sessions there times the stratum's rate;
   its expected bounces that of its entries times bounces / entries of the stratum.
3. Over all pages of a device and period the expected exits add up to the exits that there were.
4. The excess is the observed rate less the expected one. Its interval is Wilson's for the observed rate,
   less the expected one, which is taken as known: it rests on all pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.breakdowns import ALL, devices, periods, visits
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile_of, quotient, whole_quotient
from trailhouse.questions.page_cells import LISTS, SUMS, Cells
from trailhouse.settings import Project
from trailhouse.signals.registry import BY_NAME

KEYS = ("page_group", "device_type", "period")
_EXPECTED = ("expected_exits", "expected_bounces")
_OF_EXPECTED = "DECIMAL(18,6)"
_RATE = "DECIMAL(9,6)"


def pages(
    page_views: DataFrame,
    sessions: DataFrame,
    signals: DataFrame,
    project: Project,
    kinds: Sequence[str],
) -> DataFrame:
    """Rows of `pages`; `signals` are those that count, `kinds` all kinds that there are columns for.

    A signal counts for the template of the view that it happened on. Views without a template, bots
    and internal traffic are left out.
    """
    people = visits(sessions, project, F.col("is_bounce"), _judged(kinds).alias("judged"))
    views = page_views.where(F.col("page_group").isNotNull()).select(
        "session_id",
        "view_id",
        "page_group",
        "dwell_us",
        "engaged_us",
        "max_scroll_pct",
        "is_entry",
        "is_exit",
    )
    told = signals.select(
        "session_id", "view_id", _bits(kinds, lambda kind: F.col("kind") == kind).alias("told")
    )
    seen = views.unionByName(told, allowMissingColumns=True).join(people, on="session_id", how="inner")
    struggles = sum(1 << place for place, kind in enumerate(kinds) if BY_NAME[kind].struggle)
    cells = Cells(tuple(kinds), struggles)
    return _finished(_spread(cells.of(seen), (*SUMS, *cells.by_kind)), kinds)


def _bits(kinds: Sequence[str], which: Callable[[str], Column]) -> Column:
    """A number with one bit for each kind of which that is true: one column to carry, not one a kind."""
    bits = (F.when(which(kind), 1 << place).otherwise(0) for place, kind in enumerate(kinds))
    return reduce(Column.bitwiseOR, bits, F.lit(0))


def _judged(kinds: Sequence[str]) -> Column:
    """Of a session, which kinds could be seen in it at all: those that `sessions` counts."""
    return _bits(kinds, lambda kind: F.col(BY_NAME[kind].counted_as).isNotNull())


def _spread(found: DataFrame, counts: Sequence[str]) -> DataFrame:
    """Rows of KEYS from those of Cells: `counts`, persons, medians, and what is to be expected."""
    every_week, every_device = F.col("period") == ALL, F.col("device_type") == ALL
    # By what strata are of: their rates then need no shuffle of their own.
    cells = periods(found.repartition("device_type", "channel"))
    of_device = F.when(every_week, F.col("persons_of_device")).otherwise(F.col("persons_here"))
    of_all = F.when(every_week, F.col("persons_in_all")).otherwise(F.col("persons_of_week"))
    cells = cells.groupBy("page_group", "device_type", "channel", "period").agg(
        *_sums(counts), F.sum(of_device).alias("of_device"), F.sum(of_all).alias("of_all"), *_gathered()
    )
    persons = F.when(every_device, F.col("of_all")).otherwise(F.col("of_device"))
    rows = (
        devices(_expected(cells))
        .groupBy(*KEYS)
        .agg(*_sums((*counts, *_EXPECTED)), F.sum(persons).alias("persons"), *_gathered())
    )
    # In a step of its own: a quantile looks at its list several times.
    rows = rows.withColumns({name: F.sort_array(name) for name in LISTS})
    return rows.withColumns(
        {
            "median_dwell_us": quantile_of(F.col("dwells"), 0.5),
            "median_scroll_pct": quantile_of(F.col("depths"), 0.5).cast("int"),
        }
    )


def _sums(names: Iterable[str]) -> list[Column]:
    return [F.sum(name).alias(name) for name in names]


def _gathered() -> list[Column]:
    """Only lists are spread over breakdowns, never the views."""
    return [F.flatten(F.collect_list(name)).alias(name) for name in LISTS]


def _expected(cells: DataFrame) -> DataFrame:
    """With expected_exits and expected_bounces of each cell, by its stratum's rates."""
    stratum = Window.partitionBy("device_type", "channel", "period")

    def expected(hits: str, trials: str) -> Column:
        at_this_rate = F.col(trials) * F.sum(hits).over(stratum)
        return F.coalesce(quotient(at_this_rate, F.sum(trials).over(stratum), 6), F.lit(0)).cast(_OF_EXPECTED)

    told = (expected("exits", "sessions"), expected("bounces", "entries"))
    return cells.withColumns(dict(zip(_EXPECTED, told, strict=True)))


def _finished(rows: DataFrame, kinds: Sequence[str]) -> DataFrame:
    # Both at once and in a step of their own, not compiled: in line, with all other columns, they make a
    # method larger than the JVM compiles, for a few thousand rows.
    both = F.array(*(_observed(what, of) for what, of in _JUDGED))
    judged = rows.withColumn("against", F.transform(both, _against_expected))
    return judged.select(
        *KEYS,
        "views",
        "persons",
        *(F.col(name) for name in ("sessions", "entries", "exits", "bounces", "dwell_us", "median_dwell_us")),
        "engaged_us",
        "scrolled_views",
        whole_quotient(F.col("scroll_pct"), F.col("scrolled_views")).cast("int").alias("mean_scroll_pct"),
        "median_scroll_pct",
        *(f"{kind}_sessions" for kind in kinds),
        "friction_sessions",
        ratio(F.col("friction_sessions"), F.col("sessions")).alias("friction_rate"),
        *(told for place, (what, of) in enumerate(_JUDGED) for told in _told(place, what, of)),
    )


_JUDGED = (("exit", "sessions"), ("bounce", "entries"))
"""What is held against what is expected, and of how many sessions it is a share."""


def _observed(what: str, of: str) -> Column:
    """hits, trials (null for none) and expected hits."""
    trials = F.when(F.col(of) > 0, F.col(of))
    return F.struct(
        F.col(f"{what}s").alias("hits"), trials.alias("trials"), F.col(f"expected_{what}s").alias("expected")
    )


def _against_expected(one: Column) -> Column:
    """expected rate, excess and the ends of its interval; null where there are no trials."""
    expected = one["expected"] / one["trials"]
    rate = one["hits"].cast("DECIMAL(20,0)") / one["trials"]
    low, high = wilson(one["hits"], one["trials"])

    def told(value: Column, name: str) -> Column:
        return F.round(value, 6).cast(_RATE).alias(name)

    return F.struct(
        told(expected, "expected"),
        told(rate - expected, "excess"),
        told(low - expected.cast("double"), "low"),
        told(high - expected.cast("double"), "high"),
    )


def _told(place: int, what: str, of: str) -> list[Column]:
    against = F.col("against")[place]
    return [
        ratio(F.col(f"{what}s"), F.col(of)).alias(f"{what}_rate"),
        F.col(f"expected_{what}s").cast(_OF_EXPECTED).alias(f"expected_{what}s"),
        against["expected"].alias(f"expected_{what}_rate"),
        against["excess"].alias(f"excess_{what}_rate"),
        against["low"].alias(f"excess_{what}_low"),
        against["high"].alias(f"excess_{what}_high"),
    ]
