"""The charts of pages and media."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from trailhouse.report import text
from trailhouse.report.charts import _COLOURS, Spec, data, finish
from trailhouse.report.text import Row

BINS = 20


def excess(pages: Sequence[Row]) -> Spec:
    """Points with intervals of the exit rate above what is expected; rows of the report's `pages`."""
    rows = [
        {
            "page": text.short(row["page_group"], 40),
            "excess": row["excess_exit_rate"],
            "low": row["excess_exit_low"],
            "high": row["excess_exit_high"],
            "rate": row["exit_rate"],
            "expected": row["expected_exit_rate"],
            "sessions": row["sessions"],
            "tone": "more" if row["exit"]["more"] else "less" if row["exit"]["less"] else "as expected",
        }
        for row in pages
    ]
    base = alt.Chart(data(rows))
    y = alt.Y(
        "page:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=170, labelColor="var(--ink)", labelPadding=10),
    )
    color = alt.Color(
        "tone:N",
        scale=alt.Scale(
            domain=["more", "as expected", "less"], range=["var(--c2)", "var(--muted)", "var(--c1)"]
        ),
    )
    x = alt.X("excess:Q", title="exit rate less the expected one", axis=alt.Axis(format="+.0%", tickCount=6))
    zero = alt.Chart(data([{"at": 0}])).mark_rule(color="var(--muted)", strokeDash=[4, 3]).encode(x="at:Q")
    ranges = base.mark_rule(strokeWidth=6, opacity=0.35, strokeCap="round").encode(
        x=alt.X("low:Q", title="exit rate less the expected one"), x2="high:Q", y=y, color=color
    )
    marks = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=x,
        y=y,
        color=color,
        tooltip=[
            alt.Tooltip("page:N", title="Page"),
            alt.Tooltip("sessions:Q", title="Sessions", format=","),
            alt.Tooltip("rate:Q", title="Exit rate", format=".1%"),
            alt.Tooltip("expected:Q", title="Expected", format=".1%"),
            alt.Tooltip("low:Q", title="Excess from", format="+.1%"),
            alt.Tooltip("high:Q", title="to", format="+.1%"),
        ],
    )
    return finish(
        alt.layer(zero, ranges, marks),
        "Exit rate of pages less the expected one, with 95% intervals",
        28 * len(rows) + 20,
    )


def drop_off(curves: Sequence[Row]) -> Spec:
    """Lines of the share of plays that watched each 5 %; `curves` have name and 20 shares."""
    rows = [
        {"medium": curve["name"], "from": 5 * k, "to": 5 * k + 5, "middle": 5 * k + 2.5, "share": share}
        for curve in curves
        for k, share in enumerate(curve["shares"])
    ]
    names = [curve["name"] for curve in curves]
    base = alt.Chart(data(rows))
    x = alt.X(
        "middle:Q",
        title="% of the length",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=list(range(0, 101, 20))),
    )
    y = alt.Y(
        "share:Q",
        title=None,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    color = alt.Color(
        "medium:N",
        scale=alt.Scale(domain=names, range=_COLOURS[: len(names)]),
        legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3, labelLimit=260, columns=2),
    )
    line = base.mark_line(strokeWidth=2, interpolate="monotone").encode(x=x, y=y, color=color)
    marks = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=x,
        y=y,
        color=color,
        tooltip=[
            alt.Tooltip("medium:N", title="Medium"),
            alt.Tooltip("from:Q", title="From, %"),
            alt.Tooltip("to:Q", title="to, %"),
            alt.Tooltip("share:Q", title="Watched by", format=".1%"),
        ],
    )
    return finish(alt.layer(line, marks), "Line chart of the share that watched each 5% of a medium", 240)
