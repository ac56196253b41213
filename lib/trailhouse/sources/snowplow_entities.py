"""The self-describing JSON of Snowplow's events, opened once: contexts and an event's own fields.

A schema `iglu:vendor/name/format/model-revision-addition` is known by a key, the column that Snowplow's
loaders make of it without its minor version: `contexts_com_acme_order_item_1`,
`unstruct_event_com_acme_sale_1`.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import cast
from trailhouse.sources import snowplow_names as names

_CONTEXTS = "ARRAY<STRUCT<data: ARRAY<STRUCT<schema: STRING, data: VARIANT>>>>"
_EVENT = "ARRAY<STRUCT<data: STRUCT<schema: STRING, data: VARIANT>>>"
_OWN = names.DOCUMENTS["unstruct_event"]
_ENTITIES = "array<struct<key:string,data:array<variant>>>"
_SCHEMA = r"^iglu:[^/]+/[^/]+/[^/]+/\d+-\d+-\d+$"
_VARIANTS = "array<variant>"


def opened(frame: DataFrame) -> DataFrame:
    """Adds what the JSON of records without `unread` says.

    `entities` is a MAP<STRING, VARIANT>: under the key of a context the ARRAY of all of its kind, under
    that of an event its own fields. `own_key` and `own` are the event's key and fields, `own_name` its
    schema's name. `unopened` is an ARRAY of the columns that hold no such JSON; `entities` has their text.
    """
    read = F.col("unread").isNull()
    parsed = frame.select(
        "*",
        *[_parsed(F.when(read, F.col(name)), name).alias(f"l_{name}") for name in names.DOCUMENTS],
        F.transform(
            F.when(read, F.col("documents")),
            lambda d: F.struct(d["key"], d["text"], _document(d["text"]).alias("value")),
        ).alias("l_documents"),
    )
    checked = parsed.withColumns({f"g_{name}": _good(F.col(f"l_{name}")) for name in names.DOCUMENTS})
    given = checked.withColumns(
        {"given": _given(), "unopened": _unopened(), "own_name": _name(F.get("g_unstruct_event", F.lit(0)))}
    )
    keyed = given.withColumn(
        "keys", F.array_sort(F.array_distinct(F.transform("given", lambda entity: entity["key"])))
    )
    gathered = keyed.withColumns(
        {
            "entities": F.map_from_arrays("keys", F.transform("keys", _gathered)),
            "own_key": F.get(F.filter("keys", lambda key: key.startswith(_OWN)), F.lit(0)),
        }
    )
    helpers = [f"{kind}_{name}" for kind in "lg" for name in names.DOCUMENTS]
    return gathered.withColumn("own", F.try_element_at("entities", "own_key")).drop(
        *helpers, "l_documents", "given", "keys", *names.DOCUMENTS, "documents"
    )


def _alone(text: Column) -> Column:
    """The text in an array, where what follows it is an error instead of being passed over."""
    return F.concat(F.lit("["), text, F.lit("]"))


def _document(text: Column) -> Column:
    """The VARIANT of a JSON text; null where it is none."""
    values = F.try_parse_json(_alone(text)).try_cast(_VARIANTS)
    return F.when(F.size(values) == 1, F.get(values, F.lit(0)))


def _parsed(text: Column, name: str) -> Column:
    """ARRAY<STRUCT<schema, data>> of a column; null where it holds anything else."""
    event = name == "unstruct_event"
    records = F.from_json(_alone(text), _EVENT if event else _CONTEXTS, cast.JSON)
    data = F.when(F.size(records) == 1, F.get(records, F.lit(0)))["data"]
    return F.when(data.isNotNull(), F.array(data)) if event else data


def _good(entities: Column) -> Column:
    return F.filter(
        entities, lambda e: F.coalesce(e["schema"].rlike(_SCHEMA) & e["data"].isNotNull(), F.lit(False))
    )


def _is_whole(name: str) -> Column:
    """Whether every entity of a column is good."""
    return F.coalesce(F.size(f"g_{name}") == F.size(f"l_{name}"), F.lit(False))


def _is_unopened(name: str) -> Column:
    return F.col("unread").isNull() & F.col(name).isNotNull() & ~_is_whole(name)


def _given() -> Column:
    """ARRAY<STRUCT<key, data>> of all entities, and of the text of columns that are not read to their end."""
    nothing = F.array().cast(_ENTITIES)
    parts = []
    for name, prefix in names.DOCUMENTS.items():
        entities = _entities(F.col(f"g_{name}"), prefix)
        text = F.struct(F.lit(name).alias("key"), F.array(F.col(name).cast("variant")).alias("data"))
        parts += [F.coalesce(entities, nothing), F.when(_is_unopened(name), F.array(text)).otherwise(nothing)]
    columns = F.transform("l_documents", lambda d: F.struct(d["key"], _items(d).alias("data")))
    filled = F.filter(columns, lambda entity: F.size(entity["data"]) > 0)
    return F.concat(*[part.cast(_ENTITIES) for part in parts], F.coalesce(filled.cast(_ENTITIES), nothing))


def _entities(good: Column, prefix: str) -> Column:
    return F.transform(
        good, lambda e: F.struct(_key(prefix, e["schema"]).alias("key"), F.array(e["data"]).alias("data"))
    )


def _items(document: Column) -> Column:
    """The objects in a loader's column: one alone, in an array, or (by some) in an array of arrays."""

    def spread(value: Column) -> Column:
        return F.coalesce(value.try_cast(_VARIANTS), F.array(value))

    value = F.coalesce(document["value"], document["text"].cast("variant"))
    return F.flatten(F.transform(spread(value), spread))


def _unopened() -> Column:
    own = cast.texts([F.when(_is_unopened(name), F.lit(name)) for name in names.DOCUMENTS])
    bad = F.filter("l_documents", lambda d: d["value"].isNull())
    columns = F.transform(bad, lambda d: d["key"])
    return F.concat(own, F.coalesce(columns, cast.texts([])))


def _gathered(key: Column) -> Column:
    """What stands under a key: all contexts of a kind, but one event."""
    own = F.filter("given", lambda entity: entity["key"] == key)
    every = F.flatten(F.transform(own, lambda entity: entity["data"]))
    single = ~key.startswith(names.DOCUMENTS["contexts"]) & (F.size(every) == 1)
    return F.when(single, F.get(every, F.lit(0))).otherwise(every.cast("variant"))


def _name(entity: Column) -> Column:
    return F.substring_index(F.substring_index(entity["schema"], "/", 2), "/", -1)


def _key(prefix: str, schema: Column) -> Column:
    """The key of a schema, by the rule of Snowplow's analytics SDKs (`transformSchema`)."""
    vendor = F.substring_index(F.substring_index(schema, "/", 1), ":", -1)
    name = F.substring_index(F.substring_index(schema, "/", 2), "/", -1)
    model = F.substring_index(F.substring_index(schema, "/", -1), "-", 1)
    words = F.regexp_replace(F.translate(name, ".-", "__"), "([^A-Z_])([A-Z])", "$1_$2")
    return F.lower(
        F.concat(F.lit(prefix), F.translate(vendor, ".-", "__"), F.lit("_"), words, F.lit("_"), model)
    )
