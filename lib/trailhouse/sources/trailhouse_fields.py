"""The suite's own schema from JSON: fields by the types of the contract, and what no column takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from trailhouse.sources import cast, json_records
from trailhouse.tables.events import TABLE

VALUES = tuple(column.name for column in TABLE.columns)
"""Fields of a record that have a meaning: the columns of `events`."""

MADE = ("event_key", "event_date", "source", "bot_reasons", "is_bot", "internal")
"""Columns that the suite alone makes: what a record says of them is not read."""

_OWN = (*MADE, "content_hash", "properties", "traits")
_ITEMS = f"ARRAY<{json_records.TEXTS}>"
_SIZES = ("viewport", "document")
# Made of the address; a record without one keeps them.
_OF_URL = (("page", "host"), ("page", "path"), ("page", "group"))
_EMPTY_IS_NONE = ("page", "campaign", "device", "geo")
_SHA_256 = "^[0-9a-f]{64}$"
_RECORD = "$record"


def objects() -> dict[str, dict[str, DataType]]:
    """The fields that are records, each with its members and their types; needs a session."""
    return {
        field.name: {member.name: member.dataType for member in field.dataType.fields}
        for field in TABLE.schema.fields
        if isinstance(field.dataType, StructType)
    }


def texts() -> tuple[str, ...]:
    """The fields that hold a text."""
    return tuple(c.name for c in TABLE.columns if c.type == "STRING" and not c.values and c.name not in _OWN)


def typed() -> tuple[str, ...]:
    """The fields that hold one value of another type, or one of a few words."""
    kinds = ("TIMESTAMP", "BIGINT", "INT", "DECIMAL")
    return tuple(
        c.name for c in TABLE.columns if (c.values or c.type.startswith(kinds)) and c.name not in _OWN
    )


def with_typed(records: DataFrame) -> DataFrame:
    """Of `json_records.opened` the values that columns are made of, each computed once.

    `t` (texts of the record), `nested_fields` (its texts that are objects or arrays), `v_FIELD` (other
    values); of a record within `all_RECORD` (its values), `keys_RECORD` (names of those that are not
    null), `twice_RECORD` (names that it has more than once), `texts_RECORD` (values that are no object, not
    blank), `nested_RECORD` (names of objects and arrays); `keys_properties`; what is read of arrays and maps.
    """
    inner = objects()
    values = {f"v_{name}": _typed_field(name) for name in typed()}
    opened = records.select(
        "*",
        json_records.texts(F.col("map"), texts()).alias("field_texts"),
        json_records.nested(F.col("map"), texts()).alias("nested_fields"),
        *[value.alias(name) for name, value in values.items()],
        *[F.from_json(f"r_{name}", json_records.TEXTS, cast.JSON).alias(f"all_{name}") for name in inner],
        *[_only_object(F.col(f"r_{name}")).alias(f"o_{name}") for name in ("properties", "traits")],
        F.from_json("r_experiments", _ITEMS, cast.JSON).alias("items"),
        F.from_json("r_flags", "ARRAY<STRING>", cast.JSON).alias("given_flags"),
        F.from_json("r_identifiers", json_records.TEXTS, cast.JSON).alias("given_identifiers"),
        json_records.further(VALUES).alias("further"),
    )
    keyed = opened.withColumns(
        {f"twice_{name}": json_records.repeated(F.map_keys(f"all_{name}")) for name in inner}
        | {f"keys_{name}": _keys(name) for name in inner}
        | {
            "keys_properties": F.map_keys(json_records.single(F.col("o_properties"))),
            "v_traits": F.when(json_records.single(F.col("o_traits")).isNotNull(), F.col("r_traits")),
            "v_experiments": _experiments(),
            "t": json_records.picked(F.col("field_texts"), texts()),
        }
    )
    return keyed.withColumns(
        {f"texts_{name}": _texts_within(name, members) for name, members in inner.items()}
        | {
            f"nested_{name}": json_records.nested(F.col(f"all_{name}"), members)
            for name, members in inner.items()
        }
    )


def _keys(name: str) -> Column:
    return F.map_keys(F.map_filter(f"all_{name}", lambda _, value: value.isNotNull()))


def _only_object(text: Column) -> Column:
    return json_records.as_records(F.when(text.startswith("{") & text.endswith("}"), text))


def _texts_within(name: str, members: Mapping[str, DataType]) -> Column:
    """MAP of the texts of a record within; an object that is a member stands there as its text."""
    parts = [key for key, kind in members.items() if isinstance(kind, StructType)]
    every = json_records.unambiguous(F.col(f"all_{name}"), F.col(f"twice_{name}"))
    return F.map_filter(
        every,
        lambda key, value: (
            key.isin(*members) & (F.trim(value) != "") & (key.isin(*parts) | ~cast.nested(value))
        ),
    )


def _typed_field(name: str) -> Column:
    column, value = TABLE.column(name), F.col(f"r_{name}")
    if column.values:
        word = F.lower(value)
        return F.when(word.isin(*column.values), word)
    match column.type:
        case "TIMESTAMP":
            return cast.fine_time(value)
        case "BIGINT":
            return cast.long(value)
        case "INT":
            return cast.size(value) if column.low == 0 else cast.integer(value)
    return cast.money(value)


def _member(name: str, key: str, kind: DataType) -> Column:
    value = F.col(f"texts_{name}")[key]
    if isinstance(kind, StructType):
        return _within(value, kind)
    if name == "page":
        return F.trim(value)
    return cast.size(value) if name in _SIZES else _cast(value, kind)


def _cast(value: Column, kind: DataType) -> Column:
    match kind.simpleString():
        case "int":
            return cast.integer(value)
        case "double":
            return cast.number(value)
        case "boolean":
            return cast.boolean(value)
    return value


def _within(text: Column, kind: StructType) -> Column:
    """A record within a record, such as an element's box: all of it can be read, or none is."""
    shape = ", ".join(f"`{member.name}`: STRING" for member in kind.fields)
    given = F.from_json(text, f"STRUCT<{shape}>", cast.JSON)
    read = {member.name: _cast(given[member.name], member.dataType) for member in kind.fields}
    unread = [given[key].isNotNull() & value.isNull() for key, value in read.items()]
    known = F.size(F.array_except(F.json_object_keys(text), _lits(*read))) == 0
    good = known & ~reduce(Column.__or__, unread)
    return F.when(good, F.struct(*[value.alias(key) for key, value in read.items()]))


