"""Snowplow's enriched events: the atomic columns as CSV with a header; docs/sources/snowplow.md."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.settings import Settings
from trailhouse.sources import cast
from trailhouse.sources import snowplow_names as names
from trailhouse.sources.paths import literal
from trailhouse.sources.recognise import csv_header

SUFFIXES = (".csv", ".csv.gz", ".csv.bz2")

_NEEDED = ("collector_tstamp", "event_id")
RECOGNISES = csv_header(*_NEEDED)

_BYTES = "ISO-8859-1"
_MALFORMED = "_malformed_record"
_CSV = {"quote": '"', "escape": '"'}
_TIMES = {
    "client_time": "dvce_created_tstamp",
    "sent_time": "dvce_sent_tstamp",
    "received_time": "collector_tstamp",
}
_NUMBERS = {
    **dict.fromkeys(("br_viewwidth", "br_viewheight", "doc_width", "doc_height"), cast.size),
    "pp_yoffset_max": cast.integer,
    **dict.fromkeys(("tr_total", "ti_price", "ti_quantity"), cast.money),
}
_PAYLOAD = """STRUCT<targetUrl: STRING, elementId: STRING, elementContent: STRING, label: STRING,
    formId: STRING, fieldName: STRING, terms: ARRAY<STRING>, totalResults: STRING>"""


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a record: `cells` (the columns that are read) and `others` (a map of those left, if not empty).

    The header of each file is read first, so that files may differ in columns and their order. `raw`
    is the record as a CSV writer writes it again; that of a `malformed` one (too few or too
    many fields) is its own text. Raises SourceError for a file whose header is not Snowplow's.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    with ThreadPoolExecutor(8) as pool:
        headers = pool.map(lambda path: _header(spark, path), paths)
        for path, header in zip(paths, headers, strict=True):
            groups.setdefault(header, []).append(path)
    frames = [_read_group(spark, files, header) for header, files in sorted(groups.items())]
    return reduce(DataFrame.unionByName, frames)


def _header(spark: SparkSession, path: str) -> tuple[str, ...]:
    line = spark.read.text(literal(path), lineSep="\n").first()
    found = next(csv.reader([line[0].rstrip("\r")]), []) if line else []
    header = tuple(name.strip().lower() for name in found)
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise SourceError(
            f"{path}: its first line is no header of Snowplow's atomic columns,"
            f" {' and '.join(missing)} not found"
        )
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise SourceError(f"{path}: its header names twice: {', '.join(doubled)}")
    return header


def _read_group(spark: SparkSession, files: list[str], header: tuple[str, ...]) -> DataFrame:
    schema = ", ".join(f"`{name}` STRING" for name in (*header, _MALFORMED))
    # Read as Latin-1, each byte is a character, so the bytes are found again and judged as UTF-8 later.
    frame = spark.read.csv(
        [literal(file) for file in files],
        schema=schema,
        header=True,
        multiLine=True,
        encoding=_BYTES,
        columnNameOfCorruptRecord=_MALFORMED,
        **_CSV,
    )
    column = {name: F.col(f"`{name}`") for name in header}
    written = F.to_csv(F.struct(*column.values()), _CSV)
    own = F.to_json(F.struct(*[column[name] for name in sorted(header) if name not in names.DELIVERY]))
    rest = [name for name in header if name not in names.READ and name not in names.TOLD]
    entries = [
        F.struct(F.lit(name).alias("key"), _text(column[name]).alias("value")) for name in sorted(rest)
    ]
    filled = F.filter(F.array(*entries), lambda e: e["value"].isNotNull())
    others = F.map_from_entries(filled) if rest else F.create_map().cast("map<string,string>")
    return frame.select(
        F.encode(F.coalesce(F.col(_MALFORMED), written), _BYTES).alias("raw"),
        F.col("_metadata.file_path").alias("file"),
        F.col(_MALFORMED).isNotNull().alias("malformed"),
        F.sha2(own, 256).alias("own_hash"),
        F.struct(
            *[
                (_text(column[name]) if name in column else F.lit(None).cast("string")).alias(name)
                for name in names.READ
            ]
        ).alias("cells"),
        others.alias("others"),
    )


def _text(cell: Column) -> Column:
    return F.encode(cell, _BYTES).cast("string")


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each record, with `reasons` where it is no event."""
    limit = settings.raw.max_record_bytes
    too_large = F.octet_length("raw") > limit
    # A large record is never looked into.
    unread = (
        F.when(too_large, F.lit(f"record larger than {limit} bytes"))
        .when(~F.is_valid_utf8(F.col("raw").cast("string")), F.lit("not UTF-8"))
        .when(F.col("malformed"), F.lit("number of fields differs from the header"))
    )
    judged = frame.withColumn("unread", unread)
    c = F.col("cells")
    timed = judged.withColumns({name: cast.time(c[cell]) for name, cell in _TIMES.items()})
    others = F.col("others")
    opened = timed.withColumns(
        {
            "event_name": cast.present(_event_name(c)),
            "payload": F.from_json(_starting(others, names.PAYLOAD), _PAYLOAD, cast.JSON),
            "web_page": _starting(others, names.CONTEXT),
        }
    )
    return opened.select(*[column.alias(name) for name, column in _columns().items()])


