"""Maps of pages in plain Python, and small random worlds of views to hold the stage against."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

START = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Kolkata")
"""Half an hour off the hour: 04:00 of the next day."""
CAP_US, GAP_CAP_US = 10_000_000, 30_000_000
Table = dict[tuple[Any, ...], dict[str, Any]]


@dataclass
class View:
    """A view as page_views has it, and its events in order as activity has them."""

    name: str
    page: str
    person: str = "p"
    session: str = ""
    device: str | None = "desktop"
    width: int | None = 1000
    height: int | None = 800
    document: int | None = 3000
    scroll_pct: int | None = None
    left: bool = False
    converted: bool = False
    at: datetime = START
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, after: float, name: str, **more: Any) -> View:
        """An event so many seconds after the one before; itself, to go on."""
        last = self.events[-1]["event_time"] if self.events else self.at
        place = {"session_id": self.session or self.name, "view_id": self.name}
        number = len(self.events) + 1
        self.events.append(
            {
                **place,
                "person_id": self.person,
                "event_number": number,
                "event_time": last + timedelta(microseconds=round(after * 1_000_000)),
                "event_name": name,
                **more,
            }
        )
        return self

    def page_view(self) -> dict[str, Any]:
        """Its row of page_views."""
        return {
            "session_id": self.session or self.name,
            "view_id": self.name,
            "person_id": self.person,
            "page_group": self.page,
            "device_type": self.device,
            "viewport_width": self.width,
            "viewport_height": self.height,
            "document_height": self.document,
            "max_scroll_pct": self.scroll_pct,
            "is_exit": self.left,
            "start_time": self.events[0]["event_time"] if self.events else self.at,
            "end_time": self.events[-1]["event_time"] if self.events else self.at,
        }

    def session_row(self) -> dict[str, Any]:
        """Its session's row."""
        return {"session_id": self.session or self.name, "converted": self.converted}

    @property
    def band(self) -> str | None:
        """Its band of viewport widths."""
        if not self.width:
            return None
        for name, beyond in (("<480", 480), ("480-767", 768), ("768-1279", 1280)):
            if self.width < beyond:
                return name
        return ">=1280"

    @property
    def key(self) -> tuple[Any, ...]:
        """Page, device and day."""
        day = self.page_view()["start_time"].astimezone(ZONE).date()
        return self.page, self.device or "unknown", day


def random_views(seed: int) -> list[View]:
    """Some views of one page, with places good and bad, scrolling, ties and long rests."""
    draw = random.Random(seed)
    views = []
    for number in range(draw.randint(1, 4)):
        document = draw.choice((None, 0, 500, 1999, 3000, 3000))
        height = draw.choice((None, 600, 800, 3100))
        scrolls = bool(document) and height is not None and draw.random() < 0.8
        view = View(
            f"w{seed}v{number}",
            f"/w{seed}",
            person=f"w{seed}p{draw.randrange(2)}",
            device=draw.choice((None, "desktop", "mobile")),
            width=draw.choice((None, 0, 479, 480, 1000, 1279, 1280)),
            height=height,
            document=document,
            left=draw.random() < 0.5,
            converted=draw.random() < 0.3,
            at=START + timedelta(hours=draw.choice((0, 20, -6))),
        )
        deepest = 0
        for _ in range(draw.randint(0, 14)):
            after = draw.choice((0, 0.000001, 0.4, 3, 9.999999, 10, 10.000001, 29, 30, 31, 5000))
            name = draw.choice(("click", "click", "mouse_move", "mouse_move", "scroll", "heartbeat"))
            more: dict[str, Any] = {}
            if name in ("click", "mouse_move"):
                more = {
                    "element": draw.choice((None, _element(draw))),
                    "viewport": draw.choice((None, {"width": draw.choice((0, 480, 1000)), "height": 800})),
                    "document": draw.choice((None, {"width": draw.choice((480, 1400)), "height": 3000})),
                }
            if name == "scroll":
                offset = draw.choice((0, 1, 150, 700, 2200, 9999))
                deepest = max(deepest, offset)
                more = {"scroll_offset": offset}
            view.add(after, name, **more)
        if not view.events:
            view.add(0, "page_view")
        if scrolls and document and height is not None:
            view.scroll_pct = int(100 * min(deepest + height, document) / document + 0.5)
        views.append(view)
    return views


def _element(draw: random.Random) -> dict[str, Any]:
    return {
        "x": draw.choice((None, -1, 0, 5, 299, 479, 480, 999, 1000, 1001, 1400, 1401, 65535)),
        "y": draw.choice((None, -1, 0, 15, 16, 499, 500, 501, 2999, 3000, 3001, 65535)),
        "selector": draw.choice((None, "", "a.buy", "img", "main")),
        "text": draw.choice((None, "  ", " Buy ", "x" * 250)),
        "href": draw.choice((None, "/cart")),
        "interactive": draw.choice((None, True, False)),
    }


