"""PostHog's events as its batch exports write them, one JSON object a line; docs/sources/posthog.md."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, json_records, posthog_elements, posthog_fields, posthog_people
from trailhouse.sources import posthog_names as names
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = json_records.SUFFIXES

RECOGNISES = json_lines(
    lambda found: (
        {"event", "distinct_id"} <= set(found)
        and bool({"uuid", "timestamp", "created_at", "elements_chain"} & set(found))
    )
)

_TIMES = ("timestamp", "created_at", "inserted_at", "_inserted_at")


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each event, with `reasons` where it is none.

    The line is parsed once into its top-level values; `properties`, an object or its text, from its own.
    Each step is a projection, so that what several columns need is computed once.
    """
    records = json_records.opened(frame, names.VALUES, settings)
    times = [cast.time(F.col(f"r_{key}")).alias(f"t_{key}") for key in _TIMES]
    parts = posthog_fields.with_properties(records).select(
        "*", cast.present(cast.scalar(F.col("r_event"))).alias("event"), *times
    )
    named = parts.withColumns(
        {
            "event_name": _event_name(F.col("event"), F.col("p")),
            "elements": posthog_elements.split(F.col("r_elements_chain")),
        }
    )
    known = posthog_people.with_people(posthog_fields.with_typed(named))
    return posthog_fields.with_taken(known).select(
        *[column.alias(name) for name, column in _columns().items()]
    )


def _event_name(event: Column, p: Column) -> Column:
    acted = cast.lookup(names.ACTIONS, p["$event_type"])
    # A survey that is sent question by question is one response, told by the last of them.
    part = (event == "survey sent") & (F.lower(p["$survey_completed"]) == "false")
    found = F.when(event == "$autocapture", acted).when(
        ~F.coalesce(part, F.lit(False)), cast.lookup(names.NAMES, event)
    )
    return F.coalesce(found, event)


def _columns() -> dict[str, Column]:
    received = F.coalesce(*[F.col(f"t_{key}") for key in _TIMES[1:]])
    own = [F.col(f"r_{key}") for key in names.VALUES if key not in names.DELIVERY]
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(),
        "refused": F.lit(False),
        "event_id": cast.present(cast.scalar(F.col("r_uuid"))),
        "content_hash": json_records.content_hash(own, names.VALUES),
        # PostHog has corrected it by the device's clock already, so no sending time is given on.
        "client_time": F.col("t_timestamp"),
        "sent_time": F.lit(None).cast("timestamp"),
        "received_time": received,
        "sequence": F.lit(None).cast("bigint"),
        "event_name": F.col("event_name"),
        "user_id": F.col("people.user_id"),
        "anonymous_id": F.col("people.anonymous_id"),
        "previous_id": F.col("people.previous_id"),
        "identifiers": posthog_people.identifiers(),
        **posthog_fields.columns(),
        "properties": posthog_fields.properties(),
    }


def _reasons() -> Column:
    event, name = F.col("event"), F.col("event_name")
    times = {key: (F.col(f"r_{key}"), F.col(f"t_{key}")) for key in _TIMES}
    p = F.col("p")
    own = {key: cast.nested(p[key]) | F.array_contains("twice", key) for key in names.IDENTIFIERS}
    ids = {
        "uuid": cast.nested(F.col("r_uuid")),
        "distinct_id": cast.nested(F.col("r_distinct_id")),
        "$user_id": own["$user_id"],
        "$anon_distinct_id": (name == "identify") & own["$anon_distinct_id"],
        "alias": (name == "alias") & own["alias"],
    }
    wrong_ids = json_records.wrong_identifiers(ids)
    no_time = F.when(F.col("r_timestamp").isNull(), F.lit("no time"))
    wrong_name = F.when(event.isNull() & cast.nested(F.col("r_event")), F.lit("name of a wrong type"))
    return json_records.reasons([no_time, *cast.unread_times(times), wrong_name, *wrong_ids])
