"""Elements of pages by what was clicked: selector, text, exact link; and the page as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.arrays import Flags, Groups, Ints, combined
from trailhouse.questions.map_views import PAGE
from trailhouse.questions.pointed import NAMES, Pointed, pointed
from trailhouse.questions.pointer import INERT, MOVE

_OF_PAGE = ("page_views", "moves", "unplaced_moves")
_COUNTS = ("clicks", "inert_clicks", "unplaced_clicks")
_VIEWS = ("views", "persons", "first_clicks", "order_sum", "views_left", "views_converted")
_SCHEMA = "page_group STRING, device_type STRING, day DATE, named_by STRING, element STRING, " + ", ".join(
    f"{name} BIGINT" for name in (*_OF_PAGE, *_COUNTS, *_VIEWS)
)


def clicked_elements(activity: DataFrame, views: DataFrame) -> DataFrame:
    """Rows of `elements` from activity and `views_of_people`, both with the same person.

    A click counts for its selector, for its text and for its link, where it has them, and for the page; a
    page without a click has its row, too.
    """
    found = pointed(activity, views, _clicked, _SCHEMA)
    of_page = F.col("named_by") == "page"

    def page_alone(name: str) -> Column:
        return F.when(of_page, F.sum(name)).alias(name)

    return found.groupBy(*PAGE, "named_by", "element").agg(
        *(page_alone(name) for name in _OF_PAGE),
        *(F.sum(name).alias(name) for name in (*_COUNTS, *_VIEWS)),
    )


def _clicked(seen: Pointed) -> Iterator[pa.Table]:
    """The pages and elements of some persons' views."""
    is_click, unplaced, number = seen.kind != MOVE, ~seen.placed, seen.click_number()
    inert, every, page = seen.kind == INERT, np.arange(len(seen)), seen.codes(*PAGE)

    def points(which: Flags) -> Ints:
        return np.bincount(seen.view[which], minlength=len(seen))

    moves = {
        "page_views": np.ones(len(seen), dtype=np.int64),
        "moves": points(~is_click),
        "unplaced_moves": points(~is_click & unplaced),
    }
    clicks = {
        "clicks": points(is_click),
        "inert_clicks": points(inert),
        "unplaced_clicks": points(is_click & unplaced),
    }
    told = _Told(seen, Groups(page), every, np.minimum(clicks["clicks"], 1))
    yield told.table("page", seen.of_views(told.some_view, "page_group")["page_group"], moves | clicks)
    for by in NAMES:
        names = seen.names(by)
        named = np.flatnonzero(is_click & (names >= 0))
        of_view = Groups(combined(seen.view[named], names[named]))
        first = named[of_view.some_row]
        view = seen.view[first]
        told = _Told(seen, Groups(combined(page[view], names[first])), view, of_view.least(number[named]))
        # Persons add up: whom one batch counts no other does.
        counts = {
            "clicks": of_view.counts(),
            "inert_clicks": of_view.sums(inert[named]),
            "unplaced_clicks": of_view.sums(unplaced[named]),
        }
        yield told.table(by, seen.named(by, first[told.elements.some_row]), counts)


@dataclass(frozen=True)
class _Told:
    """What views say of the elements that were clicked on them, a row a view and element.

    `place`: which of the view's clicks was the first on it; 0: it was not clicked.
    """

    seen: Pointed
    elements: Groups
    view: Ints
    place: Ints

    @property
    def some_view(self) -> Ints:
        """Of each element a view."""
        return self.view[self.elements.some_row]

    def table(self, by: str, element: pa.ChunkedArray, counts: Mapping[str, Ints]) -> pa.Table:
        """A row an element; `counts` are by row, and those that are not given none."""
        seen, sums, clicked = self.seen, self.elements.sums, self.place > 0
        none = np.zeros(len(self.elements), dtype=np.int64)
        return pa.table(
            {
                **seen.of_views(self.some_view, *PAGE),
                "named_by": pa.repeat(by, len(self.elements)),
                "element": element,
                **{name: sums(counts[name]) if name in counts else none for name in (*_OF_PAGE, *_COUNTS)},
                "views": sums(clicked),
                "persons": self.elements.distinct(np.where(clicked, seen.codes("person_id")[self.view], -1)),
                "first_clicks": sums(self.place == 1),
                "order_sum": sums(self.place),
                "views_left": sums(clicked & seen.flags("left")[self.view]),
                "views_converted": sums(clicked & seen.flags("converted")[self.view]),
            }
        )
