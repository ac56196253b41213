"""The frames of a made-up shop's maps: clicks, moves and scrolling where such pages have them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

# Across in percent and down in 16 px: middle and spread of each, and how many clicks.
SPOTS = [
    (50, 4, 9, 1, 500),
    (90, 4, 3, 1, 220),
    (24, 30, 10, 9, 420),
    (72, 28, 8, 2, 700),
    (72, 36, 8, 2, 380),
    (30, 80, 20, 8, 300),
    (60, 120, 22, 12, 260),
    (50, 175, 25, 3, 120),
]
PAGES = (("/product/:slug", 1.0), ("/", 0.7), ("/category/:slug", 0.5))
DEVICES = (("desktop", 1440, 900, 3000, 1.0), ("mobile", 390, 780, 4100, 0.6))
ELEMENTS = [
    ("selector", "button.add-to-cart", 1310, 980, 410),
    ("selector", "div.gallery > img.zoom", 840, 520, 260),
    ("selector", "nav a.categories", 640, 610, 340),
    ("text", "Add to cart", 1290, 970, 405),
    ("text", '=HYPERLINK("x")', 21, 20, 2),
    ("link", "/cart?from=product", 190, 180, 33),
]


def map_frames(rng: np.random.Generator, split: dt.date) -> dict[str, pd.DataFrame]:
    """map_cells, map_pages, map_scroll, map_elements and key_elements."""
    cells: list[dict[str, Any]] = []
    pages, depths, elements = [], [], []
    for page, scale in PAGES:
        for device, width, view, height, share in DEVICES:
            place = {"page_group": page, "device_type": device}
            clicks = _cells(rng, scale * share, height / 3000, spread=1.0)
            cells += _layer({**place, "layer": "click"}, clicks, rng, split)
            if device == "desktop":
                moves = _cells(rng, scale * share * 2, height / 3000, spread=2.2)
                cells += _layer({**place, "layer": "move"}, moves, rng, split)
            views = 3 * sum(clicks.values())
            pages.append(
                {
                    **place,
                    "views": views,
                    "viewport_width": width,
                    "viewport_height": view,
                    "document_height": height,
                }
            )
            depths += [{**place, **_depth(depth, views, view / height)} for depth in range(5, 101, 5)]
        seen = int(9000 * scale)
        elements.append(_element(page, "page", page, int(2900 * scale), int(2100 * scale), 2100, seen))
        elements += [
            _element(page, by, name, *[int(n * scale) for n in counts]) for by, name, *counts in ELEMENTS
        ]
    return {
        "map_cells": pd.DataFrame(cells),
        "map_pages": pd.DataFrame(pages),
        "map_scroll": pd.DataFrame(depths),
        "map_elements": pd.DataFrame(elements),
        "key_elements": pd.DataFrame(_key_elements()),
    }


def _cells(
    rng: np.random.Generator, scale: float, stretch: float, spread: float
) -> dict[tuple[int, int], int]:
    places: dict[tuple[int, int], int] = {}
    for x, y, dx, dy, count in SPOTS:
        n = int(count * scale)
        across = rng.normal(x, spread * dx / 2, n)
        for px, py in zip(across, rng.normal(y * stretch, spread * dy / 2, n), strict=True):
            place = (int(np.clip(px, 0, 99)), max(0, int(py)))
            places[place] = places.get(place, 0) + 1
    return places


def _layer(
    place: dict[str, Any], cells: dict[tuple[int, int], int], rng: np.random.Generator, split: dt.date
) -> list[dict[str, Any]]:
    rows = [
        {
            **place,
            "x_bin": x,
            "y_bin": y,
            "points": points,
            "inert": points if x == 24 and place["layer"] == "click" else 0,
            "dwell_us": points * 1_400_000 if place["layer"] == "move" else 0,
            # The button is clicked more in the second half, and by those who convert.
            "points_early": int(rng.binomial(points, 0.3 if 60 < x < 84 else 0.55)),
            "points_left": int(rng.binomial(points, 0.4)),
            "points_converted": int(rng.binomial(points, 0.2 if 60 < x < 84 else 0.05)),
            "split_day": split,
        }
        for (x, y), points in sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))
    ]
    counts = ("points", "points_early", "points_left", "points_converted")
    totals = {f"all_{name}": sum(row[name] for row in rows) for name in counts}
    return [{**row, **totals} for row in rows[:1000]]


def _depth(depth: int, views: int, fold: float) -> dict[str, Any]:
    seen = 1.0 if depth <= 100 * fold else float(np.exp(-(depth / 100 - fold) * 2.2))
    parts = {"": 1.0, "_early": 0.45, "_left": 0.3, "_converted": 0.1}
    found: dict[str, Any] = {"depth": depth, "below_fold": views if depth - 5 >= 100 * fold else 0}
    for part, share in parts.items():
        found[f"views{part}"] = int(views * share)
        found[f"reached{part}"] = int(views * share * (seen**1.5 if part == "_left" else seen))
        found[f"attention{part}"] = int(views * share * seen * 9_000_000)
    return found


def _element(
    page: str, by: str, name: str, clicks: int, views: int, first: int, seen: int | None = None
) -> dict[str, Any]:
    of_page = 0 if by == "page" else None
    return {
        "page_group": page,
        "named_by": by,
        "element": name,
        "page_views": seen,
        "clicks": clicks,
        "inert_clicks": clicks // 9,
        "views": views,
        "first_clicks": min(first, views),
        "order_sum": views * 2,
        "unplaced_clicks": 3 if by == "page" else 0,
        "moves": of_page,
        "unplaced_moves": of_page,
    }


def _key_elements() -> list[dict[str, Any]]:
    names = (
        *("page_group", "device_type", "element", "views", "judged", "reached", "seen", "focused", "clicked"),
        *(
            "ignored",
            "first_focused",
            "below_fold",
            "pairs_as_intended",
            "pairs_against",
            "y_sum",
            "fold_sum",
        ),
        "instead",
    )
    page, desktop = "/product/:slug", 8000
    rows = [
        (page, "desktop", "Picture", 8700, desktop, 8000, 7600, 2100, 840, 5500, 1200, 0, 700, 200)
        + (160 * desktop, 900 * desktop, "Add to cart"),
        (page, "desktop", "Add to cart", 8700, desktop, 8000, 7200, 3000, 1310, 4200, 1800, 0, 700, 200)
        + (520 * desktop, 900 * desktop, "Picture"),
        (page, "mobile", "Picture", 5220, 0, None, None, 600, 90, None, 600, None, 0, 0, None, None, None),
    ]
    told = [dict(zip(names, row, strict=True)) for row in rows]
    # A third of the views are the last; those that convert focus as often as all do.
    for row in told:
        for name in ("views", "judged", "seen", "focused", "clicked", "ignored"):
            whole = row[name]
            row[f"{name}_left"] = None if whole is None else whole // (6 if name == "focused" else 3)
            row[f"{name}_converted"] = None if whole is None else whole // 10
            # Of one element a task is watched.
            watched = whole is not None and row["element"] == "Add to cart"
            row[f"{name}_done"] = whole // 20 if watched else None
            row[f"{name}_failed"] = whole // 50 if watched else None
    return told
