"""Events in the suite's own schema, one JSON object a line; docs/sources/trailhouse.md."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, json_records
from trailhouse.sources import trailhouse_fields as fields
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = json_records.SUFFIXES

_TIMES = ("event_time", "client_time", "sent_time", "received_time")
_IDENTIFIERS = ("event_id", "anonymous_id", "user_id", "previous_id", "account_id")
# Another delivery of a record differs in the first two alone; the others are judged anew.
_NOT_CONTENT = ("received_time", "sent_time", "content_hash", *fields.MADE)

RECOGNISES = json_lines(
    lambda found: (
        "event_name" in found
        and bool({"event_time", "client_time"} & set(found))
        and bool({"anonymous_id", "user_id", "previous_id", "identifiers"} & set(found))
    )
)


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each record, with `reasons` where it is no event.

    Fields and their types are those of the contract. Beside what every source gives, `event_time` and
    `device` are what the record says of them.
    """
    records = json_records.opened(frame, fields.VALUES, settings)
    return fields.with_left(fields.with_typed(records)).select(
        *[column.alias(name) for name, column in _columns().items()]
    )


def _columns() -> dict[str, Column]:
    t = F.col("t")
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(),
        "refused": F.lit(False),
        "content_hash": _content_hash(),
        **{name: t[name] for name in fields.texts()},
        **{name: F.col(f"v_{name}") for name in (*fields.typed(), "experiments", "traits")},
        **{name: fields.whole(name) for name in fields.objects()},
        "identifiers": fields.identifiers(),
        "consent": F.lower(t["consent"]),
        "currency": F.upper(t["currency"]),
        "flags": fields.flags(),
        "properties": fields.properties(),
    }


def _reasons() -> Column:
    given = {name: cast.present(F.col(f"r_{name}")) for name in _TIMES}
    no_time = F.when(given["event_time"].isNull() & given["client_time"].isNull(), F.lit("no time"))
    nested = {field: F.array_contains("nested_fields", field) for field in _IDENTIFIERS}
    nested["identifiers"] = fields.wrong_identifiers()
    return json_records.reasons(
        [
            no_time,
            *cast.unread_times({name: (given[name], F.col(f"v_{name}")) for name in _TIMES}),
            F.when(F.array_contains("nested_fields", "event_name"), F.lit("name of a wrong type")),
            *json_records.wrong_identifiers(nested),
        ]
    )


def _content_hash() -> Column:
    """The record's own, as an exported row has it; else that of its fields, in any order of members."""
    names = [name for name in fields.VALUES if name not in _NOT_CONTENT]
    own = [
        json_records.in_key_order(F.col(f"r_{name}")) if name in fields.nested() else F.col(f"r_{name}")
        for name in names
    ]
    found = json_records.content_hash(own, fields.VALUES)
    return F.when(found.isNotNull(), F.coalesce(fields.told_hash(), found))
