"""Ways: the ordered nodes of units cut into paths, numpy over many units at once.

Rows come sorted by unit, walk (what a path lies within), time and tie-break. What is left of them is a
`Ways`: the shown nodes of many paths, in order. It travels as one value, so that all that is asked of
paths afterwards (which nodes most units have, which links there are) reads the same walk again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trailhouse.arrays import Flags, Ints, numbers, whole_units

BETWEEN = "…"
"""The node that stands for all that are left out between a start and an end."""

WAYS = "ways BINARY"
"""The schema of ways: those of about so many rows as `whole_units` gives, a row."""


def value_columns(breakdowns: Sequence[str]) -> tuple[str, ...]:
    """The columns of rows and ways that hold the values of these breakdowns."""
    return tuple(f"value_{place}" for place in range(len(breakdowns)))


class Ways:
    """Shown nodes of paths, those of a path in a row, those of a unit too; there is at least one.

    Columns of `table`, by node: unit and path (numbers within the ways), number (INT: from 1 at a path's
    begin, or 0 and below up to an end that stands alone), node, t (microseconds), more (whether the path
    goes on beyond what is shown), and `value_columns` of the path.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.unit, path, self.number, self.t = (
            table[name].to_numpy() for name in ("unit", "path", "number", "t")
        )
        self.more: Flags = table["more"].to_numpy()
        self.node, self.names = self.coded("node")
        self.between: Flags = pc.equal(self.names, BETWEEN).to_numpy(zero_copy_only=False)[self.node]
        begins = np.append(True, path[1:] != path[:-1])
        self.path: Ints = np.cumsum(begins) - 1
        self.begins: Ints = np.flatnonzero(begins)
        self.ends: Ints = np.flatnonzero(np.append(begins[1:], True))
        self.targets: Ints = np.flatnonzero(~begins)

    @cached_property
    def backwards(self) -> bool:
        """Whether nodes are numbered from an end."""
        return bool(self.number[0] <= 0)

    def coded(self, name: str) -> tuple[Ints, pa.StringArray]:
        """A column of texts as numbers, and the text of each."""
        column = self.table[name].combine_chunks()
        return column.indices.to_numpy().astype(np.int64), column.dictionary

    def dump(self) -> bytes:
        """As one value."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as writer:
            writer.write_table(self.table)
        return bytes(sink.getvalue())

    @staticmethod
    def load(held: bytes) -> Ways:
        """What was dumped."""
        return Ways(pa.ipc.open_stream(held).read_all())


@dataclass(frozen=True)
class Cutting:
    """How rows with the columns unit, walk, t, node, is_start, is_end and those of `values` become paths.

    A path is cut after more than `gap` microseconds, begins at its first `start`, ends at its first `end`
    (those without are left out), and shows `steps` nodes at most.
    """

    steps: int
    start: bool
    end: bool
    merge_repeats: bool
    gap: int | None = None
    values: tuple[str, ...] = ()

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow: WAYS."""
        return whole_units(batches, self._answer)

    def _answer(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        found = self.ways(table)
        if found is not None:
            yield pa.record_batch({"ways": pa.array([found.dump()], pa.binary())})

    def ways(self, table: pa.Table) -> Ways | None:
        """The paths of whole units; None: there is none."""
        t, node = table["t"].to_numpy(), table["node"].combine_chunks().dictionary_encode()
        begins = np.append(True, np.diff(numbers(table, ("unit", "walk"))) > 0)
        if self.gap is not None:
            begins[1:] |= np.diff(t) > self.gap
        path = np.cumsum(begins) - 1
        row = self._between_anchors(table, path)
        path = path[row]
        # A path's first row stays, whatever is merged.
        first = row[np.searchsorted(path, path)]
        if self.merge_repeats:
            code = node.indices.to_numpy()[row]
            other = np.append(True, (path[1:] != path[:-1]) | (code[1:] != code[:-1]))[: len(row)]
            row, path, first = row[other], path[other], first[other]
        begin = np.searchsorted(path, path)
        place, size = np.arange(len(path)) - begin, np.searchsorted(path, path, side="right") - begin
        shown, hidden = self._shown(place, size)
        if not shown.any():
            return None
        row, path, first, place, size = (one[shown] for one in (row, path, first, place, size))
        nodes = node.take(row)
        if hidden.any():
            nodes = pc.if_else(hidden[shown], BETWEEN, nodes.cast(pa.string())).dictionary_encode()
        backwards = self.end and not self.start
        columns = {
            "unit": numbers(table, ("unit",))[row],
            "path": path,
            "number": 1 + (place - size if backwards else np.minimum(place, self.steps - 1)),
            "node": nodes,
            "t": t[row],
            "more": (size > self.steps) & (not (self.start and self.end)),
            **{name: table[name].combine_chunks().take(first).dictionary_encode() for name in self.values},
        }
        return Ways(pa.table(columns))

    def _between_anchors(self, table: pa.Table, path: Ints) -> Ints:
        """The rows from the first start of their path on, up to its first end."""
        row = np.arange(len(path))
        kept = np.ones(len(path), dtype=bool)
        begun = np.full(len(path), -1)
        if self.start:
            begun = _first(path, table["is_start"].to_numpy())
            kept &= row >= begun
        if self.end:
            # The start itself is no end: to come back to it is one.
            ended = _first(path, table["is_end"].to_numpy() & (row > begun))
            kept &= (row <= ended) & (ended < len(path))
        return np.flatnonzero(kept)

    def _shown(self, place: Ints, size: Ints) -> tuple[Flags, Flags]:
        """Which nodes are shown, and which of these stand for all that are left out there."""
        nowhere = np.zeros(len(place), dtype=bool)
        if not self.end:
            return place < self.steps, nowhere
        if not self.start:
            return place >= size - self.steps, nowhere
        hidden = (place == self.steps - 2) & (size > self.steps)
        return (place < self.steps - 1) | (place == size - 1), hidden


def _first(path: Ints, flags: Flags) -> Ints:
    """By row the first row of its path with a flag; beyond the last row where none has."""
    rows = np.flatnonzero(flags)[::-1]
    found = np.full(int(path[-1]) + 1, len(path))
    found[path[rows]] = rows  # of several the last one stays: the first of the path
    return found[path]
