"""Which raw files a run is to read: those that lie there, beside what `raw_files` knows of them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.ingest.days import day, wanted
from trailhouse.ingest.readings import folder, latest
from trailhouse.run import Run
from trailhouse.storage import Lake

APART = "apart-"
"""How the streams of batches begin that were read outside of the stream, which does not know of it."""


def pending(run: Run, *, rebuild: bool = False, known: bool = True) -> DataFrame:
    """`facts` and `day` of the files that a run reads, those of its range alone.

    A rebuild reads every file. With `known` False, so does a stream whose checkpoint is lost, except
    for what was read outside of it. SourceError when there is a range, and no file that tells its day.
    """
    raw = run.settings.raw
    files = folder(run).withColumn("day", day(F.col("path")))
    if raw.ranged:
        _require_days(run, files)
        files = files.where(wanted(raw, F.col("day")))
    last = latest(run.lake)
    if last is None:
        return files
    out = _left_out(rebuild=rebuild) if rebuild or not known else F.col("was.state") == "read"
    return files.join(last.where(out), on="name", how="left_anti")


def left_out(lake: Lake, *, rebuild: bool = False) -> frozenset[str]:
    """Names of files that the stream has still to hand out and that are not to be read again."""
    last = latest(lake)
    if last is None:
        return frozenset()
    return frozenset(row.name for row in last.where(_left_out(rebuild=rebuild)).select("name").collect())


def _left_out(*, rebuild: bool) -> Column:
    was = F.col("was")
    return F.lit(False) if rebuild else (was["state"] == "read") & was["stream"].startswith(APART)


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
