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

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.breakdowns import devices, periods, visits
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile_of, quotient, whole_quotient
from trailhouse.settings import Project
from trailhouse.signals.registry import BY_NAME

KEYS = ("page_group", "device_type", "period")
_EXPECTED = "DECIMAL(18,6)"
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
    seen = views.join(people, on="session_id", how="inner")
    counted = _expected(_cells(seen, signals, kinds))
    sums = [name for name in counted.columns if name not in (*KEYS, "channel")]
    rows = devices(counted).groupBy(*KEYS).agg(*(F.sum(name).alias(name) for name in sums))
    for further in (_persons(seen), _medians(seen)):
        rows = rows.join(further, on=list(KEYS), how="inner")
    return _finished(rows, kinds)


def _bits(kinds: Sequence[str], which: Callable[[str], Column]) -> Column:
    """A number with one bit for each kind of which that is true: one column to carry, not one a kind."""
    bits = (F.when(which(kind), 1 << place).otherwise(0) for place, kind in enumerate(kinds))
    return reduce(Column.bitwiseOR, bits, F.lit(0))


def _judged(kinds: Sequence[str]) -> Column:
    """Of a session, which kinds could be seen in it at all: those that `sessions` counts."""
    return _bits(kinds, lambda kind: F.col(BY_NAME[kind].counted_as).isNotNull())


def _cells(seen: DataFrame, signals: DataFrame, kinds: Sequence[str]) -> DataFrame:
    """What adds up: a row a page, device, channel and period."""
    of_view = signals.groupBy("session_id", "view_id").agg(
        F.bit_or(_bits(kinds, lambda kind: F.col("kind") == kind)).alias("told")
    )
    pairs = (
        seen.join(of_view, on=["session_id", "view_id"], how="left")
        # A row a session and page first, so that sessions are counted without a shuffle for each.
        .groupBy("page_group", "session_id", "device_type", "channel", "week", "judged")
        .agg(
            F.count("*").alias("views"),
            F.bool_or("is_entry").alias("entered"),
            F.bool_or("is_exit").alias("left"),
            F.bool_or(F.col("is_entry") & F.col("is_bounce")).alias("bounced"),
            *(F.sum(name).alias(name) for name in ("dwell_us", "engaged_us")),
            F.count("max_scroll_pct").alias("scrolled_views"),
            F.sum("max_scroll_pct").alias("scroll_pct"),
            F.coalesce(F.bit_or("told"), F.lit(0)).alias("told"),
        )
    )

    def has(bits: str, mask: int) -> Column:
        return F.col(bits).bitwiseAND(mask) != 0

    bit = {kind: 1 << place for place, kind in enumerate(kinds)}
    struggles = sum(bit[kind] for kind in kinds if BY_NAME[kind].struggle)
    cells = pairs.groupBy("page_group", "device_type", "channel", "week").agg(
        F.sum("views").alias("views"),
        F.count("*").alias("sessions"),
        F.count_if("entered").alias("entries"),
        F.count_if("left").alias("exits"),
        F.count_if("bounced").alias("bounces"),
        *(F.sum(name).alias(name) for name in ("dwell_us", "engaged_us", "scrolled_views", "scroll_pct")),
        # Null as long as no session could be judged.
        *(
            F.sum(F.when(has("judged", bit[kind]), has("told", bit[kind]).cast("bigint"))).alias(
                f"{kind}_sessions"
            )
            for kind in kinds
        ),
        F.count_if(has("told", struggles)).alias("friction_sessions"),
    )
    both = periods(cells)
    keys = ("page_group", "device_type", "channel", "period")
    sums = [name for name in both.columns if name not in keys]
    return both.groupBy(*keys).agg(*(F.sum(name).alias(name) for name in sums))


def _expected(cells: DataFrame) -> DataFrame:
    """With expected_exits and expected_bounces of each cell, by its stratum's rates."""
    stratum = Window.partitionBy("device_type", "channel", "period")

    def expected(hits: str, trials: str) -> Column:
        at_this_rate = F.col(trials) * F.sum(hits).over(stratum)
        return F.coalesce(quotient(at_this_rate, F.sum(trials).over(stratum), 6), F.lit(0)).cast(_EXPECTED)

    return cells.withColumns(
        {"expected_exits": expected("exits", "sessions"), "expected_bounces": expected("bounces", "entries")}
    )


def _persons(seen: DataFrame) -> DataFrame:
    """Who saw a page, counted once a row of KEYS: each view says so once, not once for every row it is in."""
    once = seen.select("page_group", "device_type", "week", "person_id").distinct()
    return devices(periods(once)).groupBy(*KEYS).agg(F.count_distinct("person_id").alias("persons"))


def _medians(seen: DataFrame) -> DataFrame:
    """Medians over views, from lists by page, device and week: only lists are spread, never the views."""
    told = {"dwell_us": F.col("dwell_us"), "scroll_pct": F.col("max_scroll_pct")}
    lists = seen.groupBy("page_group", "device_type", "week").agg(
        *(F.collect_list(value).alias(name) for name, value in told.items())
    )
    lists = (
        devices(periods(lists))
        .groupBy(*KEYS)
        .agg(*(F.sort_array(F.flatten(F.collect_list(name))).alias(name) for name in told))
    )
    return lists.select(
        *KEYS,
        quantile_of(F.col("dwell_us"), 0.5).alias("median_dwell_us"),
        quantile_of(F.col("scroll_pct"), 0.5).cast("int").alias("median_scroll_pct"),
    )


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
        F.col(f"expected_{what}s").cast(_EXPECTED).alias(f"expected_{what}s"),
        against["expected"].alias(f"expected_{what}_rate"),
        against["excess"].alias(f"excess_{what}_rate"),
        against["low"].alias(f"excess_{what}_low"),
        against["high"].alias(f"excess_{what}_high"),
    ]
