"""The events stage's run: raw files, each once, into `events` and `events_quarantine`.

A stream over file facts (path, size, time; contents are not read for it) hands out batches of
files. Each batch is parsed, judged and published with its number in the commit, so that a replay
after a crash at any point changes nothing. The stream's checkpoint only saves work: a lost one
reads every file again, finds every record known, and changes no table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.files import reason
from trailhouse.gates import Outcome
from trailhouse.ledger import Counts
from trailhouse.run import Run, judge
from trailhouse.sources import SOURCES, Source, recognise, recognised
from trailhouse.sources.lines import line_numbers, read_lines, unreadable_named
from trailhouse.stage import Check
from trailhouse.stages import events as events_stage
from trailhouse.storage import Lake, row_hashes
from trailhouse.tables import TABLES

_FACTS = "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY"
_NEVER = "36500d"
"""The file source silently skips files older than maxFileAge: so far out that none is."""


CHECKS = (
    Check(
        "events",
        "times_in_order",
        "A corrected time never lies far after its arrival.",
        "event_time <= received_time + INTERVAL 1 DAY",
        severity="warn",
    ),
    Check(
        "events",
        "date_is_of_the_time",
        "The partition is the UTC day of the event.",
        "event_date = to_date(event_time)",
    ),
    Check(
        "events",
        "somebody_did_it",
        "An event has an identifier, or consent took it away.",
        "coalesce(anonymous_id, user_id, previous_id, consent) IS NOT NULL OR size(identifiers) > 0",
    ),
    Check("events_quarantine", "has_a_reason", "A quarantined record says why.", "size(reasons) > 0"),
)


@dataclass(frozen=True)
class Batch:
    """A batch of the stream; `stream` changes when a lost checkpoint begins a new one."""

    stream: str
    number: int
    files: tuple[str, ...]


def ingest(run: Run, *, rebuild: bool = False) -> None:
    """Read every raw file that the lake has not read; GateFailed holds the stream at its batch.

    `rebuild` reads every file anew and replaces rows that settings or code of today make otherwise.
    Raises SourceError when there is no input at all.
    """
    lake = run.lake
    source = _source(run)
    for table in ("events", "events_quarantine"):
        lake.create(TABLES[table])
    checkpoint = f"{lake.root}/_streams/events-{source.name}"
    if rebuild:
        lake.clear(f"_streams/events-{source.name}")
    restore_ledger(run)
    with run.progress.stage("events") as line:
        done: list[Counts] = []
        raised: list[BaseException] = []

        def each(facts: DataFrame, number: int) -> None:
            try:
                stream = _stream_id(lake, checkpoint)
                files = tuple(sorted(row.path for row in facts.select("path").collect()))
                if files:
                    done.append(publish_batch(run, source, Batch(stream, number, files), rebuild=rebuild))
            except BaseException as error:
                raised.append(error)  # Spark would hand on its text alone
                raise

        _drain(run, source, checkpoint, each, raised)
        line.done(_told(done) if done else "no new files")


def _source(run: Run) -> Source:
    """The source that the settings name, or that the first lines of a raw file show."""
    raw, lake = run.settings.raw, run.lake
    if raw.format != "auto":
        return SOURCES[raw.format]
    _require_input(lake, raw.path)
    file = lake.files.some_file(raw.path)
    if file is None:
        raise SourceError(f"raw input {raw.path} holds no file: name its format with raw.format (--format)")
    with unreadable_named():
        rows = read_lines(lake.spark, [file]).limit(recognise.LINES).collect()
    names = recognised([bytes(row.raw).decode(errors="replace") for row in rows])
    if len(names) != 1:
        like = " and ".join(names) or f"none of {', '.join(sorted(SOURCES))}"
        raise SourceError(
            f"raw input {raw.path}: the first lines of {file} look like {like}: "
            "name the format with raw.format (--format)"
        )
    run.progress.note(f"raw format {names[0]}, recognised by the first lines of {file}")
    return SOURCES[names[0]]


def _drain(
    run: Run,
    source: Source,
    checkpoint: str,
    each: Callable[[DataFrame, int], None],
    raised: list[BaseException],
) -> None:
    raw = run.settings.raw
    _require_input(run.lake, raw.path)
    try:
        facts = (
            run.lake.spark.readStream.format("binaryFile")
            .schema(_FACTS)
            .option("recursiveFileLookup", True)
            .option("maxFileAge", _NEVER)
            .option("maxFilesPerTrigger", raw.files_per_batch)
            .load(raw.path)
            .select("path", "modificationTime", "length")
        )
        query = (
            facts.writeStream.foreachBatch(each)
            .option("checkpointLocation", checkpoint)
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()
    except PySparkException as error:
        if raised:
            raise raised[0] from None
        raise SourceError(f"raw input {raw.path} cannot be read: {reason(error)}") from None


def _require_input(lake: Lake, path: str) -> None:
    if not lake.files.reachable(path):
        raise SourceError(f"raw input {path} does not exist: name a file or folder with raw.path (--raw)")


def _stream_id(lake: Lake, checkpoint: str) -> str:
    text = lake.files.read_text(f"{checkpoint}/metadata")
    if not text:
        raise SourceError(
            f"the stream's checkpoint {checkpoint} has no metadata: remove that folder and run again"
        )
    return str(json.loads(text)["id"])


def publish_batch(run: Run, source: Source, batch: Batch, *, rebuild: bool = False) -> Counts:
    """Parse, judge and publish the files of one batch, once; gives how its records balance.

    With `rebuild` a published row that the same record makes otherwise today counts as replaced.
    """
    lake, settings, started = run.lake, run.settings, time.perf_counter()
    with unreadable_named():
        records = source.read(lake.spark, list(batch.files), settings)
        prepared = lake.stage("events/prepared", events_stage.prepare(records, source, settings))
    known = committed(lake).get((batch.stream, batch.number))
    quarantine = _quarantine(run, prepared, batch)
    if known is None:
        candidates = prepared.where("size(reasons) = 0 AND NOT refused")
        fresh = _against_published(lake, events_stage.winners(candidates), rebuild)
        rows = lake.stage("events/events", fresh.where("_kept"))
        counts = _count(lake, prepared, candidates, fresh, rows)
    else:
        rows, counts = None, known
    staged = {"events_quarantine": quarantine}
    if rows is not None:
        staged["events"] = TABLES["events"].select(rows.select(*TABLES["events"].schema.names))
    judge(run, "events", staged, [c for c in CHECKS if c.table in staged], batch=batch.number)
    _hold_on_share(run, counts, batch)
    run.lease.require()
    if rows is not None and counts.kept:
        _publish_events(lake, staged["events"], batch, counts)
    _publish_quarantine(lake, quarantine)
    # Of a replay whose commit was there already, `restore_ledger` has told.
    for table in ("events", "events_quarantine") if known is None else ("events_quarantine",):
        run.records.stage(
            "events",
            table,
            "published" if (counts.kept if table == "events" else counts.quarantined) else "unchanged",
            version=lake.version(table),
            rows=lake.read(table).count(),
            seconds=time.perf_counter() - started,
            batch=batch.number,
            counts=counts if table == "events" else None,
            note=f"stream {batch.stream}, {len(batch.files)} files",
        )
    lake.clear("_staging/events")
    return counts


def _against_published(lake: Lake, winners: DataFrame, rebuild: bool) -> DataFrame:
    """Winners of a batch + `_kept` (new, or better than the published row) and `_replaces`.

    Only narrow columns of history are probed (the 64-bit key first, the full id to confirm) and the hash by
    which a last tie is broken. A rebuild
    reads all of them, and takes the same record for better where its row is another now.
    """
    # The order in which `winners` chooses within a batch.
    delivery = (
        F.col("received_time").isNull(),
        F.col("received_time"),
        F.col("content_hash"),
        F.col("sent_time").isNull(),
        F.col("sent_time"),
    )
    order = F.struct(*delivery, "event_time", events_stage.last_tie())
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
    better = F.coalesce(order < F.col("_published"), F.lit(False))
    if rebuild:
        row = F.struct(*row_hashes(winners.select(*history.columns)))
        same = F.struct(*delivery).eqNullSafe(F.col("_delivery"))
        better = better | (exists & same & (row != F.col("_row")))
    return joined.withColumns(
        {
            "_kept": ~exists | better,
            "_replaces": exists & better,
            "_conflicts": exists & (F.col("content_hash") != F.col("_hash")),
        }
    ).drop("_published", "_hash", "_delivery", "_row")


def _count(
    lake: Lake, prepared: DataFrame, candidates: DataFrame, fresh: DataFrame, rows: DataFrame
) -> Counts:
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


def _publish_events(lake: Lake, rows: DataFrame, batch: Batch, counts: Counts) -> None:
    """One commit that carries the batch's number and counts."""
    told = json.dumps({"stream": batch.stream, "batch": batch.number, "counts": json.loads(counts.to_json())})
    spark = lake.spark
    spark.conf.set("spark.databricks.delta.commitInfo.userMetadata", told)
    try:
        if counts.replaced:
            (
                DeltaTable.forPath(spark, lake.path("events"))
                .alias("old")
                .merge(rows.alias("new"), "old.event_key = new.event_key AND old.event_id = new.event_id")
                .whenMatchedUpdateAll()
                .whenNotMatchedInsertAll()
                .execute()
            )
        else:
            (
                rows.hint("rebalance", "event_date")
                .write.format("delta")
                .mode("append")
                .option("txnAppId", batch.stream)
                .option("txnVersion", batch.number)
                .save(lake.path("events"))
            )
    finally:
        spark.conf.unset("spark.databricks.delta.commitInfo.userMetadata")


