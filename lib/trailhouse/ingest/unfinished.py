"""The batch under way, written down before its events are committed.

A stream hands a batch out again after a crash. A batch of its own making has nobody who does: its
files would be read again by the next run, and its records counted once more, as duplicates of themselves.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from trailhouse.ingest.commits import Batch, RawFile, committed
from trailhouse.run import Run
from trailhouse.storage import Lake

_LABEL = "_streams/batch.json"
"""Not in staging, which `maintain` clears."""


def announce_batch(lake: Lake, batch: Batch, source: str) -> None:
    """Say which batch is about to be published, and of which format its files are."""
    told = {**asdict(batch), "source": source}
    lake.files.write_text(f"{lake.root}/{_LABEL}", json.dumps(told, default=datetime.isoformat))


def batch_is_done(lake: Lake) -> None:
    """The batch is published, and told in `raw_files`."""
    lake.clear(_LABEL)


def unfinished(run: Run) -> tuple[Batch, str] | None:
    """A batch whose events a dead run committed without doing the rest, and its source's name."""
    found = _announced(run.lake)
    if found is None:
        return None
    batch, _ = found
    return found if (batch.stream, batch.number) in committed(run, "events") else None


def as_announced(lake: Lake, batch: Batch) -> Batch:
    """The batch with its files as they were when a run that died read them: a replay may find others."""
    found = _announced(lake)
    if found is None or (found[0].stream, found[0].number) != (batch.stream, batch.number):
        return batch
    return replace(batch, files=found[0].files)


def _announced(lake: Lake) -> tuple[Batch, str] | None:
    text = lake.files.read_text(f"{lake.root}/{_LABEL}")
    if text is None:
        return None
    told: dict[str, Any] = json.loads(text)
    source = str(told.pop("source"))
    files = tuple(
        RawFile(**{**file, "modified": datetime.fromisoformat(file["modified"])})
        for file in told.pop("files")
    )
    return Batch(files=files, accepted=tuple(told.pop("accepted")), **told), source
