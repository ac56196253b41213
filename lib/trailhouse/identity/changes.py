"""What a run changed about who is who: `identity_history` and `identity_changes`.

Both speak of the runs' clock, and so stand outside of the law; both are differences from what is
published, so that a run that was cut off is made good by the next.

1. An identifier changed when its person or its status did.
2. Its former person split when its identifiers now belong to several; else it merged when its new
   person has identifiers of several; else it was renamed, as an older identifier was found.
3. The link that tells why a person got an identifier is the oldest that joins the identifier's former
   person, or the new identifier, to the rest.
4. A link is refused, or allowed again, when `identity_conflicts` gains or loses its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.identity.settle import settled
from trailhouse.scope import Scope
from trailhouse.sql import no_rows
from trailhouse.tables import identity_changes, identity_history

_ID = ("id_type", "id_value")
_LINK = ("type_a", "value_a", "type_b", "value_b")
_COLUMNS = ("change", *_ID, "person_before", "person_after", "reason", *_LINK)


@dataclass(frozen=True)
class Run:
    """The run that learns, and when it began."""

    id: str
    at: datetime


def history(identities: DataFrame, published: DataFrame | None, run: Run) -> DataFrame:
    """`identity_history` of the identifiers that are in `identities` or in its `published` rows."""
    now = identities.select(*_ID, "person_id", "status")
    begun = {"valid_from": F.lit(run.at), "valid_to": F.lit(None).cast("timestamp"), "run_id": F.lit(run.id)}
    if published is None:
        return identity_history.TABLE.select(now.withColumns(begun))
    still = F.struct("person_id", "status")
    wanted = now.select(*_ID, still.alias("now"))
    rows = published.join(wanted, on=list(_ID), how="left")
    ends = F.col("valid_to").isNull() & ~still.eqNullSafe(F.col("now"))
    kept = rows.withColumn("valid_to", F.when(ends, F.lit(run.at)).otherwise(F.col("valid_to"))).drop("now")
    open_rows = published.where("valid_to IS NULL").select(*_ID, "person_id", "status")
    fresh = now.join(open_rows, on=[*_ID, "person_id", "status"], how="left_anti").withColumns(begun)
    return identity_history.TABLE.select(kept).unionByName(identity_history.TABLE.select(fresh))


@dataclass(frozen=True)
class Before:
    """What a run found published: rows, None where there are none yet, and the versions they came with."""

    identities: DataFrame | None
    conflicts: DataFrame | None
    changes: DataFrame | None
    identities_version: int
    conflicts_version: int


def changes(
    identities: DataFrame,
    conflicts: DataFrame,
    links: DataFrame,
    before: Before,
    cause: str,
    run: Run,
    scratch: str,
) -> DataFrame:
    """`identity_changes`: those that are published, and what leads from the published rows to these.

    `links` are those of the identifiers in `identities`, by day; `scratch` is a folder URL to write to.
    """
    rows = _of_identifiers(identities, before.identities, links, scratch).withColumn(
        "version", F.lit(before.identities_version).cast("bigint")
    )
    nothing = no_rows(identities.sparkSession, conflicts.schema)
    refused = _of_links(conflicts, before.conflicts or nothing).withColumn(
        "version", F.lit(before.conflicts_version).cast("bigint")
    )
    # The same difference once more, by a run after one that was cut off, is the same change.
    key = [F.coalesce(name, F.lit("\0null")) for name in _COLUMNS]
    found = identity_changes.TABLE.select(
        rows.unionByName(refused).withColumns(
            {
                "change_id": F.left(F.sha2(F.concat_ws("\1", F.col("version"), *key), 256), F.lit(32)),
                "at": F.lit(run.at),
                "change_date": F.to_date(F.lit(run.at)),
                "run_id": F.lit(run.id),
                "cause": F.lit(cause),
            }
        )
    )
    if before.changes is None:
        return found
    told = identity_changes.TABLE.select(before.changes)
    return told.unionByName(found.join(told.select("change_id"), on="change_id", how="left_anti"))


def scope_of(identities_version: int, conflicts_version: int) -> Scope:
    """The published changes that start from these versions: none, but after a run that was cut off."""
    of_link = F.col("change").isin("refused", "allowed")
    start = F.when(of_link, F.lit(conflicts_version)).otherwise(F.lit(identities_version))
    # Named apart as well, so that files are left out by their statistics.
    within = F.col("version").isin(identities_version, conflicts_version) & (F.col("version") == start)
    return Scope(lambda rows: rows.where(within), lambda rows: rows.where(~within))


def _of_identifiers(
    identities: DataFrame, published: DataFrame | None, links: DataFrame, scratch: str
) -> DataFrame:
    none = F.lit(None).cast("string")
    after = identities.select(*_ID, F.col("person_id").alias("person_after"), "status")
    if published is None:
        created = {"change": F.lit("created"), "person_before": none, "reason": none}
        return after.withColumns(created | dict.fromkeys(_LINK, none)).select(*_COLUMNS)
    before = published.select(*_ID, F.col("person_id").alias("person_before"), F.col("status").alias("was"))
    # 1.
    same = F.col("person_before").eqNullSafe(F.col("person_after")) & F.col("was").eqNullSafe(F.col("status"))
    moved = settled(before.join(after, on=list(_ID), how="full").where(~same), scratch, "moved")
    # 2. What their persons have kept counts as well.
    persons = moved.select(F.explode(F.array("person_before", "person_after")).alias("person_after"))
    kept = (
        after.join(persons.distinct(), on="person_after", how="left_semi")
        .join(moved.select(*_ID), on=list(_ID), how="left_anti")
        .withColumns({"person_before": F.col("person_after"), "was": F.col("status")})
    )
    both = moved.unionByName(kept)
    known = F.col("person_before").isNotNull() & F.col("person_after").isNotNull()
    change = (
        F.when(F.col("person_before").isNull() & F.col("_known_person"), F.lit("linked"))
        .when(F.col("person_before").isNull(), F.lit("created"))
        .when(F.col("person_after").isNull(), F.lit("removed"))
        .when(F.col("_split") | (F.col("status") != F.col("was")), F.lit("split"))
        .when(F.col("_merged"), F.lit("merged"))
        .otherwise(F.lit("renamed"))
    )
    told = F.col("change").isin("linked", "merged")
    return (
        both.withColumns(
            {
                "_split": _several("person_after", "person_before", known),
                "_merged": _several("person_before", "person_after", known),
                "_known_person": F.max(F.when(known, F.lit(True))).over(_all_of("person_after")),
            }
        )
        .where(~same)
        .withColumn("change", change)
        .withColumn("reason", F.when((change == "split") & (F.col("status") != "own"), F.col("status")))
        .withColumn("moved", _moved())
        .join(_joined(both, links), on=["person_after", "moved"], how="left")
        .withColumns({name: F.when(told, F.col(name)) for name in _LINK})
        .select(*_COLUMNS)
    )


def _several(counted: str, by: str, known: Column) -> Column:
    """Whether the known identifiers of one `by` have several values of `counted`."""
    least, most = (how(F.when(known, F.col(counted))).over(_all_of(by)) for how in (F.min, F.max))
    return F.coalesce(least != most, F.lit(False))


def _all_of(name: str) -> WindowSpec:
    return Window.partitionBy(name).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)


def _joined(both: DataFrame, links: DataFrame) -> DataFrame:
    """For what moved to a person the oldest link that joins it to the rest: person_after, moved, LINK."""
    # 3.
    ends = {
        end: both.where("person_after IS NOT NULL").select(
            F.col("id_type").alias(f"type_{end}"),
            F.col("id_value").alias(f"value_{end}"),
            _moved().alias(f"moved_{end}"),
            F.col("person_after").alias(f"after_{end}"),
        )
        for end in "ab"
    }
    return (
        links.select(*_LINK, "first_time")
        .join(ends["a"], on=["type_a", "value_a"], how="inner")
        .join(ends["b"], on=["type_b", "value_b"], how="inner")
        .where("after_a = after_b AND moved_a <> moved_b")
        .withColumn("moved", F.explode(F.array("moved_a", "moved_b")))
        .groupBy(F.col("after_a").alias("person_after"), "moved")
        .agg(F.min(F.struct("first_time", *_LINK)).alias("why"))
        .select("person_after", "moved", *[F.col(f"why.{name}") for name in _LINK])
    )


def _moved() -> Column:
    """What goes to a person as one: a former person, or an identifier that had none."""
    return F.coalesce("person_before", F.concat_ws("\0", *_ID))


def _of_links(conflicts: DataFrame, published: DataFrame) -> DataFrame:
    # 4.
    def gained(rows: DataFrame, others: DataFrame, change: str) -> DataFrame:
        names = [*_LINK, "reason"]
        none = F.lit(None).cast("string")
        return (
            rows.join(others.select(*names), on=names, how="left_anti")
            .select(*names)
            .withColumns({"change": F.lit(change), "person_before": none, "person_after": none})
            .withColumns({"id_type": F.col("type_a"), "id_value": F.col("value_a")})
            .select(*_COLUMNS)
        )

    refused = gained(conflicts, published, "refused")
    allowed = gained(published, conflicts.select(*_LINK, "reason"), "allowed")
    allowed = allowed.join(conflicts.select(*_LINK), on=list(_LINK), how="left_anti")
    return refused.unionByName(allowed)
