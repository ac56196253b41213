"""Who is who from links: a whole run and an increment, beside GraphFrames alone and a plain script."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from graphframes import GraphFrame
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmark import Row
from trailhouse.progress import Progress
from trailhouse.run import open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.stages.identities import STAGE
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

DAYS = 30


def rows(spark: SparkSession, folder: Path, settings: Settings, links: int) -> Iterator[Row]:
    """Accounts with three devices on average; one device in a hundred knows a second account."""
    lake = Lake(spark, str(folder / "identities"))
    lake.check()
    lake.create(TABLES["events"])
    _write(lake, _links(spark, links), 0)

    def run(engine: str, *, anew: bool) -> Callable[[], int]:
        chosen = settings.model_copy(
            update={
                "lake": settings.lake.model_copy(update={"root": lake.root}),
                "identity": settings.identity.model_copy(update={"engine": engine}),
            }
        )

        def go() -> int:
            if anew:
                lake.clear(*STAGE.writes)
            with open_run(spark, chosen, Progress(Console(file=io.StringIO()))) as opened:
                run_stage(opened, STAGE)
            return lake.rows("identities")

        return go

    def straight() -> int:
        return _straight(spark, lake, folder)

    whole = run("auto", anew=True)
    yield Row(f"identities, {links:,} links", whole, "GraphFrames straight", straight, True)
    yield Row(f"identities, {links:,} links", whole, "script with scipy", lambda: _script(lake, folder))
    distributed = run("graphframes", anew=True)
    yield Row(f"identities by GraphFrames, {links:,}", distributed, "GraphFrames straight", straight, True)
    more = iter(range(1, 100))

    def increment() -> int:
        number = next(more)
        _write(lake, _links(spark, links // 100, links * (1 + number)), number)
        return run("auto", anew=False)()

    whole()
    yield Row("identities, 1 % more links", increment, "all of them", whole, True)


def _links(spark: SparkSession, links: int, start: int = 0) -> DataFrame:
    number = F.col("id")
    second = F.pmod(F.xxhash64("id", F.lit(3)), F.lit(100)) == 0
    device = F.when(second, F.pmod(F.xxhash64("id", F.lit(4)), number + 1)).otherwise(number)
    account = F.pmod(F.xxhash64("id", F.lit(1)), F.lit(max(1, (start + links) // 3)))
    at = F.lit(1_767_225_600_000_000) + F.pmod(F.xxhash64("id", F.lit(2)), F.lit(DAYS * 86_400_000_000))
    time = F.timestamp_micros(at)
    return spark.range(start, start + links).select(
        F.lit("anonymous_id").alias("type_a"),
        F.concat(F.lit("6f9619ff-8b86-d011-b42d-"), F.lpad(device.cast("string"), 12, "0")).alias("value_a"),
        F.lit("user_id").alias("type_b"),
        F.concat(F.lit("u"), account.cast("string")).alias("value_b"),
        F.to_date(time).alias("link_date"),
        F.lit(1).cast("bigint").alias("events"),
        time.alias("first_time"),
        time.alias("last_time"),
        F.array(F.lit("segment")).alias("sources"),
        F.array(time).alias("logins"),
    )


def _write(lake: Lake, links: DataFrame, version: int) -> None:
    """Links and the sightings that go with them, as the stage before leaves them."""
    grain = list(TABLES["identity_links"].grain)
    once = links.dropDuplicates(grain)
    ends = [once.select(F.col(f"type_{e}"), F.col(f"value_{e}"), "link_date", "first_time") for e in "ab"]
    seen = (
        ends[0]
        .toDF("id_type", "id_value", "seen_date", "first_time")
        .unionAll(ends[1].toDF("id_type", "id_value", "seen_date", "first_time"))
        .groupBy("id_type", "id_value", "seen_date")
        .agg(F.min("first_time").alias("first_time"), F.count("*").alias("events"))
        .withColumn("blocked", F.lit(False))
    )
    for name, frame in (("identity_links", once), ("identity_sightings", seen)):
        lake.create(TABLES[name])
        by_day = TABLES[name].select(frame).repartition(*TABLES[name].partition_by)
        by_day.write.format("delta").mode("append").save(lake.path(name))
        consumed = {"inputs": {"events": 0}, "settings": "", "code": "", "at": str(datetime.now(UTC))}
        lake.mark(name, consumed, lake.state(name).version)


def _straight(spark: SparkSession, lake: Lake, folder: Path) -> int:
    """GraphFrames on the links as they are, and its components written down."""
    spark.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
    links = lake.read("identity_links")
    edges = links.select(
        F.concat_ws(":", "type_a", "value_a").alias("src"), F.concat_ws(":", "type_b", "value_b").alias("dst")
    )
    vertices = edges.select(F.explode(F.array("src", "dst")).alias("id")).distinct()
    vertices.write.mode("overwrite").parquet(str(folder / "vertices"))
    edges.write.mode("overwrite").parquet(str(folder / "edges"))
    graph = GraphFrame(
        spark.read.parquet(str(folder / "vertices")), spark.read.parquet(str(folder / "edges"))
    )
    found = graph.connectedComponents(checkpointInterval=1)
    found.write.mode("overwrite").parquet(str(folder / "straight"))
    found.unpersist()
    return spark.read.parquet(str(folder / "straight")).count()


def _script(lake: Lake, folder: Path) -> int:
    """Strings to numbers, scipy's components, and a Parquet file: no rules, no history."""
    names = ["type_a", "value_a", "type_b", "value_b"]
    files = [urlparse(file).path for file in lake.read("identity_links").inputFiles()]
    table = ds.dataset(files).to_table(columns=names)
    a = pc.binary_join_element_wise(table["type_a"], table["value_a"], ":")
    b = pc.binary_join_element_wise(table["type_b"], table["value_b"], ":")
    ends = pa.chunked_array([*a.chunks, *b.chunks]).combine_chunks().dictionary_encode()
    numbers = ends.indices.to_numpy()
    half, nodes = len(numbers) // 2, len(ends.dictionary)
    graph = coo_array((np.ones(half, dtype=np.int8), (numbers[:half], numbers[half:])), shape=(nodes, nodes))
    _, component = connected_components(graph.tocsr(), directed=False)
    pq.write_table(pa.table({"id": ends.dictionary, "component": component}), folder / "script.parquet")
    return nodes
