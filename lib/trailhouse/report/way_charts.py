"""The charts of paths and trends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from trailhouse.report import text
from trailhouse.report.charts import _COLOURS, Spec, data, finish
from trailhouse.report.text import Row

_BAR, _GAP, _SAMPLES = 0.035, 0.025, 12
"""Width of a node, of a column's width; space between nodes, of the height; points of a ribbon's edge."""


class _Node(NamedTuple):
    top: float
    height: float


def flow(name: str, nodes: Sequence[Row], edges: Sequence[Row]) -> Spec:
    """Columns of nodes, a column a step, and ribbons between them, as high as paths are many.

    `nodes` have column, node, paths, and in `ends` the paths that end there; `edges` have column (of
    the source), source, target, paths, units, share, median.
    """
    placed = _placed(nodes)
    columns = sorted({int(row["column"]) for row in nodes})
    bars = []
    for row in nodes:
        node = placed[row["column"], row["node"]]
        bars.append(
            {
                "x": row["column"],
                "x2": row["column"] + _BAR,
                "y": node.top,
                "y2": node.top + node.height,
                "middle": node.top + node.height / 2,
                "label": text.short(row["node"], 18),
                "node": row["node"],
                "paths": row["paths"],
                "ends": row["ends"],
            }
        )
    ribbons = _ribbons(placed, edges)
    span = alt.Scale(domain=[columns[0], columns[-1] + 0.45], nice=False)
    x = alt.X("x:Q", scale=span, axis=None)
    height = alt.Scale(domain=[0, 1.001], reverse=True, nice=False)
    areas = (
        alt.Chart(data(ribbons))
        .mark_area(opacity=0.32, interpolate="linear")
        .encode(
            x=x,
            y=alt.Y("y:Q", scale=height, axis=None, stack=None),
            y2="y2:Q",
            detail="edge:N",
            color=alt.Color(
                "back:N", scale=alt.Scale(domain=["on", "back"], range=_COLOURS[:2]), legend=None
            ),
            tooltip=[
                alt.Tooltip("from:N", title="From"),
                alt.Tooltip("to:N", title="to"),
                alt.Tooltip("paths:Q", title="Paths", format=","),
                alt.Tooltip("share:Q", title="Of all paths", format=".1%"),
                alt.Tooltip("median:N", title="Median time"),
            ],
        )
    )
    base = alt.Chart(data(bars))
    rects = base.mark_rect(color="var(--c1)", cornerRadius=2).encode(
        x=x,
        x2="x2:Q",
        y=alt.Y("y:Q", scale=height, axis=None),
        y2="y2:Q",
        tooltip=[
            alt.Tooltip("node:N", title="Node"),
            alt.Tooltip("paths:Q", title="Paths", format=","),
            alt.Tooltip("ends:Q", title="Paths that end here", format=","),
        ],
    )
    words = base.mark_text(align="left", baseline="middle", dx=5, fontSize=11).encode(
        x=alt.X("x2:Q", scale=span, axis=None), y=alt.Y("middle:Q", scale=height, axis=None), text="label:N"
    )
    most = max(sum(1 for row in nodes if row["column"] == column) for column in columns)
    return finish(
        alt.layer(areas, rects, words),
        f"Paths {name}: columns of nodes by step, with ribbons as wide as paths are many",
        max(180, 44 * most),
    )


def _placed(nodes: Sequence[Row]) -> dict[tuple[int, str], _Node]:
    """Where each node stands in its column, the most frequent on top; heights on one scale."""
    columns: dict[int, list[Row]] = defaultdict(list)
    for row in nodes:
        columns[int(row["column"])].append(row)
    total = max(sum(int(row["paths"]) for row in rows) for rows in columns.values())
    most = max(len(rows) for rows in columns.values())
    scale = (1 - _GAP * (most - 1)) / total
    found = {}
    for column, rows in columns.items():
        top = 0.0
        for row in sorted(rows, key=lambda row: (-int(row["paths"]), str(row["node"]))):
            node = _Node(top, int(row["paths"]) * scale)
            found[column, str(row["node"])] = node
            top += node.height + _GAP
    return found


def _ribbons(placed: dict[tuple[int, str], _Node], edges: Sequence[Row]) -> list[Row]:
    """Points along the upper and lower side of each edge's ribbon."""
    left: dict[tuple[int, str], float] = {key: node.top for key, node in placed.items()}
    came: dict[tuple[int, str], float] = dict(left)
    unit = _unit(placed, edges)
    points = []

    def down(row: Row) -> tuple[float, float]:
        source = placed[int(row["column"]), str(row["source"])]
        return source.top, placed[int(row["column"]) + 1, str(row["target"])].top

    for number, row in enumerate(sorted(edges, key=lambda row: (int(row["column"]), *down(row)))):
        source = (int(row["column"]), str(row["source"]))
        target = (int(row["column"]) + 1, str(row["target"]))
        high = int(row["paths"]) * unit
        begin, end = left[source], came[target]
        left[source], came[target] = begin + high, end + high
        for step in range(_SAMPLES + 1):
            along = step / _SAMPLES
            bend = along * along * (3 - 2 * along)
            y = begin + (end - begin) * bend
            points.append(
                {
                    "edge": number,
                    "x": source[0] + _BAR + (1 - _BAR) * along,
                    "y": y,
                    "y2": y + high,
                    "back": "back" if int(row["loops"]) * 2 > int(row["paths"]) else "on",
                    "from": row["source"],
                    "to": row["target"],
                    "paths": row["paths"],
                    "share": row["share"],
                    "median": text.duration(row["median_us"]),
                }
            )
    return points


def _unit(placed: dict[tuple[int, str], _Node], edges: Sequence[Row]) -> float:
    """The height of one path."""
    into: dict[tuple[int, str], int] = defaultdict(int)
    for row in edges:
        into[int(row["column"]) + 1, str(row["target"])] += int(row["paths"])
    return max((placed[key].height / count for key, count in into.items()), default=0.0)


def trend(name: str, rows: Sequence[Row], lines: Sequence[str]) -> Spec:
    """Lines of a series by period; `rows` have start (text), line, value, complete."""
    base = alt.Chart(data(rows))
    x = alt.X(
        "start:T",
        title=None,
        axis=alt.Axis(format="%b %-d", labelOverlap=True, tickCount=8),
        scale=alt.Scale(),
    )
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4, format="~s"))
    color = alt.Color(
        "line:N",
        scale=alt.Scale(domain=list(lines), range=_COLOURS[: len(lines)]),
        legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3, labelLimit=220)
        if len(lines) > 1
        else None,
    )
    line = base.transform_filter("datum.complete").mark_line(strokeWidth=2, interpolate="monotone")
    points = base.mark_point(size=45, filled=True).encode(
        opacity=alt.condition("datum.complete", alt.value(0), alt.value(0.55)),
        tooltip=[
            alt.Tooltip("told:N", title="Period"),
            alt.Tooltip("line:N", title="Of"),
            alt.Tooltip("value:Q", title="Value", format=",.2~f"),
            alt.Tooltip("previous:Q", title="Compared with", format=",.2~f"),
        ],
    )
    return finish(
        alt.layer(line.encode(x=x, y=y, color=color), points.encode(x=x, y=y, color=color)),
        f"Line chart of {name} by period",
        180,
    )
