"""What a run that ended between two of its commits left to do."""

from __future__ import annotations

from trailhouse.ingest.commits import committed
from trailhouse.run import Run


def restore_ledger(run: Run) -> None:
    """Write the ledger rows of batches whose run ended between its commits and its ledger."""
    lake = run.lake
    if not lake.exists("ledger"):
        told: set[tuple[str, int]] = set()
    else:
        rows = lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL")
        told = {(row.note.split(",")[0].removeprefix("stream "), row.batch) for row in rows.collect()}
    for (stream, number), batch in committed(lake, "events", "raw_files").items():
        if (stream, number) not in told:
            run.records.stage(
                batch.stage,
                "events",
                "published",
                batch=number,
                counts=batch.counts,
                note=f"stream {stream}, restored",
            )
