"""What views tell: pages left again at once, reloads, and views that open beside others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trailhouse.arrays import Flags, Ints, codes, flags, ints, known
from trailhouse.columns import micros
from trailhouse.questions.ranges import Timeline
from trailhouse.settings import Signals
from trailhouse.signals.bursts import Things, bursts
from trailhouse.signals.chosen import Chosen, chosen
from trailhouse.signals.world import NEVER, Found, World, part

_OfViews = tuple[Chosen, Ints, Ints, Ints | int]
"""A preset, the views that hold its signals, when these end, and their sizes."""
_TOLD = (
    "anonymous_id",
    "tab_id",
    "number",
    "ends_at",
    "path",
    "navigation",
    "unclicked",
    "opened",
    "form_outcome",
)
_EVENTS = ("click", "error", "selection", "form", "answer")
"""What a view's signal may name as its first event."""


class Views:
    """The rows of `page_views` in a world, tab by tab and each in its order.

    Texts are numbers, -1 where there is none: `device`, `tab`, `path`.
    """

    def __init__(self, world: World) -> None:
        rows = world.rows("view")
        told = {name: part(world.table, f"view.{name}", rows) for name in _TOLD}
        device, tab = codes(told["anonymous_id"]), codes(told["tab_id"])
        order = np.lexsort((ints(told["number"]), world.at[rows], tab, device, world.unit[rows]))
        told = {name: column.take(pa.array(order)) for name, column in told.items()}
        self.world, self.rows, self.device, self.tab = world, rows[order], device[order], tab[order]
        self.unit, self.start, self.end = world.unit[self.rows], world.at[self.rows], ints(told["ends_at"])
        self.path, self.navigation = codes(told["path"]), told["navigation"]
        self.unclicked, self.opened = flags(told["unclicked"]), flags(told["opened"])
        self.form_outcome = told["form_outcome"]
        begins = (np.diff(self.unit) != 0) | (np.diff(self.device) != 0) | (np.diff(self.tab) != 0)
        self.line = np.append(0, np.cumsum(begins))[: len(self.rows)]

    def before(self, values: NDArray[Any], otherwise: int = -1) -> NDArray[Any]:
        """Of the view before in its tab; `otherwise` where there is none."""
        found = np.full_like(values, otherwise)
        found[1:] = np.where(self.line[1:] == self.line[:-1], values[:-1], found[1:])
        return found

    def after(self, values: NDArray[Any], otherwise: int = -1) -> NDArray[Any]:
        """Of the view after it in its tab; `otherwise` where there is none."""
        found = np.full_like(values, otherwise)
        found[:-1] = np.where(self.line[1:] == self.line[:-1], values[1:], found[:-1])
        return found

    def idle(self) -> Flags:
        """Nothing was clicked, put in or scrolled there."""
        column = self.world.table["scroll_offset"].combine_chunks()
        scrolls = np.flatnonzero(known(column))
        furthest = np.full(self.world.views, -NEVER)
        np.maximum.at(furthest, self.world.view[scrolls], ints(column)[scrolls])
        unmoved = np.isin(furthest, (0, -NEVER))[self.world.view[self.rows]]
        return self.unclicked & unmoved & ~known(self.form_outcome)

    def opened_beside(self, rows: Ints) -> Ints:
        """When another view opens on the device of a row's view, at the row's time or later; else NEVER.

        Where a device's id is not told, as some trackers leave it out after a log-in, being in one tab
        stands in for it.
        """
        world = self.world
        if not len(self.rows):
            return np.full(len(rows), NEVER)
        view_of = np.full(world.views, -1, dtype=np.int64)
        view_of[world.view[self.rows]] = np.arange(len(self.rows))
        own = view_of[world.view[rows]]
        found = np.full(len(rows), NEVER)
        every, nameless = np.ones(len(self.rows), dtype=bool), self.device < 0
        in_tab = self.tab >= 0
        for asking, key, among in (
            (every, self.device, every),
            (in_tab & nameless, self.tab, in_tab),
            (in_tab & ~nameless, self.tab, in_tab & nameless),
        ):
            asked = np.flatnonzero((own >= 0) & asking[own])
            at = self._next_opened(own[asked], world.at[rows[asked]], key, among)
            found[asked] = np.minimum(found[asked], at)
        return found

    def _next_opened(self, views: Ints, at: Ints, key: Ints, among: Flags) -> Ints:
        """When the next of some views opens that has a view's unit and key, and is another one."""
        opened = np.flatnonzero(among & self.opened)
        if not len(opened):
            return np.full(len(views), NEVER)
        place = self.unit * (key.max() + 2) + key + 1
        opened = opened[np.lexsort((self.start[opened], place[opened]))]
        line = Timeline(place[opened], self.start[opened], np.arange(len(opened)))
        found = line.first_from(place[views], at)
        opened = np.append(opened, -1)
        found += opened[found] == views
        there = opened[found]
        same = (there >= 0) & (place[there] == place[views])
        return np.where(same, self.start[there], NEVER)


def find(world: World, views: Views, settings: Signals) -> Iterator[Found]:
    """The signals of views; each names its view's first event, so that one without any has none."""
    event = world.first_of_view(*_EVENTS)[world.view[views.rows]]
    for one, first, end, size in (*_left_again(world, views, settings), *_refreshes(views, settings)):
        named = event[first] >= 0
        place, end = first[named], end[named]
        size = np.broadcast_to(size, len(first))[named]
        yield Found(one, views.rows[place], event[place], views.start[place], end, size)


def _left_again(world: World, views: Views, settings: Signals) -> Iterator[_OfViews]:
    """U-turns and quick backs: a page that did not last, in the order A, B, A' of a tab's views."""
    path, before, after = views.path, views.before(views.path), views.after(views.path)
    link, back = (flags(pc.equal(views.navigation, name)) for name in ("link", "back_forward"))
    left_by_back, told = views.after(back, False), views.after(known(views.navigation), False)
    left_at = views.after(views.start, NEVER)
    lasted = left_at - views.start
    # A' shows A's path and B another.
    returns = (after == before) & (path != before) & (path >= 0) & (before >= 0) & (left_by_back | ~told)
    for one in chosen(settings, "u_turn"):
        quick = lasted <= (micros(settings.u_turn_seconds) if one.rule.ms is None else one.rule.ms * 1000)
        still = views.idle() if one.rule.still else True
        place = np.flatnonzero(returns & quick & still)
        yield one, place, left_at[place], 2
    for one in chosen(settings, "quick_back"):
        place = np.flatnonzero(link & left_by_back & (lasted <= one.rule.ms * 1000))
        yield one, place, left_at[place], 2


def _refreshes(views: Views, settings: Signals) -> Iterator[_OfViews]:
    same = views.path == views.before(views.path)
    reloaded = same & flags(pc.equal(views.navigation, "reload"))
    things = Things(views.line, views.start, reloaded)
    for one in chosen(settings, "rapid_refresh"):
        first, last = bursts(things, one.rule)
        yield one, first, views.start[last], last - first + 1
