"""From links to persons: hubs, over-merged components, person ids.

1. A hub is a non-unique identifier linked to more than `hub_unique` values of a unique type, or to
   more than `hub_any` values of any one type. Its links join nobody.
2. A component is over-merged when it holds two values of a unique type, or more values of a type than
   its limit. These, those that people have said something of, and the very few with two identifiers of
   one number go through Python, each as a whole, by `constraints.resolve`; the others stay as they are.
3. A person's id is the hash of its oldest identifier by (first_seen, type, value); a shared
   identifier or a hub is a person of its own.

Links are joined by the numbers of their ends, which are narrow; texts are read again only of the few
links that one of these rules looks at.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.identity.constraints import Rules
from trailhouse.identity.links import number, pairs_ever
from trailhouse.identity.overrides import Overrides
from trailhouse.settings import Identity, Settings
from trailhouse.tables import identities, identity_conflicts

LINK = ("type_a", "value_a", "type_b", "value_b")
ID = ("id_type", "id_value")
_IDS = "id_type string, id_value string"
_COLUMNS = tuple(column.name for column in identities.TABLE.columns)


def numbered(daily: DataFrame) -> DataFrame:
    """Links plus the numbers a and b of their ends."""
    return daily.withColumns({"a": number("type_a", "value_a"), "b": number("type_b", "value_b")})


def edges(daily: DataFrame, settings: Settings) -> DataFrame:
    """The pairs of `numbered` links, by number: a, b; unique_a, unique_b: whether their type is."""
    unique = settings.identity.unique
    kinds = [F.col(f"type_{end}").isin(unique).alias(f"unique_{end}") for end in "ab"]
    return daily.select("a", "b", *kinds).distinct()


def many_links(edges: DataFrame, settings: Settings) -> DataFrame:
    """The numbers with so many of all `edges` that they may be hubs, hardly any: number."""
    # 1.
    least = min(settings.identity.hub_unique, settings.identity.hub_any)
    ends = F.array(*[F.when(~F.col(f"unique_{end}"), F.col(end)) for end in "ab"])
    return (
        edges.select(F.explode(F.array_compact(ends)).alias("number"))
        .groupBy("number")
        .agg(F.count(F.lit(1)).alias("links"))
        .where(F.col("links") > least)
        .select("number")
    )


def hubs(daily: DataFrame, many: DataFrame, settings: Settings) -> DataFrame:
    """Identifiers whose links are left out: id_type, id_value, detail (the type they know too many of).

    Of `numbered` links; `many` are the numbers of `many_links`.
    """
    theirs = [daily.join(many.toDF(end), on=end, how="left_semi").select(*LINK, "first_time") for end in "ab"]
    return hubs_of(pairs_ever(theirs[0].unionAll(theirs[1])), settings)


def hubs_of(pairs: DataFrame, settings: Settings) -> DataFrame:
    """`hubs` by pairs of identifiers, each once."""
    identity = settings.identity
    ends = pairs.select(
        F.explode(
            F.array(
                *[
                    F.struct(
                        F.col(f"type_{end}").alias("id_type"),
                        F.col(f"value_{end}").alias("id_value"),
                        F.col(f"type_{other}").alias("known"),
                    )
                    for end, other in ("ab", "ba")
                ]
            )
        ).alias("end")
    ).select("end.*")
    allowed = F.when(
        F.col("known").isin(identity.unique), F.lit(min(identity.hub_unique, identity.hub_any))
    ).otherwise(F.lit(identity.hub_any))
    return (
        ends.filter(~F.col("id_type").isin(identity.unique))
        .groupBy(*ID, "known")
        .agg(F.count(F.lit(1)).alias("values"))
        .filter(F.col("values") > allowed)
        .groupBy(*ID)
        .agg(F.min("known").alias("detail"))
    )


def without(links: DataFrame, *left_out: DataFrame) -> DataFrame:
    """The links of which no end is among the few identifiers `left_out`."""
    for few in left_out:
        for end in "ab":
            names = [f"type_{end}", f"value_{end}"]
            links = links.join(F.broadcast(few.select(*ID).toDF(*names)), on=names, how="left_anti")
    return links


def ignored(overrides: Overrides, like: DataFrame) -> DataFrame:
    """What people said to ignore, in the session of `like`: id_type, id_value."""
    return like.sparkSession.createDataFrame(sorted(overrides.ignored), _IDS)


def said_edges(overrides: Overrides, hubs: DataFrame, settings: Settings) -> DataFrame:
    """The `edges` of pairs that people said to be one; a hub joins nobody, whatever is said."""
    return edges(_said(overrides, hubs), settings)


def with_said(daily: DataFrame, overrides: Overrides, hubs: DataFrame) -> DataFrame:
    """`numbered` links and what people said to be one: LINK, a, b, first_time (null of what is said)."""
    links = daily.select(*LINK, "a", "b", "first_time")
    if not overrides.always:
        return links
    said = _said(overrides, hubs).withColumn("first_time", F.lit(None).cast("timestamp"))
    return links.unionByName(said)


def _said(overrides: Overrides, hubs: DataFrame) -> DataFrame:
    rows = [(*a, *b) for a, b in sorted(overrides.always)]
    schema = ", ".join(f"{name} string" for name in LINK)
    return numbered(without(hubs.sparkSession.createDataFrame(rows, schema), hubs))


def seen(sightings: DataFrame) -> DataFrame:
    """Every identifier once, with its number: number, id_type, id_value, first_seen."""
    usable = sightings.where("NOT blocked").select(number(*ID).alias("number"), *ID, "first_time")
    # Put where its number belongs at once, so that neither the component nor a twin needs another shuffle.
    return usable.repartition("number").groupBy("number", *ID).agg(F.min("first_time").alias("first_seen"))


def placed(seen: DataFrame, components: DataFrame) -> DataFrame:
    """`seen` plus component and `twin`: its number is another's, too.

    An identifier that no link touches is a component of its own.
    """
    same = Window.partitionBy("number").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return (
        seen.join(components, on="number", how="left")
        .withColumn("component", F.coalesce("component", "number"))
        .withColumn("twin", F.count(F.lit(1)).over(same) > 1)
    )


def to_take_apart(placed: DataFrame, settings: Settings, overrides: Overrides) -> DataFrame:
    """The components that `resolve` has to see, once each: component."""
    # 2. Types without a limit, devices above all, need no counting.
    limit = _limit(F.col("id_type"), settings.identity)
    over = (
        placed.where(limit.isNotNull())
        .groupBy("component", "id_type")
        .agg(F.count(F.lit(1)).alias("values"))
        .filter(F.col("values") > limit)
        .select("component")
    )
    broken = over.unionAll(placed.where("twin").select("component"))
    pairs = overrides.always | overrides.never
    if pairs:
        named = placed.sparkSession.createDataFrame(
            sorted({end for pair in pairs for end in pair}), "id_type string, id_value string"
        )
        said = placed.join(F.broadcast(named), on=["id_type", "id_value"], how="left_semi")
        broken = broken.unionAll(said.select("component"))
    return broken.distinct()


def ends_of(placed: DataFrame, broken: DataFrame) -> DataFrame:
    """The numbers of the identifiers of components: number, component."""
    return placed.join(broken, on="component", how="left_semi").select("number", "component").distinct()


def links_of(daily: DataFrame, ends: DataFrame) -> DataFrame:
    """The links of components, by their `ends_of`: component, LINK, first_seen.

    `daily` are `numbered` open links.
    """
    links = daily.join(ends.withColumnRenamed("number", "a"), on="a", how="inner")
    return links.groupBy("component", *LINK).agg(F.min("first_time").alias("first_seen"))


def conflicts(resolved: DataFrame, daily: DataFrame, hubs: DataFrame) -> DataFrame:
    """`identity_conflicts`: the links that `resolved` refuses, and those of hubs.

    `daily` are all links but those of ignored identifiers.
    """
    refused = resolved.where("reason IS NOT NULL")
    ends = [hubs.toDF(f"type_{end}", f"value_{end}", f"hub_{end}") for end in "ab"]
    left_out = (
        daily.join(ends[0], on=["type_a", "value_a"], how="left")
        .join(ends[1], on=["type_b", "value_b"], how="left")
        .withColumn("hub", F.coalesce("hub_a", "hub_b"))
        .where("hub IS NOT NULL")
        .groupBy(*LINK, F.col("hub").alias("detail"))
        .agg(F.min("first_time").alias("first_seen"))
        .withColumn("reason", F.lit("hub"))
    )
    return identity_conflicts.TABLE.select(
        refused.select(*LINK, F.timestamp_micros("first_micros").alias("first_seen"), "reason", "detail")
    ).unionAll(identity_conflicts.TABLE.select(left_out))


def with_person(placed: DataFrame, resolved: DataFrame, hubs: DataFrame) -> DataFrame:
    """`identities`: every identifier seen, with its person and status."""
    members = resolved.where("reason IS NULL").select(
        F.col("type_a").alias("id_type"),
        F.col("value_a").alias("id_value"),
        "person",
        F.col("detail").alias("shared"),
    )
    # 3. Where no rule was broken the component itself is the person, and `person` null.
    together = Window.partitionBy("component", "person").rowsBetween(
        Window.unboundedPreceding, Window.unboundedFollowing
    )
    oldest = F.min(F.struct("first_seen", "id_type", "id_value")).over(together)
    lone = F.when(F.col("twin"), F.concat("id_type", F.lit("\0"), "id_value"))
    rows = (
        placed.join(members, on=["id_type", "id_value"], how="left")
        .join(hubs.withColumnRenamed("detail", "hub"), on=["id_type", "id_value"], how="left")
        .withColumn("person", F.coalesce("person", lone))
        .withColumn(
            "status",
            F.when(F.col("hub").isNotNull(), "hub")
            .when(F.col("shared").isNotNull(), "shared")
            .otherwise("own"),
        )
        .withColumn("detail", F.coalesce("hub", "shared"))
        .withColumn("oldest", oldest)
    )
    person_id = F.when(F.col("status") == "own", _hash("oldest.id_type", "oldest.id_value")).otherwise(
        _hash(F.lit("shared"), "id_type", "id_value")
    )
    return identities.TABLE.select(rows.withColumn("person_id", person_id).select(*_COLUMNS))


def _hash(*parts: Column | str) -> Column:
    columns = [F.col(part) if isinstance(part, str) else part for part in parts]
    return F.left(F.sha2(F.concat_ws("\0", *columns), 256), F.lit(32))


def _limit(id_type: Column, identity: Identity) -> Column:
    """The most values of a type that a person may hold; null: any number."""
    rules = Rules.of(identity)
    limit = F.lit(rules.default)
    for name in sorted(rules.limits):
        limit = F.when(id_type == name, F.lit(rules.limit(name)).cast("bigint")).otherwise(limit)
    return limit
