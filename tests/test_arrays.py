"""Columns of Arrow as arrays of numpy: combinations, groups and their sums, beside plain Python."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pyarrow as pa

from trailhouse.arrays import Groups, codes, combined

SEED = 4


def test_combinations_of_the_greatest_numbers_stay_apart() -> None:
    top = 2**31 - 1
    keys = [(a, b, c) for a in (-1, top) for b in (0, 1, top) for c in (-top, top - 1, top)] * 2
    found = combined(*(np.array(column, dtype=np.int64) for column in zip(*keys, strict=True)))
    assert len(set(found.tolist())) == len(set(keys))
    assert found.tolist()[: len(keys) // 2] == found.tolist()[len(keys) // 2 :]


def test_groups_add_up_as_plain_python_does() -> None:
    rng = random.Random(SEED)
    rows = [(rng.choice((None, "a", "b", "")), rng.randrange(-1, 3), rng.randrange(8)) for _ in range(300)]
    names, values, bits = (list(column) for column in zip(*rows, strict=True))
    groups = Groups(codes(pa.chunked_array([names[:100], names[100:]], pa.string())))
    inside: dict[str | None, list[tuple[int, int]]] = defaultdict(list)
    for name, value, bit in rows:
        inside[name].append((value, bit))
    for place, row in enumerate(groups.some_row):
        mine = inside.pop(names[row])
        assert groups.counts()[place] == len(mine)
        assert groups.sums(values)[place] == sum(value for value, _ in mine)
        assert groups.least(np.array(values))[place] == min(value for value, _ in mine)
        assert groups.distinct(np.array(values))[place] == len({value for value, _ in mine} - {-1})
        assert groups.either(np.array(bits))[place] == np.bitwise_or.reduce([bit for _, bit in mine])
    assert not inside


def test_lists_of_groups_leave_out_what_is_null() -> None:
    groups = Groups(np.array([7, 3, 7, 5, 3]))
    column = pa.chunked_array([[1, None], [3, None, 5]], pa.int64())
    assert groups.lists(column).to_pylist() == [[5], [], [1, 3]]  # of 3, 5 and 7
