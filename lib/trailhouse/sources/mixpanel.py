"""Events of Mixpanel's raw export API, one JSON object a line; docs/sources/mixpanel.md."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Settings
from trailhouse.sources import cast, json_records
from trailhouse.sources import mixpanel_names as names
from trailhouse.sources.json_records import first, used
from trailhouse.sources.lines import read_lines
from trailhouse.sources.recognise import json_lines

SUFFIXES = json_records.SUFFIXES

RECOGNISES = json_lines(
    lambda found: (
        "event" in found
        # What the records of others have beside an event and its properties.
        and not {"messageId", "type", "uuid", "distinct_id"} & set(found)
        and isinstance(inner := found.get("properties"), dict)
        and {"time", "distinct_id"} <= set(inner)
    )
)

_DEVICE = "$device:"
_VALUES = ("event", "properties")


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a line that is not blank, with its bytes and its file."""
    return read_lines(spark, paths)


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each record, with `reasons` where it is no event.

    Each step is a projection, so that what several columns need is computed once.
    """
    records = json_records.opened(frame, _VALUES, settings)
    event = cast.scalar(F.col("r_event"))
    parts = records.select(
        "*",
        F.from_json("r_properties", json_records.TEXTS, cast.JSON).alias("bag"),
        event.alias("event"),
        cast.present(F.coalesce(cast.lookup(names.NAMES, event), event)).alias("event_name"),
        json_records.further(_VALUES).alias("further"),
    )
    twice = F.col("twice")
    counted = parts.withColumn("twice", json_records.repeated(F.map_keys("bag")))
    told_apart = counted.withColumns(
        {
            "single": json_records.unambiguous(F.col("bag"), twice),
            "repeated": F.concat("repeated", json_records.among(twice, names.TIMES.values())),
        }
    )
    single = F.col("single")
    nested = F.concat(
        json_records.nested(single, names.WORDS), json_records.among(twice, (*names.WORDS, *names.NUMBERS))
    )
    looked_up = told_apart.select(
        "*",
        json_records.texts(single, names.WORDS).alias("texts"),
        nested.alias("nested"),
        json_records.picked(single, names.GIVEN).alias("g"),
    )
    g = F.col("g")
    numbers = {key: cast.integer(g[key]) for key in names.INTEGERS}
    numbers |= {key: cast.size(g[key]) for key in names.VIEWPORT}
    typed = looked_up.select(
        "*",
        json_records.picked(F.col("texts"), names.WORDS).alias("s"),
        F.struct(*[column.alias(key) for key, column in numbers.items()]).alias("n"),
        *[cast.time(g[key]).alias(column) for column, key in names.TIMES.items()],
    )
    judged = typed.withColumns(
        {
            "who": F.struct(*[column.alias(key) for key, column in _people(F.col("event")).items()]),
            "wrong": json_records.wrong(
                g, F.col("n"), F.col("nested"), F.col("event_name"), names.TEXTS, names.NUMBERS
            ),
        }
    )
    taken = judged.withColumn("taken", F.array_except(_taken(), F.col("wrong")))
    left = taken.withColumn("left", F.array_except(F.map_keys("bag"), F.col("taken")))
    return left.select(*[column.alias(key) for key, column in _columns().items()])


def _people(event: Column) -> dict[str, Column]:
    """Who did it; docs/sources/mixpanel.md tells what `distinct_id` is taken for."""
    s = F.col("s")
    # As it was sent: Mixpanel replaces it at each merge, so that a later export would tell of somebody else.
    sent = F.coalesce(s["$distinct_id_before_identity"], s["distinct_id"])
    device, user = _undevice(s["$device_id"]), s["$user_id"]
    named = F.when(~sent.startswith(_DEVICE), sent)
    anonymous = F.coalesce(device, F.when(sent.startswith(_DEVICE), _undevice(sent)))
    known = F.coalesce(user, F.when(device.isNull(), named))

    def apart(given: Column) -> Column:
        """An id that is neither the device's nor the user's: that of Mixpanel's merged cluster."""
        own = given.startswith(_DEVICE) | given.eqNullSafe(anonymous) | given.eqNullSafe(known)
        return F.when(~own, given)

    cluster = F.coalesce(apart(sent), apart(s["distinct_id"]))

    identify = event == names.IDENTIFY
    left_behind = _undevice(first(s, names.ANONYMOUS))
    identified = F.coalesce(s["$identified_id"], user, named)
    alias, merge = event == names.CREATE_ALIAS, event == names.MERGE
    both = F.from_json(F.col("g")["$distinct_ids"], "ARRAY<STRING>", cast.JSON)
    one, other = (cast.present(cast.scalar(F.get(both, F.lit(i)))) for i in (0, 1))
    swapped = other.startswith(_DEVICE)
    return {
        "anonymous_id": F.when(identify, F.coalesce(left_behind, anonymous))
        .when(alias, device)
        .otherwise(anonymous),
        "user_id": F.when(identify, identified)
        .when(alias, s["alias"])
        .when(merge, F.when(swapped, one).otherwise(other))
        .otherwise(known),
        "previous_id": F.when(alias, _undevice(sent)).when(
            merge, _undevice(F.when(swapped, other).otherwise(one))
        ),
        "distinct_id": F.when(~F.coalesce(identify | alias | merge, F.lit(False)), cluster),
    }


