"""Writes a frame down and reads it back, so that it is computed once and never anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from trailhouse.sql import no_rows


def settled(frame: DataFrame, scratch: str, name: str) -> DataFrame:
    """The rows of `frame` from a Parquet file in the folder URL `scratch`.

    What comes back is fixed: it is neither computed a second time nor able to differ between two
    readings, which engines that iterate over their input depend on. The folder's owner removes it.
    """
    path = f"{scratch.rstrip('/')}/{name}-{uuid4().hex[:8]}"
    # Read once or twice and thrown away: looking for repeated values costs more than it saves.
    frame.write.option("parquet.enable.dictionary", "false").parquet(path)
    return frame.sparkSession.read.schema(frame.schema).parquet(path)


def settled_few(frame: DataFrame, scratch: str, name: str) -> DataFrame:
    """`settled` rows that may well be none: then a frame that Spark knows to be empty.

    What is joined to nothing is left out of the plans that follow, where it would be read and shuffled.
    """
    if frame._jdf.queryExecution().optimizedPlan().nodeName() == "LocalRelation":
        return frame
    rows = settled(frame, scratch, name)
    return no_rows(frame.sparkSession, frame.schema) if rows.isEmpty() else rows


@contextmanager
def checkpoints(spark: SparkSession, folder: str) -> Iterator[None]:
    """The session's checkpoint folder is `folder` within the block, and as before after it."""
    context = spark.sparkContext
    before = context.getCheckpointDir()
    context.setCheckpointDir(folder)
    try:
        yield
    finally:
        # Spark puts each setting into a new folder below the one that is named, hence the parent.
        if before is not None:
            context.setCheckpointDir(before.rstrip("/").rsplit("/", 1)[0])
