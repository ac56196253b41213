"""Connected components on the cluster, by GraphFrames (large-star, small-star; Kiveris et al. 2014)."""

from __future__ import annotations

from graphframes import GraphFrame
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.settle import checkpoints, settled


def components(edges: DataFrame, scratch: str) -> DataFrame:
    """`number`, `component` (its least number) for every end of `edges`, read from the folder `scratch`.

    Links (a, b: BIGINT) are written down first: GraphFrames reads them in each round and gives wrong
    components where a recomputation differs. Raises IdentityError when a component is torn.

    1. Most identifiers know one other alone, as a device its account. Such a leaf takes the label of
       its neighbour, and two leaves that know each other that of the lesser.
    2. GraphFrames looks at the links between others, which are few.
    """
    edges = settled(edges, scratch, "edges")
    # 1.
    nodes = settled(_nodes(edges), scratch, "nodes")
    leaves = nodes.where("links = 1")
    inner = edges.where("a <> b")
    for end in "ab":
        inner = inner.join(leaves.select(F.col("id").alias(end)), on=end, how="left_anti")
    # 2.
    found = _rounds(settled(inner.select("a", "b"), scratch, "inner"), scratch)
    heads = (
        nodes.where("links <> 1")
        .join(found, on="id", how="left")
        .select("id", F.coalesce("component", "id").alias("component"))
    )
    followers = leaves.join(heads.toDF("other", "component"), on="other", how="left").select(
        "id", F.coalesce("component", F.least("id", "other")).alias("component")
    )
    raw = settled(heads.unionAll(followers), scratch, "components")
    result = settled(_by_least(raw).withColumnRenamed("id", "number"), scratch, "labels")
    require_whole(result, nodes, edges)
    return result


def _nodes(edges: DataFrame) -> DataFrame:
    """Every end: id, links (those to others, a pair as often as it comes), other (the least of these)."""
    ends = F.array(*[F.struct(F.col(x).alias("id"), F.col(y).alias("other")) for x, y in ("ab", "ba")])
    other = F.when(F.col("id") != F.col("other"), F.col("other"))
    known = [F.count(other).alias("links"), F.min(other).alias("other")]
    return edges.select(F.inline(ends)).groupBy("id").agg(*known)


def _rounds(edges: DataFrame, scratch: str) -> DataFrame:
    """GraphFrames' components of `edges`: id, component (its least id; GraphFrames' own is any number)."""
    spark = edges.sparkSession
    if edges.isEmpty():
        return edges.toDF("id", "component")
    nodes = settled(edges.select(F.explode(F.array("a", "b")).alias("id")).distinct(), scratch, "inner-nodes")
    with checkpoints(spark, f"{scratch.rstrip('/')}/checkpoints"):
        # A checkpoint each round: longer plans cost more than the files do, and can exhaust the driver.
        found = GraphFrame(nodes, edges.toDF("src", "dst")).connectedComponents(checkpointInterval=1)
        raw = settled(found.select("id", "component"), scratch, "inner-components")
        found.unpersist()
    return _by_least(raw)


def _by_least(found: DataFrame) -> DataFrame:
    """`found` (id, component) with each component by its least id."""
    least = found.groupBy("component").agg(F.min("id").alias("least"))
    return found.join(least, on="component", how="left").select("id", F.col("least").alias("component"))


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
