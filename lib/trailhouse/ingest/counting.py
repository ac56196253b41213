"""A batch beside what is published: which records are new, which replace, and how all of them balance."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.ledger import Counts
from trailhouse.stages import events as events_stage
from trailhouse.storage import Lake, row_hashes
from trailhouse.tables import TABLES


def against_published(
    lake: Lake, winners: DataFrame, *, ties: bool = False, rebuild: bool = False
) -> DataFrame:
    """Winners of a batch + `_kept` (new, or better than the published row), `_replaces`, and `_same`
    (this very delivery is published).

    Only narrow columns of history are probed: the 64-bit key first, the full id to confirm; with `ties`
    also those that break a last tie. A rebuild reads all of them, and takes the same record for better
    where its row is another now.
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


def count(
    lake: Lake, prepared: DataFrame, candidates: DataFrame, fresh: DataFrame, rows: DataFrame
) -> Counts:
    """How the records of a batch balance: `rows` are those that are kept."""
    newest = lake.read("events").agg(F.max("event_date")).collect()[0][0]
    late = F.lit(False) if newest is None else F.col("event_date") < F.lit(newest)
    bad = F.size("reasons") > 0
    read = prepared.agg(
        F.count("*").alias("records_in"),
        F.count_if(bad).alias("quarantined"),
        F.count_if(F.col("refused") & ~bad).alias("refused"),
    ).collect()[0]
    kept = rows.agg(
        F.count("*").alias("kept"),
        F.count_if("_replaces").alias("replaced"),
        F.count_if(late).alias("late"),
        F.count_if("is_bot").alias("bot"),
        F.count_if("internal").alias("internal"),
        F.count_if("blocked_ids").alias("blocked_ids"),
    ).collect()[0]
    among = (
        events_stage.duplicates(candidates).agg(F.coalesce(F.sum("conflicting"), F.lit(0))).collect()[0][0]
    )
    # A published row with other content makes a conflict too, whichever of the two stays.
    against = fresh.where("_conflicts").count()
    return Counts(
        records_in=read["records_in"],
        quarantined=read["quarantined"],
        refused=read["refused"],
        kept=kept["kept"],
        duplicate=read["records_in"] - read["quarantined"] - read["refused"] - kept["kept"],
        conflicting=int(among) + against,
        replaced=kept["replaced"],
        late=kept["late"],
        bot=kept["bot"],
        internal=kept["internal"],
        blocked_ids=kept["blocked_ids"],
    )
