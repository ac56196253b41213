"""Scales of scores: which are valid, which count as top and as bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.settings import Feedback


@dataclass(frozen=True)
class Scale:
    """A kind of survey: which scores are valid, which count as top and as bottom (inclusive ends)."""

    kind: str
    valid: tuple[int, int]
    top: tuple[int, int] | None = None
    bottom: tuple[int, int] | None = None


SCALES: tuple[Scale, ...] = (
    Scale("nps", valid=(0, 10), top=(9, 10), bottom=(0, 6)),
    Scale("csat", valid=(1, 5), top=(4, 5), bottom=(1, 2)),
    Scale("ces", valid=(1, 7), top=(5, 7), bottom=(1, 3)),
)
"""Those with ends that are the same everywhere."""


def scales(rules: Feedback) -> tuple[Scale, ...]:
    """Every kind of answer with a score; the ends of ratings are settings."""
    return (*SCALES, Scale("rating", valid=(rules.rating_min, rules.rating_max)))


def within(known: Sequence[Scale], part: str) -> Column:
    """Whether `score` lies in this part of the scale of `kind`; false for other kinds, and for none."""
    named = [(scale.kind, getattr(scale, part)) for scale in known]
    inside = [
        (F.col("kind") == kind) & F.col("score").between(*ends) for kind, ends in named if ends is not None
    ]
    return F.coalesce(reduce(Column.__or__, inside, F.lit(False)), F.lit(False))


def end_of(known: Sequence[Scale], end: int) -> Column:
    """The least (0) or greatest (1) score of the row's kind; null for a kind without a scale."""
    ends = [F.when(F.col("kind") == scale.kind, F.lit(float(scale.valid[end]))) for scale in known]
    return F.coalesce(*ends)