def placed(view: View, event: dict[str, Any]) -> tuple[int, int] | None:
    """The bin of a click or move; None where it has no place."""
    element, window = event.get("element") or {}, event.get("viewport")
    x, y = element.get("x"), element.get("y")
    width = window["width"] if window else view.width
    if x is None or y is None or not width or view.band is None or 65535 in (x, y):
        return None
    right = max(width, (event.get("document") or {}).get("width") or 0)
    if x < 0 or y < 0 or x > right or (view.document and y > view.document):
        return None
    return min(x * 100 // width, 99), y // 16


def _us(later: dict[str, Any], earlier: dict[str, Any]) -> int:
    return (later["event_time"] - earlier["event_time"]) // timedelta(microseconds=1)


def _kind(event: dict[str, Any]) -> str:
    if event["event_name"] == "mouse_move":
        return "move"
    return "click_inert" if (event.get("element") or {}).get("interactive") is False else "click"


def _pointed(view: View) -> list[dict[str, Any]]:
    return [event for event in view.events if event["event_name"] in ("click", "mouse_move")]


def heatmaps(views: Iterable[View]) -> Table:
    """Grain -> columns."""
    found: Table = {}
    seen: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for view in views:
        events = _pointed(view)
        for event, after in zip_longest(events, events[1:]):
            place = placed(view, event)
            if place is None:
                continue
            kind = _kind(event)
            page, device, day = view.key
            key = (page, device, view.band, day, kind, *place)
            row = found.setdefault(
                key, {"points": 0, "views": 0, "points_left": 0, "points_converted": 0, "dwell_us": None}
            )
            row["points"] += 1
            row["points_left"] += view.left
            row["points_converted"] += view.converted
            if kind == "move":
                row["dwell_us"] = (row["dwell_us"] or 0) + (min(_us(after, event), CAP_US) if after else 0)
            seen[key].add(view.name)
            row["views"] = len(seen[key])
    return found


def scroll_maps(views: Iterable[View]) -> Table:
    """Grain -> columns."""
    names = ("views", "reached", "attention")
    found: Table = {}
    for view in views:
        if view.scroll_pct is None or view.band is None:
            continue
        assert view.document
        assert view.height is not None
        page, device, day = view.key
        attention = [0] * 20
        offset = 0
        for event, after in zip_longest(view.events, view.events[1:]):
            if event.get("scroll_offset") is not None:
                offset = event["scroll_offset"]
            top = min(max(offset, 0), max(view.document - view.height, 0))
            bottom = min(top + view.height, view.document)
            gap = min(_us(after, event), GAP_CAP_US) if after else 0
            for step in range(20):
                low, high = view.document * step, view.document * (step + 1)  # in twentieths of a px
                if low < 20 * bottom and high > 20 * top:
                    attention[step] += gap
        for step in range(20):
            row = found.setdefault((page, device, view.band, day, 5 * (step + 1)), defaultdict(int))
            values = (1, int(view.scroll_pct >= 5 * (step + 1)), attention[step])
            for name, value in zip(names, values, strict=True):
                unit = "_us" if name == "attention" else ""
                row[f"{name}{unit}"] += value
                row[f"{name}_left{unit}"] += value * view.left
                row[f"{name}_converted{unit}"] += value * view.converted
            row["below_fold"] += view.document * step >= 20 * view.height
    return found


def elements(views: Iterable[View]) -> Table:
    """Grain -> columns."""
    found: Table = {}
    persons: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    names = "clicks views persons inert_clicks first_clicks order_sum views_left views_converted"

    def row_of(key: tuple[Any, ...]) -> dict[str, Any]:
        of_page = 0 if key[3] == "page" else None
        zero = dict.fromkeys((*names.split(), "unplaced_clicks"), 0)
        more = dict.fromkeys(("page_views", "moves", "unplaced_moves"), of_page)
        return found.setdefault(key, {**zero, **more})

    for view in views:
        page = row_of((*view.key, "page", view.page))
        page["page_views"] += 1
        first: dict[tuple[Any, ...], int] = {}
        number = 0
        for event in _pointed(view):
            bad = placed(view, event) is None
            if event["event_name"] == "mouse_move":
                page["moves"] += 1
                page["unplaced_moves"] += bad
                continue
            number += 1
            element = event.get("element") or {}
            named = {
                "page": view.page,
                "selector": element.get("selector"),
                "text": (element.get("text") or "").strip(" ")[:200],
                "link": element.get("href"),
            }
            for by, value in named.items():
                if value:
                    key = (*view.key, by, value)
                    row = row_of(key)
                    row["clicks"] += 1
                    row["inert_clicks"] += _kind(event) == "click_inert"
                    row["unplaced_clicks"] += bad
                    first.setdefault(key, number)
        for key, place in first.items():
            row = row_of(key)
            row["views"] += 1
            persons[key].add(view.person)
            row["persons"] = len(persons[key])
            row["first_clicks"] += place == 1
            row["order_sum"] += place
            row["views_left"] += view.left
            row["views_converted"] += view.converted
    return found
