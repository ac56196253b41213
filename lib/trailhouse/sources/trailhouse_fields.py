"""The suite's own schema from JSON: fields by the types of the contract, and what no column takes."""

from __future__ import annotations

from collections.abc import Mapping
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

_ITEMS = f"ARRAY<{json_records.TEXTS}>"
_SIZES = ("viewport", "document")
# Made of the address; a record without one keeps them.
_OF_URL = ("host", "path", "group")
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


def scalars() -> tuple[str, ...]:
    """The fields that hold one value."""
    return tuple(
        column.name
        for column in TABLE.columns
        if not column.type.startswith(("STRUCT", "MAP", "ARRAY"))
        and column.name not in ("properties", "traits")
    )


def with_typed(records: DataFrame) -> DataFrame:
    """Of `json_records.opened` the values that columns are made of, each computed once.

    `v` (typed values), `v_RECORD` (those of a record within), `p_RECORD` (their texts), `keys_RECORD` and
    `twice_RECORD` (its keys, and those that it names more than once), `given_flags`,
    `given_identifiers`, `keys_properties`.
    """
    inner = objects()
    keyed = records.select(
        "*",
        *[F.json_object_keys(f"r_{name}").alias(f"keys_{name}") for name in inner],
        *[_only_object(F.col(f"r_{name}")).alias(f"o_{name}") for name in ("properties", "traits")],
        F.from_json("r_experiments", _ITEMS, cast.JSON).alias("items"),
        F.from_json("r_flags", "ARRAY<STRING>", cast.JSON).alias("given_flags"),
        F.from_json("r_identifiers", json_records.TEXTS, cast.JSON).alias("given_identifiers"),
        json_records.further(VALUES).alias("further"),
    )
    counted = keyed.withColumns(
        {f"twice_{name}": json_records.repeated(F.col(f"keys_{name}")) for name in inner}
        | {"keys_properties": F.map_keys(json_records.single(F.col("o_properties")))}
    )
    texts = counted.withColumns({f"p_{name}": _texts_of(name, members) for name, members in inner.items()})
    typed = {name: _scalar(name) for name in scalars() if name not in MADE}
    typed |= {"experiments": _experiments(), "traits": _traits()}
    return texts.select(
        "*",
        F.struct(*[value.alias(name) for name, value in typed.items()]).alias("v"),
        *[
            F.struct(*[_member(name, key, kind).alias(key) for key, kind in members.items()]).alias(
                f"v_{name}"
            )
            for name, members in inner.items()
        ],
    )


def _only_object(text: Column) -> Column:
    return json_records.as_records(F.when(text.startswith("{") & text.endswith("}"), text))


def _texts_of(name: str, members: Mapping[str, DataType]) -> Column:
    """STRUCT of the texts of a record within, without members that it names more than once."""
    single = json_records.unambiguous_text(*[F.col(f"{of}_{name}") for of in ("r", "keys", "twice")])
    shape = ", ".join(f"`{key}`: STRING" for key in members)
    return F.from_json(single, f"STRUCT<{shape}>", cast.JSON)


def _scalar(name: str) -> Column:
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
        case "STRING" if name == "content_hash":
            return F.when(value.rlike(_SHA_256), value)
        case "STRING":
            return cast.present(cast.scalar(value))
    return cast.money(value)


def _member(name: str, key: str, kind: DataType) -> Column:
    value = F.col(f"p_{name}")[key]
    if isinstance(kind, StructType):
        return _within(value, kind)
    if name == "page":
        value = F.trim(value)
    return cast.size(value) if name in _SIZES else _typed(value, kind)


def _typed(value: Column, kind: DataType) -> Column:
    match kind.simpleString():
        case "int":
            return cast.integer(value)
        case "double":
            return cast.number(value)
        case "boolean":
            return cast.boolean(value)
    return F.when((F.trim(value) != "") & ~cast.nested(value), value)


def _within(text: Column, kind: StructType) -> Column:
    """A record within a record, such as an element's box: all of it can be read, or none is."""
    shape = ", ".join(f"`{member.name}`: STRING" for member in kind.fields)
    given = F.from_json(text, f"STRUCT<{shape}>", cast.JSON)
    read = {member.name: _typed(given[member.name], member.dataType) for member in kind.fields}
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