def _experiments() -> Column:
    """Entries of a name and, perhaps, a variant; null when one is anything else."""

    def odd(entry: Column) -> Column:
        name, variant = entry["name"], entry["variant"]
        others = F.array_except(F.map_keys(entry), _lits("name", "variant"))
        return (
            entry.isNull()
            | cast.present(name).isNull()
            | cast.nested(name)
            | F.coalesce(cast.nested(variant), F.lit(False))
            | (F.size(others) > 0)
        )

    entries = F.transform("items", lambda e: F.struct(e["name"].alias("name"), e["variant"].alias("variant")))
    return F.when(~F.exists("items", lambda e: F.coalesce(odd(e), F.lit(True))), entries)


def nested() -> tuple[str, ...]:
    """The fields that hold an object or array."""
    return tuple(name for name in VALUES if name not in (*texts(), *typed(), *MADE, "content_hash"))


def told_hash() -> Column:
    """The content hash that a row has that was exported."""
    return F.when(F.col("r_content_hash").rlike(_SHA_256), F.col("r_content_hash"))


def identifiers() -> Column:
    """Types in lower case; blank types and values are left out."""
    entries = F.transform(
        F.map_entries("given_identifiers"),
        lambda e: F.struct(e["key"].alias("key"), e["value"].alias("value")),
    )
    return cast.identifiers(entries)


def wrong_identifiers() -> Column:
    """Whether `identifiers` is anything but an object of plain values."""
    plain = ~F.exists(
        F.map_values("given_identifiers"), lambda value: F.coalesce(cast.nested(value), F.lit(False))
    )
    readable = F.col("r_identifiers").startswith("{") & plain
    return _filled("identifiers") & ~F.coalesce(readable, F.lit(False))


def whole(name: str) -> Column:
    """The record within, as `events` has it."""
    every = {key: _member(name, key, kind) for key, kind in objects()[name].items()}
    if name in _EMPTY_IS_NONE:
        return cast.filled({key: value for key, value in every.items() if (name, key) not in _OF_URL})
    record = F.struct(*[value.alias(key) for key, value in every.items()])
    if name in _SIZES:
        return F.when(_sized(name), record)
    # A record without members is one: so a table has it.
    return F.when(F.col(f"all_{name}").isNotNull(), record)


def _sized(name: str) -> Column:
    kinds = objects()[name]
    return (
        _member(name, "width", kinds["width"]).isNotNull()
        & _member(name, "height", kinds["height"]).isNotNull()
    )


def with_left(frame: DataFrame) -> DataFrame:
    """`wrong` (fields of a wrong type), `wrong_RECORD` (members), and what no column takes.

    That is `spare` (fields of the record that nothing in its `properties` is named like), `kept` (those of
    `$record`), `left_RECORD` (members of a record within).
    """
    inner = objects()
    judged = frame.withColumns(
        {"wrong": _wrong(), **{f"wrong_{name}": _wrong_members(name, keys) for name, keys in inner.items()}}
    )
    named = F.col("r_source").isNotNull() & (F.col("r_source") != "trailhouse")
    others = F.concat(F.col("further"), cast.texts([F.when(named, F.lit("source"))]))
    taken = F.concat(F.coalesce("keys_properties", cast.texts([])), _lits(_RECORD))
    clash = F.array_intersect(others, taken)
    old = F.array_intersect(F.coalesce("keys_properties", cast.texts([])), _lits(_RECORD))
    parted = judged.withColumns(
        {
            "spare": F.array_except(others, taken),
            "kept": F.array_union("wrong", clash),
            "own": F.array_except(F.coalesce("keys_properties", cast.texts([])), old),
            "old": old,
            **{f"left_{name}": _left(name, members) for name, members in inner.items()},
        }
    )
    # Columns of their own: `joined` names a part several times, and one within another multiplies that.
    texts_left = parted.withColumns({f"rest_{name}": _rest(name) for name in inner})
    return texts_left.withColumn("left", _left_text(inner)).withColumn("record", _record())


