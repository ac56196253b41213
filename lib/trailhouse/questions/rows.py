"""Frames for questions that nobody has asked."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.contract import Table


def no_rows(table: Table, like: DataFrame) -> DataFrame:
    """No rows of the table's columns, in the session of `like`."""
    columns = [F.lit(None).cast(column.type).alias(column.name) for column in table.columns]
    return like.select(*columns).where(F.lit(False))
