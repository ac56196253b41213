"""Whom PostHog's `distinct_id` names: an account or a device; docs/sources/posthog.md has the rule."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import cast
from trailhouse.sources import posthog_names as names

_TRAITS = "STRUCT<email: STRING, phone: STRING>"
# What libraries make up for somebody they do not know: a UUID, in older ones five uneven groups, or a hash.
_GENERATED = (
    r"(?i)^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$"
    r"|[0-9a-f]{12,16}-[0-9a-f]{10,16}-[0-9a-f]{5,10}-[0-9a-f]{4,10}-[0-9a-f]{12,16}$"
    r"|cookieless_)"
)


def with_people(frame: DataFrame) -> DataFrame:
    """`people`: STRUCT<user_id, anonymous_id, previous_id> ; `t`: where e-mail and phone are."""
    p, event, name = F.col("p"), F.col("event"), F.col("event_name")
    ids = frame.withColumns(
        {
            "distinct": cast.present(cast.scalar(F.col("r_distinct_id"))),
            "known_user": cast.present(cast.scalar(p["$user_id"])),
            "other": cast.present(cast.scalar(F.when(name == "alias", p["alias"]))),
            "t": F.struct(
                *[
                    F.from_json(text, _TRAITS, cast.JSON).alias(part)
                    for part, text in {
                        "set": p["$set"],
                        "once": p["$set_once"],
                        "person": F.col("r_person_properties"),
                    }.items()
                ]
            ),
        }
    )
    distinct, other = F.col("distinct"), F.col("other")
    judged = ids.withColumn("is_user", F.coalesce(_is_user(), F.lit(False)))
    is_user, is_alias = F.col("is_user"), name == "alias"
    # A user on both sides of an identify is linked to nobody else.
    before = F.nullif(cast.present(cast.scalar(p["$anon_distinct_id"])), distinct)
    user = F.when(is_user, distinct).when(is_alias, other).otherwise(F.col("known_user"))
    anonymous = F.when(is_alias, F.lit(None)).when(~is_user, distinct).when(event == "$identify", before)
    previous = F.when(is_alias, F.when(is_user, other).otherwise(distinct))
    people = F.struct(
        user.alias("user_id"),
        anonymous.cast("string").alias("anonymous_id"),
        previous.alias("previous_id"),
    )
    return judged.withColumn("people", people)


def _is_user() -> Column:
    """Whether `distinct_id` is an account's: by the first mark that is there, else by how it looks."""
    p, s, event = F.col("p"), F.col("s"), F.col("event")
    distinct, user, other = F.col("distinct"), F.col("known_user"), F.col("other")
    group = F.concat(s["$group_type"], F.lit("_"), s["$group_key"])
    of_group = (event == "$groupidentify") & ((distinct == group) | (distinct == F.concat(F.lit("$"), group)))
    identified, profile = cast.boolean(p["$is_identified"]), cast.boolean(p["$process_person_profile"])
    generated = distinct.rlike(_GENERATED)
    is_alias = event == "$create_alias"
    # An alias has two ids, and libraries disagree on which comes first.
    swapped = generated & ~F.coalesce(other.rlike(_GENERATED), F.lit(False))
    return (
        F.when(of_group, F.lit(False))
        .when(event.isin("$identify", "$merge_dangerously"), F.lit(True))
        .when(user.isNotNull(), user == distinct)
        .when(identified.isNotNull(), identified)
        .when(~profile, F.lit(False))
        .when(s["$device_id"].isNotNull(), F.lit(False))
        .when(is_alias, ~swapped)
        .when(F.lower(s["$lib"]).isin(*names.SERVER), F.lit(True))
        .otherwise(~generated)
    )


def identifiers() -> Column:
    """E-mail and phone of the person: as the event sets them, else as PostHog knew them."""
    t = F.col("t")

    def entry(key: str) -> Column:
        found = F.coalesce(*[cast.scalar(t[part][key]) for part in ("set", "once", "person")])
        return F.struct(F.lit(key).alias("key"), found.alias("value"))

    entries = F.array(entry("email"), entry("phone"))
    some = t["set"].isNotNull() | t["once"].isNotNull() | t["person"].isNotNull()
    return F.when(some, cast.identifiers(entries))