def _quarantine(run: Run, prepared: DataFrame, batch: Batch) -> DataFrame:
    """The batch's bad records, each once, with file and line; cached in staging."""
    bad = events_stage.quarantine(prepared, run.settings)
    held = run.lake.stage("events/bad", bad)
    placed = held.withColumn("line", F.lit(None).cast("BIGINT"))
    files = [row.file for row in held.select("file").distinct().collect()]
    if files:
        # A second look at those files alone that hold bad records, which are lines in most of them.
        found = line_numbers(run.lake.spark, files, held).drop("file")
        placed = held.join(found, on="content_hash", how="left")
    placed = placed.withColumn("first_batch", F.lit(batch.number).cast("BIGINT"))
    table = TABLES["events_quarantine"]
    return run.lake.stage("events/events_quarantine", table.select(placed.select(*table.schema.names)))


def _publish_quarantine(lake: Lake, rows: DataFrame) -> None:
    if rows.isEmpty():
        return
    (
        DeltaTable.forPath(lake.spark, lake.path("events_quarantine"))
        .alias("old")
        .merge(rows.alias("new"), "old.content_hash = new.content_hash")
        .whenNotMatchedInsertAll()
        .execute()
    )


def _hold_on_share(run: Run, counts: Counts, batch: Batch) -> None:
    """A batch that is mostly unreadable is held: more likely the wrong format than bad events."""
    limit = run.settings.gates.max_quarantine_share
    share = counts.quarantined / counts.records_in if counts.records_in else 0
    outcome = Outcome(
        table="events",
        check_name="quarantine_share",
        severity="error",
        sentence=f"At most {limit:.0%} of a batch's records are unreadable.",
        passed=share <= limit,
        observed=f"{share:.1%} ({counts.quarantined:,} of {counts.records_in:,})",
        expected=f"at most {limit:.1%}",
        examples=(),
    )
    run.hold_unless([outcome], "events", ["events", "events_quarantine"], batch.number)


