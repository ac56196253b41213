"""Published tables open in the readers that data scientists use."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from trailhouse.storage import Lake
from trailhouse.tables import TABLES


@pytest.mark.parametrize("name", [table.name for table in TABLES.values() if not table.optional])
def test_a_table_has_the_same_rows_in_spark_polars_and_duckdb(
    spark: SparkSession, shop_lake: Path, name: str
) -> None:
    rows = Lake(spark, str(shop_lake)).read(name).count()
    key = TABLES[name].grain[0]
    path = str(shop_lake / name)
    known = pl.scan_delta(path).select(pl.len(), pl.col(key).is_not_null().sum().alias("known")).collect()
    assert known.row(0) == (rows, rows)
    arrow = DeltaTable(path).to_pyarrow_dataset()
    connection = duckdb.connect()
    connection.register("published", arrow)
    assert connection.execute("SELECT count(*) FROM published").fetchone() == (rows,)
