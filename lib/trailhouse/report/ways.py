"""Paths and trends as the template needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from trailhouse.questions.breakdowns import ALL
from trailhouse.report import text, way_charts
from trailhouse.report.text import Row

Frames = Mapping[str, pd.DataFrame]

COLUMNS, EDGES, WHOLE = 5, 12, 8
LINES, SERIES = 4, 6


def paths(frames: Frames) -> list[Row]:
    """A question's paths: how many, a chart of the flow, top edges, where most end, top whole paths."""
    found = []
    for name, rows in _grouped(text.rows_of(frames, "paths"), "question").items():
        kinds = defaultdict(list, _grouped(rows, "kind"))
        edges = sorted(kinds["edge"], key=lambda row: (-int(row["units"]), int(row["step"]), *_names(row)))
        nodes = _nodes(kinds)
        begun = [row for row in rows if row["source"] is None and row["kind"] != "path"]
        total = sum(int(row["paths"]) for row in begun)
        shown = _columns(nodes)
        ends = sorted(nodes, key=lambda row: (-int(row["ends"]), int(row["column"]), str(row["node"])))
        found.append(
            {
                "name": name,
                "title": str(name).replace("_", " "),
                "definition": rows[0]["definition"],
                "unit": rows[0]["unit"],
                "total": total,
                "chart": way_charts.flow(
                    str(name),
                    [row for row in nodes if row["column"] in shown],
                    [
                        {**row, "column": row["step"]}
                        for row in kinds["edge"]
                        if row["step"] in shown and int(row["step"]) + 1 in shown
                    ],
                )
                if edges
                else None,
                "edges": edges[:EDGES],
                "left_out": max(0, len(edges) - EDGES),
                "ends": [
                    {**row, "share": text.ratio(row["ends"], row["paths"])} for row in ends[:5] if row["ends"]
                ],
                "whole": sorted(kinds["path"], key=lambda row: (-int(row["units"]), -int(row["paths"])))[
                    :WHOLE
                ],
            }
        )
    return found


def _nodes(kinds: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Each node of each step: paths through it, and how many end there."""
    through: dict[tuple[int, str], Row] = {}
    for kind in ("begin", "edge", "cut"):
        for row in kinds.get(kind, ()):
            if row["target"] is not None:
                key = (int(row["step"]) + 1, str(row["target"]))
                node = through.setdefault(key, {"column": key[0], "node": key[1], "paths": 0, "ends": 0})
                node["paths"] += int(row["paths"])
    for row in kinds.get("end", ()):
        key = (int(row["step"]), str(row["source"]))
        if key in through:
            through[key]["ends"] = int(row["paths"])
    return list(through.values())


def _columns(nodes: Sequence[Row]) -> set[int]:
    """The steps that are drawn: those at the start, or those before an end that stands alone."""
    columns = sorted({int(row["column"]) for row in nodes})
    backwards = bool(columns) and columns[0] < 1
    return set(columns[-COLUMNS:] if backwards else columns[:COLUMNS])


def _names(row: Row) -> tuple[str, str]:
    return str(row["source"]), str(row["target"])


def trends(frames: Frames) -> list[Row]:
    """A question's lines: a chart a series, and its latest complete figure beside the one before."""
    found = []
    for name, rows in _grouped(text.rows_of(frames, "trends"), "question").items():
        series = []
        for (line, currency), own in _grouped(rows, "series", "currency").items():
            whole = sorted((row for row in own if row["breakdown_by"] == ALL), key=_start)
            if not whole:
                continue
            title = f"{str(line).replace('_', ' ')}{f', {currency}' if currency else ''}"
            done = [row for row in whole if row["complete"]]
            series.append(
                {
                    "title": title,
                    "chart": _chart(title, own),
                    "last": done[-1] if done else None,
                    "before": done[-2] if len(done) > 1 else None,
                    "compared": any(row["previous"] is not None for row in whole),
                }
            )
        found.append(
            {
                "name": name,
                "title": str(name).replace("_", " "),
                "definition": rows[0]["definition"],
                "series": series[:SERIES],
                "left_out": max(0, len(series) - SERIES),
            }
        )
    return found


def _chart(title: str, rows: Sequence[Row]) -> Any:
    """Lines of the values of its first breakdown that count most, else one line of all."""
    by = sorted({str(row["breakdown_by"]) for row in rows} - {ALL})
    lines = [ALL]
    shown = [row for row in rows if row["breakdown_by"] == ALL]
    if by:
        parts = _grouped([row for row in rows if row["breakdown_by"] == by[0]], "breakdown")
        most = {value: sum(int(row["units"] or 0) for row in own) for value, own in parts.items()}
        size = {value: sum(float(row["value"] or 0) for row in own) for value, own in parts.items()}
        lines = sorted(parts, key=lambda value: (-most[value], -size[value], str(value)))[:LINES]
        shown = [row for value in lines for row in parts[value]]
    return way_charts.trend(
        title,
        [
            {
                "start": f"{_start(row):%Y-%m-%dT%H:%M:%S}",
                "told": text.day(row["date"]),
                "line": row["breakdown"],
                "value": row["value"],
                "previous": row["previous"],
                "complete": row["complete"],
            }
            for row in sorted(shown, key=_start)
        ],
        [str(line) for line in lines],
    )


def _start(row: Row) -> datetime:
    at: datetime = row["start"]
    return at


def _grouped(rows: Sequence[Row], *keys: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)].append(row)
    return dict(sorted(found.items(), key=lambda part: str(part[0])))
