"""Segments as the template needs them: sizes, overlap, and what sets discovered ones apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, level, titled
from trailhouse.report.text import Row

DRAWN, MATRIX, SHARED = 4, 12, 6


def segments(frames: Frames) -> Row:
    """Declared segments with sizes, a chart of the largest over time, and who is in two of them."""
    rows = text.rows_of(frames, "segments")
    return {
        "rows": rows,
        "as_of": rows[0]["as_of"] if rows else None,
        "chart": _sizes(rows, text.rows_of(frames, "segment_days")),
        "drawn": min(DRAWN, len(rows)),
        "overlap": _overlap(rows, text.rows_of(frames, "segment_overlap")),
    }


def _sizes(rows: Sequence[Row], days: Sequence[Row]) -> Any:
    """A size holds from a day on which it changed to the next such day, or to the last complete one."""
    by_segment = grouped(days, "segment")
    points: list[Row] = []
    names: list[str] = []
    for row in rows:
        own = sorted(by_segment.get(row["segment"], ()), key=lambda day: text.as_date(day["day"]))
        if not own or len(names) == DRAWN:
            continue
        names.append(row["segment"])
        if text.as_date(own[-1]["day"]) < text.as_date(own[-1]["as_of"]):
            own.append({**own[-1], "day": own[-1]["as_of"]})
        points += [
            {
                "day": text.as_date(day["day"]),
                "line": names[-1],
                "value": day["members"],
                "complete": True,
            }
            for day in own
        ]
    if not points:
        return None
    return answer_charts.lines("Lines of the members of segments by day", points, names, ",", step=True)


def _overlap(rows: Sequence[Row], pairs: Sequence[Row]) -> Row | None:
    """Of the members of a row's segment, how many are in the column's, too."""
    names = [row["segment"] for row in rows][:MATRIX]
    if len(names) < 2 or not pairs:
        return None
    sizes = {row["segment"]: row["size"] for row in rows}
    both = {(row[a], row[b]): row for row in pairs for a, b in (("a", "b"), ("b", "a"))}
    return {
        "names": names,
        "left_out": len(rows) - len(names),
        "rows": [
            {
                "segment": name,
                "size": sizes[name],
                "cells": [
                    None if other == name else _cell(both.get((name, other)), sizes[name]) for other in names
                ],
            }
            for name in names
        ],
    }


def _cell(pair: Row | None, size: Any) -> Row:
    if pair is None:
        return {"both": None, "share": None, "level": 0, "jaccard": None}
    share = text.ratio(pair["both"], size)
    return {"both": pair["both"], "share": share, "level": level(share), "jaccard": pair["jaccard"]}


def discovered(frames: Frames) -> Row:
    """Groups that were found, each with what its members have more often than others."""
    rows = text.rows_of(frames, "discovered")
    return {
        "stability": rows[0]["stability"] if rows else None,
        "method": rows[0]["method"] if rows else None,
        "rows": [{**row, "shared": _shared(row)} for row in rows],
    }


_FIELDS = ("feature", "value", "share_in", "share_out", "lift", "low", "high")


def _shared(row: Row) -> list[Row]:
    lists = (row[f"shared_{field}"] or () for field in _FIELDS)
    every = [dict(zip(_FIELDS, values, strict=True)) for values in zip(*lists, strict=True)]
    return [{**one, "feature": titled(one["feature"])} for one in every[:SHARED]]
