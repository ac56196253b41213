"""Connected components on the cluster, by GraphFrames (large-star, small-star; Kiveris et al. 2014)."""

from __future__ import annotations

from graphframes import GraphFrame
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.settle import checkpoints, settled


def components(edges: DataFrame, scratch: str) -> DataFrame:
    """`number`, `component` (its least number) for every end of `edges`, read from the folder `scratch`.

    Nodes and edges (a, b: BIGINT) are written down first: GraphFrames reads them in each round and gives
    wrong components where a recomputation differs. Raises IdentityError when a component is torn.
    """
    spark = edges.sparkSession
    edges = settled(edges, scratch, "edges")
    ends = edges.select(F.explode(F.array("a", "b")).alias("id")).distinct()
    nodes = settled(ends, scratch, "nodes")
    proper = edges.select(F.col("a").alias("src"), F.col("b").alias("dst")).where("src <> dst")
    with checkpoints(spark, f"{scratch.rstrip('/')}/checkpoints"):
        # A checkpoint each round: longer plans cost more than the files do, and can exhaust the driver.
        found = GraphFrame(nodes, proper).connectedComponents(checkpointInterval=1)
        raw = settled(found.select("id", "component"), scratch, "components")
        found.unpersist()
    least = raw.groupBy("component").agg(F.min("id").alias("least"))
    labels = raw.join(least, on="component", how="left").select(
        F.col("id").alias("number"), F.col("least").alias("component")
    )
    result = settled(labels, scratch, "labels")
    require_whole(result, nodes, edges)
    return result


def require_whole(labels: DataFrame, nodes: DataFrame, edges: DataFrame) -> None:
    """IdentityError unless `labels` has each node (id) once, and one component at both ends of each edge."""
    rows, distinct, unlabelled = labels.agg(
        F.count(F.lit(1)), F.count_distinct("number"), F.count_if(F.col("component").isNull())
    ).first() or (0, 0, 0)
    expected = nodes.count()
    torn = (
        edges.join(labels.toDF("a", "component_a"), on="a", how="left")
        .join(labels.toDF("b", "component_b"), on="b", how="left")
        .filter(~F.col("component_a").eqNullSafe(F.col("component_b")))
        .count()
    )
    faults = []
    if rows != expected or distinct != expected:
        faults.append(f"{rows} rows for {distinct} of {expected} nodes")
    if unlabelled:
        faults.append(f"{unlabelled} nodes without a component")
    if torn:
        faults.append(f"{torn} links whose ends are in two components")
    if faults:
        raise IdentityError(
            f"connected components by graphframes are wrong: {', '.join(faults)}; "
            "run again, or set identity.engine to local"
        )
