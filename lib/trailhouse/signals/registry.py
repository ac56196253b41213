"""The registry of signals: append a kind, or a preset to one, and its rows join the table `signals`."""

from __future__ import annotations

from trailhouse.signals.clicks import DEAD_CLICK, ERROR_CLICK, INERT_CLICK, RAGE_CLICK
from trailhouse.signals.kind import Kind
from trailhouse.signals.pointer import THRASHED_CURSOR
from trailhouse.signals.visits import (
    EXCESSIVE_SCROLLING,
    FORM_ABANDONMENT,
    QUICK_BACK,
    RAPID_REFRESH,
    U_TURN,
)

KINDS: tuple[Kind, ...] = (
    RAGE_CLICK,
    DEAD_CLICK,
    U_TURN,
    ERROR_CLICK,
    INERT_CLICK,
    QUICK_BACK,
    RAPID_REFRESH,
    THRASHED_CURSOR,
    FORM_ABANDONMENT,
    EXCESSIVE_SCROLLING,
)
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}
STRUGGLES: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.struggle)
"""Those that make a session one with friction."""


def checked(kind: str, named: object) -> object:
    """Names of presets of a kind, one or several, as given; ValueError says what is wrong with them."""
    names = [named] if isinstance(named, str) else named
    known = [preset.name for preset in BY_NAME[kind].presets]
    if not isinstance(names, list | tuple) or not names:
        raise ValueError(f"this is no preset, nor a list of presets, of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise ValueError(f"{name!r} is no preset of {kind}; there are {', '.join(known)}")
    if len({*names}) < len(names):
        raise ValueError("a preset is named twice")
    return named
