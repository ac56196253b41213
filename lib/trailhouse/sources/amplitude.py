"""Events of Amplitude's export API, one JSON object a line; docs/sources/amplitude.md."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import amplitude_fields as fields
from trailhouse.sources import amplitude_names as names
from trailhouse.sources import cast, json_records
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = json_records.SUFFIXES

RECOGNISES = json_lines(
    lambda found: (
        "event_type" in found
        and bool({"amplitude_id", "event_properties"} & set(found))
        and bool({"client_event_time", "event_time"} & set(found))
    )
)


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each record, with `reasons` where it is no event.

    Each step is a projection, so that what several columns need is computed once.
    """
    records = json_records.opened(frame, names.VALUES, settings)
    typed = fields.with_typed(records)
    named = typed.withColumn("event_name", _event_name())
    return fields.with_left(fields.with_wrong(named)).select(
        *[column.alias(name) for name, column in _columns().items()]
    )


def _event_name() -> Column:
    event, s = F.col("t")["event_type"], F.col("s")
    touched = (event == names.INTERACTED) & (F.lower(s[names.ACTION]) == "touch")
    paid_back = (event == names.REVENUE) & (fields.amount() < 0)
    return (
        F.when(touched, F.lit("click"))
        .when(paid_back, F.lit("refund"))
        .otherwise(F.coalesce(cast.lookup(names.NAMES, event), event))
    )


def _columns() -> dict[str, Column]:
    t, s, name = F.col("t"), F.col("s"), F.col("event_name")
    null = F.lit(None).cast("string")
    client = F.col("at_client_event_time")
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(),
        "refused": F.lit(False),
        "event_id": F.coalesce(t["$insert_id"], t["uuid"]),
        "content_hash": _content_hash(),
        "client_time": F.coalesce(client, F.col("at_event_time")),
        # Amplitude has corrected its own `event_time`; a second time would be once too often.
        "sent_time": F.when(client.isNotNull(), F.col("at_client_upload_time")),
        "received_time": F.coalesce("at_server_received_time", "at_server_upload_time"),
        "sequence": F.col("n")["event_id"],
        "event_name": name,
        "app_id": t["app"],
        "platform": _platform(),
        "release": t["version_name"],
        "anonymous_id": t["device_id"],
        "user_id": t["user_id"],
        "identifiers": _identifiers(),
        "previous_id": null,
        "account_id": _account(F.col("r_groups")),
        "client_session_id": F.nullif(t["session_id"], F.lit("-1")),
        "tab_id": null,
        "navigation_type": null,
        "page": F.struct(
            json_records.first(s, names.URL).alias("url"),
            json_records.first(s, names.TITLE).alias("title"),
            F.when(name == "page_view", s["referrer"]).alias("referrer"),
            s[names.VIEW_ID].alias("view_id"),
        ),
        "viewport": fields.viewport(),
        "document": cast.nothing("document"),
        "pointer": null,
        "element": F.when(name.isin(*names.ELEMENT), _element()),
        "scroll_offset": F.when(name == "scroll", _offset()),
        "media": cast.nothing("media"),
        "form": _form(),
        "search": cast.nothing("search"),
        "survey": cast.nothing("survey"),
        "campaign": json_records.campaign(s),
        "user_agent": t["user_agent"],
        "geo": _geo(),
        "ip": t["ip_address"],
        "language": t["language"],
        "consent": null,
        "experiments": _experiments(),
        "value": F.when(name == "refund", F.abs(fields.value()))
        .otherwise(fields.value())
        .cast("decimal(18,4)"),
        "currency": F.when(fields.value().isNotNull(), F.upper(s["$currency"])),
        "traits": _traits(),
        "flags": fields.flags(),
        "properties": fields.properties(),
    }


def _reasons() -> Column:
    nested = F.col("nested_fields")
    no_time = F.when(F.col("r_client_event_time").isNull() & F.col("r_event_time").isNull(), F.lit("no time"))
    times = {field: (F.col(f"r_{field}"), F.col(f"at_{field}")) for field in names.TIMES}
    wrong_name = F.when(F.array_contains(nested, "event_type"), F.lit("name of a wrong type"))
    ids = {field: F.array_contains(nested, field) for field in names.IDENTIFIERS}
    return json_records.reasons(
        [no_time, *cast.unread_times(times), wrong_name, *json_records.wrong_identifiers(ids)]
    )


