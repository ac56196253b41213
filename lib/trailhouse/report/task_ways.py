"""Detours of tasks, and why their time changed, as the template needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from trailhouse.report import text
from trailhouse.report.charts import Spec, data, finish
from trailhouse.report.text import Row
from trailhouse.why.evidence import ALPHA

Frames = Mapping[str, pd.DataFrame]

PLACES = 6
KINDS = {"release": "release", "month": "month", "week": "week"}
"""What follows each other -> its word, in the order in which they are shown."""
PARTS = {
    "detours": "Detours",
    "release": "Other releases",
    "device_type": "Other devices",
    "first_attempt": "First attempts, more or fewer",
}
_TONES = {"mean": "var(--muted)", "longer": "var(--c2)", "shorter": "var(--c1)"}


def ways(frames: Frames) -> dict[str, Row]:
    """By task: `detours` (every attempt's row, places, parts) and `changes` (a chart where one is clear)."""
    detours, changes = (text.rows_of(frames, name) for name in ("task_detours", "task_changes"))
    names = sorted({str(row["task"]) for row in (*detours, *changes)})
    return {
        name: {
            "detours": _detours([row for row in detours if row["task"] == name]),
            "changes": _changes([row for row in changes if row["task"] == name]),
        }
        for name in names
    }


def _detours(rows: Sequence[Row]) -> Row | None:
    every = next((row for row in rows if row["breakdown"] == "all" and row["what"] == "all"), None)
    if every is None or not every["detours"]:
        return None
    places = [row for row in rows if row["breakdown"] == "all" and row["what"] != "all"]
    parts = [row for row in rows if row["breakdown"] != "all" and row["what"] == "all"]
    places.sort(key=lambda row: int(row["rank"]))
    parts.sort(key=lambda row: (str(row["breakdown"]), -int(row["attempts"]), str(row["value"])))
    return {
        "all": every,
        "verdict": _verdict(every),
        "places": places[:PLACES],
        "left_out": max(0, len(places) - PLACES),
        "parts": parts[:PLACES],
    }


def _verdict(row: Row) -> str:
    """What may be said of the difference in completion."""
    if row["difference"] is None or row["too_few"]:
        return "too few attempts to tell"
    return "an association" if row["q"] is not None and row["q"] < ALPHA else "within chance"


def _changes(rows: Sequence[Row]) -> list[Row]:
    """The latest change of each kind, releases first; of periods that are over."""
    found = []
    for kind in KINDS:
        own = [row for row in rows if row["period_kind"] == kind and row["complete"] is not False]
        before = {row["before"] for row in own}
        last = [row for row in own if row["period"] not in before]
        if last:
            newest = max(str(row["period"]) for row in last)
            parts = sorted((row for row in last if row["period"] == newest), key=lambda row: int(row["rank"]))
            found.append(_change(kind, parts))
    return found[:2]


def _change(kind: str, rows: Sequence[Row]) -> Row:
    whole, *parts = rows
    told = [
        {
            **row,
            "label": f"To “{row['name']}”" if row["part"] == "step" else PARTS.get(row["part"], row["part"]),
            "told": _seconds(row["us"]),
            "range": None
            if row["low_us"] is None
            else f"{_seconds(row['low_us'])} to {_seconds(row['high_us'])}",
            "is_clear": not row["too_few"] and row["q"] is not None and row["q"] < ALPHA,
        }
        for row in (whole, *parts)
    ]
    return {
        "kind": KINDS[kind],
        "before": whole["before"],
        "period": whole["period"],
        "all": told[0],
        "parts": told[1:],
        # What is within chance is no picture worth looking at.
        "chart": waterfall(told) if any(row["is_clear"] for row in told) else None,
    }


def _seconds(us: Any) -> str:
    """+19.7 s, with a true minus sign."""
    return f"{text.signed(int(us) / 1_000_000)} s"


def waterfall(rows: Sequence[Row]) -> Spec:
    """Bars from the mean before to the mean after, each part from where the one above it ends.

    `rows` are the whole change and its parts, with us, label, told, mean_before_us and mean_us.
    """
    whole, *parts = rows
    at = int(whole["mean_before_us"])
    bars = [_bar(f"Before: {whole['before']}", 0, at, text.duration(at), "mean")]
    for row in parts:
        start, at = at, at + int(row["us"])
        bars.append(_bar(row["label"], start, at, row["told"], "longer" if row["us"] > 0 else "shorter"))
    bars.append(_bar(f"After: {whole['period']}", 0, at, text.duration(at), "mean"))
    base = alt.Chart(data(bars))
    y = alt.Y(
        "label:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=210, labelColor="var(--ink)", labelPadding=10),
    )
    # Room for the words beyond the longest bar.
    scale = alt.Scale(domain=[0, 1.15 * max(bar["most"] for bar in bars)], nice=False)
    x = alt.X("start:Q", title="mean seconds on task", scale=scale, axis=alt.Axis(tickCount=6, grid=True))
    tip = [alt.Tooltip("label:N", title="Part"), alt.Tooltip("told:N", title="Adds")]
    tone = alt.Color("tone:N", legend=None, scale=alt.Scale(domain=list(_TONES), range=list(_TONES.values())))
    marks = base.mark_bar(height=16, cornerRadius=1).encode(x=x, x2="end:Q", y=y, color=tone, tooltip=tip)
    words = base.mark_text(align="left", dx=6).encode(x=alt.X("most:Q"), y=y, text="told:N")
    title = f"Bars from the mean time on task of {whole['before']} to that of {whole['period']}, by its parts"
    return finish(alt.layer(marks, words), title, 28 * len(bars) + 20)


def _bar(label: str, start: int, end: int, told: str, tone: str) -> Row:
    ends = start / 1_000_000, end / 1_000_000
    return {
        "label": text.short(label, 40),
        **{"start": ends[0], "end": ends[1], "most": max(ends)},
        **{"told": told, "tone": tone},
    }
