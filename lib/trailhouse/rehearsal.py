"""`--dry-run`: which raw files, days and tables a run would touch. It only looks, and takes no lease."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table as RichTable

from trailhouse.errors import StorageError
from trailhouse.ingest.pending import pending
from trailhouse.ingest.readings import compare, tell_changed
from trailhouse.ingest.stream import checkpoint_of, require_input, source_of
from trailhouse.progress import Progress, how_many
from trailhouse.run import WATERMARK, Run, is_up_to_date
from trailhouse.settings import Settings
from trailhouse.stage import Stage
from trailhouse.storage import Lake
from trailhouse.suite import jobs_of, stages_of

INGESTED = ("events", "events_quarantine", "event_origins", "raw_files")
"""What files that are read may change, by the events job."""
_NAMED = 3
_DAYS = 40
"""Days that are listed one by one; of more it gives the number."""


@dataclass(frozen=True)
class DayOfFiles:
    """Files of a day (None: of no day that is known), their bytes, and the paths of the first few."""

    day: date | None
    files: int
    bytes: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Touched:
    """A table beside why a run would compute it, or why not; whether its rows differ then is seen later."""

    table: str
    computed: bool
    why: str


@dataclass(frozen=True)
class Rehearsal:
    """What a run would read, by day, and what it would do to each table of its jobs."""

    days: tuple[DayOfFiles, ...]
    tables: tuple[Touched, ...]
    report: str | None = None

    @property
    def files(self) -> int:
        """How many files it would read."""
        return sum(one.files for one in self.days)


def rehearse(
    spark: SparkSession,
    settings: Settings,
    progress: Progress,
    name: str,
    until: str = "report",
    start: str = "events",
    *,
    rebuild: bool = False,
) -> Rehearsal:
    """Say what a run of the job (or of `run_all` up to a job) would do; the lake need not exist.

    Raises what the run would raise of its input: SourceError, or StorageError for a store out of reach.
    """
    run = Run(Lake(spark, settings.lake.root), settings, progress)
    jobs = jobs_of(name, until, start)
    if not run.lake.files.reachable(run.lake.root):
        progress.note(f"lake {run.lake.root} does not exist yet")
    days = _days(run, rebuild=rebuild) if "events" in jobs else ()
    ingested = _ingested(run, days) if "events" in jobs else ()
    changing = {one.table for one in ingested if one.computed}
    computed = _computed(run, jobs, changing, rebuild=rebuild)
    found = Rehearsal(days, (*ingested, *computed), settings.report_path if "report" in jobs else None)
    _show(found, settings, progress)
    return found


def _days(run: Run, *, rebuild: bool) -> tuple[DayOfFiles, ...]:
    source = source_of(run)
    require_input(run.lake, run.settings.raw.path)
    if not rebuild:
        # Told here, and by the run in its ledger, too.
        tell_changed(run, compare(run))
    lost = not run.lake.files.reachable(f"{checkpoint_of(run.lake, source)}/metadata")
    known = run.settings.raw.ranged or not lost
    files = pending(run, rebuild=rebuild, known=known, decided=("rejected",))
    by_day = files.groupBy("day").agg(
        F.count("*").alias("files"),
        F.sum("size").alias("bytes"),
        F.slice(F.array_sort(F.collect_list("path")), 1, _NAMED).alias("names"),
    )
    rows = by_day.orderBy(F.col("day").asc_nulls_last()).collect()
    return tuple(DayOfFiles(row.day, row.files, row.bytes, tuple(row.names)) for row in rows)


def _ingested(run: Run, days: Sequence[DayOfFiles]) -> list[Touched]:
    files = sum(one.files for one in days)
    if files:
        return [Touched(table, True, f"{how_many(files, 'file')} to read") for table in INGESTED]
    return [
        Touched(table, False, "no new files")
        if run.lake.exists(table)
        else Touched(table, True, "made empty: no files")
        for table in INGESTED
        if table != "raw_files" or run.lake.exists(table)
    ]


def _computed(
    run: Run, jobs: Sequence[str], ingested: Collection[str], *, rebuild: bool
) -> Iterable[Touched]:
    """A stage runs when what it reads may change before it, at first `ingested`, or it is not up to date."""
    changing = set(ingested)
    for stage in stages_of(jobs, run):
        reads = {"events" if name == WATERMARK else name for name in stage.reads}
        computed, why = _verdict(run, stage, sorted(reads & changing), rebuild=rebuild)
        if computed:
            changing |= set(stage.writes)
        yield from (Touched(table, computed, why) for table in stage.writes)


def _verdict(run: Run, stage: Stage, changing: Sequence[str], *, rebuild: bool) -> tuple[bool, str]:
    if rebuild:
        return True, "computed anew"
    if changing:
        return True, f"follows {', '.join(changing)}"
    try:
        if is_up_to_date(run, stage):
            return False, "up to date"
    except StorageError as error:
        return True, str(error)
    return True, "not of today's input, settings and code"


def _show(found: Rehearsal, settings: Settings, progress: Progress) -> None:
    """Tables at a terminal, lines that `grep` and `cut` understand elsewhere."""
    console = progress.console
    size = sum(one.bytes for one in found.days)
    raw = settings.raw
    over = f", {raw.from_day or 'the first day'} to {raw.to_day or 'the last'}" if raw.ranged else ""
    console.print(
        f"Dry run{over}: {how_many(found.files, 'file')} of {escape(raw.path)} to read, {decimal(size)}; "
        "nothing is written"
    )
    listed = [
        (str(one.day or "no day"), f"{one.files:,}", decimal(one.bytes), _names(one, raw.path))
        for one in found.days[:_DAYS]
    ]
    if len(found.days) > _DAYS:
        rest = found.days[_DAYS:]
        more = f"{how_many(len(rest), 'day')} more"
        listed.append(
            (more, f"{sum(one.files for one in rest):,}", decimal(sum(one.bytes for one in rest)), "")
        )
    tables = [(one.table, "computed" if one.computed else "stays", one.why) for one in found.tables]
    report = [("report", "computed", found.report)] if found.report else []
    _print(progress, ("day of the files", "files", "size", "such as"), listed)
    _print(progress, ("table", "run", "why"), [*tables, *report])


def _print(progress: Progress, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console = progress.console
    if not rows:
        return
    if not console.is_terminal:
        for row in rows:
            console.file.write("\t".join(row) + "\n")  # the console makes blanks of tabs
        return
    shown = RichTable(title_justify="left")
    for header in headers:
        shown.add_column(header, justify="right" if header in ("files", "size") else "left")
    for row in rows:
        shown.add_row(*map(escape, row))
    console.print(shown)


def _names(one: DayOfFiles, root: str) -> str:
    """The first names, from below the folder of raw files."""
    names = [name.partition(f"{root.rstrip('/')}/")[2] or name for name in one.names]
    return ", ".join(names) + (" ..." if one.files > len(names) else "")
