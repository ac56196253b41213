"""Events whose row of `activity` may be another than the published one: what a run begins with.

1. Events that came, went or were replaced since, by the change feed of `events`.
2. Events that name an identifier whose person, or standing, is another than before, if that gives them
   another person. The days on which it was seen say where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import is_client
from trailhouse.identity.assign import person_of
from trailhouse.identity.links import RAW, identifiers_of, number, raw_identifiers
from trailhouse.identity.settle import settled
from trailhouse.settings import Settings
from trailhouse.stage import Look

_ID = ("id_type", "id_value")
_NEEDED = (
    *RAW,
    "traits",
    "event_name",
    "event_id",
    "event_time",
    "event_date",
    "platform",
    "client_session_id",
)
_COME = ("insert", "update_postimage")


def suspects(look: Look, days: Sequence[date], settings: Settings, scratch: str) -> DataFrame:
    """Events to look at again: event_id, event_date, event_time, client, client_session_id, person_id.

    person_id is the person of now; `gone` marks what an event was before it went or was replaced, which
    has none. An event may come in several rows. `days` are those on which `events` may differ.
    """
    found = []
    if days:
        images = look.changes["events"]
        come = F.col("_change_type").isin(*_COME)
        found.append(_resolved(images.where(come).select(*_NEEDED), look, settings))
        gone = images.where(~come).withColumn("person_id", F.lit(None).cast("string"))
        found.append(_as_suspects(gone, gone=True))
    identifiers = _changed_identifiers(look, settings, scratch)
    if identifiers is not None:
        found.append(_moved(look, identifiers, settings))
    if not found:
        nobody = look.inputs["events"].where(F.lit(False)).withColumn("person_id", F.lit(None).cast("string"))
        return _as_suspects(nobody, gone=False)
    every = found[0]
    for more in found[1:]:
        every = every.unionAll(more)
    return settled(every, scratch, "suspects")


def _as_suspects(events: DataFrame, *, gone: bool) -> DataFrame:
    return events.select(
        "event_id",
        "event_date",
        "event_time",
        is_client(F.col("platform")).alias("client"),
        "client_session_id",
        "person_id",
        F.lit(gone).alias("gone"),
    )


def _resolved(events: DataFrame, look: Look, settings: Settings) -> DataFrame:
    identities, owners = look.inputs["identities"], look.inputs["device_owners"]
    return _as_suspects(person_of(events, identities, owners, settings), gone=False)


def _changed_identifiers(look: Look, settings: Settings, scratch: str) -> DataFrame | None:
    """Numbers of identifiers that stand for another person than before; None when there is none."""
    sides: list[tuple[str, tuple[str, ...]]] = [("identities", ("person_id", "status"))]
    if settings.identity.shared == "last_user":
        sides.append(("device_owners", ("from_time", "to_time", "person_id")))
    found = None
    for table, columns in sides:
        # The same rows on both sides take each other away.
        told = F.xxhash64(*[F.col(name) for name in columns])
        rows = look.before[table].select(number(*_ID).alias("number"), told.alias("told"))
        rows = rows.unionAll(look.inputs[table].select(number(*_ID), told))
        changed = rows.groupBy("number").agg(F.bit_xor("told").alias("told")).where("told <> 0")
        found = changed.select("number") if found is None else found.unionAll(changed.select("number"))
    assert found is not None
    identifiers = settled(found.distinct(), scratch, "identifiers")
    return None if identifiers.isEmpty() else identifiers


def _moved(look: Look, identifiers: DataFrame, settings: Settings) -> DataFrame:
    """Events that name one of these identifiers and have another person than the published one."""
    seen = look.inputs["identity_sightings"].where("NOT blocked").withColumn("number", number(*_ID))
    seen = seen.join(identifiers, on="number", how="left_semi").select("seen_date").distinct()
    days = [row.seen_date for row in seen.collect()]
    events = look.inputs["events"].where(F.col("event_date").isin(days)).select(*_NEEDED)
    named = events.withColumn("_one", F.explode(identifiers_of(raw_identifiers(settings), settings)))
    named = named.withColumn("number", number("_one.id_type", "_one.id_value"))
    named = named.join(identifiers, on="number", how="left_semi")
    # Two identifiers of one event may both have changed.
    resolved = _resolved(named.select(*_NEEDED).dropDuplicates(["event_id"]), look, settings)
    published = look.published["activity"].where(F.col("event_date").isin(days))
    published = published.select("event_id", F.col("person_id").alias("_before"))
    other = resolved.join(published, on="event_id", how="left")
    return other.where(~F.col("person_id").eqNullSafe(F.col("_before"))).select(*resolved.columns)
