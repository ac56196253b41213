"""Look-ups in ranges of sorted arrays, for many ranges at once."""

from __future__ import annotations

from typing import Literal

import numpy as np

from trailhouse.arrays import Ints

NONE = np.iinfo(np.int64).min // 4
"""No start; negated, no end."""


class Extremes:
    """The greatest of values in ranges of them.

    `best` says where it is known to lie in any range, `first` or `last`; else a table of the greatest of
    2, 4, 8 ... neighbours is built, as far as the longest range asks for.
    """

    def __init__(self, values: Ints, best: Literal["first", "last"] | str | None) -> None:
        self.values, self.best = values, best
        self._tables = [values]

    def over(self, low: Ints, high: Ints) -> Ints:
        """The greatest of values[low:high]; NONE where the range is empty."""
        some = low < high
        if not len(self.values):
            return np.full(len(low), NONE)
        if self.best is not None:
            at = np.where(some, low if self.best == "first" else high - 1, 0)
            return np.where(some, self.values[at], NONE)
        length = np.where(some, high - low, 1)
        level = _log2(length)
        found = np.full(len(low), NONE)
        for one in np.unique(level[some]):
            chosen = np.flatnonzero(some & (level == one))
            table = self._table(int(one))
            found[chosen] = np.maximum(table[low[chosen]], table[high[chosen] - (1 << int(one))])
        return found

    def first_at_least(self, low: Ints, high: Ints, bound: Ints) -> Ints:
        """Where in values[low:high] the first is that is not below the bound; `high` where none is."""
        some = low < high
        if not len(self.values):
            return high
        if self.best is not None:
            at = np.where(some, low, 0)
            return np.where(some & (self.values[at] >= bound), low, high)
        at = low.copy()
        top = int(_log2(np.array([max(1, int((high - low).max(initial=1)))]))[0])
        for level in range(top, -1, -1):
            table = self._table(level)
            fits = at + (1 << level) <= high
            below = fits & (table[np.where(fits, at, 0)] < bound)
            at = np.where(below, at + (1 << level), at)
        return np.where(some, np.minimum(at, high), high)

    def _table(self, level: int) -> Ints:
        while len(self._tables) <= level:
            last, wide = self._tables[-1], 1 << (len(self._tables) - 1)
            self._tables.append(
                np.maximum(last[: max(0, len(last) - wide)], last[wide:]) if len(last) > wide else last[:0]
            )
        return self._tables[level]


def _log2(values: Ints) -> Ints:
    """The whole part of the logarithm, of whole numbers from 1."""
    return (np.frexp(values.astype(np.float64))[1] - 1).astype(np.int64)


class Timeline:
    """Places of runners by time; places ascend by runner and time."""

    def __init__(self, runner: Ints, t: Ints, place: Ints) -> None:
        self._times, rank = np.unique(t, return_inverse=True)
        self._place = place
        self._wide = len(self._times) + 1
        self._keys = runner * self._wide + rank

    def first_from(self, runner: Ints, t: Ints) -> Ints:
        """The first place of the runner at t or later, or the one behind its last."""
        at = np.searchsorted(self._keys, runner * self._wide + np.searchsorted(self._times, t))
        behind = self._place[-1] + 1 if len(self._place) else 0
        return np.append(self._place, behind)[at]

    def last_until(self, runner: Ints, t: Ints) -> Ints:
        """The last place of the runner at t or before; -1, or one of another runner, where there is none."""
        key = runner * self._wide + np.searchsorted(self._times, t, side="right")
        at = np.searchsorted(self._keys, key) - 1
        return np.where(at >= 0, self._place[np.maximum(at, 0)], -1)
