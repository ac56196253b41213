"""The stage `signals`: where people struggled.

A run makes anew the signals of all sessions on days whose activity or page views changed.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.signals.dead_click import judged
from trailhouse.signals.registry import DETECTORS
from trailhouse.signals.shape import as_signals
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables.signals import TABLE
from trailhouse.touched.sessions import WHOLE_DAYS, sessions_on, touched_days


def transform(inputs: Frames, context: Context) -> Frames:
    """The signals of every detector, each by the preset that the settings name."""
    settings = context.settings.signals
    activity = inputs["activity"]
    trackers = judged(inputs.get(WHOLE_DAYS, activity))
    found = [
        as_signals(
            detector.find(activity, inputs["page_views"], trackers, settings),
            detector.kind,
            detector.preset(settings),
            detector.version,
        )
        for detector in DETECTORS
    ]
    return {TABLE.name: TABLE.select(reduce(DataFrame.unionByName, found))}


def narrow(look: Look, context: Context) -> Part | str:
    """The sessions on changed days."""
    days = touched_days(look, "activity", "page_views")
    if days is None:
        return UNKNOWN
    if not days:
        return Part({}, {})
    if is_most(look.rows["activity"], days, context.settings):
        return MOST
    touched = sessions_on(look, days, context.settings.sessions, context.scratch)
    return Part(touched.inputs(look), {"signals": touched.scope("signal_date")}, days=len(touched.days))


STAGE = Stage(
    name="signals",
    reads=("activity", "page_views"),
    writes=("signals",),
    transform=transform,
    narrow=narrow,
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
