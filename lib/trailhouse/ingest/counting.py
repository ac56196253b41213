"""A batch beside what is published: which records are new, which replace, and how all of them balance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import REPLAY_CHUNK
from trailhouse.difference import row_hashes
from trailhouse.ledger import Counts
from trailhouse.stages import events as events_stage
from trailhouse.storage import Lake
from trailhouse.tables import TABLES


@dataclass(frozen=True)
class Contested:
    """Candidates that share their key with another record, in the batch or published; None without any.

    `clear` are all others, to be published as they are; `known` is what `find_known` gives, and None
    where nothing is published or a rebuild asks all of it.
    """

    rows: DataFrame | None
    clear: DataFrame | None
    known: DataFrame | None = None


def contested(
    lake: Lake, candidates: DataFrame, *, rebuild: bool = False, days: int | None = None
) -> Contested:
    """Candidates of a batch, which lie in storage, told apart by their 64-bit keys alone.

    For a rebuild all of them are contested. `days` is as for `find_known`.
    """
    if rebuild:
        return Contested(candidates, None)
    keys = events_stage.doubled_keys(candidates)
    known = find_known(lake, candidates, days) if lake.state("events").files else None
    if known is not None:
        keys = keys.unionByName(known.select("event_key"))
    # Staged, so that its size is known: few keys go to the rows, not the rows to them.
    keys = lake.stage("events/contested_keys", keys.distinct())
    if keys.isEmpty():
        return Contested(None, candidates)
    columns = candidates.columns
    several = candidates.join(keys, on="event_key", how="left_semi").select(*columns)
    clear = candidates.join(keys, on="event_key", how="left_anti").select(*columns)
    return Contested(lake.stage("events/contested", several), clear, known)


def find_known(lake: Lake, candidates: DataFrame, days: int | None = None) -> DataFrame:
    """`event_key` and `event_date` of published rows that have the key of a candidate; in staging.

    All of history is probed, by these two columns. With `days` only that many days before and after the
    batch's own are: a record that comes again with a time further off is an event of its own.
    """
    history = lake.read("events").select("event_key", "event_date")
    if days is not None:
        history = _near(history, candidates, days)
    found = history.join(candidates.select("event_key"), on="event_key", how="left_semi")
    return lake.stage("events/known", found)


def against_published(
    lake: Lake,
    winners: DataFrame,
    known: DataFrame | None,
    *,
    ties: bool = False,
    rebuild: bool = False,
) -> DataFrame:
    """Winners of a batch + `_kept` (new, or better than the published row), `_replaces`, and `_same`
    (this very delivery is published).

    Only of days where a key is `known` further columns are read, the full id to confirm, with `ties` also
    those that break a last tie. A rebuild reads all days, and takes the same record for better where its row
    is another now.
    """
    # The order in which `winners` chooses within a batch.
    delivery = (
        F.col("received_time").isNull(),
        F.col("received_time"),
        F.col("content_hash"),
        F.col("sent_time").isNull(),
        F.col("sent_time"),
    )
    order = F.struct(*delivery, "event_time", *([events_stage.last_tie()] if ties else []))
    history = lake.read("events").select(*TABLES["events"].schema.names)
    if not rebuild:
        history = history.where(F.lit(False)) if known is None else of_known(history, known)
    told = F.struct(*row_hashes(history)) if rebuild else F.lit(None)
    published = history.select(
        "event_key",
        "event_id",
        order.alias("_published"),
        F.col("content_hash").alias("_hash"),
        F.struct(*delivery).alias("_delivery"),
        told.alias("_row"),
    )
    joined = winners.join(published, on=["event_key", "event_id"], how="left")
    exists = F.col("_hash").isNotNull()
    same = exists & F.struct(*delivery).eqNullSafe(F.col("_delivery"))
    better = F.coalesce(order < F.col("_published"), F.lit(False))
    if rebuild:
        row = F.struct(*row_hashes(winners.select(*history.columns)))
        better = better | (same & (row != F.col("_row")))
    return joined.withColumns(
        {
            "_kept": ~exists | better,
            "_replaces": exists & better,
            "_same": same,
            "_conflicts": exists & (F.col("content_hash") != F.col("_hash")),
        }
    ).drop("_published", "_hash", "_delivery", "_row")


def of_known(history: DataFrame, known: DataFrame) -> DataFrame:
    """Rows of history (of `events`) that have one of the `known` keys, of the days that hold one."""
    days = [row.event_date for row in known.select("event_date").distinct().collect()]
    if not days:
        return history.where(F.lit(False))
    return history.where(F.col("event_date").isin(days)).join(
        known.select("event_key"), on="event_key", how="left_semi"
    )


def _near(history: DataFrame, candidates: DataFrame, days: int) -> DataFrame:
    day = candidates.agg(F.min("event_date").alias("first"), F.max("event_date").alias("last")).collect()[0]
    if day["first"] is None:
        return history.where(F.lit(False))
    span = timedelta(days=days)
    return history.where(F.col("event_date").between(day["first"] - span, day["last"] + span))


@dataclass(frozen=True)
class Tally:
    """How many records a batch has, and how many of them are no candidates; of the others, `recorded`
    carry a chunk of a recording."""

    records_in: int
    quarantined: int
    refused: int
    recorded: int = 0


def tally(prepared: DataFrame) -> Tally:
    """Of prepared records, which lie in storage."""
    bad = F.size("reasons") > 0
    row = prepared.agg(
        F.count("*").alias("records_in"),
        F.count_if(bad).alias("quarantined"),
        F.count_if(F.col("refused") & ~bad).alias("refused"),
        F.count_if(~bad & ~F.col("refused") & (F.col("event_name") == REPLAY_CHUNK)).alias("recorded"),
    ).collect()[0]
    return Tally(**row.asDict())


def count(lake: Lake, told: Tally, rows: DataFrame, conflicts: int) -> Counts:
    """How the records of a batch balance: `rows` are those that are kept, `conflicts` is `conflicting`."""
    newest = None
    if lake.state("events").files:
        newest = lake.read("events").agg(F.max("event_date")).collect()[0][0]
    behind = F.lit(0) if newest is None else F.datediff(F.lit(newest), F.col("event_date"))
    kept = rows.agg(
        F.count("*").alias("kept"),
        F.count_if("_replaces").alias("replaced"),
        F.count_if(behind > 0).alias("late"),
        F.count_if("is_bot").alias("bot"),
        F.count_if("internal").alias("internal"),
        F.count_if("blocked_ids").alias("blocked_ids"),
    ).collect()[0]
    late = rows.where(behind > 0).groupBy(behind.alias("days")).count().collect() if kept["late"] else []
    return Counts(
        records_in=told.records_in,
        quarantined=told.quarantined,
        refused=told.refused,
        kept=kept["kept"],
        duplicate=told.records_in - told.quarantined - told.refused - kept["kept"],
        conflicting=conflicts,
        replaced=kept["replaced"],
        late=kept["late"],
        late_days={row["days"]: row["count"] for row in late},
        bot=kept["bot"],
        internal=kept["internal"],
        blocked_ids=kept["blocked_ids"],
    )


def conflicting(contested: DataFrame, fresh: DataFrame) -> int:
    """Contested candidates with the id of another one, in the batch or published, and other content.

    `fresh` is what `against_published` gives of them.
    """
    found = events_stage.duplicates(contested).agg(F.coalesce(F.sum("conflicting"), F.lit(0)))
    # A published row with other content makes a conflict too, whichever of the two stays.
    return int(found.collect()[0][0]) + fresh.where("_conflicts").count()