def _traits() -> Column:
    return F.when(json_records.single(F.col("o_traits")).isNotNull(), F.col("r_traits"))


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
    v = F.col(f"v_{name}")
    members = {key: v[key] for key in objects()[name]}
    if name in _SIZES:
        return F.when(_sized(name), v)
    if name == "page":
        members = {key: v[key] for key in members if key not in _OF_URL}
    if name in _EMPTY_IS_NONE:
        return cast.filled(members)
    # A record without members is one: so a table has it.
    return F.when(F.col(f"keys_{name}").isNotNull(), v)


def _sized(name: str) -> Column:
    v = F.col(f"v_{name}")
    return v["width"].isNotNull() & v["height"].isNotNull()


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
    return judged.withColumns(
        {
            "spare": F.array_except(others, taken),
            "kept": F.array_union("wrong", clash),
            "own": F.array_except(F.coalesce("keys_properties", cast.texts([])), old),
            "old": old,
            **{f"left_{name}": _left(name, members) for name, members in inner.items()},
        }
    )


def _wrong() -> Column:
    """ARRAY of the fields of a wrong type; identifiers, times and the name are judged apart."""
    v = F.col("v")
    judged = [name for name in (*scalars(), "experiments", "traits") if name not in MADE]
    unread = {name: v[name].isNull() for name in judged}
    unread |= {name: F.col(f"keys_{name}").isNull() for name in objects()}
    for name in _SIZES:
        given = F.coalesce(F.col(f"p_{name}")["width"], F.col(f"p_{name}")["height"]).isNotNull()
        unread[name] = unread[name] | (given & ~_sized(name))
    unread["flags"] = F.col("given_flags").isNull()
    unread["properties"] = F.col("keys_properties").isNull()
    return cast.texts([F.when(_filled(name) & gone, F.lit(name)) for name, gone in unread.items()])


def _filled(name: str) -> Column:
    value = F.col(f"r_{name}")
    return value.isNotNull() & (value != "")


def _wrong_members(name: str, members: Mapping[str, DataType]) -> Column:
    p, v = F.col(f"p_{name}"), F.col(f"v_{name}")
    unread = [F.when((F.trim(p[key]) != "") & v[key].isNull(), F.lit(key)) for key in members]
    found = F.concat(cast.texts(unread), json_records.among(F.col(f"twice_{name}"), members))
    # A size is judged as a whole.
    return cast.texts([]) if name in _SIZES else F.coalesce(found, cast.texts([]))


def _left(name: str, members: Mapping[str, DataType]) -> Column:
    """ARRAY of the keys of a record within that no column takes."""
    keys = F.array_except(f"keys_{name}", _lits(*members))
    left = F.array_union(keys, f"wrong_{name}")
    if name == "page":
        p = F.col("p_page")
        parts = cast.texts([F.when(p[key].isNotNull(), F.lit(key)) for key in _OF_URL])
        made = F.coalesce(cast.present(p["url"]).isNotNull() | (p["path"] == p["title"]), F.lit(False))
        left = F.when(made, left).otherwise(F.array_union(left, parts))
    return F.coalesce(left, cast.texts([]))


def flags() -> Column:
    """What the record says was mended before, then a flag for each field of a wrong type."""
    given = F.filter("given_flags", lambda flag: flag.isNotNull())
    found = [json_records.flags(F.col("wrong"))]
    found += [json_records.flags(F.col(f"wrong_{name}"), f"{name}.") for name in objects()]
    return F.array_distinct(F.concat(F.coalesce(given, cast.texts([])), *found))


def properties() -> Column:
    """The record's own, fields that are no columns, and under `$record` what cannot stand beside them."""
    text, raw, again = F.col("r_properties"), F.col("raw").cast("string"), F.size("old") > 0
    within = [
        F.when(
            F.size(f"left_{name}") > 0,
            json_records.under(name, json_records.members(F.col(f"r_{name}"), F.col(f"left_{name}"))),
        )
        for name in objects()
    ]
    kept = F.when(F.size("kept") > 0, json_records.members(raw, F.col("kept")))
    left = cast.joined([kept, *within])
    # A `$record` that the properties bring comes into the new one, if there is one.
    parted = left.isNotNull() & again
    before = F.when(again, json_records.members(text, F.col("old")))
    own = F.when(parted, json_records.members(text, F.col("own"))).when(
        F.col("keys_properties").isNotNull(), text
    )
    spare = F.when(F.size("spare") > 0, json_records.members(raw, F.col("spare")))
    record = F.when(left.isNotNull(), json_records.under(_RECORD, cast.joined([before, left])))
    return cast.joined([own, spare, record])


def _lits(*words: str) -> Column:
    return F.array(*map(F.lit, words))
