"""What a run that ended between two of its commits left to do."""

from __future__ import annotations

import json

from trailhouse.ingest.commits import committed
from trailhouse.run import Run
from trailhouse.storage import Lake

_LABEL = "_streams/told.json"
"""Versions of these tables up to which the ledger tells of every batch; only saves work."""
_TABLES = ("events", "raw_files", "ledger")


def restore_ledger(run: Run) -> None:
    """Write the ledger rows of batches whose run ended between its commits and its ledger."""
    lake = run.lake
    run.when_told.append(lambda: _remember(lake))
    if _all_told(lake):
        return
    if not lake.exists("ledger"):
        told: set[tuple[str, int]] = set()
    else:
        rows = lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL")
        told = {(row.note.split(",")[0].removeprefix("stream "), row.batch) for row in rows.collect()}
    for (stream, number), batch in committed(run, "events", "raw_files").items():
        if (stream, number) not in told:
            run.records.stage(
                batch.stage,
                "events",
                "published",
                batch=number,
                counts=batch.counts,
                note=f"stream {stream}, restored",
            )


def _all_told(lake: Lake) -> bool:
    """Whether no batch was committed since a run came to its end, ledger and all."""
    text = lake.files.read_text(f"{lake.root}/{_LABEL}")
    if text is None:
        return False
    then, now = json.loads(text), _versions(lake)
    # Other jobs add to the ledger; one that has fewer versions is another ledger.
    later = now["ledger"] >= then["ledger"]
    return later and {**then, "ledger": now["ledger"]} == now


def _remember(lake: Lake) -> None:
    lake.files.write_text(f"{lake.root}/{_LABEL}", json.dumps(_versions(lake)))


def _versions(lake: Lake) -> dict[str, int]:
    return {table: lake.version(table) if lake.exists(table) else -1 for table in _TABLES}
