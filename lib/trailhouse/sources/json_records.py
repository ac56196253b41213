"""Lines of one JSON object each: judging the line, its values by their keys, and the hash of its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.enrich.campaigns import UTM
from trailhouse.settings import Settings
from trailhouse.sources import cast
from trailhouse.sources.paths import PACKED, PARQUET

SUFFIXES = (
    *[f"{name}{packed}" for name in (".json", ".ndjson", ".jsonl") for packed in ("", *PACKED)],
    PARQUET,
)

RECORDINGS = ("$snapshot", "Replay Chunk", "replay_chunk")
"""What trackers call an event that carries a chunk of a recording."""

TEXTS = "MAP<STRING, STRING>"
"""An object's values as text: objects and arrays as the JSON that they were."""
VARIANTS = "MAP<STRING, VARIANT>"
"""An object's values with their types; null where an object within names a key twice."""
_LINE = f"ARRAY<{TEXTS}>"
_END = "end of the record"


def opened(frame: DataFrame, keys: Iterable[str], settings: Settings) -> DataFrame:
    """`raw`, `file`, `unread` (why the bytes are not looked into), `map`, `repeated`, `r_KEY` for each key.

    `map` has all values by their keys, as text; it is null where the line is anything but one JSON
    object. The `r_` columns are its values under `keys`, trimmed; `repeated` has those of the keys that the
    record names more than once, which makes it no event. Not looked into is what is larger than a record
    may be, or than a chunk of a recording may be where it seems to be one.
    """
    text = F.col("raw").cast("string")
    limit, most = settings.raw.max_record_bytes, settings.replay.max_chunk
    recorded = reduce(Column.__or__, [text.contains(f'"{name}"') for name in RECORDINGS])
    # The text is searched in large records alone: of `&` both sides may be computed ahead.
    large = F.octet_length("raw") > limit
    too_large = F.when(large, (F.octet_length("raw") > most) | ~recorded).otherwise(F.lit(False))
    not_utf8 = ~F.is_valid_utf8(text)
    ends = F.rtrim(text).endswith("}")
    judged = frame.select(
        "raw",
        "file",
        F.when(
            too_large,
            F.when(recorded, F.lit(f"replay chunk larger than {most} bytes")).otherwise(
                F.lit(f"record larger than {limit} bytes")
            ),
        )
        .when(not_utf8, F.lit("not UTF-8"))
        .alias("unread"),
        F.when(~too_large & ~not_utf8 & ends, as_records(text)).alias("records"),
    )
    opened_once = judged.select("raw", "file", "unread", single(F.col("records")).alias("map"))
    # A look into a map walks its keys, and the optimizer would repeat it wherever the value is used; trimmed,
    # it is looked up once.
    values = [F.trim(F.col("map")[key]).alias(f"r_{key}") for key in keys]
    again = among(repeated(F.map_keys("map")), keys)
    return opened_once.select("raw", "file", "unread", "map", again.alias("repeated"), *values)


def as_records(text: Column) -> Column:
    """The text's JSON objects for `single` to judge; in a column of its own, as it is looked at twice.

    In an array, what follows the object is an error instead of being passed over; an element of our own
    behind it tells that the text did not close the array itself.
    """
    return F.from_json(F.concat(F.lit("["), text, F.lit(f',{{"{_END}":""}}]')), _LINE, cast.JSON)


def single(records: Column) -> Column:
    """Of `as_records` the MAP of the one object's values by their keys; null for any other text."""
    ended = F.get(records, F.lit(1))[_END].isNotNull()
    return F.when((F.size(records) == 2) & ended, F.get(records, F.lit(0)))


def repeated(keys: Column) -> Column:
    """ARRAY of those that come more than once in an ARRAY of keys."""
    later = F.filter(keys, lambda key, i: F.array_position(keys, key) <= i)
    several = (F.size(keys) > 1) & (F.size(F.array_distinct(keys)) < F.size(keys))
    return F.when(several, F.array_distinct(later)).otherwise(cast.texts([]))


