"""What the report reads of arrivals, unexpected ways, sections of pages and onboarding."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.report.reads import Frames

SHOWN = 8
"""Actions of a place, sequences of a length."""
WAYS, PAGES = 15, 12
_BEFORE = ("what", "value", "share_in", "share_out", "lift", "low", "high", "q", "too_few")


def arrivals(frames: Frames) -> DataFrame:
    return frames["arrivals"].where(F.col("rank") <= SHOWN).orderBy("what", "position", "rank")


def arrival_searches(frames: Frames) -> DataFrame:
    """Everyone's queries and goals, and all of them by device and week."""
    shown = frames["arrival_searches"].where("breakdown = 'all' OR what LIKE '%_all'")
    return shown.orderBy("what", "breakdown", F.desc("times"), "term", "value")


def unexpected_actions(frames: Frames) -> DataFrame:
    """Those with something before them first, the surest first."""
    table = frames["unexpected_actions"]
    first = F.get("before", F.lit(0))["q"]
    before = {f"before_{name}": F.col(f"before.{name}") for name in _BEFORE}
    return table.withColumns(before).orderBy(
        first.asc_nulls_last(), F.desc("times"), "page_group", "next_page_group"
    )


def page_sections(frames: Frames) -> DataFrame:
    """Of the pages with most views."""
    table = frames["page_sections"].where("device_type = 'all' AND period = 'all'")
    page = F.dense_rank().over(Window.orderBy(F.desc("views"), "page_group"))
    return table.withColumn("page", page).where(F.col("page") <= PAGES).orderBy("page", "from_px")


def onboarding_steps(frames: Frames) -> DataFrame:
    return frames["onboarding_steps"].orderBy("onboarding", "step", "device_type")


def onboarding_fold(frames: Frames) -> DataFrame:
    """By week, of the steps whose element slipped."""
    slipped = frames["onboarding_steps"].where("slipped").select("onboarding", "step").distinct()
    week = F.date_trunc("week", "day").cast("DATE")
    return (
        frames["onboarding_fold"]
        .where("device_type <> 'all'")
        .join(F.broadcast(slipped), on=["onboarding", "step"], how="left_semi")
        .groupBy("onboarding", "step", "step_name", "device_type", week.alias("week"))
        .agg(F.sum("judged").alias("judged"), F.coalesce(F.sum("below_fold"), F.lit(0)).alias("below_fold"))
        .orderBy(F.desc("week"), "onboarding", "step", "device_type")
    )


def onboarding_conversion(frames: Frames) -> DataFrame:
    return frames["onboarding_conversion"].orderBy("onboarding", "device_type")


_SHARES = ("empty", "first_empty", "again", "opened", "found")

QUERIES = (
    (
        "arrivals",
        "First actions and sequences after log-in.",
        "arrivals",
        "what position rank kind action logins persons all_logins share low high median_us",
        arrivals,
        200,
    ),
    (
        "arrival_searches",
        "Searches and goals after log-in.",
        "arrival_searches",
        "what term breakdown value times persons arrivals logins "
        + " ".join(f"{name}{end}" for name in _SHARES for end in ("", "_share", "_low", "_high")),
        arrival_searches,
        400,
    ),
    (
        "unexpected_actions",
        "Ways that few go.",
        "unexpected_actions",
        "page_group next_page_group times persons all_times share visit_share rare returned_share "
        + " ".join(f"before_{name}" for name in _BEFORE),
        unexpected_actions,
        WAYS,
    ),
    (
        "page_sections",
        "Sections of the most viewed pages.",
        "page_sections",
        "page_group section from_px to_px rank views held_views held_share seconds low high difference "
        "difference_low difference_high q too_few holds",
        page_sections,
        400,
    ),
    (
        "onboarding_steps",
        "Drop-offs of onboarding.",
        "onboarding_steps",
        "onboarding unit step step_name device_type entered dropped all_dropped share share_low share_high "
        "rate rate_low rate_high judged below_share slipped last_before slipped_on below_before below_after "
        "q entered_before dropped_before entered_after dropped_after difference difference_low "
        "difference_high difference_q difference_too_few",
        onboarding_steps,
        400,
    ),
    (
        "onboarding_fold",
        "Elements against the fold, by week.",
        "onboarding_steps onboarding_fold",
        "onboarding step step_name device_type week judged below_fold",
        onboarding_fold,
        1_000,
    ),
    (
        "onboarding_conversion",
        "Completion against conversion.",
        "onboarding_conversion",
        "onboarding unit device_type trials running completed converted completed_converted completed_share "
        "of_completers_share of_completers_low of_completers_high of_others_share of_others_low "
        "of_others_high completed_of_converters_share completed_of_converters_low "
        "completed_of_converters_high lift lift_low lift_high difference difference_low difference_high q "
        "too_few",
        onboarding_conversion,
        100,
    ),
)
