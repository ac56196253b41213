"""Names and texts for Spark SQL: what is in them stays data; and a frame of nothing."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType


def quoted(name: str) -> str:
    """A name in backticks, whatever characters it has."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string literal, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def no_rows(spark: SparkSession, schema: StructType) -> DataFrame:
    """A frame without rows, known to Spark as such before it runs: plans leave out what nothing joins.

    Of `createDataFrame` Spark learns at run time alone, from Python.
    """
    session, jvm = spark._jsparkSession, spark._jvm
    rows = getattr(jvm, "java.util.ArrayList")()
    return DataFrame(session.createDataFrame(rows, session.parseDataType(schema.json())), spark)
