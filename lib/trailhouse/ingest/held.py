"""Batches that a gate holds, and what a person decides of them: `python -m trailhouse held`.

A held batch publishes nothing and stops its stream, which hands it out again at each run. To release
it is to accept what its checks found: the next run publishes its files as a batch of their own, in which
these checks warn. To reject it is to leave its files out: the stream hands them out, and nothing is read.
Both are rows of `raw_files`, the newest of which counts, and of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import unquote

from pyspark.sql import Row
from pyspark.sql import functions as F
from rich.markup import escape

from trailhouse.errors import SettingsError
from trailhouse.ingest.batch import publish_batch
from trailhouse.ingest.commits import Batch
from trailhouse.ingest.days import day, wanted
from trailhouse.ingest.pending import APART, DECIDED
from trailhouse.ingest.readings import folder, latest, raw_file
from trailhouse.ledger import Counts, frame
from trailhouse.progress import how_many
from trailhouse.run import Run
from trailhouse.sources import Source
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

STAGE = "released"
"""What the ledger calls a batch that was held once; decisions are of the stage `held`."""
_TOLD = 3


@dataclass(frozen=True)
class Held:
    """A batch that is held, or that is decided about and not published: rows of `raw_files`, one a file."""

    stream: str
    number: int
    state: str
    run_id: str
    checks: tuple[str, ...]
    files: tuple[Row, ...]

    def __str__(self) -> str:
        return f"{self.stream}/{self.number}"


def held_batches(lake: Lake) -> list[Held]:
    """Batches that are held, released or rejected by now, by stream and number."""
    last = latest(lake)
    if last is None:
        return []
    rows = last.where(F.col("was.state").isin("held", *DECIDED)).select("name", "was.*")
    found = rows.orderBy("stream", "batch", "state", "name").collect()
    groups = groupby(found, key=lambda row: (row.stream, row.batch, row.state))
    return [_held(*key, tuple(files)) for key, files in groups]


def _held(stream: str, number: int, state: str, files: tuple[Row, ...]) -> Held:
    return Held(stream, number, state, max(file.run_id for file in files), _checks(files), files)


def _checks(rows: Iterable[Row]) -> tuple[str, ...]:
    """The checks that hold a batch, as the reasons of its files name them."""
    return tuple(sorted({check for row in rows for check in (row.reason or "").split(", ") if check}))


def decide(run: Run, *, released: Sequence[str] = (), rejected: Sequence[str] = ()) -> None:
    """Release and reject batches, named STREAM/BATCH (a stream's beginning is enough, where it is one's).

    What was decided before may be decided otherwise. SettingsError, and nothing is decided, for a name
    that is of no batch that is held or decided about, or of several.
    """
    there = held_batches(run.lake)
    chosen = [("released", _named(name, there)) for name in released]
    chosen += [("rejected", _named(name, there)) for name in rejected]
    if len({str(batch) for _, batch in chosen}) != len(chosen):
        raise SettingsError("a batch is named twice: give it once, to --release or to --reject")
    table = TABLES["raw_files"]
    for state, batch in chosen:
        new = {"state": state, "run_id": run.id, "read_time": datetime.now(UTC)}
        rows = [{**file.asDict(), "file": file.name, **new} for file in batch.files]
        run.lake.append(table, frame(run.lake.spark, table, rows))
        told = f"{how_many(len(rows), 'file')}; {', '.join(batch.checks)}"
        run.records.stage(
            "held", table.name, state, batch=batch.number, note=f"stream {batch.stream}, {told}"
        )
        then = "the next run publishes it" if state == "released" else "its files are left out"
        run.progress.note(f"{batch} is {state}, {then} ({told})")


def read_released(run: Run, source: Source, *, rebuild: bool = False) -> Iterator[Counts]:
    """Publish each batch that was released, apart from the stream; a rebuild those that ever were."""
    last = latest(run.lake, DECIDED) if rebuild else latest(run.lake)
    if last is None:
        return
    mine = last.where("was.state = 'released'")
    if mine.isEmpty():
        return
    inside = folder(run).where(wanted(run.settings.raw, day(F.col("path"))))
    there = inside.join(mine, on="name").select(*inside.columns, "was.stream", "was.batch", "was.reason")
    rows = there.orderBy("stream", "batch", "path").collect()
    groups = groupby(rows, key=lambda row: (row.stream, row.batch))
    for number, (_, group) in enumerate(groups):
        found = list(group)
        files = tuple(map(raw_file, found))
        batch = Batch(f"{APART}released-{run.id}", number, files, STAGE, _checks(found))
        yield publish_batch(run, source, batch, rebuild=rebuild)


def show_held(run: Run) -> None:
    """A paragraph a batch: its name, its state, its files, and what the checks found that failed."""
    batches = held_batches(run.lake)
    if not batches:
        run.progress.note("no batch is held")
    for batch in batches:
        names = [unquote(file.name) for file in batch.files[:_TOLD]]
        more = len(batch.files) - len(names)
        run.progress.console.print(f"[bold]{escape(str(batch))}[/bold] {batch.state}")
        run.progress.note(
            f"{how_many(len(batch.files), 'file')}: {', '.join(names)}{f' and {more:,} more' if more else ''}"
        )
        for line in _found(run.lake, batch):
            run.progress.note(line)


def _found(lake: Lake, batch: Held) -> list[str]:
    """What the failed checks of the run that held it last observed; their names where it left no word."""
    if batch.state != "held" or not lake.exists("gate_results"):
        return [", ".join(batch.checks)]
    rows = (
        lake.read("gate_results")
        .where((F.col("run_id") == batch.run_id) & (F.col("batch") == batch.number))
        .where("NOT passed AND severity = 'error'")
        .orderBy("table_name", "check_name")
        .collect()
    )
    told = [
        f"{row.table_name}.{row.check_name}: {row.sentence} "
        f"Observed: {row.observed}, expected: {row.expected}"
        for row in rows
    ]
    return told or [", ".join(batch.checks)]


def _named(name: str, there: Sequence[Held]) -> Held:
    stream, _, number = name.rpartition("/")
    found = [one for one in there if str(one.number) == number and one.stream.startswith(stream)]
    if not stream or len(found) != 1:
        what = "is of several held batches" if stream and found else "is no held batch"
        raise SettingsError(f"{name} {what}: python -m trailhouse held lists them as STREAM/BATCH")
    return found[0]
