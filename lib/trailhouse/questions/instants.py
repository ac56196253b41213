"""Instants at which some event can be several steps: which runs of steps distinct events can do there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trailhouse.arrays import Ints

_WIDE = 64


@dataclass(frozen=True)
class Runs:
    """By place: whether all its events are one step each (`free`: these may follow on another there), or it
    has several events of which one can be several steps (`hard`); the latter's runs.
    """

    free: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    places: Ints
    enters: Ints
    exits: Ints
    steps: Ints
    rows: Ints
    keys: Ints

    def entering(self, step: int) -> tuple[Ints, Ints, Ints]:
        """Place, last step and bits of the runs that begin with the step, the best of a place first."""
        chosen = np.flatnonzero(self.enters == step)
        return self.places[chosen], self.exits[chosen], self.steps[chosen]

    def row_of(self, places: Ints, step: int) -> Ints:
        """The first row of each hard place that can be the step."""
        return self.rows[np.searchsorted(self.keys, places * _WIDE + step)]


def runs_of(place: Ints, steps: Ints, optional: tuple[bool, ...]) -> Runs:
    """The runs of all hard places. `place` and `steps` (bits) are of rows, sorted by place."""
    places = int(place[-1]) + 1 if len(place) else 0
    can = np.flatnonzero(steps)
    several = np.zeros(places, dtype=bool)
    several[place[can][steps[can] & (steps[can] - 1) != 0]] = True
    number = np.bincount(place[can], minlength=places)
    hard = several & (number > 1)
    rows = can[hard[place[can]]]
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    for which, masks in _patterns(place[rows], steps[rows]):
        for enter, leave, bits in runs_of_masks(masks, optional):
            one = np.ones(len(which), dtype=np.int64)
            found.append((which, one * enter, one * leave, one * bits))
    empty = np.zeros(0, dtype=np.int64)
    made = [np.concatenate([empty, *(part[n] for part in found)]) for n in range(4)]
    order = np.argsort(made[0], kind="stable")  # within a place they stay in the order of runs_of_masks
    keys, firsts = [], []
    for step in range(len(optional)):
        can = rows[steps[rows] >> step & 1 == 1]
        keys.append(place[can] * _WIDE + step)
        firsts.append(can)
    key, row = np.concatenate([empty, *keys]), np.concatenate([empty, *firsts])
    key, first = np.unique(key, return_index=True)
    places_, enters, exits, bits_ = (one[order] for one in made)
    return Runs(~several, hard, places_, enters, exits, bits_, row[first], key)


def _patterns(place: Ints, masks: Ints) -> Iterator[tuple[Ints, tuple[int, ...]]]:
    """Places by the masks of their events, sorted."""
    if not len(place):
        return
    order = np.lexsort((masks, place))
    place, masks = place[order], masks[order]
    begins = np.flatnonzero(np.append(True, place[1:] != place[:-1]))
    sizes = np.diff(np.append(begins, len(place)))
    for size in np.unique(sizes):
        own = begins[sizes == size]
        of = masks[own[:, None] + np.arange(size)]
        patterns, which = np.unique(of, axis=0, return_inverse=True)
        which = which.reshape(-1)
        for number, pattern in enumerate(patterns):
            yield place[own[which == number]], tuple(map(int, pattern))


@lru_cache(maxsize=65536)
def runs_of_masks(masks: tuple[int, ...], optional: tuple[bool, ...]) -> tuple[tuple[int, int, int], ...]:
    """First step, last step and bits of all steps of each run, the best first.

    Of the runs between two steps the one that leaves out as few optional steps as it can, the first ones
    last. Better is a run that does the lower step where two differ, or that goes on where the other ends.
    """
    count = len(optional)
    found = []
    for enter in range(count):
        needed: list[int] = []
        for leave in range(enter, count):
            done = [enter] if leave == enter else [enter, *needed, leave]
            if _can(done, masks):
                for step in range(enter + 1, leave):
                    if optional[step] and _can(sorted([*done, step]), masks):
                        done = sorted([*done, step])
                found.append(tuple(done))
            if leave > enter and not optional[leave]:
                needed.append(leave)
    found.sort(key=lambda done: (*done, count))
    return tuple((done[0], done[-1], sum(1 << step for step in done)) for done in found)


def _can(steps: list[int], masks: tuple[int, ...]) -> bool:
    """Whether distinct events can do all the steps: a matching, by augmenting paths (H. W. Kuhn, 1955)."""
    taken: dict[int, int] = {}

    def find(step: int, tried: set[int]) -> bool:
        for event, mask in enumerate(masks):
            if mask >> step & 1 and event not in tried:
                tried.add(event)
                if event not in taken or find(taken[event], tried):
                    taken[event] = step
                    return True
        return False

    return all(find(step, set()) for step in steps)
