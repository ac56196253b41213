"""The one preset of each kind of signal that counts in tables and figures."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.settings import Signals
from trailhouse.signals.registry import DETECTORS


def presets(settings: Signals) -> dict[str, str]:
    """The preset that the settings choose, by kind of signal."""
    return {detector.kind: detector.preset(settings) for detector in DETECTORS}


def primary(signals: DataFrame, settings: Signals) -> DataFrame:
    """The rows of `signals` that are of their kind's chosen preset."""
    chosen = (
        (F.col("kind") == kind) & (F.col("preset") == preset) for kind, preset in presets(settings).items()
    )
    return signals.where(reduce(lambda one, other: one | other, chosen))