def _content_hash() -> Column:
    """Hash of what the tracker sent; `event_time` is the tracker's only where nothing else tells the time.

    An export has the members of an object in any order.
    """
    time = F.when(F.col("r_client_event_time").isNull(), F.col("r_event_time"))
    sent = {field: F.col(f"r_{field}") for field in names.OWN}
    sent |= {field: json_records.in_key_order(sent[field]) for field in ("event_properties", *names.OBJECTS)}
    return json_records.content_hash([*sent.values(), time], names.VALUES)


def _platform() -> Column:
    given, library = F.lower(F.col("t")["platform"]), F.lower("r_library")
    server = F.lit(False)
    for beginning in names.SERVER_LIBRARIES:
        server = server | library.startswith(beginning)
    return F.when(given.isin(*names.PLATFORMS), given).when(server, F.lit("server"))


def _identifiers() -> Column:
    u = F.col("u")

    def entry(key: str) -> Column:
        return F.struct(F.lit(key).alias("key"), cast.scalar(u[key]).alias("value"))

    some = u["email"].isNotNull() | u["phone"].isNotNull()
    return F.when(some, cast.identifiers(F.array(entry("email"), entry("phone"))))


def _account(groups: Column) -> Column:
    """The account, where the event belongs to one group alone."""
    values = F.map_values(F.from_json(groups, json_records.TEXTS, cast.JSON))
    value = F.when(F.size(values) == 1, F.get(values, F.lit(0)))
    several = F.from_json(value, "ARRAY<STRING>", cast.JSON)
    single = F.when(value.startswith("["), F.when(F.size(several) == 1, F.get(several, F.lit(0))))
    found = F.when(value.startswith("["), single).otherwise(value)
    return F.when(groups.startswith("{") & (groups != "{}"), cast.present(cast.scalar(found)))


def _geo() -> Column:
    return cast.filled({part: F.col("t")[part] for part in ("country", "region", "city")})


def _offset() -> Column:
    """The lowest line seen, less the height that the window shows at once."""
    n = F.col("n")
    lowest, height = n[names.MAX_Y], n[names.VIEWPORT[1]]
    return F.when(lowest.isNotNull() & height.isNotNull(), F.greatest(lowest - height, F.lit(0)))


def _element() -> Column:
    s, clicks = F.col("s"), F.when(F.col("event_name") == names.RAGE_CLICK, F.col("clicks"))
    # Of a rage click the first click's place; other coordinates are not the page's.
    place = [cast.integer(F.get_json_object(clicks, f"$[0].{axis}")).alias(axis.lower()) for axis in "XY"]
    return F.struct(
        json_records.first(s, names.SELECTOR).alias("selector"),
        json_records.first(s, names.TEXT).alias("text"),
        s[names.TAG].alias("tag"),
        s[names.HREF].alias("href"),
        F.lit(None).cast("boolean").alias("interactive"),
        cast.no_box().alias("box"),
        *place,
    )


def _form() -> Column:
    s, name, null = F.col("s"), F.col("event_name"), F.lit(None).cast("string")
    changed = F.struct(null.alias("id"), s[names.ELEMENT_ID].alias("field"))
    whole = F.struct(json_records.first(s, names.FORM_ID).alias("id"), null.alias("field"))
    return F.when(name == "form_change", changed).when(name.isin(*names.FORM), whole)


def _experiments() -> Column:
    s = F.col("s")
    return json_records.experiments(F.col("event_name"), json_records.first(s, names.FLAG), s["variant"])


def _traits() -> Column:
    name, given = F.col("event_name"), F.col("u")["$set"]
    # The upload form of an identify names the operation; an export mostly has its outcome.
    person = F.coalesce(F.when(given.startswith("{"), given), F.col("r_user_properties"))
    told = F.when(name == "identify", person).when(name == "group", F.col("r_group_properties"))
    return F.when(told.startswith("{") & (told != "{}"), told)
