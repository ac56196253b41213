"""The stage `event_catalog`: what events there are, and what they carry.

1. Each event is reduced to its shape: places and types in its properties and traits, and which
   columns it fills, as bits.
2. Events of one shape are counted together: the one shuffle whose size follows from the events.
3. What is left, a row a shape, is taken apart by place and counted again.
4. The places of an event are ranked, and those beyond the limit counted on the event's own row.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import let, ratio
from trailhouse.plan.shapes import FORMATS, TYPES, shape
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import events
from trailhouse.tables.event_catalog import TABLE

_EVENT = ("event_name", "source")
_PLACE = (*_EVENT, "kind", "path")
_FILLED = "filled"
_TAGGED = "ARRAY<STRUCT<kind: STRING, path: STRING, tag: STRING>>"
# Columns that every event fills tell nothing; properties and traits are looked into.
_COLUMNS = tuple(c for c in events.TABLE.columns if not c.required and c.name not in ("properties", "traits"))


def transform(inputs: Frames, context: Context) -> Frames:
    """A row an event and source, and one a property, trait and column that it carries."""
    limits = context.settings.catalog
    places = _places(_shapes(inputs["events"], limits.depth))
    return {TABLE.name: TABLE.select(_limited(places, limits.paths))}


def _shapes(rows: DataFrame, depth: int) -> DataFrame:
    """How many events of each release and app have which shape, and when."""
    by = (*_EVENT, "app_id", "release", "columns", "properties", "traits")
    found = rows.select(
        *_EVENT,
        "app_id",
        "release",
        _bits().alias("columns"),
        shape(F.col("properties"), depth).alias("properties"),
        shape(F.col("traits"), depth).alias("traits"),
        "event_time",
    )
    return found.groupBy(*by).agg(
        F.count(F.lit(1)).alias("rows"),
        F.min("event_time").alias("first_seen"),
        F.max("event_time").alias("last_seen"),
    )


def _bits() -> Column:
    """BIGINT: bit n is set where column n of _COLUMNS has a value; an empty map or list is none."""
    bits = []
    for number, column in enumerate(_COLUMNS):
        has = F.col(column.name).isNotNull()
        if column.type.startswith(("MAP", "ARRAY")):
            has = F.coalesce(F.size(column.name) > 0, F.lit(False))
        bits.append(F.when(has, F.lit(1 << number)).otherwise(F.lit(0)).cast("BIGINT"))
    return reduce(lambda one, other: one.bitwiseOR(other), bits)


def _places(shapes: DataFrame) -> DataFrame:
    """A row a place of an event: events that fill it, by type and format, apps, releases, times."""
    tags = F.concat(
        _tagged("event", F.filter("properties", lambda entry: entry["path"] == "")),
        _tagged("property", F.filter("properties", lambda entry: entry["path"] != "")),
        # Most events have no traits: of them there is nothing to tell.
        _tagged("trait", F.when(F.get("traits", F.lit(0))["type"] != "null", F.col("traits"))),
        _column_tags(F.col("columns")),
    )
    each = shapes.select(*_EVENT, "app_id", "release", "rows", "first_seen", "last_seen", F.inline(tags))

    def rows(tag: str) -> Column:
        return F.sum(F.when(F.col("tag") == tag, F.col("rows")).otherwise(F.lit(0)))

    def counts(names: dict[str, str]) -> Column:
        pairs = [F.struct(F.lit(name).alias("type"), rows(tag).alias("rows")) for name, tag in names.items()]
        return F.filter(F.array(*pairs), lambda pair: pair["rows"] > 0)

    return each.groupBy(*_PLACE).agg(
        rows(_FILLED).alias("filled"),
        counts({name: name for name in TYPES}).alias("types"),
        counts({name: f"string/{name}" for name in FORMATS}).alias("formats"),
        F.sort_array(F.collect_set("app_id")).alias("apps"),
        F.size(F.collect_set("release")).cast("BIGINT").alias("releases"),
        F.min("first_seen").alias("first_seen"),
        F.max("last_seen").alias("last_seen"),
    )


def _tagged(kind: str, entries: Column) -> Column:
    """What is told of each place of a shape, once: that it is filled, its types, its formats."""

    def tag(path: Column, word: Column) -> Column:
        return F.struct(F.lit(kind).alias("kind"), path.alias("path"), word.alias("tag"))

    def all_of(found: Column) -> Column:
        values = F.filter(found, lambda entry: entry["type"] != "null")
        formats = F.filter(found, lambda entry: entry["type"].contains("/"))
        plain = F.transform(found, lambda e: tag(e["path"], F.substring_index(e["type"], "/", 1)))
        # An array may hold strings of several formats, and values of several types.
        return F.concat(
            F.array_distinct(F.transform(values, lambda e: tag(e["path"], F.lit(_FILLED)))),
            F.array_distinct(plain),
            F.transform(formats, lambda e: tag(e["path"], e["type"])),
        )

    return F.coalesce(let(entries, all_of).cast(_TAGGED), F.array().cast(_TAGGED))


def _column_tags(bits: Column) -> Column:
    every = F.array(
        *[
            F.struct(
                F.lit("column").alias("kind"),
                F.lit(column.name).alias("path"),
                F.lit(tag).alias("tag"),
                F.lit(1 << number).cast("BIGINT").alias("bit"),
            )
            for number, column in enumerate(_COLUMNS)
            for tag in (_FILLED, _json_type(column.type))
        ]
    )
    own = F.filter(every, lambda entry: entry["bit"].bitwiseAND(bits) != 0)
    return F.transform(own, lambda entry: entry.dropFields("bit")).cast(_TAGGED)


def _json_type(kind: str) -> str:
    """JSON Schema's word for a column's type."""
    words = {"STRUCT": "object", "MAP": "object", "ARRAY": "array", "BOOLEAN": "boolean"}
    words |= {"INT": "integer", "BIGINT": "integer", "DECIMAL": "number", "DOUBLE": "number"}
    return words.get(kind.partition("<")[0].partition("(")[0], "string")


def _limited(places: DataFrame, limit: int) -> DataFrame:
    """`places` + rows, fill_rate, left_out; of an event's properties and traits the most filled.

    An object is filled at least as often as what it holds, and its path sorts before theirs, so that
    no place stays without the one around it.
    """
    is_event = F.col("kind") == "event"
    ranked = F.col("kind").isin("property", "trait")
    event = Window.partitionBy(*_EVENT)
    # Named after the event, so that the rows already lie by it.
    order = [F.col("filled").desc(), F.col("kind").asc(), F.col("path").asc()]
    rank = F.row_number().over(Window.partitionBy(*_EVENT, "_ranked").orderBy(*order))
    own = F.aggregate("types", F.lit(0).cast("BIGINT"), lambda total, each: total + each["rows"])
    numbered = places.withColumn("_ranked", ranked).withColumns(
        {
            "rows": F.max(F.when(is_event, own)).over(event),
            "_found": F.sum(F.when(ranked, 1).otherwise(0)).over(event),
            "_rank": rank,
        }
    )
    kept = numbered.where(~F.col("_ranked") | (F.col("_rank") <= limit))
    left_out = F.greatest(F.col("_found") - limit, F.lit(0)).cast("BIGINT")
    return kept.withColumns(
        {
            "fill_rate": ratio(F.col("filled"), F.col("rows")),
            "left_out": F.when(is_event, left_out),
        }
    ).drop("_ranked", "_found", "_rank")


STAGE = Stage(
    name="event_catalog",
    reads=("events",),
    writes=("event_catalog",),
    transform=transform,
    settings=("catalog",),
    checks=(
        Check(
            "event_catalog",
            "filled_by_events",
            "A place is filled by no more events than there are.",
            "filled <= rows",
        ),
        Check(
            "event_catalog",
            "seen_in_order",
            "What was seen was seen last no earlier than first.",
            "last_seen >= first_seen",
        ),
        Check(
            "event_catalog",
            "every_event_counted",
            "The events of the catalog are all events.",
            query=(
                "SELECT 'all' AS event_name FROM "
                "(SELECT sum(rows) AS counted FROM {batch} WHERE kind = 'event'), "
                "(SELECT count(*) AS kept FROM {events}) WHERE coalesce(counted, 0) <> kept"
            ),
        ),
    ),
)