def _starting(others: Column, prefix: str) -> Column:
    """The first value, by name, of the columns whose names begin so."""
    found = F.map_filter(others, lambda key, _: key.startswith(prefix))
    return F.get(F.map_values(found), F.lit(0))


def _view_id(web_page: Column) -> Column:
    """The id in the context, which some loaders wrap into one array more."""
    plain, wrapped = (F.get_json_object(web_page, place) for place in ("$[0].id", "$[0][0].id"))
    return cast.present(F.coalesce(plain, wrapped))


def _event_name(c: Column) -> Column:
    kind = F.when(c["event"] == "unstruct", c["event_name"]).otherwise(
        F.coalesce(c["event"], c["event_name"])
    )
    struct = F.concat_ws(" ", c["se_category"], c["se_action"])
    return F.when(c["event"] == "struct", struct).otherwise(F.coalesce(cast.lookup(names.EVENTS, kind), kind))


def _columns() -> dict[str, Column]:
    c, payload, name = F.col("cells"), F.col("payload"), F.col("event_name")
    null = F.lit(None).cast("string")
    wrong = cast.texts(
        [
            F.when(c[key].isNotNull() & read_as(c[key]).isNull(), F.lit(key))
            for key, read_as in _NUMBERS.items()
        ]
    )
    click, form = name == "click", name.isin("form_start", "form_change", "form_submit")
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(c),
        "refused": F.lit(False),
        "event_id": cast.present(c["event_id"]),
        "content_hash": F.when(F.col("unread").isNull(), F.col("own_hash")),
        "client_time": F.col("client_time"),
        "sent_time": F.col("sent_time"),
        "received_time": F.col("received_time"),
        "sequence": F.lit(None).cast("bigint"),
        "event_name": name,
        "app_id": cast.present(c["app_id"]),
        "platform": _platform(c),
        "release": null,
        "anonymous_id": cast.present(c["domain_userid"]),
        "user_id": cast.present(c["user_id"]),
        "identifiers": cast.identifiers(
            F.array(F.struct(F.lit("network_userid").alias("key"), c["network_userid"].alias("value")))
        ),
        "previous_id": null,
        "account_id": null,
        "client_session_id": cast.present(c["domain_sessionid"]),
        "tab_id": null,
        "navigation_type": null,
        "page": F.struct(
            cast.present(c["page_url"]).alias("url"),
            cast.present(c["page_title"]).alias("title"),
            cast.present(c["page_referrer"]).alias("referrer"),
            _view_id(F.col("web_page")).alias("view_id"),
        ),
        "viewport": cast.sizes(c["br_viewwidth"], c["br_viewheight"]),
        "document": cast.sizes(c["doc_width"], c["doc_height"]),
        "pointer": null,
        "element": F.when(click & payload.isNotNull(), _element(payload)),
        "scroll_offset": F.when(name == "heartbeat", _offset(c)),
        "media": cast.nothing("media"),
        "form": F.when(
            form & payload.isNotNull(),
            F.struct(
                payload["formId"].alias("id"),
                F.coalesce(payload["elementId"], payload["fieldName"]).alias("field"),
            ),
        ),
        "search": F.when(
            (name == "search") & payload.isNotNull(),
            F.struct(
                F.array_join(payload["terms"], " ").alias("term"),
                cast.integer(payload["totalResults"]).alias("results"),
                F.lit(None).cast("int").alias("rank"),
            ),
        ),
        "survey": cast.nothing("survey"),
        "campaign": _campaign(c),
        "user_agent": cast.present(c["useragent"]),
        "geo": _geo(c),
        "ip": cast.present(c["user_ipaddress"]),
        "language": cast.present(c["br_lang"]),
        "consent": null,
        "experiments": cast.nothing("experiments"),
        "value": _value(c),
        "currency": F.upper(
            F.when(c["event"] == "transaction", cast.present(c["tr_currency"])).when(
                c["event"] == "transaction_item", cast.present(c["ti_currency"])
            )
        ),
        "traits": null,
        "flags": F.transform(wrong, lambda key: F.concat(F.lit("wrong_type:"), key)),
        "properties": _properties(c, wrong),
    }


