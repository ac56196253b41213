"""Connected components behind one function, whichever engine finds them.

1. Nodes are numbered, and nodes and links written down: an engine iterates over numbers that
   cannot change between two of its steps.
2. `auto` takes the local engine as long as the links fit the driver, else GraphFrames.
3. The label of a component is its least node, so both engines give the same rows.
4. The result is checked: one row a node, equal labels at both ends of each link, and each
   component's label one of its own nodes.
"""

from __future__ import annotations

import logging
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity import graphframes_engine, local_engine
from trailhouse.identity.settle import settled
from trailhouse.settings import Identity, Settings

log = logging.getLogger(__name__)


class Engine(Protocol):
    """Finds the components of `nodes` (number) and `edges` (a, b: numbers): number, component."""

    def __call__(self, nodes: DataFrame, edges: DataFrame, scratch: str) -> DataFrame: ...


ENGINES: dict[str, Engine] = {
    "graphframes": graphframes_engine.components,
    "local": local_engine.components,
}


def connected_components(links: DataFrame, settings: Settings, scratch: str) -> DataFrame:
    """The component of every node that a link touches: id, label (the component's least node).

    `links` has columns a and b of one type (strings, or anything that can be ordered); direction,
    repetition and loops do not matter. `scratch` is a folder URL to write to. The result is read
    from there. Raises IdentityError when an engine's result breaks its post-conditions.
    """
    # 1.
    given = settled(links.select("a", "b").distinct(), scratch, "links")
    ends = given.select(F.col("a").alias("id")).union(given.select(F.col("b").alias("id"))).distinct()
    nodes = settled(ends.withColumn("number", F.monotonically_increasing_id()), scratch, "nodes")
    start = nodes.select(F.col("id").alias("a"), F.col("number").alias("number_a"))
    end = nodes.select(F.col("id").alias("b"), F.col("number").alias("number_b"))
    numbered = (
        given.join(start, on="a", how="inner")
        .join(end, on="b", how="inner")
        .filter(F.col("number_a") != F.col("number_b"))
        .select(
            F.least("number_a", "number_b").alias("a"),
            F.greatest("number_a", "number_b").alias("b"),
        )
        .distinct()
    )
    edges = settled(numbered, scratch, "edges")

    # 2.
    count = edges.count()
    engine = _engine(settings.identity, count)
    if count:
        numbers = ENGINES[engine](nodes.select("number"), edges, scratch)
    else:  # Loops alone, or nothing: no engine need take care of that.
        numbers = nodes.select("number", F.col("number").alias("component"))

    # 3.
    found = nodes.join(numbers, on="number", how="left")
    least = found.groupBy("component").agg(F.min("id").alias("label"))
    labels = settled(
        found.join(least, on="component", how="left").select("id", "label", "number", "component"),
        scratch,
        "labels",
    )

    # 4.
    _check(labels, nodes, edges, engine)
    return labels.select("id", "label")


def _engine(identity: Identity, links: int) -> str:
    if identity.engine != "auto":
        log.info("identity engine %s for %d links: identity.engine names it", identity.engine, links)
        return identity.engine
    engine = "local" if links <= identity.local_limit else "graphframes"
    relation = "at most" if engine == "local" else "more than"
    log.info(
        "identity engine %s for %d links: %s identity.local_limit = %d",
        engine,
        links,
        relation,
        identity.local_limit,
    )
    return engine


def _check(labels: DataFrame, nodes: DataFrame, edges: DataFrame, engine: str) -> None:
    components = labels.select("number", "component")
    rows, distinct, unlabelled = labels.agg(
        F.count(F.lit(1)), F.count_distinct("number"), F.count_if(F.col("component").isNull())
    ).first() or (0, 0, 0)
    expected = nodes.count()
    torn = (
        edges.join(components.toDF("a", "component_a"), on="a", how="left")
        .join(components.toDF("b", "component_b"), on="b", how="left")
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
            f"connected components by {engine} are wrong: {', '.join(faults)}; "
            "run again, or set identity.engine to the other engine"
        )
