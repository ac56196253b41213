"""The step matcher over Arrow batches: rows sorted by unit come in, attempts go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trailhouse.arrays import Ints, numbers, whole_units
from trailhouse.questions.rules import Attempts, Rows, Rules
from trailhouse.questions.unordered import AnyOrder
from trailhouse.questions.walk import Walk

DONE = "ARRAY<STRUCT<step: INT, t: BIGINT, since: BIGINT>>"
"""The steps of an attempt in order: number from 1, time, microseconds since the one before."""
_DONE = pa.struct([("step", pa.int32()), ("t", pa.int64()), ("since", pa.int64())])


@dataclass(frozen=True)
class Asking:
    """What is asked of sorted rows with the columns of `owner` (whose attempts count: unit, and session), of
    `hold` (looked at apart), t, mask, and those of `values` and `apart`.

    `values`: column -> the step (from 1) whose event tells it, or the first or last of all steps that has it.
    `apart`: columns of whose every value the attempts are found anew, from the rows of that value alone.
    """

    rules: Rules
    owner: tuple[str, ...] = ("unit",)
    hold: tuple[str, ...] = ()
    values: tuple[tuple[str, int | str], ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def schema(self) -> str:
        """The columns of attempts: `by` is the column of `apart` that they were found by; null: none."""
        texts = (*self.owner, "by", *(name for name, _ in self.values), *self.apart)
        return ", ".join([*(f"`{name}` STRING" for name in texts), f"done {DONE}"])

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow."""
        return whole_units(batches, self.answer)

    def answer(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        """The attempts of whole units."""
        owner = numbers(table, self.owner)
        runner = numbers(table, (*self.owner, *self.hold)) if self.hold else owner
        t, mask = (table[name].to_numpy() for name in ("t", "mask"))
        yield from self._told(table, None, *self._found(owner, runner, t, mask))
        for name in self.apart:
            codes = pc.rank(table[name].combine_chunks(), tiebreaker="dense").to_numpy().astype(np.int64)
            # Stable: rows of a runner and value stay in their order.
            order = np.lexsort((runner, codes, owner))
            mine = _runs(owner[order], codes[order])
            parts = _runs(mine, runner[order])
            yield from self._told(
                table.take(pa.array(order)), name, *self._found(mine, parts, t[order], mask[order])
            )

    def _found(self, owner: Ints, runner: Ints, t: Ints, mask: Ints) -> tuple[Attempts, Ints]:
        rules = self.rules
        rows = Rows(runner, t, mask, rules.steps)
        if rules.order == "unordered":
            found = AnyOrder(rows, rules).attempts()
        else:
            walk = Walk(rows, rules)
            found = walk.attempts()
        if self.hold and (rules.one_each or rules.first_only):
            found = _best_of(found, owner[rows.begins][found.runner], t, first=rules.first_only)
        if rules.leave_out and rules.exclusions and rules.order != "unordered":
            found = found.at(~walk.left_out(found))
        return found, t

    def _told(self, table: pa.Table, by: str | None, found: Attempts, t: Ints) -> Iterator[pa.RecordBatch]:
        count = len(found.runner)
        if not count:
            return
        of, step = np.nonzero(found.rows >= 0)
        at = t[found.rows[of, step]]
        begins = np.append(True, of[1:] != of[:-1])
        since = pa.array(at - np.append(0, at[:-1]), mask=begins)
        done = pa.StructArray.from_arrays(
            [pa.array((step + 1).astype(np.int32)), pa.array(at), since], fields=list(_DONE)
        )
        offsets = pa.array(np.append(np.flatnonzero(begins), len(of)).astype(np.int32))
        first = pa.array(found.rows[:, 0])
        nothing = pa.nulls(count, pa.string())
        made: dict[str, Any] = {name: table[name].take(first) for name in self.owner}
        made["by"] = pa.array([by] * count, pa.string()) if by else nothing
        for name, where in self.values:
            made[name] = nothing if by else _value(table[name].combine_chunks(), found.rows, where)
        for name in self.apart:
            made[name] = table[name].take(first) if name == by else nothing
        made["done"] = pa.ListArray.from_arrays(offsets, done)
        yield from pa.table(made).combine_chunks().to_batches()


def _runs(*columns: Ints) -> Ints:
    change = np.zeros(max(0, len(columns[0]) - 1), dtype=bool)
    for column in columns:
        change |= column[1:] != column[:-1]
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(change, dtype=np.int64)])


def _value(column: pa.Array, rows: Ints, where: int | str) -> pa.Array:
    """The value of each attempt: of its event of that step, or of its first or last step that has one."""
    known = column.is_valid().to_numpy(zero_copy_only=False)
    count = rows.shape[1]
    steps = [int(where) - 1] if isinstance(where, int) else list(range(count))
    row = np.full(len(rows), -1, dtype=np.int64)
    for step in reversed(steps) if where == "first_touch" else steps:
        one = rows[:, step]
        row = np.where((one >= 0) & known[np.maximum(one, 0)], one, row)
    return column.take(pa.array(row, mask=row < 0))


def _best_of(found: Attempts, owner: Ints, t: Ints, *, first: bool) -> Attempts:
    """Of each owner's runners the attempt that gets furthest, then the earliest; with `first` the first."""
    order = np.argsort(found.rows < 0, axis=1, kind="stable")
    rows = np.take_along_axis(found.rows, order, axis=1)
    times = np.where(rows >= 0, t[np.maximum(rows, 0)], -1)
    keys: list[Ints] = []
    for step in range(rows.shape[1]):
        keys += [times[:, step], np.where(rows[:, step] >= 0, order[:, step], -1)]
    keys = [keys[0], -found.reach, *keys] if first else [-found.reach, *keys]
    best = np.lexsort((*reversed(keys), owner))
    own = owner[best]
    return found.at(best[np.append(True, own[1:] != own[:-1])] if len(own) else best)
