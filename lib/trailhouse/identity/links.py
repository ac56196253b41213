"""From events to links: which identifiers were seen, and which two in one event.

1. Events that show the same identifiers on the same day are folded into one *sighting*; all that
   follows works on sightings, of which there are far fewer than events.
2. An event's identifiers are its anonymous_id, its user_id, the entries of `identifiers`, and the
   previous_id of an alias, which is an anonymous_id. A source whose previous id is of another type
   puts it into `identifiers` under that type instead.
3. Values are normalised; blocked ones, and those without a type, are left out.
4. A link is a pair of different identifiers of one event, the lesser by (type, value) first.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.identity.normalise import is_blocked, normalised
from trailhouse.settings import Settings
from trailhouse.tables import identity_links

_ID = "struct<id_type: string, id_value: string>"
RAW = ("anonymous_id", "user_id", "previous_id", "identifiers")
"""Columns of `events` that name identifiers."""

# Separates type from value within a key; it sorts before every other character, so that keys sort
# as (type, value) does.
_SEPARATOR = "\0"


def key(id_type: Column, value: Column) -> Column:
    """One text for an identifier; keys sort as (type, value) does."""
    return F.concat(id_type, F.lit(_SEPARATOR), value)


def raw_identifiers() -> Column:
    """The four raw columns as one value that can be grouped by and joined on, which a map cannot."""
    return F.struct(
        F.col("anonymous_id"),
        F.col("user_id"),
        F.col("previous_id"),
        F.map_entries(F.col("identifiers")).alias("entries"),
    )


def identifiers_of(raw: Column, settings: Settings) -> Column:
    """The usable identifiers of `raw_identifiers()` as an array of (id_type, id_value).

    In the order user_id, anonymous_id, entries of the map, previous_id; each as often as it is named.
    """
    # 2.
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
        F.array(_identifier(F.lit("anonymous_id"), raw["previous_id"], settings)),
    )
    # 3.
    return F.filter(
        named,
        lambda one: (
            one["id_value"].isNotNull() & (one["id_type"] != "") & ~is_blocked(one["id_value"], settings)
        ),
    )


def _type_name(name: Column) -> Column:
    # A separator inside a type would make two identifiers one.
    return F.trim(F.replace(name, F.lit(_SEPARATOR), F.lit("")))


def _identifier(id_type: Column, value: Column, settings: Settings) -> Column:
    return F.struct(id_type.alias("id_type"), normalised(id_type, value, settings).alias("id_value")).cast(
        _ID
    )


def sightings(events: DataFrame, settings: Settings) -> DataFrame:
    """Sets of identifiers by day and source; a set may be empty, and come in several rows.

    Columns: ids (array sorted by type and value), event_date, source, events, first_time, last_time.
    """
    # 1. Folded by the raw columns first, so that values are normalised once a set and not once an event.
    folded = (
        events.select(raw_identifiers().alias("raw"), "event_date", "source", "event_time")
        .groupBy("raw", "event_date", "source")
        .agg(
            F.count(F.lit(1)).alias("events"),
            F.min("event_time").alias("first_time"),
            F.max("event_time").alias("last_time"),
        )
    )
    # sort_array, not array_sort, whose comparing function is interpreted for each pair of elements.
    ids = F.sort_array(F.array_distinct(identifiers_of(F.col("raw"), settings)))
    # Sets without a usable identifier stay: a filter would compute every set a second time.
    return folded.select(ids.alias("ids"), "event_date", "source", "events", "first_time", "last_time")


def seen_identifiers(shown: DataFrame) -> DataFrame:
    """Every identifier of the sightings once: id_key, id_type, id_value, first_seen."""
    return (
        shown.select(F.explode("ids").alias("one"), "first_time")
        .groupBy("one.id_type", "one.id_value")
        .agg(F.min("first_time").alias("first_seen"))
        .select(key(F.col("id_type"), F.col("id_value")).alias("id_key"), "id_type", "id_value", "first_seen")
    )


def daily_links(shown: DataFrame) -> DataFrame:
    """`identity_links`: a pair of identifiers that one event shows, by UTC day of the event."""
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
    links = (
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
    return identity_links.TABLE.select(links)


def pairs_ever(daily: DataFrame) -> DataFrame:
    """The pairs of `identity_links` over all days: type_a, value_a, type_b, value_b, first_seen."""
    return daily.groupBy("type_a", "value_a", "type_b", "value_b").agg(
        F.min("first_time").alias("first_seen")
    )
