"""Which rows of two versions of a table are compared."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.identity.touched import own_files
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

DAY = {"first_time": "2026-03-02 10:00:00"}


def values(frame: DataFrame) -> list[str]:
    return sorted(row.id_value for row in frame.collect())


def test_rows_of_files_that_two_versions_share_are_not_looked_at(spark: SparkSession, tmp_path: Path):
    lake, table = Lake(spark, str(tmp_path)), TABLES["identity_sightings"]
    given = [{**DAY, "id_value": value, "seen_date": "2026-03-02"} for value in ("a1", "a2", "a3")]
    lake.publish(table, rows(spark, table.name, given[:2]))
    rows(spark, table.name, given[2:]).write.format("delta").mode("append").save(lake.path(table.name))
    first, second = lake.read(table.name, 0), lake.read(table.name)
    assert [values(side) for side in own_files(first, second)] == [[], ["a3"]]
    assert [values(side) for side in own_files(second, first)] == [["a3"], []]
    other = rows(spark, table.name, given[:1])
    assert [values(side) for side in own_files(other, second)] == [["a1"], ["a1", "a2", "a3"]]
