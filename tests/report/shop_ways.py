"""The made-up shop's paths and trends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

FLOW = [
    # step, source, target, paths, loops, U-turns
    (1, "/", "/category/:slug", 900, 0, 0),
    (1, "/", "/search", 420, 0, 0),
    (1, "/", "other", 130, 0, 0),
    (2, "/category/:slug", "/product/:slug", 610, 0, 0),
    (2, "/category/:slug", "/", 140, 140, 140),
    (2, "/search", "/product/:slug", 260, 0, 0),
    (2, "/search", "/", 60, 60, 60),
    (2, "other", "/product/:slug", 40, 0, 0),
    (3, "/product/:slug", "/cart", 300, 0, 0),
    (3, "/product/:slug", "/category/:slug", 210, 190, 170),
    (3, "/", "/category/:slug", 70, 50, 40),
]
"""Edges of the paths from the entry page; what does not flow on ends."""


def way_frames(days: Sequence[dt.date]) -> dict[str, pd.DataFrame]:
    """`paths` and `trends` of the report."""
    return {"paths": _paths(), "trends": _trends(days)}


def _paths() -> pd.DataFrame:
    asked = {"question": "from_the_entry", "definition": "paths from their begin", "unit": "person"}
    total = 2000
    into: dict[tuple[int, str], int] = {(1, "/"): total}
    out: dict[tuple[int, str], int] = {}
    for step, source, target, paths, _, _ in FLOW:
        into[step + 1, target] = into.get((step + 1, target), 0) + paths
        out[step, source] = out.get((step, source), 0) + paths

    def row(
        kind: str, step: int | None, source: str | None, target: str | None, paths: int, **more: Any
    ) -> Any:
        return {
            **asked,
            "kind": kind,
            "step": step,
            "source": source,
            "target": target,
            "path": None,
            "units": paths - paths // 9,
            "paths": paths,
            "share": Decimal(paths) / total,
            "loops": 0,
            "u_turns": 0,
            "median_us": None,
            **more,
        }

    rows = [row("begin", 0, None, "/", total)]
    rows += [
        row("edge", *edge[:4], loops=edge[4], u_turns=edge[5], median_us=edge[3] * 45_000) for edge in FLOW
    ]
    rows += [
        row("end", *at, None, count - out.get(at, 0)) for at, count in into.items() if count > out.get(at, 0)
    ]
    rows.append(row("path", None, None, None, 290, path=["/", "/category/:slug", "/product/:slug", "/cart"]))
    return pd.DataFrame(rows)


def _trends(days: Sequence[dt.date]) -> pd.DataFrame:
    asked = {"question": "orders_by_device", "definition": "orders = count of order; by day"}
    rows = []
    for place, day in enumerate(days):
        parts = {"mobile": 9 + place % 7, "desktop": 6 + place % 5, "other": 1}
        for series, figure in (("orders", Decimal(1)), ("conversion", Decimal("0.125"))):
            for by, value, count in [("all", "all", sum(parts.values()))] + [
                ("device_type", value, count) for value, count in parts.items()
            ]:
                rows.append(
                    {
                        **asked,
                        "series": series,
                        "breakdown_by": by,
                        "breakdown": value,
                        "currency": None,
                        "date": day,
                        "start": pd.Timestamp(day),
                        "value": count * figure,
                        "units": count if series == "orders" else None,
                        "previous": (count - 2) * figure if place else None,
                        "complete": place < len(days) - 1,
                    }
                )
    return pd.DataFrame(rows)
