"""Links of ways: edges, begins and ends of paths, and whole paths, counted by numpy over many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trailhouse.arrays import Flags, Groups, Ints, combined
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.spread import OTHER
from trailhouse.questions.ways import Ways, value_columns

SEEN = "number INT, breakdown_by STRING, name STRING, units BIGINT"
"""How many units have a node at a number, or a value of a breakdown; the other of both is null."""

LINKS = (
    "breakdown_by STRING, breakdown STRING, kind STRING, step INT, source STRING, target STRING,"
    " path ARRAY<STRING>, units BIGINT, paths BIGINT, loops BIGINT, u_turns BIGINT, us ARRAY<BIGINT>"
)
"""Figures of equal links; `us` are the times from source to target, or of whole paths."""

_SCHEMA = pa.schema(
    [
        ("breakdown_by", pa.string()),
        ("breakdown", pa.string()),
        ("kind", pa.string()),
        ("step", pa.int32()),
        ("source", pa.string()),
        ("target", pa.string()),
        ("path", pa.list_(pa.string())),
        *((name, pa.int64()) for name in ("units", "paths", "loops", "u_turns")),
        ("us", pa.list_(pa.field("item", pa.int64(), nullable=False))),
    ]
)
_KINDS = pa.array(["begin", "edge", "end", "cut"])
_BEGIN, _EDGE, _END, _CUT = range(4)
_NONE = -1
"""The node before a begin and after an end."""


@dataclass(frozen=True)
class Seeing:
    """Which nodes, and which values of the `breakdowns`, ways have, by units."""

    breakdowns: tuple[str, ...]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow: from WAYS to SEEN."""
        for batch in batches:
            for held in batch["ways"]:
                yield from self._of(Ways.load(held.as_py()))

    def _of(self, ways: Ways) -> Iterator[pa.RecordBatch]:
        shown = np.flatnonzero(~ways.between)
        number, node = ways.number[shown], ways.node[shown]
        found = Groups(combined(number, node))
        count, some = len(found), found.some_row
        yield pa.record_batch(
            {
                "number": pa.array(number[some].astype(np.int32)),
                "breakdown_by": pa.nulls(count, pa.string()),
                "name": ways.names.take(pa.array(node[some])),
                "units": found.distinct(ways.unit[shown]),
            }
        )
        for by, column in zip(self.breakdowns, value_columns(self.breakdowns), strict=True):
            code, texts = ways.coded(column)
            code = code[ways.begins]
            values = Groups(code)
            count = len(values)
            yield pa.record_batch(
                {
                    "number": pa.nulls(count, pa.int32()),
                    "breakdown_by": pa.array([by] * count),
                    "name": texts.take(pa.array(code[values.some_row])),
                    "units": values.distinct(ways.unit[ways.begins]),
                }
            )