def unambiguous(values: Column, keys: Column) -> Column:
    """The map without these keys, which it names more than once: which of the values counts is not told."""
    single = F.map_filter(values, lambda key, _: ~F.array_contains(keys, key))
    return F.when(F.size(keys) > 0, single).otherwise(values)


def unambiguous_text(text: Column, keys: Column, repeated_keys: Column) -> Column:
    """The text of an object without the members under these of its keys."""
    single = members(text, F.array_except(keys, repeated_keys))
    return F.when(F.size(repeated_keys) > 0, single).otherwise(text)


def among(keys: Column, known: Iterable[str]) -> Column:
    """ARRAY of those keys that are known."""
    some = F.array_intersect(keys, F.array(*map(F.lit, dict.fromkeys(known))))
    return F.when(F.size(keys) > 0, some).otherwise(cast.texts([]))


def with_more(keys: Column, more: Column) -> Column:
    """ARRAY of distinct keys and, seldom, some more. A set is made only where there are any."""
    return F.when(F.size(more) > 0, F.array_union(keys, more)).otherwise(keys)


def without(keys: Column, some: Column) -> Column:
    """ARRAY of distinct keys, often none, without some of them."""
    return F.when(F.size(keys) == 0, keys).otherwise(F.array_except(keys, some))


def less(keys: Column, some: Column) -> Column:
    """ARRAY of distinct keys without some of them, which are seldom any."""
    return F.when(F.size(some) > 0, F.array_except(keys, some)).otherwise(keys)


def texts(values: Column, keys: Iterable[str]) -> Column:
    """MAP of the texts under these keys: trimmed; no object, array or blank.

    One function over the map: to look at each key apart is so much code that none of it is compiled.
    """
    kept = F.map_filter(
        values, lambda key, value: key.isin(*keys) & (F.trim(value) != "") & ~cast.nested(value)
    )
    return F.transform_values(kept, lambda _, value: F.trim(value))


def nested(values: Column, keys: Iterable[str]) -> Column:
    """ARRAY of those of the keys under which an object or array stands."""
    return F.map_keys(F.map_filter(values, lambda key, value: key.isin(*keys) & cast.nested(value)))


def picked(values: Column, keys: Iterable[str]) -> Column:
    """STRUCT of the values of a map, trimmed, by their keys: each is looked up once."""
    return F.struct(*[F.trim(values[key]).alias(key) for key in dict.fromkeys(keys)])


def first(values: Column, keys: Iterable[str]) -> Column:
    """The first that is there of a struct's values under these keys."""
    return F.coalesce(*[values[key] for key in keys])


def used(values: Column, keys: Iterable[str]) -> Column:
    """Which of the keys `first` takes."""
    return F.coalesce(*[F.when(values[key].isNotNull(), F.lit(key)) for key in keys])


def campaign(values: Column) -> Column:
    """The campaign of a struct's utm_ values; null when there is none."""
    fields = {key: values[parameter] for key, parameter in UTM.items()}
    return cast.filled({**fields, "click_id": F.lit(None).cast("string")})


def experiments(event_name: Column, flag: Column, variant: Column) -> Column:
    """The experiment that an exposure tells of; null in other events and where its flag has no name."""
    one = F.struct(flag.alias("name"), variant.alias("variant"))
    return F.when((event_name == "experiment_exposure") & flag.isNotNull(), F.array(one))


def asked(event_name: Column, by_key: Mapping[str, Iterable[str]]) -> Column:
    """ARRAY of the keys that events of this name are asked for; a key without names is asked for in all."""
    always = [key for key, events in by_key.items() if not events]
    by_event: dict[str, list[str]] = {}
    for key, events in by_key.items():
        for event in events:
            by_event.setdefault(event, []).append(key)
    pairs = [part for event, keys in by_event.items() for part in (F.lit(event), F.array(*map(F.lit, keys)))]
    some = F.try_element_at(F.create_map(*pairs), event_name)
    return F.concat(F.array(*map(F.lit, always)), F.coalesce(some, cast.texts([])))


