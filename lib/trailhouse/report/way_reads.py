"""How the report reads paths and trends."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.report.reads import Frames


def paths(frames: Frames) -> DataFrame:
    everyone = frames["paths"].where(F.col("breakdown_by") == "all")
    return everyone.orderBy("question", "kind", "step", F.desc("units"), "source", "target", "path")


def trends(frames: Frames) -> DataFrame:
    line = ("series", "breakdown_by", "breakdown", "currency")
    return frames["trends"].orderBy(F.desc("start"), "question", *line)
