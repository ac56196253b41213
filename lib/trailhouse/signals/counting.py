"""What other tables count of signals: those of the first preset of each kind."""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.signals.registry import KINDS, STRUGGLES


def counts() -> list[Column]:
    """An aggregate over rows of `signals` for each kind, by its column in `sessions`."""
    counted = ~F.col("extra")
    return [F.count_if((F.col("kind") == kind.name) & counted).alias(kind.counted_as) for kind in KINDS]


def struggles() -> Column:
    """How many signals of struggle a row of `sessions` counts; what is not collected counts as none."""
    return reduce(add, (F.coalesce(kind.counted_as, F.lit(0)) for kind in STRUGGLES))


def is_struggle() -> Column:
    """Of a row of `signals`: whether it counts as friction."""
    return F.col("kind").isin(*(kind.name for kind in STRUGGLES)) & ~F.col("extra")