def _reasons(c: Column) -> Column:
    unread_times = cast.unread_times({cell: (c[cell], F.col(name)) for name, cell in _TIMES.items()})
    no_time = F.when(c["dvce_created_tstamp"].isNull(), F.lit("no time"))
    return F.when(F.col("unread").isNotNull(), F.array("unread")).otherwise(
        cast.texts([no_time, *unread_times])
    )


def _offset(c: Column) -> Column:
    """The lowest offset of a page ping; null where it tells none."""
    found = cast.integer(c["pp_yoffset_max"])
    # `greatest` passes over nulls.
    return F.when(found.isNotNull(), F.greatest(found, F.lit(0)))


def _platform(c: Column) -> Column:
    system = F.lower(F.concat_ws(" ", c["os_name"], c["os_family"], c["useragent"]))
    mobile = F.when(system.contains("android"), F.lit("android")).when(
        system.contains("ios") | system.contains("iphone") | system.contains("ipad"), F.lit("ios")
    )
    return (
        F.when(c["platform"] == "web", F.lit("web"))
        .when(c["platform"] == "mob", mobile)
        .when(c["platform"] == "srv", F.lit("server"))
    )


def _element(payload: Column) -> Column:
    identified = F.when(payload["elementId"] != "", F.concat(F.lit("#"), payload["elementId"]))
    whole = F.lit(None).cast("int")
    return F.struct(
        identified.alias("selector"),
        F.coalesce(payload["elementContent"], payload["label"]).alias("text"),
        F.when(payload["targetUrl"].isNotNull(), F.lit("a")).alias("tag"),
        payload["targetUrl"].alias("href"),
        F.lit(True).alias("interactive"),
        cast.no_box().alias("box"),
        whole.alias("x"),
        whole.alias("y"),
    )


def _campaign(c: Column) -> Column:
    fields = {
        "source": "mkt_source", "medium": "mkt_medium", "name": "mkt_campaign", "term": "mkt_term",
        "content": "mkt_content", "click_id": "mkt_clickid",
    }  # fmt: skip
    return cast.filled({key: cast.present(c[cell]) for key, cell in fields.items()})


def _geo(c: Column) -> Column:
    country, city = cast.present(c["geo_country"]), cast.present(c["geo_city"])
    region = F.coalesce(cast.present(c["geo_region_name"]), cast.present(c["geo_region"]))
    return cast.filled({"country": country, "region": region, "city": city})


def _value(c: Column) -> Column:
    item = (cast.money(c["ti_price"]) * F.coalesce(cast.money(c["ti_quantity"]), F.lit(1))).try_cast(
        "decimal(18,4)"
    )
    return F.when(c["event"] == "transaction", cast.money(c["tr_total"])).when(
        c["event"] == "transaction_item", item
    )


def _properties(c: Column, wrong: Column) -> Column:
    """The columns that no other took, JSON as JSON, and the text of cells of a wrong type."""

    def is_json(key: Column) -> Column:
        return key.startswith("contexts_") | key.startswith("unstruct_event_") | (key == "derived_contexts")

    others = F.col("others")
    plain = F.map_filter(others, lambda key, _: ~is_json(key))
    documents = F.map_filter(others, lambda key, _: is_json(key))
    parsed = F.transform_values(
        documents, lambda _, text: F.coalesce(F.try_parse_json(text), text.cast("variant"))
    )
    kept = {
        "platform": F.when(_platform(c).isNull(), c["platform"]),
        **{
            key: F.when(F.array_contains(wrong, key), c[key]) for key in _NUMBERS if not key.startswith("ti_")
        },
        "ti_price": c["ti_price"],
        "ti_quantity": c["ti_quantity"],
    }
    own = F.to_json(F.struct(*[column.alias(key) for key, column in kept.items()]))
    return cast.joined([own, F.to_json(plain), F.to_json(parsed)])
