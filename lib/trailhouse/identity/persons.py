"""From components to persons: hubs, over-merged components, person ids.

1. A hub is a non-unique identifier linked to more than `hub_unique` values of a unique type, or to
   more than `hub_any` values of any one type. Its links join nobody.
2. A component is over-merged when it holds two values of a unique type, or more values of a type than
   its limit. These, those that people have said something of, and the very few with two identifiers of
   one number go through Python, each as a whole, by `constraints.resolve`; the others stay as they are.
3. One of more links than `largest` would not fit a task: none of its links joins anybody.
4. A person's id is the hash of its oldest identifier by (first_seen, type, value); a shared
   identifier or a hub is a person of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.identity.constraints import Identifier, Link, Rules, Said, resolve
from trailhouse.identity.links import number
from trailhouse.identity.overrides import Overrides
from trailhouse.settings import Identity, Settings
from trailhouse.tables import identities, identity_conflicts

LINK = ("type_a", "value_a", "type_b", "value_b")
_RESOLVED = (
    "type_a string, value_a string, type_b string, value_b string, first_micros bigint, "
    "reason string, detail string, person string"
)
_ALWAYS, _NEVER = "always", "never"


def hubs(pairs: DataFrame, settings: Settings) -> DataFrame:
    """Identifiers whose links are left out: id_type, id_value, detail (the type they know too many of).

    `pairs` holds every pair of linked identifiers once (`links.pairs_ever`).
    """
    # 1.
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
        .groupBy("id_type", "id_value", "known")
        .agg(F.count(F.lit(1)).alias("values"))
        .filter(F.col("values") > allowed)
        .groupBy("id_type", "id_value")
        .agg(F.min("known").alias("detail"))
    )


def numbered(pairs: DataFrame) -> DataFrame:
    """`pairs` plus the numbers a and b of their ends."""
    return pairs.withColumns({"a": number("type_a", "value_a"), "b": number("type_b", "value_b")})


def open_to_said(pairs: DataFrame, overrides: Overrides) -> DataFrame:
    """`pairs` without what is ignored, plus `said`, and plus a row for each pair that is said to be one."""
    spark, ids = pairs.sparkSession, "id_type string, id_value string"
    if overrides.ignored:
        ignored = F.broadcast(spark.createDataFrame(sorted(overrides.ignored), ids))
        for end in "ab":
            names = [f"type_{end}", f"value_{end}"]
            pairs = pairs.join(ignored.toDF(*names), on=names, how="left_anti")
    pairs = pairs.select(*LINK, "first_seen", F.lit(False).alias("said"))
    if overrides.always:
        rows = [(*a, *b) for a, b in sorted(overrides.always)]
        said = spark.createDataFrame(rows, "type_a string, value_a string, type_b string, value_b string")
        pairs = pairs.unionAll(said.select(*LINK, F.timestamp_micros(F.lit(0)), F.lit(True)))
    return pairs


def not_ignored(seen: DataFrame, overrides: Overrides) -> DataFrame:
    """The rows (id_type, id_value) that no decision ignores."""
    if not overrides.ignored:
        return seen
    rows = seen.sparkSession.createDataFrame(sorted(overrides.ignored), "id_type string, id_value string")
    return seen.join(F.broadcast(rows), on=["id_type", "id_value"], how="left_anti")


def marked(pairs: DataFrame, hubs: DataFrame) -> DataFrame:
    """`pairs` plus `hub`: the detail where an end is one of `hubs`, else null."""
    ends = [hubs.toDF(f"type_{end}", f"value_{end}", f"hub_{end}") for end in "ab"]
    return (
        pairs.join(ends[0], on=["type_a", "value_a"], how="left")
        .join(ends[1], on=["type_b", "value_b"], how="left")
        .withColumn("hub", F.coalesce("hub_a", "hub_b"))
        .drop("hub_a", "hub_b")
    )


def placed(seen: DataFrame, components: DataFrame) -> DataFrame:
    """`seen` (id_type, id_value, first_seen) plus number, component and `twin`: its number is another's, too.

    An identifier that no link touches is a component of its own.
    """
    same = Window.partitionBy("number").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return (
        seen.withColumn("number", number("id_type", "id_value"))
        .join(components, on="number", how="left")
        .withColumn("component", F.coalesce("component", "number"))
        .withColumn("twin", F.count(F.lit(1)).over(same) > 1)
    )


def to_take_apart(placed: DataFrame, settings: Settings, overrides: Overrides) -> DataFrame:
    """The components that `resolve` has to see, once each: component."""
    # 2.
    broken = (
        placed.groupBy("component", "id_type")
        .agg(F.count(F.lit(1)).alias("values"), F.bool_or("twin").alias("twin"))
        .filter((F.col("values") > _limit(F.col("id_type"), settings.identity)) | F.col("twin"))
        .select("component")
    )
    pairs = overrides.always | overrides.never
    if pairs:
        named = placed.sparkSession.createDataFrame(
            sorted({end for pair in pairs for end in pair}), "id_type string, id_value string"
        )
        said = placed.join(F.broadcast(named), on=["id_type", "id_value"], how="left_semi")
        broken = broken.unionAll(said.select("component"))
    return broken.distinct()


def links_of(open_pairs: DataFrame, placed: DataFrame, broken: DataFrame) -> DataFrame:
    """The links of components: component, LINK, first_seen, said, and `size`, how many links it has."""
    ends = placed.join(broken, on="component", how="left_semi").select(
        F.col("number").alias("a"), "component"
    )
    links = open_pairs.join(ends.distinct(), on="a", how="inner").select(
        "component", *LINK, "first_seen", "said"
    )
    sizes = links.groupBy("component").agg(F.count(F.lit(1)).alias("size"))
    return links.join(sizes, on="component", how="left")


def resolved(links: DataFrame, settings: Settings, overrides: Overrides) -> DataFrame:
    """What becomes of the links and identifiers of components: rows of two kinds.

    An identifier has type_a, value_a, person (a text), and detail where it is shared. A refused link
    has LINK, first_micros, reason and detail.
    """
    rules, said, largest = Rules.of(settings.identity), overrides.said(), settings.identity.largest

    def take_apart(component: pd.DataFrame) -> pd.DataFrame:
        members = {end for link in _links(component) for end in link[:2]}
        about = Said(
            *(frozenset(pair for pair in pairs if members >= {*pair}) for pairs in (said.always, said.never))
        )
        found = resolve(_links(component[~component["said"]]), rules, about)
        rows: list[tuple[object, ...]] = [
            (*one, None, None, None, None, found.shared.get(one), _key(person))
            for one, person in found.persons.items()
        ]
        rows += [(*r.link.a, *r.link.b, r.link.first_seen, r.reason, r.detail, None) for r in found.refused]
        frame = pd.DataFrame(rows, columns=[part.split()[0] for part in _RESOLVED.split(", ")])
        return frame.astype({"first_micros": "Int64"})

    fitting = links.where(F.col("size") <= largest).drop("size")
    # pandas would turn instants into nanoseconds and a zone; whole numbers pass unchanged.
    micros = fitting.withColumn("first_micros", F.unix_micros("first_seen")).drop("first_seen")
    apart = micros.groupBy("component").applyInPandas(take_apart, schema=_RESOLVED)
    # 3.
    giant = links.where(F.col("size") > largest)
    none = F.lit(None).cast("string")
    micros_none = F.lit(None).cast("bigint").alias("first_micros")
    alone = giant.select(
        F.explode(
            F.array(*[F.struct(F.col(f"type_{e}").alias("t"), F.col(f"value_{e}").alias("v")) for e in "ab"])
        ).alias("one")
    ).distinct()
    key = F.concat("one.t", F.lit("\0"), "one.v")
    members = alone.select("one.t", "one.v", none, none, micros_none, none, none, key)
    refused = giant.where("NOT said").select(*LINK, F.unix_micros("first_seen"), F.lit("size"), none, none)
    return apart.unionAll(members).unionAll(refused)


def conflicts(resolved: DataFrame, marked_pairs: DataFrame) -> DataFrame:
    """`identity_conflicts`: the links that `resolved` refuses, and those of hubs."""
    refused = resolved.where("reason IS NOT NULL")
    left_out = marked_pairs.where("hub IS NOT NULL AND NOT said")
    return identity_conflicts.TABLE.select(
        refused.select(*LINK, F.timestamp_micros("first_micros").alias("first_seen"), "reason", "detail")
    ).unionAll(
        identity_conflicts.TABLE.select(
            left_out.select(*LINK, "first_seen", F.lit("hub").alias("reason"), F.col("hub").alias("detail"))
        )
    )


def with_person(placed: DataFrame, resolved: DataFrame, hubs: DataFrame) -> DataFrame:
    """`identities`: every identifier seen, with its person and status."""
    members = resolved.where("reason IS NULL").select(
        F.col("type_a").alias("id_type"),
        F.col("value_a").alias("id_value"),
        "person",
        F.col("detail").alias("shared"),
    )
    # 4. Where no rule was broken the component itself is the person, and `person` null.
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


_COLUMNS = tuple(column.name for column in identities.TABLE.columns)


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


def _links(component: pd.DataFrame) -> Iterable[Link]:
    columns: Mapping[str, list[str]] = {name: component[name].tolist() for name in LINK}
    a = map(Identifier, columns["type_a"], columns["value_a"])
    b = map(Identifier, columns["type_b"], columns["value_b"])
    return map(Link, a, b, component["first_micros"].tolist())


def _key(one: Identifier) -> str:
    return f"{one.id_type}\0{one.id_value}"
