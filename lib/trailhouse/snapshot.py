"""What Delta knows of a version of a table without a Spark job: by the checksum that lies beside the log.

Delta's own ways read all of a table's log by Spark, anew for each version: for a table of few files that
takes longer than to read its rows.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from trailhouse.files import java

_SMALL = 8 * 2**20
"""Bytes of a small table: less than what Spark broadcasts, so that plans are as by Delta's own frame."""


def number_of_files(spark: SparkSession, snapshot: Any) -> int:
    """How many files the version has."""
    checksum = snapshot.checksumOpt()
    if checksum.isDefined():
        return int(checksum.get().numFiles())
    # A version without one, such as a clone's first: its jobs look for the session of their thread.
    _activate(spark)
    return int(snapshot.numOfFiles())


def number_of_rows(snapshot: Any) -> int | None:
    """By the statistics of the files in the checksum, which lists a few; None where it lists none."""
    listed = _listed(snapshot)
    if listed is None:
        return None
    rows = 0
    for file in listed:
        number = _rows(file)
        if number is None:
            return None
        rows += number
    return rows


def rows_by_value(snapshot: Any, column: str) -> dict[str, int] | None:
    """The rows of each value, not null, of a partition column; None where the checksum lists no files.

    A file without statistics counts as none.
    """
    listed = _listed(snapshot)
    if listed is None:
        return None
    found: dict[str, int] = {}
    for file in listed:
        value = file.partitionValues().get(column)
        if value.isDefined() and value.get() is not None:
            found[value.get()] = found.get(value.get(), 0) + (_rows(file) or 0)
    return found


def _listed(snapshot: Any) -> list[Any] | None:
    checksum = snapshot.checksumOpt()
    listed = checksum.get().allFiles() if checksum.isDefined() else checksum
    if not listed.isDefined():
        return None
    files, found = listed.get().iterator(), []
    while files.hasNext():
        found.append(files.next())
    return found


def _rows(file: Any) -> int | None:
    number = file.numLogicalRecords()
    return int(number.get()) if number.isDefined() else None


def at_version(spark: SparkSession, snapshot: Any, version: int) -> Any:
    """Another version of the table, which is there."""
    log, nothing = snapshot.deltaLog(), java(spark, "scala.Option").empty()
    return log.getSnapshotAt(version, nothing, nothing, getattr(log, "getSnapshotAt$default$4")())


def small_table(spark: SparkSession, snapshot: Any) -> DataFrame | None:
    """The rows of the version, by its list of files; None for a table that is not small.

    Unlike Delta's own frame it stays at this version when the table goes on.
    """
    checksum = snapshot.checksumOpt()
    if not checksum.isDefined() or int(checksum.get().tableSizeBytes()) > _SMALL:
        return None
    listed = checksum.get().allFiles()
    if not listed.isDefined():
        return None
    _activate(spark)
    nothing = java(spark, "scala.Option").empty()
    return DataFrame(snapshot.deltaLog().createDataFrame(snapshot, listed.get(), False, nothing), spark)


def _activate(spark: SparkSession) -> None:
    java(spark, "org.apache.spark.sql.classic.SparkSession").setActiveSession(spark._jsparkSession)
