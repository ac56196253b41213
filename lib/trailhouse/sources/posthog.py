"""PostHog's events as its batch exports write them, one JSON object a line; docs/sources/posthog.md."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, posthog_elements, posthog_fields, posthog_people
from trailhouse.sources import posthog_names as names
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = tuple(
    f"{name}{packed}" for name in (".jsonl", ".json", ".ndjson") for packed in ("", ".gz", ".bz2")
)

RECOGNISES = json_lines(
    lambda found: (
        {"event", "distinct_id"} <= set(found)
        and bool({"uuid", "timestamp", "created_at", "elements_chain"} & set(found))
    )
)

_LINE = "ARRAY<MAP<STRING, STRING>>"
_TIMES = ("timestamp", "created_at", "inserted_at", "_inserted_at")


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each event, with `reasons` where it is none.

    The line is parsed once into its top-level values; `properties`, an object or its text, from its own.
    Each step is a projection, so that what several columns need is computed once.
    """
    messages = _opened(frame, settings.raw.max_record_bytes)
    # A look into a map walks its keys, and the optimizer would repeat it wherever the value is used; trimmed,
    # it is looked up once.
    values = [F.trim(F.col("map")[key]).alias(f"r_{key}") for key in names.VALUES]
    looked_up = messages.select("raw", "file", "unread", "map", *values)
    p = F.from_json("r_properties", names.PROPERTIES, cast.JSON)
    times = [cast.time(F.col(f"r_{key}")).alias(f"t_{key}") for key in _TIMES]
    parts = looked_up.select(
        "*", p.alias("p"), cast.present(cast.scalar(F.col("r_event"))).alias("event"), *times
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


def _opened(frame: DataFrame, limit: int) -> DataFrame:
    """`unread` (why the line is no object) or `map` (its values by their keys, as text)."""
    text = F.col("raw").cast("string")
    too_large = F.octet_length("raw") > limit
    not_utf8 = ~F.is_valid_utf8(text)
    # In an array, what follows the object is an error instead of being passed over.
    ends = F.rtrim(text).endswith("}")
    objects = F.from_json(F.concat(F.lit("["), text, F.lit("]")), _LINE, cast.JSON)
    opened = frame.select(
        "raw",
        "file",
        F.when(too_large, F.lit(f"record larger than {limit} bytes"))
        .when(not_utf8, F.lit("not UTF-8"))
        .alias("unread"),
        F.when(~too_large & ~not_utf8 & ends, objects).alias("records"),
    )
    one = F.when(F.size("records") == 1, F.get("records", F.lit(0)))
    return opened.select("raw", "file", "unread", one.alias("map"))


def _event_name(event: Column, p: Column) -> Column:
    acted = _lookup(names.ACTIONS, p["$event_type"])
    # A survey that is sent question by question is one response, told by the last of them.
    part = (event == "survey sent") & (F.lower(p["$survey_completed"]) == "false")
    found = F.when(event == "$autocapture", acted).when(
        ~F.coalesce(part, F.lit(False)), _lookup(names.NAMES, event)
    )
    return F.coalesce(found, event)


def _lookup(table: dict[str, str], key: Column) -> Column:
    pairs = F.create_map(*[F.lit(word) for pair in table.items() for word in pair])
    return F.try_element_at(pairs, key)


def _columns() -> dict[str, Column]:
    received = F.coalesce(*[F.col(f"t_{key}") for key in _TIMES[1:]])
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(),
        "refused": F.lit(False),
        "event_id": cast.present(cast.scalar(F.col("r_uuid"))),
        "content_hash": F.when(F.col("map").isNotNull(), _content_hash()),
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
    unread_times = [
        F.when(F.col(f"r_{key}").isNotNull() & F.col(f"t_{key}").isNull(), F.lit(f"time not readable: {key}"))
        for key in _TIMES
    ]
    p = F.col("p")
    ids = {
        "uuid": F.col("r_uuid"),
        "distinct_id": F.col("r_distinct_id"),
        "$user_id": p["$user_id"],
        "$anon_distinct_id": F.when(name == "identify", p["$anon_distinct_id"]),
        "alias": F.when(name == "alias", p["alias"]),
    }
    wrong_ids = [
        F.when(cast.nested(value), F.lit(f"identifier of a wrong type: {key}")) for key, value in ids.items()
    ]
    no_time = F.when(F.col("r_timestamp").isNull(), F.lit("no time"))
    wrong_name = F.when(event.isNull() & cast.nested(F.col("r_event")), F.lit("name of a wrong type"))
    return (
        F.when(F.col("unread").isNotNull(), F.array("unread"))
        .when(F.col("map").isNull(), F.array(F.lit("not a JSON object")))
        .otherwise(cast.texts([no_time, *unread_times, wrong_name, *wrong_ids]))
    )


def _content_hash() -> Column:
    """SHA-256 of the event's own values in a fixed order of their keys, then of any further ones."""
    own = [F.coalesce(F.col(f"r_{key}"), F.lit("\0")) for key in names.VALUES if key not in names.DELIVERY]
    further = F.map_filter("map", lambda key, _: ~key.isin(*names.VALUES))
    some = F.size("further") > 0
    rest = F.when(some, F.to_json(F.sort_array(F.map_entries(further)))).otherwise(F.lit(""))
    return F.sha2(F.concat_ws("\x1f", *own, rest), 256)
