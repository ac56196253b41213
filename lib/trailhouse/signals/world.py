"""Rows of whole sessions as columns of numbers, and the signals that rules find among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trailhouse.arrays import Flags, Ints, numbers
from trailhouse.signals.chosen import Chosen
from trailhouse.signals.registry import BY_NAME

WHAT = ("click", "move", "error", "selection", "form", "answer", "view")
"""What a row is, by number in `what`. `answer`: any other event that may answer a click."""
NEVER = 1 << 62
"""The time of what does not come."""
PLACE = (
    "STRUCT<person_id: STRING, page_group: STRING, page_path: STRING, device_type: STRING, "
    "is_bot: BOOLEAN, internal: BOOLEAN>"
)
TRACKER = "STRUCT<app_id: STRING, platform: STRING, event_date: DATE>"
SCHEMA = (
    f"session_id STRING, view_id STRING, place {PLACE}, selector STRING, element_text STRING, "
    "first_event_id STRING, kind STRING, preset STRING, rule_version INT, extra BOOLEAN, size INT, "
    f"start_at BIGINT, end_at BIGINT, tracker {TRACKER}, needs STRING"
)
"""The columns of `signals_of`."""


class World:
    """Rows with the columns of `one_pass.stream`, sorted by unit, view_id, at and number."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.unit, self.view = numbers(table, ("unit",)), numbers(table, ("unit", "view_id"))
        self.what, self.at = table["what"].to_numpy(), table["at"].to_numpy()
        self.views = int(self.view[-1]) + 1

    def rows(self, *names: str) -> Ints:
        """The rows that are one of these."""
        return np.flatnonzero(self._is(*names))

    def next_at(self, rows: Ints, *names: str) -> Ints:
        """When, on a row's view, the next of these comes, at the row's time or later; else NEVER."""
        place = np.arange(len(self.at))
        following = np.where(self._is(*names), place, len(place))
        following = np.append(np.minimum.accumulate(following[::-1])[::-1], len(place))
        found = following[self._first_of_time[rows]]
        there = np.minimum(found, len(place) - 1)
        known = (found < len(place)) & (self.view[there] == self.view[rows])
        found_at: Ints = np.where(known, self.at[there], NEVER)
        return found_at

    def first_of_view(self, *names: str) -> Ints:
        """By view its first row that is one of these; -1: there is none."""
        rows = self.rows(*names)[::-1]
        found = np.full(self.views, -1, dtype=np.int64)
        found[self.view[rows]] = rows
        return found

    def _is(self, *names: str) -> Flags:
        found: Flags = np.isin(self.what, [WHAT.index(name) for name in names])
        return found

    @cached_property
    def _first_of_time(self) -> Ints:
        """By row the first of those of its view and time."""
        begins = np.append(True, (np.diff(self.view) != 0) | (np.diff(self.at) != 0))
        first: Ints = np.flatnonzero(begins)[np.cumsum(begins) - 1]
        return first


def part(table: pa.Table, name: str, rows: Ints) -> pa.Array:
    """Of some rows a column, or by `a.b` a field of one."""
    outer, _, inner = name.partition(".")
    column = pc.struct_field(table[outer], inner) if inner else table[outer]
    return column.take(pa.array(rows)).combine_chunks()


@dataclass(frozen=True)
class Found:
    """Signals of one preset; each array has an entry a signal, and rows are those of the world.

    `row` tells view and place, `event` the first event, `subject` element and tracker (-1: none). `needs`:
    the input without which, sent by that tracker, there is none.
    """

    one: Chosen
    row: Ints
    event: Ints
    start: Ints
    end: Ints
    size: Ints | int = 1
    subject: Ints | None = None
    needs: str | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.row)


def signals_of(world: World, found: Iterable[Found]) -> Iterator[pa.RecordBatch]:
    """What was found, as rows of SCHEMA."""
    every = [some for some in found if some.count]
    if not every:
        return
    table = world.table
    row, event, start, end = (
        np.concatenate([getattr(some, name) for some in every]) for name in ("row", "event", "start", "end")
    )
    nobody = [np.full(some.count, -1) if some.subject is None else some.subject for some in every]
    subjects = np.concatenate(nobody)
    subject = table["subject"].take(pa.array(subjects, mask=subjects < 0)).combine_chunks()
    size = np.concatenate([np.broadcast_to(some.size, some.count) for some in every])

    def each(values: Iterable[object], kind: pa.DataType) -> pa.Array:
        texts = pa.array(values, kind)
        return texts.take(pa.array(np.repeat(np.arange(len(every)), [some.count for some in every])))

    made = {
        "session_id": part(table, "unit", row),
        "view_id": part(table, "view_id", row),
        "place": part(table, "place", row),
        "selector": pc.struct_field(subject, "selector"),
        "element_text": pc.struct_field(subject, "text"),
        "first_event_id": part(table, "event_id", event),
        "kind": each([some.one.kind for some in every], pa.string()),
        "preset": each([some.one.rule.name for some in every], pa.string()),
        "rule_version": each([BY_NAME[some.one.kind].version for some in every], pa.int32()),
        "extra": each([some.one.extra for some in every], pa.bool_()),
        "size": pa.array(size.astype(np.int32)),
        "start_at": pa.array(start),
        "end_at": pa.array(end),
        "tracker": pc.struct_field(subject, "tracker"),
        "needs": each([some.needs for some in every], pa.string()),
    }
    yield from pa.table(made).combine_chunks().to_batches()
