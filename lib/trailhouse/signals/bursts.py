"""Things in a row, close together: what rage clicks, thrashed cursors and refreshes share.

1. `count` things in a row are close when they belong together, from first to last. chain: two of them.
2. A thing is linked to the next when some close ones hold both.
3. A burst is as long as its links go on, and counts when it holds enough things.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trailhouse.arrays import Flags, Ints
from trailhouse.signals.kind import Burst


@dataclass(frozen=True)
class Spots:
    """Where things lie: place (where `placed`), and numbers of the element's selector and label; -1: none."""

    x: Ints
    y: Ints
    placed: Flags
    selector: Ints
    label: Ints


@dataclass(frozen=True)
class Things:
    """Sorted by owner and moment (microseconds). One that does not fit is in no burst, and parts others."""

    owner: Ints
    moment: Ints
    fits: Flags
    spots: Spots | None = None


def bursts(things: Things, preset: Burst) -> tuple[Ints, Ints]:
    """The first and the last thing of each burst; each is of one owner."""
    wide = 2 if preset.mode == "chain" else preset.count
    if len(things.moment) < wide:
        return (np.zeros(0, dtype=np.int64),) * 2
    # 1.
    owner, moment = (sliding_window_view(one, wide) for one in (things.owner, things.moment))
    span = moment[:, -1] - moment[:, 0]
    soon = span < preset.ms * 1000 if preset.below else span <= preset.ms * 1000
    fit = sliding_window_view(things.fits, wide).all(axis=1)
    close = soon & fit & (owner[:, 0] == owner[:, -1]) & _near(things.spots, preset, wide)
    # 2.
    linked = sliding_window_view(np.pad(close, wide - 2), wide - 1).any(axis=1)
    # 3.
    links = np.pad(linked, 1)
    first = np.flatnonzero(links[1:] & ~links[:-1])
    last = np.flatnonzero(links[:-1] & ~links[1:])
    enough = last - first + 1 >= preset.count
    return first[enough], last[enough]


def _near(spots: Spots | None, preset: Burst, wide: int) -> Flags:
    if spots is None or preset.on == "anything":
        return np.ones(1, dtype=bool)
    names = sliding_window_view(spots.label if preset.on == "label" else spots.selector, wide)
    one_name: Flags = (names == names[:, :1]).all(axis=1) & (names[:, 0] >= 0)
    if preset.on != "place":
        return one_name
    # The greatest Manhattan distance within a set is the wider of its two diagonal extents.
    across = (sliding_window_view(one, wide) for one in (spots.x + spots.y, spots.x - spots.y))
    width = np.maximum(*(one.max(axis=1) - one.min(axis=1) for one in across))
    all_placed = sliding_window_view(spots.placed, wide).all(axis=1)
    near: Flags = np.where(all_placed, width <= preset.px, one_name)
    return near
