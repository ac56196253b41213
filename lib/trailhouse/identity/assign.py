"""Which person an event belongs to."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.identity.links import identifiers_of, raw_identifiers
from trailhouse.identity.priority import rank_of
from trailhouse.settings import Settings


def person_of(events: DataFrame, identities: DataFrame, settings: Settings) -> DataFrame:
    """`events` plus person_id (STRING), one row an event.

    The person is that of the event's identifier of highest priority: user_id, email, other types
    alphabetical, anonymous_id last; shared ones and hubs come after all others. Of two of one type the
    event's own column goes before an entry of `identifiers`, and that before previous_id. An event
    without a usable identifier, or with none that `identities` knows, has a null person_id. Needs the
    columns anonymous_id, user_id, identifiers and previous_id.
    """
    # The same few identifiers come in many events: each distinct set is looked up once.
    sets = events.select(raw_identifiers().alias("_raw")).distinct()
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
    )
    chosen = candidates.groupBy("_raw").agg(F.min(preference)["person_id"].alias("person_id"))
    return (
        events.withColumn("_raw", raw_identifiers())
        .join(chosen, on="_raw", how="left")
        .select(*[F.col(f"`{name}`") for name in events.columns], "person_id")
    )