def _undevice(value: Column) -> Column:
    return F.when(value.startswith(_DEVICE), F.substring(value, len(_DEVICE) + 1, 1_000_000)).otherwise(value)


def _columns() -> dict[str, Column]:
    s, n, who, name = F.col("s"), F.col("n"), F.col("who"), F.col("event_name")
    null = F.lit(None).cast("string")
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(),
        "refused": F.lit(False),
        "event_id": s["$insert_id"],
        "content_hash": _content_hash(),
        "client_time": F.col("client_time"),
        "sent_time": cast.nothing("sent_time"),
        "received_time": F.coalesce("api_time", "processing_time"),
        "sequence": cast.nothing("sequence"),
        "event_name": name,
        "app_id": s["token"],
        "platform": _platform(),
        "release": first(s, names.RELEASE),
        "anonymous_id": who["anonymous_id"],
        "user_id": who["user_id"],
        "identifiers": _identifiers(),
        "previous_id": who["previous_id"],
        "account_id": null,
        "client_session_id": null,
        "tab_id": null,
        "navigation_type": null,
        "page": F.struct(
            s["$current_url"].alias("url"),
            s["current_page_title"].alias("title"),
            F.nullif(s["$referrer"], F.lit("$direct")).alias("referrer"),
            null.alias("view_id"),
        ),
        "viewport": _viewport(),
        "document": cast.nothing("document"),
        "pointer": null,
        "element": F.when(name.isin(*names.ELEMENT), _element()),
        "scroll_offset": F.when(name == "scroll", F.greatest(n["$scroll_top"], F.lit(0))),
        "media": cast.nothing("media"),
        "form": _form(),
        "search": cast.nothing("search"),
        "survey": cast.nothing("survey"),
        "campaign": F.when(_takes_utm(), json_records.campaign(s)),
        "user_agent": s["$user_agent"],
        "geo": _geo(),
        "ip": first(s, names.ADDRESS),
        "language": null,
        "consent": null,
        "experiments": _experiments(),
        "value": cast.nothing("value"),
        "currency": null,
        "traits": null,
        "flags": _flags(),
        "properties": _properties(),
    }


def _reasons() -> Column:
    g, nested = F.col("g"), F.col("nested")
    times = {key: (g[key], F.col(column)) for column, key in names.TIMES.items()}
    ids = {key: F.array_contains(nested, key) for key in names.IDENTIFIERS}
    # Of this alone some events have a property of that name that is no identifier.
    ids["alias"] = ids["alias"] & (F.col("event") == names.CREATE_ALIAS)
    return json_records.reasons(
        [
            F.when(g["time"].isNull() & ~F.array_contains("repeated", "time"), F.lit("no time")),
            *cast.unread_times(times),
            F.when(cast.nested(F.col("r_event")), F.lit("name of a wrong type")),
            *json_records.wrong_identifiers(ids),
        ]
    )


def _content_hash() -> Column:
    """Hash of the name and the properties as sent, by their names, which an export has in any order."""
    g = F.col("g")
    sent = F.coalesce(g["$distinct_id_before_identity"], g["distinct_id"])
    apart = (*names.DELIVERY, *names.RESOLVED)
    kept = F.map_filter("bag", lambda key, _: ~key.isin(*apart))
    own = F.coalesce(F.to_json(F.sort_array(F.map_entries(kept))), F.col("r_properties"))
    parts = [F.coalesce(value, F.lit("\0")) for value in (F.col("r_event"), sent, own)]
    return F.when(F.col("map").isNotNull(), F.sha2(F.concat_ws("\x1f", *parts), 256))


def _platform() -> Column:
    s = F.col("s")
    library, system = F.lower(s["mp_lib"]), F.lower(s["$os"])
    return (
        F.when(library.isin(*names.WEB), F.lit("web"))
        .when(library.isin(*names.IOS), F.lit("ios"))
        .when(library.isin(*names.ANDROID), F.lit("android"))
        .when(library.isin(*names.SERVER), F.lit("server"))
        .when(s["$browser"].isNotNull(), F.lit("web"))
        .when(system.isin("ios", "ipados", "iphone os"), F.lit("ios"))
        .when(system == "android", F.lit("android"))
    )


