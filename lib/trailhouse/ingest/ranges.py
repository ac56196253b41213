"""A run over raw files of some days (`--from`, `--to`), apart from the stream.

The stream's checkpoint counts every file that it lists as handed out, so a file that were filtered
away behind it would be lost. A range lists the files itself instead, takes those that `raw_files` does
not know as read, and leaves the checkpoint alone; the stream passes over them when it comes to them.
"""

from __future__ import annotations

from collections.abc import Iterator

from trailhouse.ingest.batch import publish_batch
from trailhouse.ingest.commits import Batch, parted
from trailhouse.ingest.pending import APART, pending
from trailhouse.ingest.readings import raw_file
from trailhouse.ledger import Counts
from trailhouse.run import Run
from trailhouse.sources import Source

STAGE = "range"
"""What the ledger calls batches of a range."""


def read_range(run: Run, source: Source, *, rebuild: bool = False) -> Iterator[Counts]:
    """Publish the files of the settings' days that are not read yet, in bounded batches."""
    rows = pending(run, rebuild=rebuild).drop("day").orderBy("path").collect()
    parts = parted(list(map(raw_file, rows)), run.settings.raw.files_per_batch)
    for number, files in enumerate(parts):
        batch = Batch(f"{APART}{run.id}", number, files, STAGE)
        yield publish_batch(run, source, batch, rebuild=rebuild)
