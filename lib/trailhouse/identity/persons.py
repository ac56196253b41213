"""From components to persons: hubs, over-merged components, person ids.

1. A hub is a non-unique identifier linked to more than `hub_unique` values of a unique type, or to
   more than `hub_any` values of any one type. Its links join nobody.
2. A component is over-merged when it holds two values of a unique type, or more values of a type than
   its limit. Only these go through Python, each as a whole, by `constraints.resolve`; the others
   are found by an aggregation and keep their label.
3. A person's id is the hash of its oldest identifier by (first_seen, type, value); a shared
   identifier or a hub is a person of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.identity.constraints import Identifier, Link, Resolution, Rules, resolve
from trailhouse.identity.links import key
from trailhouse.settings import Identity, Settings
from trailhouse.tables import identities, identity_conflicts

_LINK = ("type_a", "value_a", "type_b", "value_b", "first_seen")
_MEMBERS = "id_key string, person string, shared boolean"
_REFUSED = (
    "type_a string, value_a string, type_b string, value_b string, "
    "first_micros bigint, reason string, detail string"
)


def hubs(pairs: DataFrame, settings: Settings) -> DataFrame:
    """Identifiers whose links are left out: id_key, detail (the type they know too many values of).

    `pairs` holds every pair of linked identifiers once (`links.pairs_ever`).
    """
    # 1.
    identity = settings.identity
    unique = _unique(identity)
    ends = pairs.select(
        F.explode(
            F.array(
                F.struct(
                    F.col("type_a").alias("id_type"),
                    F.col("value_a").alias("id_value"),
                    F.col("type_b").alias("known"),
                ),
                F.struct(
                    F.col("type_b").alias("id_type"),
                    F.col("value_b").alias("id_value"),
                    F.col("type_a").alias("known"),
                ),
            )
        ).alias("end")
    ).select("end.*")
    allowed = F.when(
        F.col("known").isin(unique), F.lit(min(identity.hub_unique, identity.hub_any))
    ).otherwise(F.lit(identity.hub_any))
    return (
        ends.filter(~F.col("id_type").isin(unique))
        .groupBy("id_type", "id_value", "known")
        .agg(F.count(F.lit(1)).alias("values"))
        .filter(F.col("values") > allowed)
        .groupBy("id_type", "id_value")
        .agg(F.min("known").alias("detail"))
        .select(key(F.col("id_type"), F.col("id_value")).alias("id_key"), "detail")
    )


def marked(pairs: DataFrame, hubs: DataFrame) -> DataFrame:
    """`pairs` with the keys a and b of their ends, and `hub`: the detail where an end is a hub, else null."""
    return (
        pairs.withColumn("a", key(F.col("type_a"), F.col("value_a")))
        .withColumn("b", key(F.col("type_b"), F.col("value_b")))
        .join(hubs.toDF("a", "hub_a"), on="a", how="left")
        .join(hubs.toDF("b", "hub_b"), on="b", how="left")
        .withColumn("hub", F.coalesce("hub_a", "hub_b"))
        .drop("hub_a", "hub_b")
    )


def over_merged(seen: DataFrame, labels: DataFrame, settings: Settings) -> DataFrame:
    """The labels of the components that break a rule, once each: label."""
    # 2.
    return (
        seen.join(labels.toDF("id_key", "label"), on="id_key", how="inner")
        .groupBy("label", "id_type")
        .agg(F.count(F.lit(1)).alias("values"))
        .filter(F.col("values") > _limit(F.col("id_type"), settings.identity))
        .select("label")
        .distinct()
    )


def links_to_resolve(open_pairs: DataFrame, labels: DataFrame, broken: DataFrame) -> DataFrame:
    """The links of the over-merged components, with their label."""
    ends = labels.join(broken, on="label", how="left_semi").select(F.col("id").alias("a"), "label")
    return open_pairs.join(ends, on="a", how="inner").select("label", *_LINK)


def resolved_members(links: DataFrame, settings: Settings) -> DataFrame:
    """Every identifier of the over-merged components: id_key, person (a key of its least), shared."""
    rules = Rules.of(settings.identity)

    def members(component: pd.DataFrame) -> pd.DataFrame:
        found = _resolved(component, rules)
        rows = [
            (_key(one), _key(person), one in found.shared) for one, person in sorted(found.persons.items())
        ]
        return pd.DataFrame(rows, columns=["id_key", "person", "shared"])

    return _with_micros(links).groupBy("label").applyInPandas(members, schema=_MEMBERS)


def refused_links(links: DataFrame, settings: Settings) -> DataFrame:
    """The links that the over-merged components refuse, in the columns of `identity_conflicts`."""
    rules = Rules.of(settings.identity)
    names = [part.split()[0] for part in _REFUSED.split(", ")]

    def refusals(component: pd.DataFrame) -> pd.DataFrame:
        rows = [
            (*link.a, *link.b, link.first_seen, reason, detail)
            for link, reason, detail in _resolved(component, rules).refused
        ]
        return pd.DataFrame(rows, columns=names)

    found = _with_micros(links).groupBy("label").applyInPandas(refusals, schema=_REFUSED)
    return identity_conflicts.TABLE.select(
        found.withColumn("first_seen", F.timestamp_micros("first_micros")).drop("first_micros")
    )


def hub_conflicts(marked_pairs: DataFrame) -> DataFrame:
    """The links of hubs, in the columns of `identity_conflicts`."""
    left_out = marked_pairs.filter(F.col("hub").isNotNull())
    return identity_conflicts.TABLE.select(
        left_out.select(*_LINK, F.lit("hub").alias("reason"), F.col("hub").alias("detail"))
    )


def with_person(seen: DataFrame, labels: DataFrame, members: DataFrame, hubs: DataFrame) -> DataFrame:
    """`identities`: every identifier seen, with its person and status."""
    # 3.
    together = Window.partitionBy("person").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    oldest = F.min(F.struct("first_seen", "id_type", "id_value")).over(together)
    placed = (
        seen.join(labels.toDF("id_key", "label"), on="id_key", how="left")
        .join(members, on="id_key", how="left")
        .join(hubs.select("id_key", F.lit(True).alias("is_hub")), on="id_key", how="left")
        .withColumn("person", F.coalesce("person", "label", "id_key"))
        .withColumn("status", F.when(F.col("is_hub"), "hub").when(F.col("shared"), "shared").otherwise("own"))
        .withColumn("oldest", oldest)
    )
    person_id = F.when(F.col("status") == "own", _hash("oldest.id_type", "oldest.id_value")).otherwise(
        _hash(F.lit("shared"), "id_type", "id_value")
    )
    return identities.TABLE.select(
        placed.select("id_type", "id_value", person_id.alias("person_id"), "first_seen", "status")
    )


def _hash(*parts: Column | str) -> Column:
    columns = [F.col(part) if isinstance(part, str) else part for part in parts]
    return F.left(F.sha2(F.concat_ws("\0", *columns), 256), F.lit(32))


def _unique(identity: Identity) -> list[str]:
    return sorted(name for name, rules in identity.types.items() if rules.unique)


def _limit(id_type: Column, identity: Identity) -> Column:
    """The most values of a type that a person may hold; null: any number."""
    rules = Rules.of(identity)
    limit = F.lit(rules.default)
    for name in sorted(rules.limits):
        limit = F.when(id_type == name, F.lit(rules.limit(name)).cast("bigint")).otherwise(limit)
    return limit


def _with_micros(links: DataFrame) -> DataFrame:
    # pandas would turn instants into nanoseconds and a zone; whole numbers pass unchanged.
    return links.withColumn("first_micros", F.unix_micros("first_seen")).drop("first_seen")


def _resolved(component: pd.DataFrame, rules: Rules) -> Resolution:
    return resolve(_links(component), rules)


def _links(component: pd.DataFrame) -> Iterable[Link]:
    columns: Mapping[str, list[str]] = {name: component[name].tolist() for name in _LINK[:4]}
    a = map(Identifier, columns["type_a"], columns["value_a"])
    b = map(Identifier, columns["type_b"], columns["value_b"])
    return map(Link, a, b, component["first_micros"].tolist())


def _key(one: Identifier) -> str:
    return f"{one.id_type}\0{one.id_value}"
