"""Nodes of the step matcher's walk: what attempts can do, and where (walk.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trailhouse.arrays import Ints
from trailhouse.questions.ranges import Extremes


@dataclass(frozen=True)
class Nodes:
    """What can be done: at which place, by which row (of a run: its instant's first), left by which step.

    `steps` are the bits of all steps done there; `free`: a further step may be done at the same place.
    """

    place: Ints
    row: Ints
    exit: Ints
    steps: Ints
    free: Ints

    def at(self, chosen: NDArray[np.generic]) -> Nodes:
        """Some of them."""
        return Nodes(*(getattr(self, name)[chosen] for name in ("place", "row", "exit", "steps", "free")))


@dataclass(frozen=True)
class Layer:
    """Nodes in the order of their places, each with the best start or (negated) end."""

    nodes: Nodes
    value: Extremes


def merged(parts: Sequence[Nodes]) -> Nodes:
    """All of the parts, in the order of their places."""
    if len(parts) == 1:
        return parts[0]
    every = Nodes(
        *(
            np.concatenate([getattr(one, name) for one in parts])
            for name in ("place", "row", "exit", "steps", "free")
        )
    )
    return every.at(np.argsort(every.place, kind="stable"))


def firsts(values: Ints) -> Ints:
    """Where sorted values begin anew."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.append(True, values[1:] != values[:-1]))
