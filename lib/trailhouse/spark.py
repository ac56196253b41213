"""The one place that builds a SparkSession."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from trailhouse.packages import jar_paths
from trailhouse.settings import Settings

FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # Small tables: the default of 50 partitions costs seconds a commit.
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.merge.repartitionBeforeWrite.enabled": "true",
    # Published tables must open in every reader, so neither is left to a default that may change.
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
    "spark.databricks.delta.properties.defaults.columnMapping.mode": "none",
    "spark.sql.sources.partitionOverwriteMode": "static",
    # Raw Parquet files count nanoseconds where pandas wrote them; Spark has no type for it and would stop.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # The JVM compiles no method above 8,000 bytes: parsing in one such method takes twice as long.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # A suite of some hundred queries, most of them Delta's own over its log: with Spark's 100 entries
    # each run of the same query is compiled anew.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Else every column looks up the line of Python, and of Java, that made it.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.dataFrameQueryContext.enabled": "false",
}
"""What every session has, whoever submits it."""

OBJECT_STORE = {
    # How long to bear with a store that fails. Hadoop's own values wait for hours on one that answers 503.
    "spark.hadoop.fs.s3a.attempts.maximum": "3",
    "spark.hadoop.fs.s3a.retry.limit": "4",
    "spark.hadoop.fs.s3a.retry.interval": "500ms",
    "spark.hadoop.fs.s3a.retry.throttle.limit": "5",
    "spark.hadoop.fs.s3a.retry.throttle.interval": "500ms",
    "spark.hadoop.fs.s3a.connection.establish.timeout": "15s",
    "spark.hadoop.fs.s3a.connection.timeout": "30s",
    "spark.hadoop.fs.s3a.connection.request.timeout": "30s",
}
"""What a session has for s3a://, unless `spark.conf` says otherwise (docs/object-storage.md)."""


def build_session(settings: Settings, name: str = "trailhouse", jars: str | None = None) -> SparkSession:
    """The active session, or a new one with Delta, UTC and the settings' `spark.conf`.

    `jars` is a comma list of local files for a session that no spark-submit has given any. A
    running JVM takes no new jars: then Delta must already be in it.
    """
    builder = SparkSession.builder.appName(name)
    conf = {
        **FIXED,
        **OBJECT_STORE,
        "spark.sql.shuffle.partitions": str(settings.spark.shuffle_partitions),
        # A progress bar is for a person at a terminal; in a log file it is a flood.
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        **settings.spark.conf,
    }
    if jars:
        conf["spark.jars"] = jars
        # Outside of spark-submit the workers are to be this Python, not whichever is first on the path.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    _keep_java_classes(spark)
    return spark


def _keep_java_classes(spark: SparkSession) -> None:
    """Keep the classes that pyspark asks Java for, by name, at every expression.

    Java remembers no class that it did not find, and these names are tried in many packages: each
    question goes through some hundred jars.
    """
    jvm = spark.sparkContext._jvm
    for name in ("functions", "org.apache.spark.sql.functions", "PythonUtils", "PythonSQLUtils"):
        setattr(jvm, name, getattr(jvm, name))


def session_jars() -> str | None:
    """Jars for a session outside of spark-submit: those of the checkout; none where there is no checkout.

    spark-submit hands over `spark.jars` itself, and then nothing is added.
    """
    if "SPARK_ENV_LOADED" in os.environ or os.environ.get("PYSPARK_GATEWAY_PORT"):
        return None
    root = Path(__file__).resolve().parents[2]
    return ",".join(map(str, jar_paths(root))) if (root / "conf").is_dir() else None
