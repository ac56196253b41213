"""How the small frames of the report are made: each a plain aggregate of published tables.

`queries.py` says which columns and how many rows of each are collected.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.signals.counting import is_struggle

Frames = Mapping[str, DataFrame]


def people(frame: DataFrame) -> DataFrame:
    """Without bots and own staff, as every figure of the report."""
    return frame.where(~F.col("is_bot") & ~F.col("internal"))


def totals(frames: Frames) -> DataFrame:
    return frames["person_days"].agg(
        F.count_distinct("person_id").alias("persons"),
        F.min("day").alias("first_day"),
        F.max("day").alias("last_day"),
        F.max("last_time").alias("last_time"),
    )


def watermark(frames: Frames) -> DataFrame:
    return frames["events"].agg(F.max(F.coalesce("received_time", "event_time")).alias("watermark"))


def days(frames: Frames) -> DataFrame:
    return frames["engagement"].orderBy(F.desc("day"))


def value_days(frames: Frames) -> DataFrame:
    money = frames["engagement"].select("day", F.explode("value").alias("money"))
    return money.select("day", "money.currency", "money.amount").orderBy(F.desc("day"), "currency")


def channels(frames: Frames) -> DataFrame:
    return (
        people(frames["sessions"])
        .groupBy("channel")
        .agg(
            F.count("*").alias("sessions"),
            F.count_distinct("person_id").alias("persons"),
            F.count_if("is_engaged").alias("engaged"),
            F.count_if("converted").alias("converted"),
            F.sum("engaged_us").alias("engaged_us"),
        )
        .orderBy(F.desc("sessions"), "channel")
    )


def funnels(frames: Frames) -> DataFrame:
    whole = frames["funnels"].where("date IS NULL")
    return whole.orderBy("question", "breakdown_by", "breakdown", "step")


def retention(frames: Frames) -> DataFrame:
    everyone = frames["retention"].where(F.col("breakdown_by") == "all")
    return everyone.orderBy("question", F.desc("cohort"), "period")


_OVERALL = "period = 'all'"
_EVERYONE = "device_type = 'all' AND period = 'all'"


def pages(frames: Frames) -> DataFrame:
    return frames["pages"].where(_EVERYONE).orderBy(F.desc("sessions"), "page_group")


def forms(frames: Frames) -> DataFrame:
    begun = F.coalesce("started", "submitted")
    return frames["forms"].where(_OVERALL).orderBy(F.desc(begun), "form_id", "page_group", "device_type")


def form_fields(frames: Frames) -> DataFrame:
    most = F.greatest("views", "left_last")
    return frames["form_fields"].where(_EVERYONE).orderBy(F.desc(most), "form_id", "page_group", "field")


def media(frames: Frames) -> DataFrame:
    return frames["media"].where(_EVERYONE).orderBy(F.desc("views"), "media_id")


def tasks(frames: Frames) -> DataFrame:
    told = frames["tasks"].where(_OVERALL).orderBy("task", "breakdown", F.desc("attempts"), "value")
    return told.withColumns({"step_names": F.col("steps.name"), "step_attempts": F.col("steps.attempts")})


def task_detours(frames: Frames) -> DataFrame:
    return frames["task_detours"].orderBy("task", "breakdown", "value", "rank")


def task_changes(frames: Frames) -> DataFrame:
    latest = F.max("period").over(Window.partitionBy("task", "period_kind"))
    told = frames["task_changes"].where("coalesce(complete, true)").withColumn("latest", latest)
    return told.where("period_kind = 'release' OR period = latest").orderBy(
        "task", "period_kind", "period", "rank"
    )


def task_failures(frames: Frames) -> DataFrame:
    return frames["task_failures"].orderBy("task", "what", "rank")


def reasons(frames: Frames) -> DataFrame:
    told = frames["reasons"].withColumns(
        {"session_ids": F.col("sessions.session_id"), "recorded": F.col("sessions.recorded")}
    )
    return told.orderBy("question", "step", "rank")


def elements(frames: Frames) -> DataFrame:
    counted = (
        people(frames["signals"])
        .where(is_struggle())
        .groupBy("kind", "page_group", "selector")
        .agg(
            F.count("*").alias("signals"),
            F.count_distinct("session_id").alias("sessions"),
            F.count_distinct("person_id").alias("persons"),
            F.min("element_text").alias("element_text"),
        )
    )
    order = Window.partitionBy("kind").orderBy(
        F.desc("sessions"), F.desc("signals"), "page_group", "selector"
    )
    return counted.withColumn("rank", F.row_number().over(order)).where("rank <= 10").orderBy("kind", "rank")


def _last_checked(frames: Frames) -> DataFrame:
    """The rows of each stage and table's last checked run."""
    results = frames["gate_results"]
    newest = results.groupBy("stage", "table_name").agg(F.max(F.struct("at", "run_id")).alias("newest"))
    newest = newest.select("stage", "table_name", F.col("newest.run_id").alias("run_id"))
    return results.join(newest, ["stage", "table_name", "run_id"], how="inner")


