"""Rows of Segment's and RudderStack's warehouse tables; docs/sources/segment_warehouse.md.

A row is put back together into the message that it was made of, and then goes the way of source `segment`.
It is a source of its own: a message need not pay for what rows need, and a folder holds one or the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, json_records, segment, segment_names
from trailhouse.sources import segment_warehouse_names as names
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = json_records.SUFFIXES
RECOGNISES = json_lines(
    lambda found: (
        {"id", "received_at"} <= set(found)
        and "event_name" not in found
        and any(key in ("anonymous_id", "user_id") or key.startswith("context_") for key in found)
    )
)


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each row, with `reasons` where it is no event."""
    rows = json_records.opened(frame, names.COLUMNS, settings)
    return segment.of_messages(_as_messages(rows))


def _as_messages(rows: DataFrame) -> DataFrame:
    """The rows as `json_records.opened` gives messages."""
    keys = F.map_keys("map")
    known = rows.withColumns({"kind": _kind(), "repeated": json_records.repeated(keys)})
    parted = known.withColumns({"own": _own(keys), "rest": _rest(keys)})
    raw, kind = F.col("raw").cast("string"), F.col("kind")
    own = F.when(F.size("own") > 0, json_records.members(raw, F.col("own")))
    told = F.when(kind.isin("identify", "group"), own)
    # Columns of their own: putting members in order names its text several times.
    parted = parted.withColumns({"told": told, "context": _context(raw)}).withColumn(
        "properties", F.when(F.col("told").isNull(), cast.joined([own, _view_id(), _box()]))
    )
    values = {
        "type": kind,
        "event": F.when(kind == "track", _event()),
        "messageId": _r("id"),
        "originalTimestamp": _r("original_timestamp"),
        "timestamp": F.coalesce(_r("timestamp"), _r("_timestamp")),
        "sentAt": _r("sent_at"),
        "receivedAt": _r("received_at"),
        "channel": _channel(),
        "anonymousId": _r("anonymous_id"),
        "userId": _r("user_id"),
        "previousId": F.when(kind == "alias", _r("previous_id")),
        "groupId": F.when(kind == "group", _r("group_id")),
        "name": F.when(_viewed(), _r("name")),
        "properties": json_records.in_key_order(F.col("properties")),
        "traits": json_records.in_key_order(F.col("told")),
        "context": json_records.in_key_order(F.col("context")),
    }
    missing = F.lit(None).cast("string")
    return parted.select(
        "raw",
        "file",
        "unread",
        # Every column is a part of the message by now.
        F.when(F.col("map").isNotNull(), F.map_filter("map", lambda _, __: F.lit(False))).alias("map"),
        "repeated",
        *[values.get(key, missing).alias(f"r_{key}") for key in segment_names.VALUES],
    )


def _r(name: str) -> Column:
    return F.col(f"r_{name}")


def _kind() -> Column:
    """The row's table: told by the event, by a column `type`, by the file's name, by an id of its own."""
    given = F.lower(_r("type"))
    named = F.lower(F.regexp_extract("file", names.TABLE_IN_PATH, 1))
    return (
        F.when(
            F.coalesce(cast.present(_r("event_text")), cast.present(_r("event"))).isNotNull(), F.lit("track")
        )
        .when(given.isin(*names.TABLES.values()), given)
        .when(named.isin(*names.TABLES), cast.lookup(names.TABLES, named))
        .when(_r("previous_id").isNotNull(), F.lit("alias"))
        .when(_r("group_id").isNotNull(), F.lit("group"))
    )


def _event() -> Column:
    """The event's name; where there is its slug alone, the name that is meant by it here."""
    slug = _r("event")
    return F.coalesce(cast.present(_r("event_text")), cast.lookup(names.SLUGS, slug), slug)


def _channel() -> Column:
    return F.when(F.lower(_r("channel")).isin(*names.CHANNELS), _r("channel"))


def _viewed() -> Column:
    return F.col("kind").isin("page", "screen")


def _own(keys: Column) -> Column:
    """ARRAY of the columns that were properties or traits."""
    tracked, viewed, kind = F.col("kind") == "track", _viewed(), F.col("kind")
    taken = cast.texts(
        [
            *[F.lit(name) for name in names.COMMON],
            *[F.when(tracked, F.lit(name)) for name in ("event", "event_text", *names.BOX.values())],
            *[F.when(viewed, F.lit(name)) for name in ("name", "view_id")],
            F.when(~tracked & (F.lower(_r("type")) == kind), F.lit("type")),
            F.when(kind == "alias", F.lit("previous_id")),
            F.when(kind == "group", F.lit("group_id")),
            F.when(_channel().isNotNull(), F.lit("channel")),
        ]
    )
    return F.filter(F.array_except(keys, taken), lambda key: ~key.startswith(names.CONTEXT))


def _rest(keys: Column) -> Column:
    """ARRAY of the context's columns that are no part of what is read of it."""
    others = F.filter(keys, lambda key: key.startswith(names.CONTEXT) & ~key.rlike(names.OF_OBJECTS))
    return F.array_except(others, F.array(*[F.lit(name) for name in names.SCALARS.values()]))


def _view_id() -> Column:
    return F.when(_viewed() & _r("view_id").isNotNull(), F.to_json(F.struct(_r("view_id").alias("viewId"))))


def _box() -> Column:
    box = cast.filled({key: _r(name) for key, name in names.BOX.items()})
    return F.when((F.col("kind") == "track") & box.isNotNull(), F.to_json(F.struct(box.alias("box"))))


def _context(raw: Column) -> Column:
    objects = {
        name: cast.filled({key: _r(column) for key, column in members.items()})
        for name, members in names.OBJECTS.items()
    }
    scalars = {key: _r(column) for key, column in names.SCALARS.items() if key != "externalIds"}
    read = F.to_json(F.struct(*[value.alias(key) for key, value in {**objects, **scalars}.items()]))
    # Arrays stand in a warehouse as their text.
    ids = _r(names.SCALARS["externalIds"])
    external = F.when(cast.nested(ids), json_records.under("externalIds", ids)).otherwise(
        F.to_json(F.struct(ids.alias("externalIds")))
    )
    rest = F.map_filter(
        F.from_json(raw, json_records.VARIANTS, cast.JSON), lambda key, _: F.array_contains("rest", key)
    )
    short = F.transform_keys(
        rest, lambda key, _: F.substring(key, F.lit(len(names.CONTEXT) + 1), F.length(key))
    )
    # A column that a row names twice would be a key twice, which ends a job; the row is no event.
    others = F.when((F.size("rest") > 0) & (F.size("repeated") == 0), F.to_json(short))
    return cast.joined([read, F.when(ids.isNotNull(), external), others])