def committed(lake: Lake) -> dict[tuple[str, int], Counts]:
    """Every batch that a commit of `events` carries, with its counts."""
    history = DeltaTable.forPath(lake.spark, lake.path("events")).history()
    found = {}
    for row in history.where("userMetadata IS NOT NULL").select("userMetadata").collect():
        try:
            told: dict[str, Any] = json.loads(row.userMetadata)
            found[(told["stream"], int(told["batch"]))] = Counts(**told["counts"])
        except (ValueError, KeyError, TypeError):
            continue  # somebody else's metadata
    return found


def restore_ledger(run: Run) -> None:
    """Write the ledger rows of batches whose run ended between its commit and its ledger."""
    lake = run.lake
    if not lake.exists("ledger"):
        known: set[tuple[str, int]] = set()
    else:
        rows = lake.read("ledger").where("stage = 'events' AND table_name = 'events' AND kept IS NOT NULL")
        known = {(row.note.split(",")[0].removeprefix("stream "), row.batch) for row in rows.collect()}
    for (stream, number), counts in committed(lake).items():
        if (stream, number) not in known:
            run.records.stage(
                "events",
                "events",
                "published",
                batch=number,
                counts=counts,
                note=f"stream {stream}, restored",
            )


def _told(done: list[Counts]) -> str:
    total = {
        name: sum(getattr(c, name) for c in done)
        for name in ("records_in", "kept", "duplicate", "quarantined")
    }
    return (
        f"{total['records_in']:,} records: {total['kept']:,} kept, {total['duplicate']:,} duplicate, "
        f"{total['quarantined']:,} quarantined"
    )
