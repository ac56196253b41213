"""The maps of pages as template and script need them: sizes, places, depths and elements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trailhouse.report import text
from trailhouse.report.text import Row

Frames = Mapping[str, pd.DataFrame]
Screenshots = Mapping[tuple[str, str | None], str]
"""(page group, device type; None: any) -> data URI."""

CELL = ("x_bin", "y_bin", "points", "points_early", "points_left", "points_converted")
PARTS = ("", "_early", "_left", "_converted")
_WIDTHS = {"mobile": 390, "tablet": 820}
_Y_BIN_PX = 16
_SPOTS = 5
_TOLD = (25, 50, 75, 100)
_OUTCOMES = (
    ("Left after it", "left", False),
    ("Stayed", "left", True),
    ("Session converted", "converted", False),
    ("Did not", "converted", True),
    ("Task done", "done", False),
    ("Task failed", "failed", False),
)
"""What views are told apart by: its name, its column, and whether all others are meant; where it is known."""


def maps(frames: Frames, screenshots: Screenshots | None = None) -> Row:
    """Maps of the most clicked pages, the most clicked page first.

    A map: page, device, sizes in CSS px, views, clicks and moves (flat: CELL, and inert clicks or ms of
    rest), depths (a row a 5 %: views, reached, attention ms by part), what to say of it in words. A page
    is drawn as tall as its median document, or to where 99 % of its shown clicks lie.
    """
    shots = screenshots or {}
    sizes = {(row["page_group"], row["device_type"]): row for row in text.rows_of(frames, "map_pages")}
    cells, depths = _by_map(frames, "map_cells"), _by_map(frames, "map_scroll")
    used: list[str] = []
    found = []
    for key in dict.fromkeys((*cells, *depths)):
        shot = shots.get(key) or shots.get((key[0], None))
        if shot and shot not in used:
            used.append(shot)
        drawn = _map(key, sizes.get(key, {}), cells.get(key, []), depths.get(key, []))
        found.append({**drawn, "shot": used.index(shot) if shot else None})
    clicks: dict[str, int] = defaultdict(int)
    for one in found:
        clicks[one["page"]] += one["totals"]["click"][0]
    found.sort(
        key=lambda one: (
            -clicks[one["page"]],
            str(one["page"]),
            -one["totals"]["click"][0],
            str(one["device"]),
        )
    )
    pages = list(dict.fromkeys(one["page"] for one in found))
    days = [rows[0]["split_day"] for rows in cells.values()]
    return {
        "maps": found,
        "pages": pages,
        "shots": used,
        "split_day": text.day(days[0]) if days else None,
        "elements": _elements(text.rows_of(frames, "map_elements"), pages),
        "key": _key_elements(text.rows_of(frames, "key_elements")),
        "told": _TOLD,
    }


def _by_map(frames: Frames, name: str) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in text.rows_of(frames, name):
        found[row["page_group"], row["device_type"]].append(row)
    return found


def _map(key: tuple[str, str], size: Row, cells: Sequence[Row], depths: Sequence[Row]) -> Row:
    clicks = [row for row in cells if row["layer"] == "click"]
    moves = [row for row in cells if row["layer"] == "move"]
    return {
        "page": key[0],
        "device": key[1],
        "width": size.get("viewport_width") or _WIDTHS.get(str(key[1]), 1366),
        "height": max(size.get("document_height") or 0, _lowest(clicks or moves), 400),
        "fold": size.get("viewport_height"),
        "views": size.get("views"),
        "totals": {"click": _totals(clicks), "move": _totals(moves)},
        "click": [int(row[name]) for row in clicks for name in (*CELL, "inert")],
        "move": [value for row in moves for value in (*_whole(row, CELL), int(row["dwell_us"]) // 1000)],
        "depths": [
            [int(row["depth"])]
            + [
                int(row[f"{name}{part}"]) // (1000 if name == "attention" else 1)
                for name in ("views", "reached", "attention")
                for part in PARTS
            ]
            for row in depths
        ],
        "below": text.ratio(
            sum(int(row["below_fold"]) for row in depths), sum(int(row["views"]) for row in depths)
        ),
        "reached": {
            int(row["depth"]): text.ratio(row["reached"], row["views"])
            for row in depths
            if int(row["depth"]) in _TOLD
        },
        "spots": _spots(clicks),
    }


def _whole(row: Row, names: Sequence[str]) -> list[int]:
    return [int(row[name]) for name in names]


def _totals(cells: Sequence[Row]) -> list[int]:
    """Points of the whole layer by part, those of places that are not drawn among them."""
    return _whole(cells[0], [f"all_points{part}" for part in PARTS]) if cells else [0] * len(PARTS)


def _lowest(cells: Sequence[Row]) -> int:
    budget = sum(int(cell["points"]) for cell in cells) * 0.01
    for cell in sorted(cells, key=lambda cell: -int(cell["y_bin"])):
        budget -= int(cell["points"])
        if budget < 0:
            return (int(cell["y_bin"]) + 2) * _Y_BIN_PX
    return 0


def _spots(clicks: Sequence[Row]) -> list[Row]:
    """The most clicked places, for those who cannot see the map."""
    most = sorted(clicks, key=lambda row: (-int(row["points"]), int(row["y_bin"]), int(row["x_bin"])))
    return [
        {
            "x": int(row["x_bin"]),
            "y": int(row["y_bin"]) * _Y_BIN_PX,
            "clicks": int(row["points"]),
            "inert": int(row["inert"]),
        }
        for row in most[:_SPOTS]
    ]


def _elements(rows: Sequence[Row], pages: Sequence[str]) -> list[Row]:
    """A page: name, its own row, and lists of elements by what they are told by, each with its rates."""
    by_page: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_page[row["page_group"]].append(row)
    found = []
    for page in pages:
        whole: dict[str, Any] = next((row for row in by_page[page] if row["named_by"] == "page"), {})
        rated = [
            {
                **row,
                "share": text.ratio(row["views"], whole.get("page_views")),
                "first_share": text.ratio(row["first_clicks"], whole.get("views")),
                "mean_order": text.ratio(row["order_sum"], row["views"]),
            }
            for row in by_page[page]
        ]
        lists = [
            (label, [row for row in rated if row["named_by"] == by])
            for by, label in (("selector", "Selector"), ("text", "Text"), ("link", "Link"))
        ]
        found.append({"page": page, "whole": whole, "lists": [(a, b) for a, b in lists if b]})
    return found


def _key_elements(rows: Sequence[Row]) -> list[Row]:
    """A page and device: its declared elements, the most seen first, and Kendall's tau of their order."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["page_group"], row["device_type"]].append(
            {
                **row,
                "seen_share": text.ratio(row["seen"], row["judged"]),
                "focused_share": text.ratio(row["focused"], row["views"]),
                "ignored_share": text.ratio(row["ignored"], row["seen"]),
                "y": text.ratio(row["y_sum"], row["judged"]),
                "fold": text.ratio(row["fold_sum"], row["judged"]),
                "outcomes": [
                    _outcome(row, *each) for each in _OUTCOMES if row[f"views_{each[1]}"] is not None
                ],
            }
        )
    return [
        {
            "page": page,
            "device": device,
            "tau": _tau(own),
            "rows": sorted(own, key=lambda row: (-(row["seen_share"] or 0), str(row["element"]))),
        }
        for (page, device), own in found.items()
    ]


def _outcome(row: Row, label: str, how: str, others: bool) -> Row:
    """What the views of an outcome did, or all other views."""

    def of(name: str) -> Any:
        part = row[f"{name}_{how}"]
        return row[name] - part if others and part is not None else part

    return {
        "label": label,
        "views": of("views"),
        "seen_share": text.ratio(of("seen"), of("judged")),
        "focused_share": text.ratio(of("focused"), of("views")),
        "clicked": of("clicked"),
        "ignored_share": text.ratio(of("ignored"), of("seen")),
    }


def _tau(rows: Sequence[Row]) -> float | None:
    """Of all pairs of elements that a view focused: those in the intended order less the others."""
    agree, against = (sum(int(row[f"pairs_{name}"]) for row in rows) for name in ("as_intended", "against"))
    return text.ratio(agree - against, agree + against)
