"""Tiny raw files of Segment's messages, and runs of the events job over them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pyspark.sql import SparkSession
from rich.console import Console

from tests.sources.reading import line
from trailhouse.ingest import ingest
from trailhouse.ingest.requeue import Selection, requeue
from trailhouse.ledger import Counts
from trailhouse.progress import Progress
from trailhouse.run import Run, open_run
from trailhouse.settings import Settings, load_settings
from trailhouse.storage import Lake

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """A folder of raw files, the lake made of them, and settings besides."""

    spark: SparkSession
    raw: Path
    root: Path
    overrides: tuple[str, ...] = ()
    source: str = "segment"

    @property
    def lake(self) -> Lake:
        return Lake(self.spark, str(self.root))

    @property
    def settings(self) -> Settings:
        given = [f"raw.path={self.raw}", f"lake.root={self.root}", f"raw.format={self.source}"]
        return load_settings(None, [*given, "gates.max_quarantine_share=1", *self.overrides])

    def with_settings(self, *overrides: str) -> World:
        return replace(self, overrides=overrides)

    def write(self, name: str, *records: Any) -> Path:
        """A file of these records, a line each."""
        self.raw.mkdir(parents=True, exist_ok=True)
        file = self.raw / name
        file.write_bytes(b"".join(line(record) + b"\n" for record in records))
        return file

    def run(self, *, rebuild: bool = False) -> str:
        """One run of the events job; gives what the terminal showed."""
        return self.during(lambda run: ingest(run, rebuild=rebuild))[1]

    def during(self, work: Callable[[Run], T]) -> tuple[T, str]:
        """What `work` gives of a run over the lake, and what the terminal showed."""
        shown = io.StringIO()
        with open_run(self.spark, self.settings, Progress(Console(file=shown, width=10_000))) as run:
            found = work(run)
        return found, shown.getvalue()

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of a table, sorted."""
        return sorted((tuple(row) for row in self.lake.read(table).select(*columns).collect()), key=repr)

    def balance(self) -> int:
        """Rows that the ledger says `events` has: kept - replaced."""
        told = self.lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL").collect()
        for row in told:
            assert row.records_in == row.kept + row.duplicate + row.quarantined + row.refused
        return sum(row.kept - row.replaced for row in told)

    def requeue(self, selection: Selection) -> tuple[Counts, str]:
        """Sends quarantined records through again; gives how they balance and what the terminal showed."""
        return self.during(lambda run: requeue(run, selection))

    def copy(self, root: Path, *overrides: str) -> World:
        """The same raw files with a copy of the lake, to run into."""
        return replace(self, root=Path(shutil.copytree(self.root, root)), overrides=overrides)
