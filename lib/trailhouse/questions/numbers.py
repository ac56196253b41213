"""Quotients of whole numbers that come out the same in every row order: exact operands, rounded last."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def quotient(part: Column, whole: Column, scale: int) -> Column:
    """`part / whole` of two whole numbers as DECIMAL(18, scale), half up; null where `whole` is 0 or null."""
    divisor = F.nullif(whole.cast("DECIMAL(20,0)"), F.lit(0).cast("DECIMAL(20,0)"))
    return F.round(part.cast("DECIMAL(20,0)") / divisor, scale).cast(f"DECIMAL(18,{scale})")


def whole_quotient(part: Column, whole: Column) -> Column:
    """`part / whole` of two whole numbers as the nearest BIGINT; null where `whole` is 0 or null."""
    return quotient(part, whole, 0).cast("BIGINT")
