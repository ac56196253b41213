"""The shape of a JSON text in Spark: which places it has, and the type of what stands there.

Rows of one shape are counted together before anything is taken apart, so that the price of the
catalog is one parse a row and one small shuffle.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.columns import let
from trailhouse.plan.paths import ELEMENT, named

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null", "unreadable")
"""JSON Schema's types; `unreadable` is a text that holds no JSON object, or a name twice in one."""

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
FORMATS = {
    "date": rf"^{_DAY}\z",
    "date-time": rf"^{_DAY}[T ]{_CLOCK}(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?\z",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\z",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*://[^\x00-\x20]+\z",
    "email": r"^[^@\x00-\x20]+@[^@\x00-\x20]+[.][^@\x00-\x20]+\z",
}
"""JSON Schema's names of formats that strings are tried for, the first that matches."""

_LONGEST_FORMAT = 254
"""Characters up to which a string is tried: an address's limit, and a bound on what a try can cost."""
_ENTRY = "ARRAY<STRUCT<path: STRING, type: STRING>>"
_PLACES = "ARRAY<STRUCT<path: STRING, value: VARIANT>>"


def shape(document: Column, depth: int) -> Column:
    """ARRAY<STRUCT<path, type>> of a JSON text, each pair once; strings of a format as `string/uuid`.

    The first entry, of path '', tells of the text itself: object, null or unreadable. Places are
    looked for `depth` steps deep.
    """

    def entries(value: Column) -> Column:
        inside = F.transform(
            _places(_members(F.lit(""), value), depth),
            lambda found: F.struct(found["path"].alias("path"), _type(found["value"]).alias("type")),
        )
        is_object = F.coalesce(F.schema_of_variant(value).startswith("OBJECT"), F.lit(False))
        return F.when(is_object, F.concat(_itself("object"), F.array_distinct(inside))).otherwise(
            _itself("unreadable")
        )

    read = let(F.try_parse_json(document), entries)
    return F.when(document.isNull(), _itself("null")).otherwise(read)


def _itself(kind: str) -> Column:
    return F.array(F.struct(F.lit("").alias("path"), F.lit(kind).alias("type"))).cast(_ENTRY)


def _places(level: Column, depth: int) -> Column:
    """Places of this level and of those inside of them."""
    if depth == 1:
        return level

    def deeper(here: Column) -> Column:
        inside = F.flatten(F.transform(here, lambda found: _members(found["path"], found["value"])))
        return F.concat(here, _places(inside, depth - 1))

    return let(level, deeper)


def _members(path: Column, value: Column) -> Column:
    """ARRAY<STRUCT<path, value>> of an object's members or an array's elements; empty for others."""
    members = F.transform(
        F.map_entries(F.try_variant_get(value, "$", "MAP<STRING, VARIANT>")),
        lambda entry: F.struct(named(path, entry["key"]).alias("path"), entry["value"].alias("value")),
    )
    elements = F.transform(
        F.try_variant_get(value, "$", "ARRAY<VARIANT>"),
        lambda element: F.struct(F.concat(path, F.lit(ELEMENT)).alias("path"), element.alias("value")),
    )
    return F.coalesce(members.cast(_PLACES), elements.cast(_PLACES), F.array().cast(_PLACES))


def _type(value: Column) -> Column:
    def by_name(name: Column) -> Column:
        return (
            F.when(name == "STRING", _string(F.try_variant_get(value, "$", "STRING")))
            # To JSON Schema 1.0 is an integer; Spark calls it DECIMAL(1,0).
            .when((name == "BIGINT") | name.rlike(r"^DECIMAL\([0-9]+,0\)"), F.lit("integer"))
            .when(name.startswith("DECIMAL") | (name == "DOUBLE"), F.lit("number"))
            .when(name == "BOOLEAN", F.lit("boolean"))
            .when(name.startswith("OBJECT"), F.lit("object"))
            .when(name.startswith("ARRAY"), F.lit("array"))
            .otherwise(F.lit("null"))
        )

    # An element or member that is null may come as SQL's null, whose schema is null.
    return let(F.coalesce(F.schema_of_variant(value), F.lit("VOID")), by_name)


def _string(text: Column) -> Column:
    found = F.lit("string")
    for name, pattern in reversed(FORMATS.items()):
        found = F.when(text.rlike(pattern), F.lit(f"string/{name}")).otherwise(found)
    return F.when(F.length(text) <= _LONGEST_FORMAT, found).otherwise(F.lit("string"))
