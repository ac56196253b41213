"""What the made-up data of the rows have in common."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.tables import TABLES


def drawn(of: Column | str, seed: int, below: int | Column) -> Column:
    """A whole number from 0 up to `below`, the same for the same value and seed."""
    return F.pmod(F.xxhash64(of, F.lit(seed)), below if isinstance(below, Column) else F.lit(below))


def as_table(name: str, frame: DataFrame, *, least: bool = False) -> DataFrame:
    """The table's columns: those given, else null; with `least` required ones hold what is least."""
    given = set(frame.columns)
    empty = {"ARRAY<STRING>": F.array(), "BOOLEAN": F.lit(False), "BIGINT": F.lit(0), "STRING": F.lit("")}
    return frame.select(
        *(
            F.col(c.name)
            if c.name in given
            else (empty.get(c.type, F.lit(None)) if least and c.required else F.lit(None))
            .cast(c.type)
            .alias(c.name)
            for c in TABLES[name].columns
        )
    )
