"""Excessive scrolling: decided over `page_views`, by page group and calendar week."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day, week_of
from trailhouse.settings import Settings
from trailhouse.signals.chosen import FIELDS, candidate, chosen

KIND = "excessive_scrolling"


def week(settings: Settings) -> Column:
    """First day of the calendar week, in the project's zone, that a view began in."""
    day = project_day(F.col("start_time"), settings.project.timezone)
    return week_of(day, settings.project.week_start)


def find(page_views: DataFrame, settings: Settings) -> DataFrame:
    """Columns as of `one_pass.find`; `page_views` hold all views of their weeks.

    Without floats: x > mean + k sd  <=>  n x > S1 and (n x - S1)^2 > k^2 (n S2 - S1^2), with n views, the sum
    S1 and the sum of squares S2 (sd of the population).
    """
    views = page_views.where("page_group IS NOT NULL AND max_scroll_pct IS NOT NULL")
    usual = Window.partitionBy("page_group", "_week")
    turns = F.col("direction_changes").cast("DECIMAL(18,0)")
    person = ~F.col("is_bot") & ~F.col("internal")
    judged = views.withColumn("_week", week(settings)).withColumns(
        {
            "_n": F.count_if(person).over(usual),
            "_sum": F.sum(F.when(person, turns)).over(usual),
            "_squares": F.sum(F.when(person, turns * turns)).over(usual),
        }
    )
    wide = "DECIMAL(38,0)"
    n, total = F.col("_n").cast(wide), F.col("_sum").cast(wide)
    beyond = n * turns.cast(wide) - total
    spread = n * F.col("_squares").cast(wide) - total * total
    found = []
    for one in chosen(settings.signals, KIND):
        more = (beyond > 0) & (beyond * beyond > one.rule.deviations**2 * spread)
        size = F.least(F.col("direction_changes"), F.lit((1 << 31) - 1))
        start, end = F.unix_micros("start_time"), F.unix_micros("end_time")
        found.append(F.when((F.col("_n") >= one.rule.views) & more, candidate(one, size, start, end)))
    place = F.struct("person_id", "page_group", "page_path", "device_type", "is_bot", "internal")
    nothing = F.lit(None).cast("STRING")
    return (
        judged.withColumn("signal", F.explode(F.array(*found)))
        .where(F.col("signal").isNotNull())
        .withColumn("place", place)
        .select(
            "session_id",
            "view_id",
            "place",
            *(nothing.alias(name) for name in ("selector", "element_text", "first_event_id")),
            *(f"signal.{name}" for name in FIELDS),
        )
    )
