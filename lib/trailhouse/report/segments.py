"""Segments as the template needs them: sizes, overlap, and what sets discovered ones apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from trailhouse.report import answer_charts, text
from trailhouse.report.answer_reads import CHANGES
from trailhouse.report.answers import Frames, grouped, level, titled
from trailhouse.report.text import Row

DAYS, DRAWN, MATRIX, SHARED = 180, 4, 12, 6


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


def _sizes(rows: Sequence[Row], changes: Sequence[Row]) -> Any:
    """Lines of the largest segments that have any change."""
    by_segment = grouped(changes, "segment")
    lines = {
        row["segment"]: _line(row, by_segment[row["segment"]], whole=len(changes) < CHANGES)
        for row in rows
        if row["segment"] in by_segment
    }
    names = [name for name, points in lines.items() if points][:DRAWN]
    if not names:
        return None
    return answer_charts.lines(
        "Lines of the members of segments by day",
        [
            {"day": day, "line": name, "value": members, "complete": True}
            for name in names
            for day, members in lines[name]
        ],
        names,
        ",",
        step=True,
    )


def _line(row: Row, changes: Sequence[Row], *, whole: bool) -> list[tuple[date, int]]:
    """Members by day, from those of the last complete day backwards.

    A size holds from a day on which it changed to the next such day. Where not all changes are known
    (`whole`), nothing is known of the days before the first.
    """
    last = text.as_date(row["as_of"])
    first = last - timedelta(days=DAYS - 1)
    by_day = {text.as_date(one["day"]): int(one["change"]) for one in changes}
    members = int(row["size"])
    points = [(last, members)]
    for day in sorted((day for day in by_day if first <= day <= last), reverse=True):
        if day < last:
            points.append((day, members))
        members -= by_day[day]
    if whole and members and points[-1][0] > first:
        points.append((first, members))
    return points[::-1]


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