def wrong(
    values: Column,
    numbers: Column,
    objects: Column,
    event_name: Column,
    texts: Mapping[str, Iterable[str]],
    of_numbers: Mapping[str, Iterable[str]],
) -> Column:
    """ARRAY of the keys of a wrong type that a column of this event would have taken.

    `values` holds what stands under the keys of `of_numbers`, `numbers` the same cast; `objects` is an
    ARRAY of the keys under which an object or array stands. `texts` and `of_numbers` are as for `asked`.
    """
    unread = [F.when(values[key].isNotNull() & numbers[key].isNull(), F.lit(key)) for key in of_numbers]
    found = F.concat(objects, cast.texts(unread))
    return F.array_intersect(found, asked(event_name, {**texts, **of_numbers}))


def flags(keys: Column, prefix: str = "") -> Column:
    """ARRAY of a flag for each of these keys, which are of a wrong type."""
    told = F.transform(keys, lambda key: F.concat(F.lit(f"wrong_type:{prefix}"), key))
    return F.when(F.size(keys) > 0, told).otherwise(cast.texts([]))


def members(text: Column, keys: Column) -> Column:
    """JSON object of the members under these keys of an object given as text, or the whole text.

    An object that names a key twice below its top level is no VARIANT, and is kept whole. `keys`, an
    ARRAY, must be a column of its own: what is computed within the function is computed for each key again.
    """
    every = F.from_json(text, VARIANTS, cast.JSON)
    return F.coalesce(F.to_json(F.map_filter(every, lambda key, _: F.array_contains(keys, key))), text)


def under(name: str, value: Column) -> Column:
    """JSON object with this JSON as its one member; null where the value is."""
    return F.concat(F.lit(f'{{"{name}":'), value, F.lit("}"))


def further(known: Sequence[str]) -> Column:
    """ARRAY of the record's keys that are not known."""
    return F.array_except(F.map_keys("map"), F.array(*map(F.lit, known)))


def reasons(found: Iterable[Column]) -> Column:
    """Why the record is no event: what the line itself tells, else these texts."""
    names = F.array_join("repeated", ", ")
    again = F.when(F.size("repeated") > 0, F.concat(F.lit("named more than once: "), names))
    return (
        F.when(F.col("unread").isNotNull(), F.array("unread"))
        .when(F.col("map").isNull(), F.array(F.lit("not a JSON object")))
        .otherwise(cast.texts([*found, again]))
    )


def wrong_identifiers(nested: Mapping[str, Column]) -> list[Column]:
    """For each field a reason where the condition holds that an object or array stands there."""
    return [F.when(found, F.lit(f"identifier of a wrong type: {field}")) for field, found in nested.items()]


def in_key_order(text: Column) -> Column:
    """The text of a JSON object or array with the members of all objects in the order of their keys.

    Any other text, and one in which an object names a key twice, stays as it is.
    """
    # A VARIANT keeps an object's members in that order.
    nested = text.startswith("{") | text.startswith("[")
    return F.when(nested, F.coalesce(F.to_json(F.try_parse_json(text)), text)).otherwise(text)


def content_hash(own: Iterable[Column], known: Sequence[str]) -> Column:
    """SHA-256 of `own` values in their order, then of those of any further keys; null without a record.

    Needs the columns `map` and `further`; `known` are the keys that are not further ones.
    """
    values = [F.coalesce(value, F.lit("\0")) for value in own]
    others = F.map_filter("map", lambda key, _: ~key.isin(*known))
    some = F.size("further") > 0
    rest = F.when(some, F.to_json(F.sort_array(F.map_entries(others)))).otherwise(F.lit(""))
    return F.when(F.col("map").isNotNull(), F.sha2(F.concat_ws("\x1f", *values, rest), 256))
