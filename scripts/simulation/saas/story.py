"""Many visits walked in step: an episode opens pages, clicks and tells events for all of its visits at once.

An `Episode` stands for n visits that do the same thing. Each has its own clock (ms since the episode
began); `where` (a mask of n) says whom an action concerns, all if it is left out. `Story` collects them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..kinds import KIND
from ..rows import Bools, Floats, Ints
from .app import SITE

_ELEMENT = {
    selector: np.array([SITE.element_id.get((t.name, selector), -1) for t in SITE.templates])
    for selector in sorted({e.selector for e in SITE.elements})
}


@dataclass
class Blocks:
    """Columns under construction, in blocks of rows."""

    names: tuple[str, ...]
    parts: list[tuple[Ints, ...]] = field(default_factory=list)

    def add(self, size: int, *values: int | Ints | Bools) -> None:
        """A block of `size` rows; a number stands for a column of it."""
        self.parts.append(tuple(np.broadcast_to(np.asarray(v, np.int64), (size,)) for v in values))

    def columns(self) -> dict[str, Ints]:
        """All blocks as one column a name."""
        return {name: np.concatenate([part[k] for part in self.parts]) for k, name in enumerate(self.names)}


class Story:
    """All that happens, before it has times: episodes, views and events as columns."""

    def __init__(self, rng: np.random.Generator, layout: Ints, screen: Ints) -> None:
        self.rng, self.layout, self.screen = rng, layout, screen
        """Layout and height of the screen (px), by visit."""
        self.episodes = Blocks(("visit", "place", "length"))
        self.views = Blocks(("episode", "at", "template", "address", "navigation", "referrer", "roams"))
        self.events = Blocks(("episode", "at", "view", "kind", "x", "y", "element", "text"))
        self.logins = Blocks(("episode", "at"))
        self.attempts = Blocks(("episode", "task", "start", "end", "completed", "detour", "returned"))
        """At tasks; `detour` is the place that people went to, -1 = they stayed on the way."""
        self.counts: dict[str, list[int]] = {}
        """Name of a share -> [hits, of how many], as realised."""
        self.sums: dict[str, list[float]] = {}
        """Name of a mean -> [sum, of how many]."""
        self.texts: list[str] = []
        self.addresses: list[tuple[str, str, str]] = []
        """(path, query string, title)"""
        self.landings: list[tuple[str, str]] = []
        """(referrer, campaign) of views that came from elsewhere."""
        self._known: dict[str, int] = {}
        self._places: dict[tuple[str, str, str], int] = {}
        self._episodes = self._views = 0

    def episode(self, visits: Ints, place: int) -> Episode:
        """An episode of these visits; within a visit episodes follow each other by `place`."""
        first, self._episodes = self._episodes, self._episodes + len(visits)
        return Episode(self, visits, place, np.arange(first, self._episodes))

    def new_views(self, size: int) -> Ints:
        """Numbers of `size` more views."""
        first, self._views = self._views, self._views + size
        return np.arange(first, self._views)

    def text(self, tails: str | Sequence[str], size: int) -> Ints:
        """Numbers of what follows the context of `size` messages: one tail for all, or one each."""
        if isinstance(tails, str):
            if tails not in self._known:
                self._known[tails] = len(self.texts)
                self.texts.append(tails)
            return np.full(size, self._known[tails])
        first = len(self.texts)
        self.texts.extend(tails)
        return np.arange(first, len(self.texts))

    def count(self, name: str, hits: Bools, among: Bools | None = None) -> None:
        """Add to the share of this name: so many hits among so many (all, if left out)."""
        of = np.ones(len(hits), bool) if among is None else among
        total = self.counts.setdefault(name, [0, 0])
        total[0] += int((hits & of).sum())
        total[1] += int(of.sum())

    def add(self, name: str, values: Floats) -> None:
        """Add to the mean of this name."""
        total = self.sums.setdefault(name, [0.0, 0])
        total[0] += float(values.sum())
        total[1] += len(values)

    def address(self, path: str, search: str, title: str) -> int:
        """Number of an address."""
        key = (path, search, title)
        if key not in self._places:
            self._places[key] = len(self.addresses)
            self.addresses.append(key)
        return self._places[key]


class Episode:
    """n visits that do the same thing, each by its own clock `t`."""

    def __init__(self, story: Story, visits: Ints, place: int, numbers: Ints) -> None:
        self.story, self.visits, self.place, self.numbers = story, visits, place, numbers
        self.rng, self.layout = story.rng, story.layout[visits]
        self.t = np.zeros(len(visits), np.int64)
        self.view = np.full(len(visits), -1)
        self.template = np.full(len(visits), -1)

    def __len__(self) -> int:
        return len(self.visits)

    def _rows(self, where: Bools | None) -> Ints:
        return np.arange(len(self)) if where is None else np.flatnonzero(where)

    def chance(self, share: float | Floats) -> Bools:
        """A mask that holds for each with this probability."""
        return np.asarray(self.rng.random(len(self)) < share)

    def wait(self, low: float, high: float, where: Bools | None = None) -> None:
        """Let `low` to `high` seconds pass."""
        rows = self._rows(where)
        self.t[rows] += (1000 * self.rng.uniform(low, high, len(rows))).astype(np.int64)

    def spend(self, ms: Ints, where: Bools | None = None) -> None:
        """Let so many ms pass, by visit."""
        rows = self._rows(where)
        self.t[rows] += ms[rows]

    def open(
        self,
        template: str,
        path: str | Sequence[str] = "",
        search: str | Sequence[str] = "",
        where: Bools | None = None,
        back: bool = False,
        landing: Ints | None = None,
        roams: bool = True,
    ) -> None:
        """A page; path and query string for all or by visit, `landing` by visit.

        On a page that `roams` is true of, people scroll and move the pointer freely.
        """
        rows = self._rows(where)
        story, size = self.story, len(rows)
        self.wait(0.1, 0.4, where)
        paths = [path or f"/{template}"] * size if isinstance(path, str) else [path[i] for i in rows]
        queries = [search] * size if isinstance(search, str) else [search[i] for i in rows]
        title = template.split("-")[0].capitalize()
        places = [story.address(p, q, title) for p, q in zip(paths, queries, strict=True)]
        self.view[rows] = story.new_views(size)
        self.template[rows] = SITE.template_id[template]
        story.views.add(
            size,
            self.numbers[rows],
            self.t[rows],
            self.template[rows],
            np.array(places, np.int64),
            int(back),
            -1 if landing is None else landing[rows],
            int(roams),
        )
        self.t[rows] += 40

    def tell(
        self, kind: str, properties: str | Sequence[str] = "", wait: int = 150, where: Bools | None = None
    ) -> None:
        """An event, with inner JSON as its properties, for all or by visit."""
        if isinstance(properties, str):
            self.say(kind, f',"properties":{{{properties}}}', wait, where)
        else:
            self.say(kind, [f',"properties":{{{one}}}' for one in properties], wait, where)

    def say(self, kind: str, tails: str | Sequence[str], wait: int = 150, where: Bools | None = None) -> None:
        """A message, with all that follows its context, for all or by visit."""
        rows = self._rows(where)
        chosen = tails if isinstance(tails, str) else [tails[i] for i in rows]
        self.t[rows] += wait
        self._event(rows, KIND[kind], text=self.story.text(chosen, len(rows)))

    def scroll(self, offset: int | Ints, where: Bools | None = None) -> None:
        """Scroll to `offset` px from the top."""
        rows = self._rows(where)
        self.t[rows] += 200
        self._event(rows, KIND["scroll"], y=np.broadcast_to(offset, len(self))[rows])

    def click(self, selector: str, where: Bools | None = None, reacts: bool = True, wait: int = 0) -> None:
        """A click in the element's box, after a moment (or `wait` ms); what reacts changes the page."""
        rows = self._rows(where)
        self.t[rows] += wait or self.rng.integers(1600, 3200, len(rows))
        element, x, y = self._place(rows, selector)
        self._event(rows, KIND["click"], x=x, y=y, element=element)
        if reacts:
            self.t[rows] += 60
            self._event(rows, KIND["mutation"])

    def rage(self, selector: str, clicks: int, where: Bools) -> None:
        """Clicks at one place, each 300 ms after the one before, that change nothing."""
        rows = self._rows(where)
        element, x, y = self._place(rows, selector)
        for _ in range(clicks):
            self.t[rows] += 300
            self._event(rows, KIND["click"], x=x, y=y, element=element)

    def hover(self, selector: str, seconds: float, where: Bools | None = None) -> None:
        """Let the pointer rest on an element (where people have a mouse)."""
        mouse = self.layout != 2
        mouse = mouse if where is None else mouse & where
        rows = self._rows(mouse)
        self.t[rows] += 300
        _, x, y = self._place(rows, selector)
        self._event(rows, KIND["mouse_move"], x=x, y=y)
        self.t[rows] += int(1000 * seconds)

    def box(self, selector: str) -> Ints:
        """(n, 4): the element's box, by visit."""
        element = _ELEMENT[selector][self.template]
        boxes: Ints = SITE.boxes[self.layout, element].astype(np.int64)
        return boxes

    def close(self) -> None:
        """The episode ends; after a pause the visit goes on, or is over."""
        self.wait(2, 6)
        self.story.episodes.add(len(self), self.visits, self.place, self.t.copy())

    def attempt(
        self, task: int, start: Ints, completed: Bools, detour: int | Ints = -1, returned: Bools | int = 0
    ) -> None:
        """Write down an attempt at a task by each visit, from `start` to now."""
        begun = start.copy()
        self.story.attempts.add(
            len(self), self.numbers, task, begun, self.t.copy(), completed, detour, returned
        )

    def signed_in(self) -> None:
        """From now on messages carry the user id."""
        self.story.logins.add(len(self), self.numbers, self.t.copy())

    def _place(self, rows: Ints, selector: str) -> tuple[Ints, Ints, Ints]:
        element = _ELEMENT[selector][self.template[rows]]
        if (element < 0).any():
            raise KeyError(f"a page here has no element {selector}")
        box = SITE.boxes[self.layout[rows], element].astype(np.int64)
        x = box[:, 0] + (self.rng.random(len(rows)) * box[:, 2]).astype(np.int64)
        y = box[:, 1] + (self.rng.random(len(rows)) * box[:, 3]).astype(np.int64)
        return element, x, y

    def _event(
        self,
        rows: Ints,
        kind: int,
        x: int | Ints = 0,
        y: int | Ints = 0,
        element: int | Ints = 0,
        text: int | Ints = -1,
    ) -> None:
        self.story.events.add(
            len(rows), self.numbers[rows], self.t[rows], self.view[rows], kind, x, y, element, text
        )
