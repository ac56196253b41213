"""Events of Google Analytics 4's BigQuery export, one JSON object a line; docs/sources/ga4.md."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, json_records
from trailhouse.sources import ga4_fields as fields
from trailhouse.sources import ga4_names as names
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = json_records.SUFFIXES

RECOGNISES = json_lines(
    lambda found: (
        {"event_name", "event_timestamp"} <= set(found)
        and bool({"event_params", "user_pseudo_id"} & set(found))
    )
)

_NOTHING_SAID = ("{}", "[]")


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each record, with `reasons` where it is no event.

    Each step is a projection, so that what several columns need is computed once.
    """
    records = json_records.opened(frame, names.VALUES, settings)
    typed = fields.with_typed(records)
    event = F.col("t")["event_name"]
    named = typed.withColumn("event_name", F.coalesce(cast.lookup(names.NAMES, event), event))
    return fields.with_left(fields.with_money(named)).select(
        *[column.alias(name) for name, column in _columns().items()]
    )


def _columns() -> dict[str, Column]:
    t, s, n, o, name = F.col("t"), F.col("s"), F.col("n"), F.col("o"), F.col("event_name")
    null = F.lit(None).cast("string")
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(),
        "refused": F.lit(False),
        # A row has no id of its own, so the content hash is the event's.
        "event_id": null,
        "content_hash": _content_hash(),
        "client_time": F.col("at"),
        "sent_time": cast.nothing("sent_time"),
        "received_time": cast.nothing("received_time"),
        "sequence": _sequence(n["batch_ordering_id"], n["batch_event_index"]),
        "event_name": name,
        "app_id": t["stream_id"],
        "platform": fields.platform(),
        "release": o["app_info"]["version"],
        "anonymous_id": t["user_pseudo_id"],
        "user_id": t["user_id"],
        "identifiers": cast.nothing("identifiers"),
        "previous_id": null,
        "account_id": null,
        "client_session_id": _session(t["user_pseudo_id"], s[names.SESSION]),
        "tab_id": null,
        "navigation_type": null,
        "page": F.struct(
            s[names.URL].alias("url"),
            json_records.first(s, names.TITLE).alias("title"),
            s[names.REFERRER].alias("referrer"),
            null.alias("view_id"),
        ),
        "viewport": cast.nothing("viewport"),
        "document": cast.nothing("document"),
        "pointer": null,
        "element": F.when(name.isin(*names.ELEMENT), _element()),
        "scroll_offset": cast.nothing("scroll_offset"),
        "media": F.when(name.isin(*names.MEDIA), _media()),
        "form": F.when(
            name.isin(*names.FORM),
            F.struct(json_records.first(s, names.FORM_ID).alias("id"), null.alias("field")),
        ),
        "search": F.when(name.isin(*names.SEARCH), _search()),
        "survey": cast.nothing("survey"),
        "campaign": fields.campaign(),
        "user_agent": null,
        "geo": _geo(o["geo"]),
        "ip": null,
        "language": o["device"]["language"],
        "consent": F.lower(o["privacy_info"]["analytics_storage"]),
        "experiments": cast.nothing("experiments"),
        "value": F.col("money")["amount"],
        "currency": F.col("money")["currency"],
        "traits": null,
        "flags": fields.flags(),
        "properties": fields.properties(),
    }


def _reasons() -> Column:
    nested, given = F.col("nested_fields"), F.col("r_event_timestamp")
    return json_records.reasons(
        [
            F.when(given.isNull(), F.lit("no time")),
            *cast.unread_times({"event_timestamp": (given, F.col("at"))}),
            F.when(F.array_contains(nested, "event_name"), F.lit("name of a wrong type")),
            *json_records.wrong_identifiers(
                {field: F.array_contains(nested, field) for field in names.IDENTIFIERS}
            ),
        ]
    )


def _content_hash() -> Column:
    """Hash of the row, the same whether BigQuery wrote it as JSON or as Parquet."""
    own = [
        _canonical(F.col(f"r_{field}")) if field in names.NESTED else F.col(f"r_{field}")
        for field in names.VALUES
    ]
    return json_records.content_hash(own, names.VALUES)


def _canonical(text: Column) -> Column:
    """JSON with sorted keys, no needless escapes, and integers as numbers, which an export in JSON quotes."""
    sorted_keys = F.coalesce(F.to_json(F.try_parse_json(text)), text)
    unquoted = F.regexp_replace(sorted_keys, r':"(-?\d+)"', ":$1")
    return F.when(~text.isin(*_NOTHING_SAID), unquoted)


def _sequence(ordering: Column, index: Column) -> Column:
    """The batch's number on its page, then the event's within the batch."""
    sane = ordering.between(0, 10**12) & index.between(0, 999)
    return F.when(sane, ordering * F.lit(1000) + index)


def _session(device: Column, session: Column) -> Column:
    """A hash: a session's number is unique on one device alone, and no plain identifier may stand here."""
    both = device.isNotNull() & session.isNotNull()
    return F.when(both, F.sha2(F.concat_ws("\x1f", device, session), 256))


def _element() -> Column:
    s, null = F.col("s"), F.lit(None).cast("string")
    classes = F.concat(F.lit("."), F.regexp_replace(s["link_classes"], r"\s+", "."))
    return F.struct(
        F.coalesce(F.concat(F.lit("#"), s["link_id"]), classes).alias("selector"),
        s["link_text"].alias("text"),
        F.when(s["link_url"].isNotNull(), F.lit("a")).alias("tag"),
        s["link_url"].alias("href"),
        F.lit(None).cast("boolean").alias("interactive"),
        cast.no_box().alias("box"),
        null.cast("int").alias("x"),
        null.cast("int").alias("y"),
    )


def _media() -> Column:
    texts = [F.col("s")[key].alias(part) for part, key in names.MEDIA_TEXTS.items()]
    return F.struct(*texts, *[F.col("n")[key].alias(part) for part, key in names.MEDIA_NUMBERS.items()])


def _search() -> Column:
    missing = F.lit(None).cast("int")
    return F.struct(F.col("s")["search_term"].alias("term"), missing.alias("results"), missing.alias("rank"))


def _geo(place: Column) -> Column:
    return cast.filled({part: place[part] for part in names.OBJECTS["geo"]})
