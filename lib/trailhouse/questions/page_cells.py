"""What sessions did on pages, added up by page, device, channel and week: numpy over Arrow batches.

Views, and the signals that happened on them, come as rows of one frame, those of a person together: one
shuffle stands for the join of the two, for the grouping by session, and for distinct persons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType, LongType, StringType, StructField, StructType

from trailhouse.arrays import Groups, Ints, codes, combined, ints, whole_units

CELL = ("page_group", "device_type", "channel", "week")
SUMS = (
    "views",
    "sessions",
    "entries",
    "exits",
    "bounces",
    "dwell_us",
    "engaged_us",
    "scrolled_views",
    "scroll_pct",
    "friction_sessions",
)
PERSONS = {
    "persons_here": ("page_group", "device_type", "week"),
    "persons_of_device": ("page_group", "device_type"),
    "persons_of_week": ("page_group", "week"),
    "persons_in_all": ("page_group",),
}
"""Each person is counted in one of the cells that make up the page, and its device and week, or not."""
LISTS = {"dwells": "dwell_us", "depths": "max_scroll_pct"}
AT_ONCE = 1 << 18
"""Rows that are added up at once, about: the more, the less is left for the shuffle behind."""


@dataclass(frozen=True)
class Cells:
    """Cells of pages: `kinds` of signals are bits of a number, in order; `struggles` those of friction."""

    kinds: tuple[str, ...]
    struggles: int

    def of(self, seen: DataFrame) -> DataFrame:
        """A row a cell and some persons: SUMS, `<kind>_sessions` (null: none was judged), PERSONS, LISTS.

        `seen` has views and signals (page_group null) with session_id, view_id, person_id, device_type,
        channel, week, is_bounce and `judged`, the kinds that the session could be judged by; of views
        dwell_us, engaged_us, max_scroll_pct, is_entry and is_exit; of signals `told`, their kinds.
        """
        unit = seen.withColumn("unit", F.xxhash64("person_id"))
        ordered = unit.repartition("unit").sortWithinPartitions("unit")
        return ordered.mapInArrow(lambda batches: self(batches), self.schema)

    @property
    def schema(self) -> StructType:
        """Lists hold no nulls: Spark then sorts them as plain numbers."""
        counts = (*SUMS, *self.by_kind, *PERSONS)
        lists = zip(LISTS, (LongType(), IntegerType()), strict=True)
        return StructType(
            [
                *(StructField(name, StringType()) for name in CELL),
                *(StructField(name, LongType()) for name in counts),
                *(StructField(name, ArrayType(kind, containsNull=False)) for name, kind in lists),
            ]
        )

    @property
    def by_kind(self) -> Sequence[str]:
        """The columns that count sessions with a kind."""
        return [f"{kind}_sessions" for kind in self.kinds]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow."""
        return whole_units(batches, self._answer, AT_ONCE)

    def _answer(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        of_view = Groups(combined(codes(table["session_id"]), codes(table["view_id"])))
        told = of_view.either(ints(table["told"]))[of_view.of_row]
        is_view = table["page_group"].is_valid()
        yield from self._cells(table.filter(is_view), told[ints(is_view) > 0]).to_batches()

    def _cells(self, views: pa.Table, told: Ints) -> pa.Table:
        entry, bounce = (ints(views[name]) for name in ("is_entry", "is_bounce"))
        page = codes(views["page_group"])
        # A row a session and page ...
        pairs = Groups(combined(codes(views["session_id"]), page))
        some = pairs.some_row
        person = codes(views["person_id"])[some]
        keys = {name: codes(views[name])[some] for name in CELL}
        # ... and then a row a cell.
        cells = Groups(combined(*keys.values()))
        told, judged = pairs.either(told), ints(views["judged"])[some]

        def either(flags: Ints) -> Ints:
            return cells.sums(pairs.either(flags))

        def total(name: str) -> Ints:
            return cells.sums(pairs.sums(ints(views[name])))

        sums = (
            cells.sums(pairs.counts()),
            cells.counts(),
            either(entry),
            either(ints(views["is_exit"])),
            either(entry & bounce),
            total("dwell_us"),
            total("engaged_us"),
            cells.sums(pairs.sums(ints(views["max_scroll_pct"].is_valid()))),
            total("max_scroll_pct"),
            cells.sums(told & self.struggles != 0),
        )
        made = {name: views[name].take(pa.array(some[cells.some_row])) for name in CELL}
        made |= dict(zip(SUMS, map(pa.array, sums), strict=True))
        for place, name in enumerate(self.by_kind):
            bit = judged >> place & 1
            made[name] = pa.array(cells.sums(bit & told >> place), mask=cells.sums(bit) == 0)
        for name, by in PERSONS.items():
            once = Groups(combined(person, *(keys[key] for key in by)))
            made[name] = pa.array(np.bincount(cells.of_row[once.some_row], minlength=len(cells)))
        views_of = Groups(cells.of_row[pairs.of_row])
        for name, of in LISTS.items():
            made[name] = views_of.lists(views[of])
        return pa.table(made).combine_chunks()
