"""The registry of signals: append one value, and its rows join the table `signals`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame

from trailhouse.settings import Signals
from trailhouse.signals import dead_click, rage_click, u_turn


@dataclass(frozen=True)
class Detector:
    """`find(activity, page_views, trackers, settings)` gives a row a signal; `preset(settings)` names its
    thresholds. `trackers` are those that send mutation marks (`dead_click.judged`).

    A higher `version` says that the rule itself has changed.
    """

    kind: str
    version: int
    preset: Callable[[Signals], str]
    find: Callable[[DataFrame, DataFrame, DataFrame, Signals], DataFrame]


DETECTORS: tuple[Detector, ...] = (
    Detector(
        "rage_click",
        rage_click.VERSION,
        lambda settings: settings.rage_click,
        lambda activity, page_views, trackers, settings: rage_click.find(activity, settings),
    ),
    Detector(
        "dead_click",
        dead_click.VERSION,
        lambda settings: settings.dead_click,
        lambda activity, page_views, trackers, settings: dead_click.find(activity, trackers, settings),
    ),
    Detector(
        "u_turn",
        u_turn.VERSION,
        lambda settings: u_turn.PRESET,
        lambda activity, page_views, trackers, settings: u_turn.find(activity, page_views, settings),
    ),
)
