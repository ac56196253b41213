"""Sums by group in numpy: what Arrow batches say is added up before it goes back to Spark."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_MOST = np.iinfo(np.int64).max


def codes(column: pa.ChunkedArray) -> Ints:
    """A number from 1 on for each value of a column, by whether they are equal; 0 for null."""
    found = column.combine_chunks().dictionary_encode().indices
    return filled(found, -1) + 1


def filled(column: pa.ChunkedArray | pa.Array, absent: int = 0) -> Ints:
    """A column of whole numbers or flags; `absent` for null."""
    found: Ints = pc.fill_null(column.cast(pa.int64()), absent).to_numpy()
    return found


def combined(*keys: Ints) -> Ints:
    """A number for each combination of whole numbers, none of which is negative or above 2^31."""
    found = keys[0]
    for key in keys[1:]:
        width = int(key.max(initial=0)) + 1
        if int(found.max(initial=0)) >= _MOST // width:
            found = np.unique(found, return_inverse=True)[1]
        found = found * width + key
    return found


class Groups:
    """Groups of rows with one `key`; their aggregates are in one order, that of the key."""

    def __init__(self, key: Ints) -> None:
        self._order = np.argsort(key)
        ordered = key[self._order]
        begins = np.append(True, ordered[1:] != ordered[:-1])[: len(key)]
        self._starts = np.flatnonzero(begins)
        self.of_row = np.empty(len(key), dtype=np.int64)
        self.of_row[self._order] = np.cumsum(begins) - 1
        self.some_row = self._order[self._starts]
        """Of each group a row: for what is the same in all of its rows."""

    def __len__(self) -> int:
        return len(self._starts)

    def counts(self) -> Ints:
        """Rows."""
        return np.bincount(self.of_row, minlength=len(self))

    def sums(self, values: ArrayLike) -> Ints:
        """Sums of whole numbers; of flags: how many are set."""
        return np.add.reduceat(np.asarray(values, dtype=np.int64)[self._order], self._starts)

    def least(self, values: Ints) -> Ints:
        """Minima."""
        return np.minimum.reduceat(values[self._order], self._starts)

    def either(self, bits: Ints) -> Ints:
        """The bits that are set in any row."""
        return np.bitwise_or.reduceat(bits[self._order], self._starts)

    def distinct(self, values: Ints) -> Ints:
        """How many different values there are, but for 0."""
        known = np.flatnonzero(values)
        of_row = self.of_row[known]
        pairs = Groups(combined(of_row, values[known]))
        return np.bincount(of_row[pairs.some_row], minlength=len(self))
