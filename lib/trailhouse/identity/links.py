"""From events to links: which identifiers were seen, and which two in one event.

1. Events that show the same identifiers on the same day are folded into one *sighting*; all that
   follows works on sightings, of which there are far fewer than events.
2. An event's identifiers are its anonymous_id, its user_id, the entries of `identifiers`, the traits
   that the settings name, and the previous_id of an alias, which is an anonymous_id. A source whose
   previous id is of another type puts it into `identifiers` under that type instead.
3. Values are normalised; those without a type are left out, and blocked ones are counted alone.
4. A link is a pair of different identifiers of one event, the lesser by (type, value) first.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.identity.normalise import folded as folded_value
from trailhouse.identity.normalise import is_blocked, normalised
from trailhouse.settings import Settings
from trailhouse.tables import identity_sightings

_ID = "struct<id_type: string, id_value: string>"
RAW = ("anonymous_id", "user_id", "previous_id", "identifiers")
"""Columns of `events` that name identifiers."""

_SEPARATOR = "\0"


def number(id_type: str, value: str) -> Column:
    """An identifier as BIGINT, for joins and engines. Two of them may, very rarely, have one number."""
    return F.xxhash64(id_type, value)


def raw_identifiers(settings: Settings) -> Column:
    """The raw columns as one value that can be grouped by and joined on, which a map cannot."""
    return F.struct(
        F.col("anonymous_id"),
        F.col("user_id"),
        F.col("previous_id"),
        F.map_entries(F.col("identifiers")).alias("entries"),
        *[column.alias(f"trait_{place}") for place, (_, column) in enumerate(_traits(settings))],
    )


def _traits(settings: Settings) -> list[tuple[str, Column]]:
    """Types whose values are traits of identify events; those of a group are the group's."""
    known = F.when(F.col("event_name") == "identify", F.col("traits"))
    named = sorted((name, rules.trait) for name, rules in settings.identity.types.items() if rules.trait)
    return [(name, F.get_json_object(known, _path(trait))) for name, trait in named if trait]


def _path(trait: str) -> str:
    """`company.id` as a path of JSON, whatever characters a name has."""
    return "$" + "".join(f"['{name}']" for name in trait.replace("'", "").split("."))


def identifiers_of(raw: Column, settings: Settings) -> Column:
    """The usable identifiers of `raw_identifiers()` as an array of (id_type, id_value).

    In the order user_id, anonymous_id, entries of the map, traits, previous_id; each as often as it is
    named.
    """
    return F.filter(_named(raw, settings), lambda one: ~is_blocked(one["id_value"], settings))


def _named(raw: Column, settings: Settings) -> Column:
    """The identifiers that an event names, normalised, blocked ones too."""
    # 2.
    traits = [
        _identifier(F.lit(name), raw[f"trait_{place}"], settings)
        for place, (name, _) in enumerate(_traits(settings))
    ]
    named = F.concat(
        F.array(_identifier(F.lit("user_id"), raw["user_id"], settings)),
        F.array(_identifier(F.lit("anonymous_id"), raw["anonymous_id"], settings)),
        F.coalesce(
            F.transform(
                raw["entries"],
                lambda entry: _identifier(_type_name(entry["key"]), entry["value"], settings),
            ),
            F.array().cast(f"array<{_ID}>"),
        ),
        F.array(*traits, _identifier(F.lit("anonymous_id"), raw["previous_id"], settings)),
    )
    # 3.
    return F.filter(named, lambda one: one["id_value"].isNotNull() & (one["id_type"] != ""))


def _type_name(name: Column) -> Column:
    # A separator inside a type would make two identifiers one.
    return F.trim(F.replace(name, F.lit(_SEPARATOR), F.lit("")))


def _identifier(id_type: Column, value: Column, settings: Settings) -> Column:
    return F.struct(id_type.alias("id_type"), normalised(id_type, value, settings).alias("id_value")).cast(
        _ID
    )


def sightings(events: DataFrame, settings: Settings) -> DataFrame:
    """Sets of identifiers by day and source; a set may be empty, and come in several rows.

    Columns: raw, ids (array sorted by type and value), blocked (array of those that name nobody, in
    lower case), event_date, source, events, first_time, last_time.
    """
    # 1. Folded by the raw columns first, so that values are normalised once a set and not once an event.
    folded = (
        events.select(raw_identifiers(settings).alias("raw"), "event_date", "source", "event_time")
        .groupBy("raw", "event_date", "source")
        .agg(
            F.count(F.lit(1)).alias("events"),
            F.min("event_time").alias("first_time"),
            F.max("event_time").alias("last_time"),
        )
    )
    # sort_array, not array_sort, whose comparing function is interpreted for each pair of elements.
    ids = F.sort_array(F.array_distinct(identifiers_of(F.col("raw"), settings)))
    nobody = F.filter(_named(F.col("raw"), settings), lambda one: is_blocked(one["id_value"], settings))
    blocked = F.transform(
        nobody,
        lambda one: F.struct(one["id_type"], folded_value(one["id_value"]).alias("id_value")),
    )
    # Sets without a usable identifier stay: a filter would compute every set a second time.
    return folded.select(
        "raw",
        ids.alias("ids"),
        F.array_distinct(blocked).alias("blocked"),
        "event_date",
        "source",
        "events",
        "first_time",
        "last_time",
    )


def daily_sightings(shown: DataFrame) -> DataFrame:
    """`identity_sightings`: an identifier that events show, by UTC day, blocked values too."""
    both = [
        shown.select(
            F.explode(name).alias("one"),
            "event_date",
            "events",
            "first_time",
            F.lit(blocked).alias("blocked"),
        )
        for name, blocked in (("ids", False), ("blocked", True))
    ]
    rows = (
        both[0]
        .unionAll(both[1])
        .groupBy("one.id_type", "one.id_value", "event_date", "blocked")
        .agg(F.sum("events").alias("events"), F.min("first_time").alias("first_time"))
    )
    return identity_sightings.TABLE.select(rows.withColumnRenamed("event_date", "seen_date"))


def daily_links(shown: DataFrame) -> DataFrame:
    """Pairs of identifiers that one event shows, by UTC day: `identity_links` without its log-ins."""
    # 4. The sightings' arrays are sorted, so that an earlier place is the lesser identifier.
    pairs = F.flatten(
        F.transform(
            F.col("ids"),
            lambda one, place: F.transform(
                F.slice(F.col("ids"), place + 2, F.size("ids")),
                lambda other: F.struct(one.alias("a"), other.alias("b")),
            ),
        )
    )
    return (
        shown.filter(F.size("ids") > 1)
        .withColumn("pair", F.explode(pairs))
        .groupBy(
            F.col("pair.a.id_type").alias("type_a"),
            F.col("pair.a.id_value").alias("value_a"),
            F.col("pair.b.id_type").alias("type_b"),
            F.col("pair.b.id_value").alias("value_b"),
            F.col("event_date").alias("link_date"),
        )
        .agg(
            F.sum("events").alias("events"),
            F.min("first_time").alias("first_time"),
            F.max("last_time").alias("last_time"),
            F.array_sort(F.collect_set("source")).alias("sources"),
        )
    )


def pairs_ever(daily: DataFrame) -> DataFrame:
    """The pairs of `identity_links` over all days: type_a, value_a, type_b, value_b, first_seen."""
    return daily.groupBy("type_a", "value_a", "type_b", "value_b").agg(
        F.min("first_time").alias("first_seen")
    )
