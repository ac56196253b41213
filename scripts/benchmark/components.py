"""Connected components: the local engine beside GraphFrames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from benchmark import Row
from trailhouse.identity.components import connected_components
from trailhouse.settings import Settings


def rows(spark: SparkSession, folder: Path, settings: Settings, links: int) -> Iterator[Row]:
    """Connected components of random links: the local engine beside GraphFrames."""
    path = str(folder / "links")

    def node(salt: int) -> Column:
        return F.concat(F.lit("n"), F.pmod(F.xxhash64("id", F.lit(salt)), F.lit(links)).cast("string"))

    spark.range(links).select(node(1).alias("a"), node(2).alias("b")).where("a <> b").write.mode(
        "overwrite"
    ).parquet(path)

    def run(engine: str) -> Callable[[], int]:
        chosen = settings.model_copy(
            update={"identity": settings.identity.model_copy(update={"engine": engine})}
        )

        def go() -> int:
            labels = connected_components(spark.read.parquet(path), chosen, str(folder / "scratch"))
            return labels.count()

        return go

    yield Row(f"components, {links:,} links", run("local"), "GraphFrames", run("graphframes"), True)
