"""Says, as JSON, where each executor found the package, and how many rows a Delta table then holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

from pyspark.sql import SparkSession


def look(_: Iterator[int]) -> Iterator[tuple[str, str]]:
    import trailhouse.errors

    yield os.getcwd(), str(trailhouse.errors.__file__)


spark = (
    SparkSession.builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.databricks.delta.snapshotPartitions", "1")
    .getOrCreate()
)
# Tasks of a barrier stage run at the same time: of two executors of one core each, both take part.
seen = spark.sparkContext.parallelize(range(2), 2).barrier().mapPartitions(look).collect()
spark.range(100).repartition(2).write.format("delta").save(sys.argv[1])
rows = spark.read.format("delta").load(sys.argv[1]).count()
print(json.dumps({"executors": seen, "rows": rows}))