def _rest(name: str) -> Column:
    """JSON object of what is left of a record within, under the record's name."""
    some = json_records.members(F.col(f"r_{name}"), F.col(f"left_{name}"))
    return F.when(F.size(f"left_{name}") > 0, json_records.under(name, some))


def _left_text(names: Iterable[str]) -> Column:
    """JSON object of what has to stand under `$record`."""
    kept = F.when(F.size("kept") > 0, json_records.members(F.col("raw").cast("string"), F.col("kept")))
    return cast.joined([kept, *[F.col(f"rest_{name}") for name in names]])


def _record() -> Column:
    # A `$record` that the properties bring comes into the new one, if there is one.
    before = F.when(F.size("old") > 0, json_records.members(F.col("r_properties"), F.col("old")))
    return F.when(F.col("left").isNotNull(), cast.joined([before, F.col("left")]))


def _wrong() -> Column:
    """ARRAY of the fields of a wrong type; identifiers, times and the name are judged apart."""
    unread = {name: F.col(f"v_{name}").isNull() for name in (*typed(), "experiments", "traits")}
    unread |= {name: F.col(f"all_{name}").isNull() for name in objects()}
    for name in _SIZES:
        given = F.size(F.array_intersect(f"keys_{name}", _lits("width", "height"))) > 0
        unread[name] = unread[name] | (given & ~_sized(name))
    unread["flags"] = F.col("given_flags").isNull()
    unread["properties"] = F.col("keys_properties").isNull()
    unread["content_hash"] = ~F.col("r_content_hash").rlike(_SHA_256)
    found = cast.texts([F.when(_filled(name) & gone, F.lit(name)) for name, gone in unread.items()])
    return F.array_union(F.coalesce("nested_fields", cast.texts([])), found)


def _filled(name: str) -> Column:
    value = F.col(f"r_{name}")
    return value.isNotNull() & (value != "")


def _wrong_members(name: str, members: Mapping[str, DataType]) -> Column:
    if name in _SIZES:  # judged as a whole
        return cast.texts([])
    given = F.col(f"texts_{name}")
    casts = {key: kind for key, kind in members.items() if kind.simpleString() != "string"}
    unread = [
        F.when(given[key].isNotNull() & _member(name, key, kind).isNull(), F.lit(key))
        for key, kind in casts.items()
    ]
    nested = F.array_except(f"nested_{name}", _lits(*[k for k in casts if isinstance(casts[k], StructType)]))
    twice = json_records.among(F.col(f"twice_{name}"), members)
    return F.coalesce(F.array_distinct(F.concat(nested, cast.texts(unread), twice)), cast.texts([]))


def _left(name: str, members: Mapping[str, DataType]) -> Column:
    """ARRAY of the keys of a record within that no column takes."""
    left = F.array_union(F.array_except(f"keys_{name}", _lits(*members)), f"wrong_{name}")
    if name == "page":
        given = F.col("texts_page")
        parts = F.array_intersect("keys_page", _lits(*[key for _, key in _OF_URL]))
        made = given["url"].isNotNull() | (given["path"] == given["title"])
        left = F.when(F.coalesce(made, F.lit(False)), left).otherwise(F.array_union(left, parts))
    return F.coalesce(left, cast.texts([]))


def flags() -> Column:
    """What the record says was mended before, then a flag for each field of a wrong type."""
    given = F.filter("given_flags", lambda flag: flag.isNotNull())
    found = [json_records.flags(F.col("wrong"))]
    found += [json_records.flags(F.col(f"wrong_{name}"), f"{name}.") for name in objects()]
    return F.array_distinct(F.concat(F.coalesce(given, cast.texts([])), *found))


def properties() -> Column:
    """The record's own, fields that are no columns, and under `$record` what cannot stand beside them."""
    text, parted = F.col("r_properties"), F.col("left").isNotNull() & (F.size("old") > 0)
    own = F.when(parted, json_records.members(text, F.col("own"))).when(
        F.col("keys_properties").isNotNull(), text
    )
    spare = json_records.members(F.col("raw").cast("string"), F.col("spare"))
    record = json_records.under(_RECORD, F.col("record"))
    return cast.joined([own, F.when(F.size("spare") > 0, spare), record])


def _lits(*words: str) -> Column:
    return F.array(*map(F.lit, words))
