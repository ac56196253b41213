"""Which person an event belongs to."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.identity.links import identifiers_of, raw_identifiers
from trailhouse.identity.priority import rank_of
from trailhouse.settings import Settings


def person_of(events: DataFrame, identities: DataFrame, owners: DataFrame, settings: Settings) -> DataFrame:
    """`events` plus person_id (STRING), one row an event.

    The person is that of the event's identifier of highest priority: user_id, email, other types
    alphabetical, anonymous_id last; shared ones and hubs come after all others. Of two of one type the
    event's own column goes before an entry of `identifiers`, and that before previous_id. An event
    without a usable identifier, or with none that `identities` knows, has a null person_id. With
    `identity.shared` as last_user, an event that only a shared identifier names goes to the person of
    `owners` (`device_owners`) at its time, if there is one. Needs the columns that name identifiers,
    and event_time.
    """
    # The same few identifiers come in many events: each distinct set is looked up once.
    sets = events.select(raw_identifiers(settings).alias("_raw")).distinct()
    named = sets.select("_raw", F.posexplode(identifiers_of(F.col("_raw"), settings)).alias("place", "one"))
    candidates = named.select("_raw", "place", "one.id_type", "one.id_value").join(
        identities.select("id_type", "id_value", "person_id", "status"),
        on=["id_type", "id_value"],
        how="inner",
    )
    preference = F.struct(
        F.col("status") != "own",
        rank_of(F.col("id_type")).alias("rank"),
        F.col("place"),
        F.col("person_id"),
        F.col("status"),
        F.col("id_type"),
        F.col("id_value"),
    )
    chosen = candidates.groupBy("_raw").agg(F.min(preference).alias("_chosen"))
    found = events.withColumn("_raw", raw_identifiers(settings)).join(chosen, on="_raw", how="left")
    person = F.col("_chosen.person_id")
    if settings.identity.shared == "last_user":
        found, person = _with_owner(found, owners), F.coalesce("_owner", person)
    return found.select(*[F.col(f"`{name}`") for name in events.columns], person.alias("person_id"))


def _with_owner(found: DataFrame, owners: DataFrame) -> DataFrame:
    """`found` plus `_owner`: who was logged in at the time on the shared identifier that was chosen."""
    intervals = owners.select(
        F.col("id_type").alias("_type"),
        F.col("id_value").alias("_value"),
        F.col("person_id").alias("_owner"),
        F.col("from_time").alias("_from"),
        F.col("to_time").alias("_to"),
    )
    on = (
        (F.col("_chosen.status") == "shared")
        & (F.col("_chosen.id_type") == F.col("_type"))
        & (F.col("_chosen.id_value") == F.col("_value"))
        & (F.col("event_time") >= F.col("_from"))
        & (F.col("_to").isNull() | (F.col("event_time") < F.col("_to")))
    )
    return found.join(intervals, on=on, how="left")
