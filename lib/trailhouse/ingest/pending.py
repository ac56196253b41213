"""Which raw files a run is to read: those that lie there, beside what `raw_files` knows of them."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.ingest.days import day, wanted
from trailhouse.ingest.readings import folder, latest
from trailhouse.run import Run
from trailhouse.storage import Lake

APART = "apart-"
"""How the streams of batches begin that were read outside of the stream, which does not know of it."""
DECIDED = ("released", "rejected")
"""What a person can decide of a held batch, as states of `raw_files`."""


def pending(
    run: Run, *, rebuild: bool = False, known: bool = True, decided: Sequence[str] = DECIDED
) -> DataFrame:
    """`facts` and `day` of the files that a run reads, those of its range alone.

    Without files of held batches on which was `decided` one of these. A rebuild reads every other file;
    so does, with `known` False, a stream whose checkpoint is lost, except what was read apart from it.
    SourceError when there is a range, and no file that tells its day.
    """
    raw = run.settings.raw
    files = folder(run).withColumn("day", day(F.col("path")))
    if raw.ranged:
        _require_days(run, files)
        files = files.where(wanted(raw, F.col("day")))
    out = _apart(run.lake, decided, rebuild=rebuild, read=known)
    return files if out is None else files.join(out, on="name", how="left_anti")


def left_out(lake: Lake, *, rebuild: bool = False) -> frozenset[str]:
    """Names of files that the stream has still to hand out and that are not to be read of it."""
    out = _apart(lake, DECIDED, rebuild=rebuild, read=False)
    return frozenset() if out is None else frozenset(row.name for row in out.collect())


def _apart(lake: Lake, decided: Sequence[str], *, rebuild: bool, read: bool) -> DataFrame | None:
    """`name` of files decided about so, and of those read apart from the stream (with `read`: all)."""
    last = latest(lake, DECIDED) if rebuild else latest(lake)
    if last is None:
        return None
    was = F.col("was")
    there = F.lit(not rebuild) & (was["state"] == "read") & (F.lit(read) | was["stream"].startswith(APART))
    return last.where(there | was["state"].isin(*decided)).select("name")


def _require_days(run: Run, files: DataFrame) -> None:
    """Says which files have no day, as they are read whatever the range."""
    told = files.agg(
        F.count("*").alias("files"),
        F.count_if(F.col("day").isNull()).alias("undated"),
        F.min(F.when(F.col("day").isNull(), F.col("path"))).alias("first"),
    ).collect()[0]
    if told.files and told.undated == told.files:
        raise SourceError(
            f"raw input {run.settings.raw.path}: no file tells its day, such as {told.first}: leave out "
            "--from and --to, or put the files into folders by day, such as dt=2026-03-02"
        )
    if told.undated:
        which = "1 raw file tells" if told.undated == 1 else f"{told.undated:,} raw files tell"
        run.progress.warn(f"{which} no day in folder or name, such as {told.first}: read whatever the range")
