"""Views and their points in numpy: the same as `pointer` gives, for what is counted by view and person.

1. Views and points come as rows of one frame, told apart by what points have none of, a page: one shuffle and
   one sort stand for the join, for windows, and for groupings by view and person. They are sorted by a hash,
   so as plain numbers.
2. Within Arrow batches that are cut behind a person, a view's row is followed by its points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.arrays import Flags, Ints, codes, combined, ints, whole_units
from trailhouse.questions.map_views import HOW, PAGE, VIEW
from trailhouse.questions.pointer import MOVE, is_place, points

NAMES = ("selector", "text", "link")
_UNKNOWN = -(1 << 31)
AT_ONCE = 1 << 19
"""Rows that are added up at once, about: the more, the less is left for the shuffle behind."""


def pointed(
    activity: DataFrame, views: DataFrame, made: Callable[[Pointed], Iterator[pa.Table]], schema: str
) -> DataFrame:
    """The rows that `made` gives for activity and `views_of_people`, both with the same person.

    All that a person did is seen at once, together with what some thousands of others did.
    """
    unit = F.xxhash64("person_id").alias("unit")
    moments = points(activity).select(
        unit,
        *VIEW,
        *("event_number", "kind", "x", "y", "width", "page_width"),
        *NAMES,
    )
    seen = views.select(
        unit,
        *VIEW,
        F.col("viewport_width").alias("width"),
        "person_id",
        *PAGE,
        "document_height",
        *HOW,
    )

    def answer(table: pa.Table) -> Iterator[pa.RecordBatch]:
        for rows in made(Pointed(table)):
            yield from rows.combine_chunks().to_batches()

    def answers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return whole_units(batches, answer, AT_ONCE)

    both = moments.unionByName(seen, allowMissingColumns=True)
    return both.repartition("unit").sortWithinPartitions("unit").mapInArrow(answers, schema)


class Pointed:
    """Points of views, sorted by view and event number; those of unknown views are left out.

    `view` is the place of a point's view among the views, which are in the same order.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        view = combined(*(codes(table[name]) for name in VIEW))
        is_point = ints(table["page_group"].is_null())
        order = np.argsort(combined(view, is_point, ints(table["event_number"])))
        view, is_view = view[order], is_point[order] == 0
        begins = np.append(True, view[1:] != view[:-1])[: len(view)]
        leader = np.maximum.accumulate(np.where(begins, np.arange(len(view)), 0))
        known = ~is_view & is_view[leader]
        self._views, self._rows = order[is_view], order[known]
        self.view: Ints = (np.cumsum(is_view) - 1)[known]
        self.kind = self._ints("kind")

    def __len__(self) -> int:
        """The number of views."""
        return len(self._views)

    @cached_property
    def placed(self) -> Flags:
        """Whether a point has a place."""
        widest, bottom = (self._of_view(name)[self.view] for name in ("width", "document_height"))
        width = self._ints("width", _UNKNOWN)
        width = np.where(width == _UNKNOWN, widest, width)
        x, y = self._ints("x", -1), self._ints("y", -1)
        return is_place(x, y, width, self._ints("page_width"), widest, bottom)

    def click_number(self) -> Ints:
        """Which of the view's clicks it is, from 1; of a move: how many came before."""
        is_click = self.kind != MOVE
        clicks = np.cumsum(is_click)
        begins = np.append(True, self.view[1:] != self.view[:-1])[: len(clicks)]
        return clicks - np.maximum.accumulate(np.where(begins, clicks - is_click, 0))

    def codes(self, *names: str) -> Ints:
        """A number of each view's value of a column, below 0 for null; of several columns: of all of them."""
        found = [codes(self._table[name].take(pa.array(self._views))) for name in names]
        return found[0] if len(found) == 1 else combined(*found)

    def flags(self, name: str) -> Flags:
        """A column of views that is true or not."""
        return self._of_view(name) > 0

    def of_views(self, views: Ints, *names: str) -> dict[str, pa.ChunkedArray]:
        """Columns of some of the views."""
        rows = pa.array(self._views[views])
        return {name: self._table[name].take(rows) for name in names}

    def names(self, name: str) -> Ints:
        """A number of each point's name, one of NAMES; below 0 for none."""
        found: Ints = codes(self._table[name])[self._rows]
        return found

    def named(self, name: str, points: Ints) -> pa.ChunkedArray:
        """These names of some of the points."""
        return self._table[name].take(pa.array(self._rows[points]))

    def _ints(self, name: str, absent: int = 0) -> Ints:
        found: Ints = ints(self._table[name], absent)[self._rows]
        return found

    def _of_view(self, name: str) -> Ints:
        found: Ints = ints(self._table[name])[self._views]
        return found