def gates(frames: Frames) -> DataFrame:
    failed = ~F.col("passed")
    return (
        _last_checked(frames)
        .groupBy("stage", "table_name", "run_id")
        .agg(
            F.max("at").alias("at"),
            F.count("*").alias("checks"),
            F.count_if("passed").alias("passed"),
            F.count_if(failed & (F.col("severity") == "error")).alias("errors"),
            F.count_if(failed & (F.col("severity") == "warn")).alias("warnings"),
        )
        .orderBy("at", "stage", "table_name")
    )


def gate_failures(frames: Frames) -> DataFrame:
    return (
        _last_checked(frames).where(~F.col("passed")).orderBy("severity", "stage", "table_name", "check_name")
    )


COUNTS = ("records_in", "kept", "duplicate", "quarantined", "refused")
OF_THESE = ("replaced", "conflicting", "late", "bot", "internal", "blocked_ids")


def balance(frames: Frames) -> DataFrame:
    read = frames["ledger"].where(F.col("records_in").isNotNull() & (F.col("table_name") == "events"))
    return (
        read.groupBy((F.col("action") == "held").alias("held"))
        .agg(F.count("*").alias("batches"), *[F.sum(name).alias(name) for name in (*COUNTS, *OF_THESE)])
        .orderBy("held")
    )


# Of a person's identifiers the counts told one by one, then the beginnings of ranges.
SIZES = (1, 2, 3, 4, 5, 10, 20)


def person_sizes(frames: Frames) -> DataFrame:
    persons = (
        frames["identities"].groupBy("person_id", "status").agg(F.count("*").cast("int").alias("identifiers"))
    )
    least = F.greatest(*[F.when(F.col("identifiers") >= size, size) for size in SIZES])
    return (
        persons.groupBy("status", least.alias("at_least"))
        .agg(F.count("*").alias("persons"), F.sum("identifiers").alias("identifiers"))
        .orderBy("status", "at_least")
    )


def hubs(frames: Frames) -> DataFrame:
    refused = frames["identity_conflicts"].where("reason = 'hub'")
    sides = [
        F.struct(F.col(f"type_{end}").alias("id_type"), F.col(f"value_{end}").alias("id_value"))
        for end in "ab"
    ]
    ends = refused.select(F.explode(F.array(*sides)).alias("end"), F.lit(1).alias("link"))
    # The pair is what a row of conflicts is about, so that each link is another identifier.
    return (
        frames["identities"]
        .where("status = 'hub'")
        .select("id_type", "id_value", "detail")
        .join(ends.select("end.*", "link"), ["id_type", "id_value"], how="left")
        .groupBy("id_type", "id_value", "detail")
        .agg(F.count("link").alias("linked"))
        .orderBy(F.desc("linked"), "id_type", "id_value")
    )


def refusals(frames: Frames) -> DataFrame:
    return (
        frames["identity_conflicts"]
        .groupBy("reason", "detail")
        .agg(F.count("*").alias("links"), F.min("first_seen").alias("first_seen"))
        .orderBy(F.desc("links"), "reason", "detail")
    )


def blocked(frames: Frames) -> DataFrame:
    # One row also where nothing is blocked: none at all would read as not collected.
    events = F.sum(F.when(F.col("blocked"), F.col("events")))
    return frames["identity_sightings"].agg(F.coalesce(events, F.lit(0)).alias("events"))


def blocked_values(frames: Frames) -> DataFrame:
    return (
        frames["identity_sightings"]
        .where("blocked")
        .groupBy("id_type", "id_value")
        .agg(F.sum("events").alias("events"))
        .orderBy(F.desc("events"), "id_type", "id_value")
    )


CHANGES = ("created", "linked", "merged", "split", "renamed", "removed")


def identity_days(frames: Frames) -> DataFrame:
    return (
        frames["identity_changes"]
        .where(F.col("change").isin(*CHANGES))
        .groupBy(F.col("change_date").alias("day"), "change")
        .agg(F.count("*").alias("identifiers"))
        .orderBy(F.desc("day"), "change")
    )


def tables(frames: Frames) -> DataFrame:
    fields = ("at", "run_id", "action", "table_version", "rows")
    last = (
        frames["ledger"]
        .groupBy("stage", "table_name")
        .agg(F.max_by(F.struct(*fields), F.struct("at", "batch")).alias("last"))
    )
    return last.select("stage", "table_name", "last.*").orderBy("at", "stage", "table_name")