@dataclass(frozen=True)
class Linking:
    """The figures of links, for everyone and by the values of `breakdowns`; of whole paths if asked.

    Beside ways stands `own`, an array of structs with number, breakdown_by and name as in SEEN: the nodes
    and values that keep their names. The others are 'other'.
    """

    breakdowns: tuple[str, ...]
    whole: bool

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow: from WAYS and `own` to LINKS."""
        for batch in batches:
            for held, own in zip(batch["ways"], batch["own"], strict=True):
                yield from self._of(Ways.load(held.as_py()), own.as_py())

    def _of(self, ways: Ways, own: Sequence[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
        turns = _turns(ways)
        kinds = [_links(ways, own, *turns), *([_whole(ways, *turns)] if self.whole else [])]
        everyone = np.zeros(len(ways.begins), dtype=np.int64)
        spread = [(ALL, everyone, pa.array([ALL]))]
        for by, column in zip(self.breakdowns, value_columns(self.breakdowns), strict=True):
            spread.append(
                (by, *_values(ways, column, [one["name"] for one in own if one["breakdown_by"] == by]))
            )
        for by, value, texts in spread:
            for one in kinds:
                yield one.counted(by, value, texts)


@dataclass(frozen=True)
class _Links:
    """Links one beside the other; those of equal `keys` are counted together.

    `us` is null where nothing takes time. `columns` are those of LINKS that tell which they are, of links
    by their places here.
    """

    keys: Sequence[Ints]
    unit: Ints
    path: Ints
    loop: Flags
    u_turn: Flags
    us: pa.Array
    columns: Callable[[Ints], Mapping[str, pa.Array]]

    def counted(self, by: str, value: Ints, texts: pa.Array) -> pa.RecordBatch:
        """Apart for each value of a breakdown: `value` numbers those of paths, `texts` names them."""
        value = value[self.path]
        groups = Groups(combined(value, *self.keys))
        count, some = len(groups), groups.some_row
        columns = {
            "breakdown_by": pa.array([by] * count),
            "breakdown": texts.take(pa.array(value[some])),
            **self.columns(some),
            "units": groups.distinct(self.unit),
            "paths": groups.counts(),
            "loops": groups.sums(self.loop),
            "u_turns": groups.sums(self.u_turn),
            "us": groups.lists(self.us),
        }
        arrays = [columns.get(field.name, pa.nulls(count, field.type)) for field in _SCHEMA]
        return pa.record_batch(arrays, schema=_SCHEMA)


def _links(ways: Ways, own: Sequence[Mapping[str, Any]], loop: Flags, u_turn: Flags) -> _Links:
    """Begins, edges and ends, between nodes of their own names and 'other'."""
    begins, targets, ends = ways.begins, ways.targets, ways.ends
    row = np.concatenate([begins, targets, ends])
    names, shown = _shown(ways, own)
    nothing = np.full(len(begins), _NONE)
    before, after = ways.more[begins] & ways.backwards, ways.more[ends] & (not ways.backwards)
    kind = np.concatenate(
        [np.where(before, _CUT, _BEGIN), np.full(len(targets), _EDGE), np.where(after, _CUT, _END)]
    )
    step = np.concatenate([ways.number[begins] - 1, ways.number[targets] - 1, ways.number[ends]])
    source = np.concatenate([nothing, shown[targets - 1], shown[ends]])
    target = np.concatenate([shown[begins], shown[targets], nothing])
    edge = kind == _EDGE
    us = np.zeros(len(row), dtype=np.int64)
    us[edge] = ways.t[targets] - ways.t[targets - 1]

    def columns(at: Ints) -> Mapping[str, pa.Array]:
        ends_of = {"source": source[at], "target": target[at]}
        return {
            "kind": _KINDS.take(pa.array(kind[at])),
            "step": pa.array(step[at].astype(np.int32)),
            **{name: names.take(pa.array(node, mask=node == _NONE)) for name, node in ends_of.items()},
        }

    return _Links(
        [kind, step, source, target],
        ways.unit[row],
        ways.path[row],
        loop[row] & edge,
        u_turn[row] & edge,
        pa.array(us, mask=~edge),
        columns,
    )


def _whole(ways: Ways, loop: Flags, u_turn: Flags) -> _Links:
    """Whole paths, by the names that their nodes have."""
    begins, size = ways.begins, ways.ends - ways.begins + 1
    # Equal numbers for paths that are equal up to a place, place by place.
    number = np.zeros(len(begins), dtype=np.int64)
    for place in range(int(size.max())):
        node = np.where(place < size, ways.node[np.minimum(begins + place, ways.ends)] + 1, 0)
        number = np.unique(number * (len(ways.names) + 1) + node, return_inverse=True)[1]

    def columns(at: Ints) -> Mapping[str, pa.Array]:
        offsets = np.append(0, np.cumsum(size[at]))
        rows = np.repeat(begins[at] - offsets[:-1], size[at]) + np.arange(offsets[-1])
        nodes = ways.names.take(pa.array(ways.node[rows]))
        return {
            "kind": pa.array(["path"] * len(at)),
            "path": pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), nodes),
        }

    return _Links(
        [number],
        ways.unit[begins],
        ways.path[begins],
        np.logical_or.reduceat(loop, begins),
        np.logical_or.reduceat(u_turn, begins),
        pa.array(ways.t[ways.ends] - ways.t[begins]),
        columns,
    )


def _turns(ways: Ways) -> tuple[Flags, Flags]:
    """Of each node: whether its path has been there before, and whether straight before the last node."""
    path, node = ways.path, ways.node
    first = np.unique(path * len(ways.names) + node, return_index=True)[1]
    loop = ~ways.between
    loop[first] = False
    u_turn = np.zeros(len(node), dtype=bool)
    u_turn[2:] = (path[2:] == path[:-2]) & (node[2:] == node[:-2]) & (node[2:] != node[1:-1])
    u_turn[1:] &= ~(ways.between[1:] | ways.between[:-1])
    return loop, u_turn


def _shown(ways: Ways, own: Sequence[Mapping[str, Any]]) -> tuple[pa.Array, Ints]:
    """Names, and of each node the place of the one that it is shown under."""
    numbers = [one["number"] for one in own if one["number"] is not None]
    named = pa.array([one["name"] for one in own if one["number"] is not None], pa.string())
    code = pc.fill_null(pc.index_in(named, value_set=ways.names), len(ways.names)).to_numpy()
    low = int(ways.number.min())
    kept = np.zeros((int(ways.number.max()) - low + 1, len(ways.names) + 1), dtype=bool)
    number = np.array(numbers, dtype=np.int64) - low
    inside = (number >= 0) & (number < len(kept))
    kept[number[inside], code[inside]] = True
    names = pc.unique(pa.chunked_array([ways.names, pa.array([OTHER])]))
    other = names.index(OTHER).as_py()
    return names, np.where(kept[ways.number - low, ways.node] | ways.between, ways.node, other)


def _values(ways: Ways, column: str, own: Sequence[str]) -> tuple[Ints, pa.Array]:
    """Of each path the number of its value, or of 'other' where that is none of `own`; and their texts."""
    code, texts = ways.coded(column)
    kept = pc.is_in(texts, value_set=pa.array(own, pa.string()))
    shown = pc.if_else(kept, texts, OTHER).dictionary_encode()
    return shown.indices.to_numpy().astype(np.int64)[code[ways.begins]], shown.dictionary
