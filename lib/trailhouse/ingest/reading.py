"""The records of a batch's files, without those files that cannot be read to their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import UnreadableFileError
from trailhouse.files import reason, store_failure
from trailhouse.ingest.commits import Batch, RawFile
from trailhouse.run import Run
from trailhouse.sources import Source
from trailhouse.stages import events as events_stage

_FAILED = (Py4JJavaError, PySparkException, UnreadableFileError)


def read_batch(
    run: Run, source: Source, batch: Batch, unreadable: Mapping[str, str]
) -> tuple[DataFrame | None, dict[str, str]]:
    """The prepared records in staging (None without any file), and why files were left out, by name.

    A file is taken whole or not at all: the rest of half a gzip would be lost without a word. Only
    when reading fails are the files tried apart. `unreadable` are left out in any case.
    """
    files = [file for file in batch.files if file.name not in unreadable]
    try:
        return _staged(run, source, files), dict(unreadable)
    except _FAILED as error:
        if store_failure(error):
            raise  # the file may be whole
        found = _unreadable(run, source, files)
        if not found:
            raise
    rest = [file for file in files if file.name not in found]
    return _staged(run, source, rest), {**unreadable, **found}


def _staged(run: Run, source: Source, files: Sequence[RawFile]) -> DataFrame | None:
    if not files:
        return None
    records = source.read(run.lake.spark, [file.path for file in files], run.settings)
    return run.lake.stage("events/prepared", events_stage.prepare(records, source, run.settings, run.geo))


def _unreadable(run: Run, source: Source, files: Sequence[RawFile]) -> dict[str, str]:
    """Why each of the files that cannot be read cannot: by halves, as they are few among many."""
    try:
        records = source.read(run.lake.spark, [file.path for file in files], run.settings)
        # All bytes: to count rows, the end of a Parquet file is enough.
        records.agg(F.sum(F.octet_length("raw"))).collect()
        return {}
    except _FAILED as error:
        if store_failure(error):
            raise
        if len(files) == 1:
            return {files[0].name: _cause(error)}
    half = len(files) // 2
    return _unreadable(run, source, files[:half]) | _unreadable(run, source, files[half:])


def _cause(error: BaseException) -> str:
    """What lies below Spark's own word for it, which is only that a file could not be read."""
    cause = getattr(error, "_origin", None)
    while cause is not None and cause.getCause() is not None:
        cause = cause.getCause()
    text = None if cause is None else cause.getMessage() or cause.getClass().getName()
    return reason(error) if text is None else str(text).strip().splitlines()[0]
