"""One batch of files: parsed, judged, published once, told in the ledger."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import GateFailed
from trailhouse.gates import Outcome
from trailhouse.ingest.commits import Batch, committed, publish_events, publish_quarantine
from trailhouse.ingest.counting import Tally, against_published, conflicting, contested, count, tally
from trailhouse.ingest.folder import refused
from trailhouse.ingest.origins import Staged, announce, of_batch, of_rebuild, publish_origins
from trailhouse.ingest.reading import read_batch
from trailhouse.ingest.readings import record, record_held, tell_unreadable
from trailhouse.ingest.replays import apart, stage_chunks, staged_chunks
from trailhouse.ingest.unfinished import announce_batch, as_announced, batch_is_done, unfinished
from trailhouse.ledger import Counts
from trailhouse.run import Run, judge
from trailhouse.sources import SOURCES, Source
from trailhouse.sources.lines import line_numbers
from trailhouse.stage import Check
from trailhouse.stages import events as events_stage
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

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
    Check(
        "replay_chunks",
        "begins_before_it_ends",
        "The first time of a recorded chunk is not later than its last.",
        "first_time <= last_time",
    ),
    Check("events_quarantine", "has_a_reason", "A quarantined record says why.", "size(reasons) > 0"),
)


@dataclass(frozen=True)
class Weighed:
    """Records beside what is published: `rows` to publish, all in staging, their origins, the balance."""

    rows: DataFrame
    origins: Staged
    counts: Counts


def publish_batch(run: Run, source: Source, batch: Batch, *, rebuild: bool = False) -> Counts:
    """Parse, judge and publish the files of one batch, once; gives how its records balance.

    With `rebuild` a published row that the same record makes otherwise today counts as replaced. A
    file that cannot be read to its end is left out, and told.
    """
    lake, started = run.lake, time.perf_counter()
    known = committed(run, "events", "raw_files").get((batch.stream, batch.number))
    # What a commit left out stays out of its replay: its records would be counted, and not published.
    left_out = known.unreadable if known else refused(run, batch.files)
    prepared, unreadable = read_batch(run, source, batch, left_out)
    if prepared is None:
        record(run, batch, unreadable)
        tell_unreadable(run, batch, unreadable)
        return Counts(0, 0, 0, 0, 0)
    prepared, told = sorted_out(run, prepared)
    quarantine = _quarantine(run, prepared, batch, told)
    weighed = weigh(run, source, batch, prepared, told, rebuild=rebuild) if known is None else None
    counts = weighed.counts if weighed else known.counts if known else Counts(0, 0, 0, 0, 0)
    staged = {"events_quarantine": quarantine}
    if weighed:
        staged |= to_judge(lake, weighed)
    checks = [c for c in CHECKS if c.table in staged]
    share = _quarantine_share(run, counts)
    try:
        judge(run, batch.stage, staged, checks, None, batch.number, [share], batch.accepted)
    except GateFailed as error:
        run.lease.require()
        record_held(run, batch, unreadable, error.checks)
        raise
    run.lease.require()
    if known is None:
        announce_batch(lake, batch, source.name)
    else:
        batch = as_announced(lake, batch)
    if weighed:
        publish_weighed(run, batch, weighed, staged["events"], unreadable, rebuild=rebuild)
    if told.quarantined:
        publish_quarantine(lake, quarantine)
    # Last, as a file that counts as read is not tried again.
    record(run, batch, unreadable, None if counts.kept else counts)
    batch_is_done(lake)
    # Of a replay whose commit was there already, `restore_ledger` has told.
    for table in ("events", "events_quarantine") if known is None else ("events_quarantine",):
        run.records.stage(
            batch.stage,
            table,
            "published" if (counts.kept if table == "events" else counts.quarantined) else "unchanged",
            version=lake.version(table),
            rows=lake.rows(table),
            seconds=time.perf_counter() - started,
            batch=batch.number,
            counts=counts if table == "events" else None,
            note=f"stream {batch.stream}, {len(batch.files)} files",
        )
    tell_unreadable(run, batch, unreadable)
    lake.clear("_staging/events")
    return counts


def sorted_out(run: Run, prepared: DataFrame) -> tuple[DataFrame, Tally]:
    """Prepared rows in staging, recordings taken out of their properties, and what there is of each."""
    told = tally(prepared)
    if not told.recorded:
        return prepared, told
    prepared = apart(run, prepared)
    return prepared, tally(prepared)


def finish_batch(run: Run, *, but: Sequence[str] = ()) -> None:
    """What a dead run left of a batch whose events it had committed, except for stages of `but`."""
    left = unfinished(run)
    if left and left[0].stage not in but:
        batch, source = left
        publish_batch(run, SOURCES[source], batch)


def weigh(
    run: Run, source: Source, batch: Batch, prepared: DataFrame, told: Tally, *, rebuild: bool = False
) -> Weighed:
    """Which of the prepared records, of which `told` speaks, are to be published; they lie in storage."""
    lake = run.lake
    candidates = prepared.where("size(reasons) = 0 AND NOT refused")
    found = contested(lake, candidates, rebuild=rebuild, days=run.settings.events.duplicate_days)
    never = F.lit(False)
    marks = {"_kept": F.lit(True), "_replaces": never, "_same": never, "_conflicts": never}
    # Of the many that nothing speaks against, one copy in staging is enough.
    parts = [] if found.clear is None else [found.clear.withColumns(marks)]
    fresh, same, conflicts = None, None, 0
    if found.rows is not None:
        winners = events_stage.winners(found.rows)
        judged = against_published(lake, winners, found.known, ties=source.retold, rebuild=rebuild)
        fresh = lake.stage("events/fresh", judged)
        parts.append(fresh.where("_kept"))
        conflicts = conflicting(found.rows, fresh)
    rows = reduce(DataFrame.unionByName, parts)
    counts = count(lake, told, rows, conflicts)
    if rebuild and fresh is not None:
        same = fresh.where("_same AND NOT _kept")
        origins = of_rebuild(lake, batch, rows, same)
    else:
        origins = of_batch(lake, batch, rows, replaces=counts.replaced > 0)
    chunks = stage_chunks(lake, rows, same, replaces=counts.replaced > 0)
    return Weighed(rows, replace(origins, chunks=chunks), counts)


def to_judge(lake: Lake, weighed: Weighed) -> dict[str, DataFrame]:
    """What of weighed records is to be published, by table, before the gate."""
    table = TABLES["events"]
    staged = {table.name: table.select(weighed.rows.select(*table.schema.names))}
    if weighed.origins.chunks:
        staged["replay_chunks"] = staged_chunks(lake)
    return staged


def publish_weighed(
    run: Run,
    batch: Batch,
    weighed: Weighed,
    events: DataFrame,
    unreadable: Mapping[str, str],
    *,
    rebuild: bool = False,
) -> None:
    """The rows, judged by now as `events`, and their origins; no rows, no commit."""
    if weighed.counts.kept or rebuild:
        announce(run.lake, weighed.origins)
        if weighed.counts.kept:
            publish_events(run, events, batch, weighed.counts, unreadable)
        publish_origins(run, weighed.origins)


def _quarantine(run: Run, prepared: DataFrame, batch: Batch, told: Tally) -> DataFrame:
    """The batch's bad records, each once, with file and line; cached in staging."""
    if not told.quarantined:
        return run.lake.spark.createDataFrame([], TABLES["events_quarantine"].schema)
    bad = events_stage.quarantine(prepared, run.settings)
    held = run.lake.stage("events/bad", bad)
    placed = held.withColumn("line", F.lit(None).cast("BIGINT"))
    files = [row.file for row in held.select("file").distinct().collect()]
    if files:
        # A second look at those files alone that hold bad records, which are lines in most of them.
        found = line_numbers(run.lake.spark, files, held).drop("file")
        placed = held.join(found, on="content_hash", how="left")
    placed = placed.withColumns(
        {
            "first_batch": F.lit(batch.number).cast("BIGINT"),
            "quarantined_time": F.lit(datetime.now(UTC)),
            "requeued_run": F.lit(None).cast("STRING"),
            "released_run": F.lit(None).cast("STRING"),
        }
    )
    table = TABLES["events_quarantine"]
    return run.lake.stage("events/events_quarantine", table.select(placed.select(*table.schema.names)))


def _quarantine_share(run: Run, counts: Counts) -> Outcome:
    """A batch that is mostly unreadable is held: more likely the wrong format than bad events."""
    limit = run.settings.gates.max_quarantine_share
    share = counts.quarantined / counts.records_in if counts.records_in else 0
    return Outcome(
        table="events",
        check_name="quarantine_share",
        severity="error",
        sentence=f"At most {limit:.0%} of a batch's records are unreadable.",
        passed=share <= limit,
        observed=f"{share:.1%} ({counts.quarantined:,} of {counts.records_in:,})",
        expected=f"at most {limit:.1%}",
        examples=(),
    )
