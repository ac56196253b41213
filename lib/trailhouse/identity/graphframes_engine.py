"""Connected components on the cluster, by GraphFrames (large-star, small-star; Kiveris et al. 2014)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphframes import GraphFrame
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.identity.settle import settled


def components(nodes: DataFrame, edges: DataFrame, scratch: str) -> DataFrame:
    """`number`, `component` for every node, read from the folder URL `scratch`.

    `nodes` (number) and `edges` (a, b) must be materialised: GraphFrames reads them in each round
    and gives wrong components where a recomputation differs. All columns are BIGINT.
    """
    spark = nodes.sparkSession
    graph = GraphFrame(
        nodes.select(F.col("number").alias("id")),
        edges.select(F.col("a").alias("src"), F.col("b").alias("dst")),
    )
    with _checkpoints(spark, f"{scratch.rstrip('/')}/checkpoints"):
        # A checkpoint each round: longer plans cost more than the files do, and can exhaust the driver.
        found = graph.connectedComponents(checkpointInterval=1)
        result = settled(found.select(F.col("id").alias("number"), "component"), scratch, "components")
        found.unpersist()
    return result


@contextmanager
def _checkpoints(spark: SparkSession, folder: str) -> Iterator[None]:
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
