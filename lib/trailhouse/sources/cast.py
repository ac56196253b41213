"""Foreign text to typed columns: what cannot be read becomes null and never ends a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.columns import let
from trailhouse.tables._shapes import BOX
from trailhouse.tables.events import TABLE

JSON = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
"""Options for from_json: what JSON allows, and no more."""

# Spark's own cast takes a mere time of day as one of today; the date is asked for before it.
_DATED = r"^\d{4}-\d{2}-\d{2}"
_SECONDS = r"^\d{10}(\.\d{1,9})?$"
_MILLISECONDS = r"^\d{13}$"
_MICROSECONDS = r"^\d{16}$"


def nothing(name: str) -> Column:
    """A null of the type that a column of `events` has."""
    return F.lit(None).cast(TABLE.column(name).type)


def no_box() -> Column:
    """A null in place of an element's box."""
    return F.lit(None).cast(BOX)


def present(value: Column) -> Column:
    """The text without blanks around it; null when nothing is left."""
    trimmed = F.trim(value)
    return F.when(trimmed != "", trimmed)


def time(value: Column) -> Column:
    """A TIMESTAMP from ISO 8601 (`T` or blank; `Z`, offset or neither for UTC) or epoch s or ms.

    Digits behind the microsecond are cut.
    """
    trimmed = F.trim(value)
    written = F.when(trimmed.contains("z"), F.regexp_replace(trimmed, "z$", "Z")).otherwise(trimmed)
    seconds = (trimmed.try_cast("decimal(20,6)") * F.lit(1_000_000)).try_cast("bigint")
    return (
        F.when(trimmed.rlike(_DATED), written.try_cast("timestamp"))
        .when(trimmed.rlike(_SECONDS), F.timestamp_micros(seconds))
        .when(trimmed.rlike(_MILLISECONDS), F.timestamp_millis(trimmed.try_cast("bigint")))
    )


def fine_time(value: Column) -> Column:
    """As `time`, and from epoch microseconds too."""
    micros = F.timestamp_micros(value.try_cast("bigint"))
    return F.when(value.rlike(_MICROSECONDS), micros).otherwise(time(value))


def unread_times(read: Mapping[str, tuple[Column, Column]]) -> list[Column]:
    """Of {field: (given, read)} a reason for each field where a time is given and none could be read."""
    return [
        F.when(given.isNotNull() & found.isNull(), F.lit(f"time not readable: {field}"))
        for field, (given, found) in read.items()
    ]


def number(value: Column) -> Column:
    """A finite DOUBLE."""
    double = value.try_cast("double")
    return F.when(~F.isnan(double) & (F.abs(double) != float("inf")), double)


def integer(value: Column) -> Column:
    """An INT, rounded half away from zero where the text has a fraction."""
    return F.round(value.try_cast("double")).try_cast("int")


def size(value: Column) -> Column:
    """An INT that is not negative."""
    found = integer(value)
    return F.when(found >= 0, found)


def long(value: Column) -> Column:
    """A BIGINT; a fraction makes it null."""
    return value.try_cast("bigint")


def money(value: Column) -> Column:
    """A DECIMAL(18,4), rounded half up."""
    return value.try_cast("decimal(18,4)")


def boolean(value: Column) -> Column:
    """A BOOLEAN from true, false, 1, 0, yes, no, in any case."""
    return value.try_cast("boolean")


def scalar(value: Column) -> Column:
    """The text, unless it is that of a JSON object or array."""
    return F.when(~nested(value), value)


def nested(value: Column) -> Column:
    """Whether the text is a JSON object or array; `[object Object]` is neither.

    An object that names a key twice is one too; `try_parse_json` does not take it.
    """
    # `get_json_object` also takes single quotes, which JSON has not.
    opens = value.rlike(r"^[{\[]\s*[^'\s]")
    never = F.lit(False)
    found = F.when(opens, F.get_json_object(value, "$").isNotNull()).otherwise(never)
    # Most values are plain: their first byte tells, and no expression is matched against them.
    return F.when(value.startswith("{") | value.startswith("["), found).otherwise(never)


def filled(fields: Mapping[str, Column]) -> Column:
    """The STRUCT of these fields; null when all of them are."""
    some = F.coalesce(*fields.values()).isNotNull()
    return F.when(some, F.struct(*[value.alias(name) for name, value in fields.items()]))


def sizes(width: Column, height: Column) -> Column:
    """The SIZE struct, null when one of both is missing."""
    both = F.struct(size(width).alias("width"), size(height).alias("height"))
    return F.when(both["width"].isNotNull() & both["height"].isNotNull(), both)


def lookup(table: Mapping[str, str], key: Column) -> Column:
    """The table's word for a key; null where it has none."""
    pairs = F.create_map(*[F.lit(word) for pair in table.items() for word in pair])
    return F.try_element_at(pairs, key)


def texts(given: Iterable[Column]) -> Column:
    """An ARRAY<STRING> of those that are not null, each once; empty when none is.

    By a set function and not by a filter: around a higher-order function all that it is made of
    leaves the generated code, which made the whole of parsing six times slower. In most rows there is
    none, and no set is made.
    """
    nothing = F.array(F.lit(None).cast("string"))
    empty = F.array().cast("array<string>")
    found = list(given)
    if not found:
        return empty
    some = F.coalesce(*found).isNotNull()
    return F.when(some, F.array_except(F.array(*found), nothing)).otherwise(empty)


def identifiers(entries: Column) -> Column:
    """The map of an ARRAY<STRUCT<key, value>>: the first entry of a key stays; null when none is left.

    Types are lower case; blank types and values are left out.
    """
    clean = F.transform(
        entries,
        lambda e: F.struct(F.lower(present(e["key"])).alias("key"), present(e["value"]).alias("value")),
    )
    kept = F.filter(clean, lambda e: e["key"].isNotNull() & e["value"].isNotNull())

    def first_of_each(found: Column) -> Column:
        keys = F.transform(found, lambda e: e["key"])
        return F.map_from_entries(F.filter(found, lambda e, i: F.array_position(keys, e["key"]) == i + 1))

    return let(kept, lambda found: F.when(F.size(found) > 0, first_of_each(found)))


def joined(parts: Iterable[Column]) -> Column:
    """One JSON object of the members of several; a null or empty part adds nothing; null when all are."""
    inner = [F.nullif(F.substring(part, F.lit(2), F.length(part) - 2), F.lit("")) for part in parts]
    members = F.concat_ws(",", *inner)
    return F.when(members != "", F.concat(F.lit("{"), members, F.lit("}")))
