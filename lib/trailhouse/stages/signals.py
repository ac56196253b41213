"""The stage `signals`: where people struggled."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from trailhouse.signals.registry import DETECTORS
from trailhouse.signals.shape import as_signals
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.signals import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """The signals of every detector, each by the preset that the settings name."""
    settings = context.settings.signals
    found = [
        as_signals(
            detector.find(inputs["activity"], inputs["page_views"], settings),
            detector.kind,
            detector.preset(settings),
            detector.version,
        )
        for detector in DETECTORS
    ]
    return {TABLE.name: TABLE.select(reduce(DataFrame.unionByName, found))}


STAGE = Stage(
    name="signals",
    reads=("activity", "page_views"),
    writes=("signals",),
    transform=transform,
    settings=("signals",),
    pins={"activity": "page_views"},
    checks=(
        Check(
            "signals",
            "ends_after_start",
            "A signal ends no earlier than it starts.",
            "end_time >= start_time",
        ),
        Check(
            "signals",
            "rage_is_many",
            "A rage click holds at least three clicks.",
            "kind <> 'rage_click' OR size >= 3",
        ),
    ),
)