def _identifiers() -> Column:
    s = F.col("s")
    given = {"email": s["$email"], "phone": s["$phone"], "distinct_id": F.col("who")["distinct_id"]}
    entries = [F.struct(F.lit(kind).alias("key"), value.alias("value")) for kind, value in given.items()]
    return F.when(F.coalesce(*given.values()).isNotNull(), cast.identifiers(F.array(*entries)))


def _viewport() -> Column:
    return cast.sizes(*[F.col("n")[key] for key in names.VIEWPORT])


def _geo() -> Column:
    s = F.col("s")
    return cast.filled({part: s[key] for part, key in names.GEO.items()})


def _element() -> Column:
    s, n = F.col("s"), F.col("n")
    tag, element_id = s["$el_tag_name"], s["$el_id"]
    classes = F.array_remove(F.from_json(F.col("g")["$el_classes"], "ARRAY<STRING>", cast.JSON), "")
    dotted = F.when(F.size(classes) > 0, F.concat(F.lit("."), F.array_join(classes, ".")))
    described = F.concat(tag, F.coalesce(dotted, F.lit("")))
    return F.struct(
        F.coalesce(F.concat(F.lit("#"), element_id), described).alias("selector"),
        s["$el_text"].alias("text"),
        tag.alias("tag"),
        s["$el_attr__href"].alias("href"),
        F.lit(None).cast("boolean").alias("interactive"),
        cast.no_box().alias("box"),
        n["$pageX"].alias("x"),
        n["$pageY"].alias("y"),
    )


def _form() -> Column:
    name, element_id, null = F.col("event_name"), F.col("s")["$el_id"], F.lit(None).cast("string")
    changed = F.struct(null.alias("id"), element_id.alias("field"))
    whole = F.struct(element_id.alias("id"), null.alias("field"))
    return F.when(name == "form_change", changed).when(name == "form_submit", whole)


def _takes_utm() -> Column:
    # The web library sends a campaign's tags with all that follows, in later visits too; there the
    # address tells which page was reached by a campaign.
    return F.col("s")["$current_url"].isNull()


def _experiments() -> Column:
    s = F.col("s")
    return json_records.experiments(F.col("event_name"), s["Experiment name"], s["Variant name"])


def _flags() -> Column:
    whole = F.when(~F.col("r_properties").startswith("{"), F.lit("wrong_type:properties"))
    return F.concat(cast.texts([whole]), json_records.flags(F.col("wrong"), "properties."))


def _taken() -> Column:
    """ARRAY of the properties that columns take in this event."""
    s, event, name = F.col("s"), F.col("event"), F.col("event_name")
    located = s["$current_url"].isNotNull()
    element = name.isin(*names.ELEMENT)
    exposed = (name == "experiment_exposure") & s["Experiment name"].isNotNull()
    who = F.col("who")
    # What an id is taken for differs by event; one that no column has stays.
    stored = (who["anonymous_id"], who["user_id"], who["previous_id"], who["distinct_id"])
    ids = ("distinct_id", "$user_id", "$device_id")
    return cast.texts(
        [
            *[F.lit(key) for key in names.TAKEN],
            *[F.when(s[key].isin(*stored) | _undevice(s[key]).isin(*stored), F.lit(key)) for key in ids],
            F.when(F.col("g")["mp_api_timestamp_ms"].isNull(), F.lit("mp_processing_time_ms")),
            *[F.when(located, F.lit(key)) for key in names.URL_PARTS],
            *[F.when(_takes_utm(), F.lit(key)) for key in names.UTM],
            used(s, names.RELEASE),
            used(s, names.ADDRESS),
            *[F.when(_viewport().isNotNull(), F.lit(key)) for key in names.VIEWPORT],
            *[F.when(element, F.lit(key)) for key, events in names.TEXTS.items() if events == names.ELEMENT],
            *[F.when(name.isin(*events), F.lit(key)) for key, events in names.INTEGERS.items()],
            *[F.when(exposed, F.lit(key)) for key in ("Experiment name", "Variant name")],
            F.when(event == names.IDENTIFY, F.lit("$identified_id")),
            F.when(event == names.IDENTIFY, used(s, names.ANONYMOUS)),
            F.when(event == names.CREATE_ALIAS, F.lit("alias")),
        ]
    )


def _properties() -> Column:
    """What no column took: properties, then under `$record` keys beside `event` and `properties`."""
    own = json_records.members(F.col("r_properties"), F.col("left"))
    rest = json_records.members(F.col("raw").cast("string"), F.col("further"))
    record = json_records.under("$record", F.when(F.size("further") > 0, rest))
    return cast.joined([F.when(F.size("left") > 0, own), record])
