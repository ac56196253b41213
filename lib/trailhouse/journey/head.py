"""The person of a journey, read from published tables: totals, identifiers, changes, events of no session."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import money_by_currency
from trailhouse.identity.spelling import micros
from trailhouse.journey.read import Limits, Rows, collected, short, shown
from trailhouse.storage import Lake


@dataclass(frozen=True)
class Head:
    """The person: totals over all of its sessions and events, identifiers, changes of who it is.

    Rows of `outside` are as those of `Visits.lines`.
    """

    person_id: str
    totals: Mapping[str, Any]
    identifiers: Rows
    all_identifiers: int
    changes: Rows
    outside: Rows
    all_outside: int


def head(lake: Lake, person_id: str, limits: Limits) -> Head:
    """What is known of a person beside what is in its sessions."""
    is_theirs = F.col("person_id") == F.lit(person_id)
    events = lake.read("activity").where(is_theirs)
    # Small queries, of which each waits for the driver more than for the data.
    with ThreadPoolExecutor(max_workers=4) as pool:
        totals = pool.submit(lambda: _totals(lake.read("sessions").where(is_theirs)))
        seen = pool.submit(lambda: _seen(events))
        identifiers = pool.submit(lambda: _identifiers(lake.read("identities").where(is_theirs), limits))
        changes = pool.submit(lambda: _changes(lake.read("identity_changes"), person_id, limits))
        outside = pool.submit(lambda: collected(_outside(events, limits)))
    told = identifiers.result()
    return Head(
        person_id,
        {**totals.result(), **seen.result()},
        told,
        told[0]["total"] if told else 0,
        changes.result(),
        outside.result(),
        seen.result()["outside"],
    )


def _totals(sessions: DataFrame) -> Mapping[str, Any]:
    device = F.concat_ws(", ", "device.type", "device.browser", "device.os")
    place = F.concat_ws(", ", "geo.country", "geo.region", "geo.city")

    def some(column: Column) -> Column:
        return F.slice(F.array_sort(F.collect_set(F.when(column != "", column))), 1, 6)

    [row] = sessions.agg(
        F.count("*").alias("sessions"),
        F.sum("engaged_us").alias("engaged_us"),
        F.sum("views").alias("views"),
        F.count_if("converted").alias("converted"),
        money_by_currency(F.flatten(F.collect_list("value"))).alias("value"),
        some(F.substring(device, 1, 100)).alias("devices"),
        some(F.substring(place, 1, 100)).alias("places"),
        some(F.substring("channel", 1, 100)).alias("channels"),
        F.bool_or("is_bot").alias("is_bot"),
        F.bool_or("internal").alias("internal"),
    ).collect()
    return row.asDict(recursive=True)


def _seen(events: DataFrame) -> Mapping[str, Any]:
    [row] = events.agg(
        F.count("*").alias("events"),
        F.unix_micros(F.min("event_time")).alias("first_us"),
        F.unix_micros(F.max("event_time")).alias("last_us"),
        F.count_if(F.col("session_id").isNull()).alias("outside"),
    ).collect()
    return row.asDict()


def _outside(events: DataFrame, limits: Limits) -> DataFrame:
    """The newest events outside of all sessions, in their order."""
    apart = events.where(F.col("session_id").isNull())
    newest = apart.orderBy(F.desc("event_time"), F.desc("event_id")).limit(limits.outside)
    rows = shown(newest, limits).select(
        "session_id",
        "view_id",
        F.col("at_us").alias("start_us"),
        F.col("at_us").alias("end_us"),
        F.lit(1).alias("count"),
        "quiet",
        "scroll_offset",
        F.col("viewport.height").alias("viewport_height"),
        F.col("document.height").alias("document_height"),
        F.col("media.position").alias("media_position"),
        F.lit(0).alias("number"),
        "event.*",
    )
    return rows.orderBy("start_us", "event_id")


def _identifiers(identities: DataFrame, limits: Limits) -> Rows:
    rows = identities.select("id_type", short("id_value", limits), "status", micros("first_seen"))
    every = Window.partitionBy(F.lit(0)).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    counted = rows.withColumn("total", F.count("*").over(every))
    return collected(counted.orderBy("first_seen", "id_type", "id_value").limit(limits.identifiers))


def _changes(changes: DataFrame, person_id: str, limits: Limits) -> Rows:
    """When identifiers came to the person from another, or went to another; the newest first."""
    before, after = F.col("person_before"), F.col("person_after")
    moved = before.isNotNull() & after.isNotNull() & (before != after)
    theirs = (before == F.lit(person_id)) | (after == F.lit(person_id))
    names = ("change", "id_type", "person_before", "person_after", "cause")
    rows = changes.where(moved & theirs).select(micros("at"), *names, short("id_value", limits), "change_id")
    return collected(
        rows.orderBy(F.desc("at"), "change", "id_type", "id_value", "change_id").limit(limits.changes)
    )
