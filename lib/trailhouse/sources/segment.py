"""Messages of Segment's HTTP API (and RudderStack's), one JSON object a line; docs/sources/segment.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, json_records, segment_fields
from trailhouse.sources import segment_names as names
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines
from trailhouse.sources.segment_fields import Message

SUFFIXES = json_records.SUFFIXES
RECOGNISES = json_lines(
    lambda found: (
        str(found.get("type")).lower() in ("track", *names.TYPES)
        and bool({"messageId", "anonymousId", "userId", "originalTimestamp"} & set(found))
    )
)

# Delivery facts: another delivery of one message differs in them alone.
_DELIVERY = ("receivedAt", "sentAt")
_IDENTIFIERS = ("userId", "anonymousId", "previousId", "groupId", "messageId")


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each message, with `reasons` where it is no event."""
    return of_messages(json_records.opened(frame, names.VALUES, settings))


def of_messages(messages: DataFrame) -> DataFrame:
    """Canonical columns of messages in the form of `json_records.opened`.

    The line is parsed once into its top-level values; `context` and `properties` are parsed from
    theirs. Scalars come as text and are cast one by one, so that a wrong type costs its field alone.
    """
    r = {key: F.col(f"r_{key}") for key in names.VALUES}
    parts = segment_fields.with_objects(messages).select(
        "*",
        F.lower(r["type"]).alias("type"),
        F.from_json(r["traits"], names.TRAITS, cast.JSON).alias("t"),
        cast.time(r["originalTimestamp"]).alias("original_time"),
        cast.time(r["timestamp"]).alias("timestamp_time"),
        cast.time(r["sentAt"]).alias("sent_time"),
        cast.time(r["receivedAt"]).alias("received_time"),
    )
    named = parts.withColumn("event_name", cast.present(_event_name(r, F.col("type"))))
    typed = segment_fields.with_typed(named)
    return typed.select(*_columns(Message.of(typed)))


def _event_name(r: Mapping[str, Column], kind: Column) -> Column:
    event = cast.scalar(r["event"])
    tracked = F.coalesce(cast.lookup(names.NAMES, event), event)
    return F.when(kind == "track", tracked).otherwise(cast.lookup(names.TYPES, kind))


def _columns(m: Message) -> list[Column]:
    r, c = m.record, m.context
    columns = {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(m),
        "refused": F.lit(False),
        "event_id": cast.present(cast.scalar(r["messageId"])),
        "content_hash": _content_hash(m),
        "client_time": F.coalesce("original_time", "timestamp_time"),
        "sent_time": F.col("sent_time"),
        "received_time": F.col("received_time"),
        "sequence": cast.long(c["sequence"]),
        "event_name": F.col("event_name"),
        "app_id": F.coalesce(cast.present(r["writeKey"]), cast.present(c["app"]["name"])),
        "platform": _platform(m),
        "release": cast.present(c["app"]["version"]),
        "anonymous_id": cast.scalar(r["anonymousId"]),
        "user_id": cast.scalar(r["userId"]),
        "identifiers": _identifiers(m),
        "previous_id": F.when(m.kind == "alias", cast.scalar(r["previousId"])),
        "account_id": cast.present(F.coalesce(cast.scalar(r["groupId"]), cast.scalar(c["groupId"]))),
        "client_session_id": cast.present(cast.scalar(c["sessionId"])),
        "tab_id": cast.present(cast.scalar(c["tabId"])),
        "user_agent": cast.present(cast.scalar(c["userAgent"])),
        "ip": cast.present(cast.scalar(c["ip"])),
        "language": cast.present(cast.scalar(c["locale"])),
        "consent": F.lower(cast.present(c["consent"]["status"])),
        "traits": F.when(m.kind.isin("identify", "group") & r["traits"].startswith("{"), r["traits"]),
        "geo": cast.nothing("geo"),
        **segment_fields.columns(m),
    }
    return [column.alias(name) for name, column in columns.items()]


def _reasons(m: Message) -> Column:
    r = m.record
    times = {
        "originalTimestamp": F.col("original_time"),
        "timestamp": F.col("timestamp_time"),
        "sentAt": F.col("sent_time"),
        "receivedAt": F.col("received_time"),
    }
    unread_times = cast.unread_times({field: (r[field], time) for field, time in times.items()})
    wrong_ids = json_records.wrong_identifiers({field: cast.nested(r[field]) for field in _IDENTIFIERS})
    no_type = F.when(m.kind.isNull(), F.lit("no type")).when(
        ~m.kind.isin("track", *names.TYPES), F.concat(F.lit("type not known: "), F.left(m.kind, F.lit(40)))
    )
    no_time = F.when(r["originalTimestamp"].isNull() & r["timestamp"].isNull(), F.lit("no time"))
    wrong_name = F.when((m.kind == "track") & cast.nested(r["event"]), F.lit("name of a wrong type"))
    found = [no_type, no_time, *unread_times, wrong_name, *wrong_ids]
    return json_records.reasons(found)


def _content_hash(m: Message) -> Column:
    """SHA-256 of the message's own values in a fixed order of their keys, then of any further ones.

    `timestamp` is Segment's own reckoning from the two delivery times wherever the client's
    `originalTimestamp` is there; else it is the client's.
    """
    r = dict(m.record)
    r["timestamp"] = F.when(r["originalTimestamp"].isNull(), r["timestamp"])
    return json_records.content_hash([r[key] for key in names.VALUES if key not in _DELIVERY], names.VALUES)


def _platform(m: Message) -> Column:
    channel = F.lower(F.coalesce(m.context["channel"], m.record["channel"]))
    library = F.lower(m.context["library"]["name"])
    server = F.lit(False)
    for name in names.SERVER_LIBRARIES:
        server = server | library.startswith(name)
    return (
        F.when(channel == "server", F.lit("server"))
        .when(library.contains("ios") | library.contains("swift"), F.lit("ios"))
        .when(library.contains("android") | library.contains("kotlin"), F.lit("android"))
        .when(m.kind == "page", F.lit("web"))
        .when(server, F.lit("server"))
        .otherwise(F.lit("web"))
    )


def _identifiers(m: Message) -> Column:
    traits, context = m.traits, m.context["traits"]

    def entry(key: str) -> Column:
        value = F.coalesce(cast.scalar(traits[key]), cast.scalar(context[key]))
        return F.struct(F.lit(key).alias("key"), value.alias("value"))

    external = F.transform(
        m.context["externalIds"],
        lambda e: F.struct(cast.scalar(e["type"]).alias("key"), cast.scalar(e["id"]).alias("value")),
    )
    entries = F.concat(F.array(entry("email"), entry("phone")), F.coalesce(external, F.array()))
    some = m.record["traits"].isNotNull() | context.isNotNull() | (F.size(m.context["externalIds"]) > 0)
    return F.when(some, cast.identifiers(entries))
