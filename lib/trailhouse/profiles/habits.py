"""Of profiles: what `activity` tells: main accounts, favourite pages, the latest traits and scores."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS
from trailhouse.profiles.keys import AS_OF, PERSON, order
from trailhouse.questions.scales import SCALES

_JSON = "MAP<STRING, STRING>"
_SCORES = {scale.kind: scale.valid for scale in SCALES if scale.kind in ("nps", "csat")}
_TRAIT = "trait"
_USER, _ACCOUNT, _PAGE, _DEVICE, _DEVICE_TYPE = range(5)


def most_frequent(activity: DataFrame, sessions: DataFrame, favourites: int) -> DataFrame:
    """Values by how often a person has them, then the least: user_id, account_id, pages; and all devices.

    Devices are those of `sessions`, rows that had ended.
    """
    views = F.col("event_name").isin(*VIEW_EVENTS)
    of_events = _pairs(
        activity,
        {
            _USER: F.col("user_id"),
            _ACCOUNT: F.col("account_id"),
            _PAGE: F.when(views, F.col("page_group")),
        },
    )
    of_sessions = _pairs(sessions, {_DEVICE: F.col("anonymous_id"), _DEVICE_TYPE: F.col("device.type")})
    # Fewest bytes in what is compared most: numbers stand for words, and are negative for the order.
    pairs = of_events.unionAll(of_sessions)
    counted = pairs.groupBy(*PERSON, "what", "value").agg((-F.count("*")).alias("n"))

    # One list a person: of several in one aggregation each would look at each row.
    listed = counted.groupBy(*PERSON).agg(
        F.sort_array(F.collect_list(F.struct("what", "n", "value"))).alias("pairs")
    )

    def values(what: int) -> Column:
        return F.transform(F.filter("pairs", lambda one: one["what"] == what), lambda one: one["value"])

    return listed.select(
        *PERSON,
        F.get(values(_USER), F.lit(0)).alias("user_id"),
        F.get(values(_ACCOUNT), F.lit(0)).alias("account_id"),
        F.slice(values(_PAGE), 1, favourites).alias("favourite_pages"),
        F.size(values(_DEVICE)).cast("BIGINT").alias("devices"),
        F.array_sort(values(_DEVICE_TYPE)).alias("device_types"),
    )


def _pairs(rows: DataFrame, values: Mapping[int, Column]) -> DataFrame:
    """A row for each of these values that a row has: `what` it is, and the value."""
    each = [F.struct(F.lit(what).alias("what"), value.alias("value")) for what, value in values.items()]
    return rows.select(*PERSON, F.inline(F.array(*each))).where("value IS NOT NULL")


def latest(activity: DataFrame) -> DataFrame:
    """traits (JSON, last write wins by trait), latest_nps and latest_csat by person."""
    survey, name = F.col("survey"), F.col("event_name")
    valid: Column = F.lit(False)
    for kind, ends in _SCORES.items():
        valid = valid | ((survey["kind"] == kind) & survey["score"].between(*ends))
    told = (name == "identify") & F.col("traits").isNotNull()
    scored = F.coalesce((name == "survey_response") & valid, F.lit(False))
    score = F.array(_entry(survey["kind"], F.lit(""), survey["score"].cast("STRING")))
    entries = F.when(told, _entries()).otherwise(score)
    found = _latest(activity.where(told | scored), entries, PERSON)

    def number(kind: str) -> Column:
        own = F.get(F.filter("entries", lambda one: one["what"] == kind), F.lit(0))
        return own["text"].cast("INT")

    return found.select(*PERSON, _as_json(), *(number(kind).alias(f"latest_{kind}") for kind in _SCORES))


def latest_traits(groups: DataFrame, *keys: str) -> DataFrame:
    """`traits` (JSON, last write wins by trait) and `_traits`, a map, by `as_of` and other keys."""
    by = (AS_OF, *keys)
    found = _latest(groups.where("traits IS NOT NULL"), _entries(), by)
    return found.select(*by, _as_json(), _map().alias("_traits"))


def _entry(what: Column, key: Column, text: Column) -> Column:
    return F.struct(what.alias("what"), key.alias("key"), text.alias("text"))


def _entries() -> Column:
    pairs = F.map_entries(F.from_json("traits", _JSON))
    return F.transform(pairs, lambda one: _entry(F.lit(_TRAIT), one["key"], one["value"]))


def _latest(rows: DataFrame, entries: Column, by: tuple[str, ...]) -> DataFrame:
    """By `by`, the array `entries` of the newest text of each key; null was told, too."""
    each = rows.select(*by, order().alias("at"), F.explode(entries).alias("entry"))
    each = each.select(*by, "at", "entry.*")
    # JSON may name a key twice.
    newest = each.groupBy(*by, "what", "key").agg(F.max_by("text", F.struct("at", "text")).alias("text"))
    entry = F.struct("what", "key", "text")
    return newest.groupBy(*by).agg(F.array_sort(F.collect_list(entry)).alias("entries"))


def _told() -> Column:
    kept = F.filter("entries", lambda one: (one["what"] == _TRAIT) & one["text"].isNotNull())
    return F.transform(kept, lambda one: F.struct(one["key"].alias("key"), one["text"].alias("text")))


def _map() -> Column:
    return F.map_from_entries(_told())


def _as_json() -> Column:
    return F.when(F.size(_told()) > 0, F.to_json(_map())).alias("traits")
