"""What the pointer did on views: clicks and moves beside their view, as columns of numbers.

1. Views and points come as rows of one frame, a view's number being 0: one shuffle and one sort stand for the
   join, for windows and for a grouping by view. They are sorted by a hash, so as plain numbers.
2. Within Arrow batches that are cut behind what is to be together, a view's row is followed by its points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.batches import whole_units
from trailhouse.questions.groups import Flags, Ints, codes, combined, filled
from trailhouse.questions.map_views import HOW, MAP, VIEW

KINDS = ("move", "click", "click_inert")
MOVE, _, INERT = range(len(KINDS))
SENTINEL = 65_535
"""What some trackers send for a place that they do not know: the greatest number of 16 bits."""
NAMES = ("selector", "text", "link")
TEXT_LENGTH = 200
_UNKNOWN = -(1 << 31)
AT_ONCE = 1 << 18
"""Rows that are added up at once, about: the more, the less is left for the shuffle behind."""


def pointed(
    activity: DataFrame,
    views: DataFrame,
    made: Callable[[Pointed], Iterator[pa.Table]],
    schema: str,
    *,
    together: str = "session_id",
    names: tuple[str, ...] = (),
) -> DataFrame:
    """The rows that `made` gives for clicks and moves and `views_of_people`, some ten thousands at once.

    `together`: session_id, or person_id where all that a person did is to be seen at once, by the person of
    both frames. `names` of NAMES are read, too: null where they are empty.
    """
    is_move = F.col("event_name") == "mouse_move"
    element = F.col("element")
    named = {
        "selector": F.nullif(element["selector"], F.lit("")),
        "text": F.nullif(F.substring(F.trim(element["text"]), 1, TEXT_LENGTH), F.lit("")),
        "link": F.nullif(element["href"], F.lit("")),
    }
    unit = F.xxhash64(together).alias("unit")
    points = activity.where(F.col("event_name").isin("click", "mouse_move"))
    points = points.where("session_id IS NOT NULL AND view_id IS NOT NULL").select(
        unit,
        *VIEW,
        F.col("event_number").alias("number"),
        F.unix_micros("event_time").alias("t"),
        F.when(is_move, 0).when(~element["interactive"], 2).otherwise(1).alias("kind"),
        element["x"].alias("x"),
        element["y"].alias("y"),
        F.col("viewport.width").alias("width"),
        F.col("document.width").alias("page_width"),
        *(F.when(~is_move, named[name]).alias(name) for name in names),
    )
    seen = views.select(
        unit,
        *VIEW,
        F.lit(0).alias("number"),
        "person_id",
        *MAP,
        "viewport_width",
        "document_height",
        *HOW,
    )

    def answer(table: pa.Table) -> Iterator[pa.RecordBatch]:
        for rows in made(Pointed(table)):
            yield from rows.combine_chunks().to_batches()

    def answers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return whole_units(batches, answer, AT_ONCE)

    both = points.unionByName(seen, allowMissingColumns=True)
    return both.repartition("unit").sortWithinPartitions("unit").mapInArrow(answers, schema)


class Pointed:
    """Points of views, sorted by view and event number; those of unknown views are left out.

    `view` is the place of a point's view among the views, which are in the same order. A place on the page is
    none when it is missing, negative, 65535, beyond the page's lower edge, or to the right of both the
    viewport and the page; and where the viewport has no width. What lies to the right of the viewport on a
    wider page is a place.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        view = combined(*(codes(table[name]) for name in VIEW))
        number = table["number"].to_numpy().astype(np.int64)
        order = np.argsort(combined(view, number))
        view, is_view = view[order], number[order] == 0
        begins = np.append(True, view[1:] != view[:-1])[: len(view)]
        leader = np.maximum.accumulate(np.where(begins, np.arange(len(view)), 0))
        is_point = ~is_view & is_view[leader]
        self._views, self._rows = order[is_view], order[is_point]
        self.view: Ints = (np.cumsum(is_view) - 1)[is_point]
        self.kind = self._ints("kind")
        self.x, self.y = self._ints("x", -1), self._ints("y", -1)
        width = self._ints("width", _UNKNOWN)
        self.width = np.where(width == _UNKNOWN, self._of_view("viewport_width")[self.view], width)

    def __len__(self) -> int:
        """The number of views."""
        return len(self._views)

    @cached_property
    def placed(self) -> Flags:
        """Whether a point's place is one."""
        right = np.maximum(self.width, self._ints("page_width"))
        bottom = self._of_view("document_height")[self.view]
        known: Flags = (self.codes("viewport_band") > 0)[self.view] & (self.width > 0)
        across: Flags = (self.x >= 0) & (self.x <= right) & (self.x != SENTINEL)
        down: Flags = (self.y >= 0) & ((bottom <= 0) | (self.y <= bottom)) & (self.y != SENTINEL)
        return known & across & down

    def rest(self, cap_us: int) -> Ints:
        """Microseconds from a point until the view's next one, at most `cap_us`; 0 for the last."""
        t = self._ints("t")
        return np.where(self._goes_on(), np.minimum(np.diff(t, append=0), cap_us), 0)

    def click_number(self) -> Ints:
        """Which of the view's clicks it is, from 1; of a move: how many came before."""
        clicks = np.cumsum(self.kind != MOVE)
        begins = np.append(True, ~self._goes_on()[:-1])[: len(clicks)]
        before = np.where(begins, clicks - (self.kind != MOVE), 0)
        return clicks - np.maximum.accumulate(before)

    def codes(self, *names: str) -> Ints:
        """A number of each view's value of a column, 0 for null; of several columns: of all together."""
        return combined(*(codes(self._table[name].take(pa.array(self._views))) for name in names))

    def flags(self, name: str) -> Flags:
        """A column of views that is true or not."""
        return self._of_view(name) > 0

    def of_views(self, views: Ints, *names: str) -> dict[str, pa.ChunkedArray]:
        """Columns of some of the views."""
        rows = pa.array(self._views[views])
        return {name: self._table[name].take(rows) for name in names}

    def names(self, name: str) -> Ints:
        """A number of each point's name, one of NAMES; 0 for none."""
        found: Ints = codes(self._table[name])[self._rows]
        return found

    def named(self, name: str, points: Ints) -> pa.ChunkedArray:
        """These names of some of the points."""
        return self._table[name].take(pa.array(self._rows[points]))

    def _goes_on(self) -> Flags:
        return np.append(self.view[1:] == self.view[:-1], False)[: len(self.view)]

    def _ints(self, name: str, absent: int = 0) -> Ints:
        found: Ints = filled(self._table[name], absent)[self._rows]
        return found

    def _of_view(self, name: str) -> Ints:
        found: Ints = filled(self._table[name])[self._views]
        return found
