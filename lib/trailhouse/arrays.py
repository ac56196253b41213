"""Arrow's columns as numpy's arrays: tables of whole units, numbers for texts, groups and their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

AT_ONCE = 1 << 16
"""Rows that are answered at once, about: few enough that their columns stay in the processor's cache."""
_MOST = np.iinfo(np.int64).max


def whole_units(
    batches: Iterable[pa.RecordBatch],
    answer: Callable[[pa.Table], Iterator[pa.RecordBatch]],
    at_once: int = AT_ONCE,
) -> Iterator[pa.RecordBatch]:
    """The answers to tables of about `at_once` rows that hold units whole; rows come sorted by `unit`.

    A unit with more rows than that is gathered whole, as columns of plain numbers and not as rows.
    """
    held: list[pa.RecordBatch] = []
    rows, enough = 0, at_once
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            rows += batch.num_rows
        if rows >= enough:
            table = pa.Table.from_batches(held).combine_chunks()
            cut = _last_begin(table["unit"])
            enough = at_once if cut else 2 * rows
            if cut:
                yield from answer(table.slice(0, cut))
            held, rows = table.slice(cut).to_batches(), table.num_rows - cut
    if rows:
        yield from answer(pa.Table.from_batches(held).combine_chunks())


def _last_begin(units: pa.ChunkedArray) -> int:
    """The first row of the last unit; 0 where there is one alone."""
    others = pc.not_equal(units, units[len(units) - 1]).to_numpy()
    found = np.flatnonzero(others)
    return int(found[-1]) + 1 if len(found) else 0


def numbers(table: pa.Table, names: tuple[str, ...]) -> Ints:
    """A number from 0 for each run of rows that are equal in the columns; none is null."""
    change = np.zeros(max(0, table.num_rows - 1), dtype=bool)
    for name in names:
        column = table[name]
        change |= pc.not_equal(column.slice(1), column.slice(0, table.num_rows - 1)).to_numpy()
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(change, dtype=np.int64)])


def ints(column: pa.ChunkedArray | pa.Array, otherwise: int = 0) -> Ints:
    """A column of whole numbers or flags; `otherwise` where it is null."""
    found: Ints = pc.fill_null(column.cast(pa.int64()), otherwise).to_numpy()
    return found


def known(column: pa.ChunkedArray | pa.Array) -> Flags:
    """Where it is not null."""
    return ints(column.is_valid()) > 0


def codes(column: pa.ChunkedArray | pa.Array) -> Ints:
    """A number from 0 for each value, equal for equal ones; -1 where it is null."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return ints(whole.dictionary_encode().indices, -1)


def combined(*keys: Ints) -> Ints:
    """A number from 0 for each combination of whole numbers; those of a key are less than 2^32 apart."""
    found = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        low = int(key.min(initial=0))
        width = int(key.max(initial=0)) - low + 1
        if int(found.max(initial=0)) >= _MOST // width:
            found = np.unique(found, return_inverse=True)[1]
        found = found * width + (key - low)
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
        """How many different values there are, but for those below 0."""
        counted = np.flatnonzero(values >= 0)
        of_row = self.of_row[counted]
        pairs = Groups(combined(of_row, values[counted]))
        return np.bincount(of_row[pairs.some_row], minlength=len(self))

    def lists(self, column: pa.ChunkedArray | pa.Array) -> pa.ListArray:
        """The values of a column, without nulls: Spark then sorts them as plain numbers."""
        there = np.flatnonzero(known(column))
        of_row = self.of_row[there]
        order = there[np.argsort(of_row, kind="stable")]
        ends = np.cumsum(np.bincount(of_row, minlength=len(self)))
        values = column.take(pa.array(order))
        whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        kind = pa.list_(pa.field("item", whole.type, nullable=False))
        return pa.ListArray.from_arrays(pa.array(np.append(0, ends).astype(np.int32)), whole, type=kind)
