"""Quarantined records once more, after a fix: `python -m trailhouse requeue`.

They go the way of every record: prepared, weighed against what is published, judged, published in one
commit with their counts. Then their rows in quarantine are marked. A run that dies in between has
published its events; the next one finds them known, and marks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from urllib.parse import quote, unquote

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.ingest.batch import CHECKS, publish_weighed, sorted_out, to_judge, weigh
from trailhouse.ingest.commits import Batch
from trailhouse.ingest.origins import restore_origins
from trailhouse.ingest.restore import restore_ledger
from trailhouse.ledger import Counts
from trailhouse.progress import how_many
from trailhouse.run import Run, judge
from trailhouse.sources import SOURCES, Source
from trailhouse.stages import events as events_stage
from trailhouse.tables import TABLES

_TOLD = 3


@dataclass(frozen=True)
class Selection:
    """Which quarantined records: those that all of what is given picks; nothing given picks all.

    `reason` and `file` are parts of a reason and of a file's name, `hashes` beginnings of content
    hashes, `since` the time when a record was quarantined first.
    """

    reason: str | None = None
    file: str | None = None
    since: datetime | None = None
    hashes: tuple[str, ...] = ()

    def condition(self) -> Column:
        """True for rows of `events_quarantine` that are picked and are no events by now."""
        picked = F.col("released_run").isNull()
        if self.reason is not None:
            text = F.lit(self.reason)
            picked &= F.exists("reasons", lambda one: one.contains(text))
        if self.file is not None:
            # Tables have files as URLs; people have them as they see them.
            name = F.col("file")
            picked &= name.contains(self.file) | name.contains(quote(self.file, safe="/:"))
        if self.since is not None:
            picked &= F.col("quarantined_time") >= F.lit(self.since)
        if self.hashes:
            begins = [F.col("content_hash").startswith(begin.lower()) for begin in self.hashes]
            picked &= reduce(Column.__or__, begins)
        return picked


def requeue(run: Run, selection: Selection) -> Counts:
    """Send the selected records through again, and mark them; gives how those sent balance.

    Records whose bytes are neither kept nor found in their file any more stay as they are, with a
    warning; SourceError when that is all of them. Raises GateFailed, nothing published or marked,
    when an event breaks a check.
    """
    lake = run.lake
    lake.read("events_quarantine")  # a lake without it has nothing to send
    for table in ("events_quarantine", "event_origins"):
        lake.create(TABLES[table])
    run.tell_geo()
    restore_ledger(run)
    restore_origins(run)
    with run.progress.stage("requeue") as line:
        columns = ("content_hash", "source", "file", "raw", "length")
        picked = lake.read("events_quarantine").where(selection.condition())
        chosen = lake.stage("requeue/chosen", picked.select(*columns))
        done: list[Counts] = []
        lost: list[str] = []
        for name in sorted(row.source for row in chosen.select("source").distinct().collect()):
            records, missing = _records(run, SOURCES[name], chosen.where(F.col("source") == name))
            lost += missing
            if records is not None:
                done.append(_send(run, SOURCES[name], len(done), records))
        lake.clear("_staging/events", "_staging/requeue")
        if lost and not done:
            raise SourceError(lost[0])
        for text in lost:
            run.progress.warn(text)
        total = Counts.total(done)
        line.done(_told(total) if done else "no quarantined record is selected")
        return total


def _told(counts: Counts) -> str:
    return (
        f"{counts.records_in:,} records: {counts.kept:,} kept, {counts.duplicate:,} duplicate, "
        f"{counts.refused:,} refused, {counts.quarantined:,} still quarantined"
    )


def _send(run: Run, source: Source, number: int, records: DataFrame) -> Counts:
    """Publish what of the staged records is an event by now, mark all of them, and tell the ledger."""
    lake, started = run.lake, time.perf_counter()
    sent = records.select("_hash").distinct()
    prepared, told = sorted_out(
        run,
        lake.stage(
            "events/prepared", events_stage.prepare(records.drop("_hash"), source, run.settings, run.geo)
        ),
    )
    batch = Batch(f"requeue-{run.id}", number, (), "requeue")
    weighed = weigh(run, source, batch, prepared, told)
    staged = to_judge(lake, weighed)
    judge(run, batch.stage, staged, [c for c in CHECKS if c.table in staged], batch=number)
    run.lease.require()
    publish_weighed(run, batch, weighed, staged["events"], {})
    failed = events_stage.quarantine(prepared, run.settings).select("content_hash", "reasons")
    _mark(run, sent, failed)
    counts = weighed.counts
    for table, changed in (("events", counts.kept), ("events_quarantine", counts.records_in)):
        run.records.stage(
            batch.stage,
            table,
            "published" if changed else "unchanged",
            version=lake.version(table),
            rows=lake.rows(table),
            seconds=time.perf_counter() - started,
            batch=number,
            counts=counts if table == "events" else None,
            note=f"stream {batch.stream}, {source.name}",
        )
    return counts


def _records(run: Run, source: Source, chosen: DataFrame) -> tuple[DataFrame | None, list[str]]:
    """What the source's `read` gives of the chosen records, and `_hash`; each content once, in staging.

    From the bytes that quarantine keeps where these are all of a line; else from the file. None when
    there are none. Besides, a sentence about those whose bytes are to be had nowhere.
    """
    lake = run.lake
    whole = F.lit(source.lines) & F.coalesce(F.octet_length("raw") == F.col("length"), F.lit(False))
    others = chosen.where(~whole).select(F.col("content_hash").alias("_hash"), "file")
    files = sorted(row.file for row in others.select("file").distinct().collect())
    there = [unquote(file) for file in files if _readable(run, source, unquote(file))]
    parts = []
    if source.lines:
        parts.append(chosen.where(whole).select("raw", "file", F.col("content_hash").alias("_hash")))
    if there:
        again = source.read(lake.spark, there, run.settings).withColumn("_hash", F.sha2("raw", 256))
        wanted = again.join(F.broadcast(others), on=["_hash", "file"], how="left_semi")
        parts.append(wanted.drop_duplicates(["_hash"]))
    if not parts:
        return None, _missing(others)
    staged = lake.stage("requeue/records", reduce(DataFrame.unionByName, parts))
    missing = _missing(others.join(staged, on="_hash", how="left_anti"))
    return None if staged.isEmpty() else staged, missing


def _readable(run: Run, source: Source, path: str) -> bool:
    if not run.lake.files.reachable(path):
        return False
    try:
        source.read(run.lake.spark, [path], run.settings).count()
    except (Py4JJavaError, PySparkException, SourceError):
        return False
    return True


def _missing(records: DataFrame) -> list[str]:
    row = records.agg(
        F.count("*").alias("records"), F.sort_array(F.collect_set("file")).alias("files")
    ).collect()[0]
    if not row.records:
        return []
    named = ", ".join(unquote(file) for file in row.files[:_TOLD])
    more = f" and {len(row.files) - _TOLD:,} more" if len(row.files) > _TOLD else ""
    many = how_many(row.records, "quarantined record")
    return [
        f"{many} cannot be sent again: quarantine does not keep all of the bytes, and {named}{more} is gone, "
        "cannot be read, or does not hold them any more; bring the file back and requeue again"
    ]


def _mark(run: Run, sent: DataFrame, failed: DataFrame) -> None:
    """Rows of quarantine that were sent: released, or with the reasons of today."""
    marks = sent.withColumnRenamed("_hash", "content_hash").join(failed, on="content_hash", how="left")
    (
        DeltaTable.forPath(run.lake.spark, run.lake.path("events_quarantine"))
        .alias("old")
        .merge(marks.alias("new"), "old.content_hash = new.content_hash")
        .whenMatchedUpdate(
            set={
                "requeued_run": F.lit(run.id),
                "released_run": F.when(F.col("new.reasons").isNull(), F.lit(run.id)),
                "reasons": F.coalesce("new.reasons", "old.reasons"),
            }
        )
        .execute()
    )
