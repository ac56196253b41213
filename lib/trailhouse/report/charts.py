"""The charts as Vega-Lite specifications, built with Altair.

Colours are CSS variables, so that one chart serves the light page, the dark page and paper. All
values are data of a specification; none becomes part of an expression (which is why bars keep the
order of their rows: Vega-Lite makes an expression of a sort by a list of values).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from trailhouse.report import text
from trailhouse.report.text import Row

Spec = dict[str, Any]

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_AXIS = {
    "labelColor": "var(--muted)",
    "titleColor": "var(--muted)",
    "gridColor": "var(--line)",
    "domainColor": "var(--line)",
    "tickColor": "var(--line)",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelFont": FONT,
    "titleFont": FONT,
}
_COLOURS = ["var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)"]
_CONFIG: Spec = {
    "background": "transparent",
    "font": FONT,
    "axis": _AXIS,
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False},
    "legend": {
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "title": None,
        "orient": "top",
        "offset": 8,
    },
    "range": {"category": _COLOURS},
    "text": {"color": "var(--ink)", "fontSize": 12, "font": FONT},
    "view": {"stroke": None},
}

# 1.5k; the axis' own format would write 0k and 0.5k.
_SHORT = "format(datum.value, '~s')"


def finish(chart: Any, description: str, height: int) -> Spec:
    """A chart in the page's style, as wide as its place and `height` pixels high."""
    spec: Spec = chart.properties(
        width="container",
        height=height,
        description=description,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    ).to_dict(validate=False)  # a third of the time to build a page; a browser draws every chart in tests
    spec["config"] = _CONFIG
    return spec


def data(values: Sequence[Row], days: str | None = None) -> alt.InlineData:
    """Rows as inline data; `days` names a column of calendar days, read without a time zone."""
    plain = [{key: _value(value) for key, value in row.items()} for row in values]
    if days is None:
        return alt.InlineData(values=plain)
    return alt.InlineData(values=plain, format=alt.JsonDataFormat(parse={days: "date:'%Y-%m-%d'"}))


def _value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, bool, int)) else float(value)


def reach(days: Sequence[Row]) -> Spec:
    """Lines of daily, weekly and monthly people; `days` have day, complete, active_persons, wau, mau."""
    names = {"mau": "28 days", "wau": "7 days", "active_persons": "1 day"}
    long = [
        {"day": row["day"], "span": label, "people": row[key], "complete": row["complete"]}
        for row in days
        for key, label in names.items()
    ]
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%b %-d", labelOverlap=True, tickCount=8))
    color = alt.Color(
        "span:N", sort=list(names.values()), legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3)
    )
    base = alt.Chart(data(long, "day"))
    y = alt.Y("people:Q", title=None, axis=alt.Axis(tickCount=5, labelExpr=_SHORT))
    solid = (
        base.transform_filter("datum.complete")
        .mark_line(strokeWidth=2, interpolate="monotone")
        .encode(x=x, y=y, color=color)
    )
    points = (
        base.mark_point(size=60, filled=True)
        .encode(
            x=x,
            y=y,
            color=color,
            opacity=alt.condition(_nearest(), alt.value(1), alt.value(0)),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%a %b %-d, %Y"),
                alt.Tooltip("span:N", title="People in"),
                alt.Tooltip("people:Q", title="Count", format=","),
            ],
        )
        .add_params(_nearest())
    )
    unfinished = (
        base.transform_filter("!datum.complete && datum.span === '1 day'")
        .mark_point(size=40, strokeDash=[2, 2])
        .encode(x=x, y=y, color=color)
    )
    return finish(
        alt.layer(solid, unfinished, points),
        "Line chart of people active within 1, 7 and 28 days, by day",
        260,
    )


def _nearest() -> Any:
    return alt.selection_point(
        name="near", fields=["day"], nearest=True, on="pointerover", empty=False, clear="pointerout"
    )


def sessions(days: Sequence[Row]) -> Spec:
    """Bars of sessions a day, those of unfinished days pale."""
    rows = [{key: row[key] for key in ("day", "sessions", "complete", "views")} for row in days]
    bars = (
        alt.Chart(data(rows, "day"))
        .mark_bar(color="var(--c1)", cornerRadiusEnd=2)
        .encode(
            x=alt.X(
                "yearmonthdate(day):T",
                title=None,
                axis=alt.Axis(format="%b %-d", labelOverlap=True, tickCount=8),
            ),
            y=alt.Y("sessions:Q", title=None, axis=alt.Axis(tickCount=4, labelExpr=_SHORT)),
            opacity=alt.condition("datum.complete", alt.value(0.9), alt.value(0.35)),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%a %b %-d, %Y"),
                alt.Tooltip("sessions:Q", title="Sessions", format=","),
                alt.Tooltip("views:Q", title="Views", format=","),
            ],
        )
    )
    return finish(bars, "Bar chart of sessions by day", 160)


def funnel(name: str, steps: Sequence[Row]) -> Spec:
    """Horizontal bars on a track of the first step; `steps` have step, step_name, units, from_start."""
    most = max((int(row["units"]) for row in steps), default=0) or 1
    rows = [
        {
            "step": row["step"],
            "label": f"{row['step']}  {text.short(row['step_name'], 30)}",
            "units": row["units"],
            "most": most,
            "text": f"{int(row['units']):,}  ·  {100 * float(row['from_start'] or 0):.1f}%",
            "previous": row["from_previous"],
        }
        for row in steps
    ]
    y = alt.Y(
        "label:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=160, labelColor="var(--ink)", labelPadding=10),
    )
    # Room in px for the words, on a wide screen and on a narrow one.
    scale = alt.Scale(domain=[0, most], range=[0, alt.ExprRef("width - 115")])
    base = alt.Chart(data(rows))
    track = base.mark_bar(color="var(--track)", cornerRadius=3, height=26).encode(
        x=alt.X("most:Q", scale=scale, axis=None), y=y
    )
    bar = base.mark_bar(color="var(--c1)", cornerRadius=3, height=26).encode(
        x=alt.X("units:Q", scale=scale, axis=None),
        y=y,
        tooltip=[
            alt.Tooltip("label:N", title="Step"),
            alt.Tooltip("units:Q", title="Reached", format=","),
            alt.Tooltip("previous:Q", title="Of the step before", format=".1%"),
        ],
    )
    words = base.mark_text(align="left", dx=10).encode(
        x=alt.X("most:Q", scale=scale, axis=None), y=y, text="text:N"
    )
    return finish(
        alt.layer(track, bar, words), f"Funnel {name}: bars of units that reached each step", 40 * len(rows)
    )


def friction(pages: Sequence[Row]) -> Spec:
    """Bars of the friction rate by page; `pages` have page_group, friction_rate and counts."""
    rows = [
        {key: row[key] for key in ("page_group", "friction_rate", "sessions", "friction_sessions")}
        for row in pages
    ]
    base = alt.Chart(data(rows))
    most = max((float(row["friction_rate"] or 0) for row in pages), default=0) or 1
    scale = alt.Scale(domain=[0, most], range=[0, alt.ExprRef("width - 55")])
    y = alt.Y(
        "page_group:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=170, labelColor="var(--ink)", labelPadding=10),
    )
    bars = base.mark_bar(color="var(--c2)", cornerRadiusEnd=3, height=18).encode(
        x=alt.X("friction_rate:Q", title=None, scale=scale, axis=None),
        y=y,
        tooltip=[
            alt.Tooltip("page_group:N", title="Page"),
            alt.Tooltip("sessions:Q", title="Sessions", format=","),
            alt.Tooltip("friction_sessions:Q", title="With friction", format=","),
            alt.Tooltip("friction_rate:Q", title="Friction rate", format=".1%"),
        ],
    )
    words = base.mark_text(align="left", dx=6).encode(
        x=alt.X("friction_rate:Q", scale=scale, axis=None),
        y=y,
        text=alt.Text("friction_rate:Q", format=".1%"),
    )
    return finish(
        alt.layer(bars, words), "Bar chart of the share of sessions with friction, by page", 28 * len(rows)
    )


def day_value(day: str, hours: int = 0) -> Any:
    """An hour of a day, as scales and ticks take it."""
    found = date.fromisoformat(day)
    return alt.DateTime(year=found.year, month=found.month, date=found.day, hours=hours)


def person_sizes(sizes: Sequence[Row]) -> Spec:
    """Bars of persons by how many identifiers they have; `sizes` have label, persons, share."""
    rows = [
        {
            "label": row["label"],
            "persons": row["persons"],
            "text": f"{text.number(row['persons'])}  ·  {text.percent(row['share'])}",
        }
        for row in sizes
    ]
    most = max((int(row["persons"]) for row in sizes), default=0) or 1
    scale = alt.Scale(domain=[0, most], range=[0, alt.ExprRef("width - 115")])
    base = alt.Chart(data(rows))
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelColor="var(--ink)", labelPadding=10))
    x = alt.X("persons:Q", title=None, scale=scale, axis=None)
    bars = base.mark_bar(color="var(--c3)", cornerRadiusEnd=3, height=18).encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("label:N", title="Identifiers"),
            alt.Tooltip("persons:Q", title="Persons", format=","),
        ],
    )
    words = base.mark_text(align="left", dx=6).encode(x=x, y=y, text="text:N")
    return finish(
        alt.layer(bars, words), "Bar chart of persons by how many identifiers they have", 28 * len(rows)
    )


def identity_changes(days: Sequence[Row], kinds: Sequence[str]) -> Spec:
    """Stacked bars of identifiers by the day of a run; `days` have day and a count a kind."""
    rows = [
        {"day": row["day"], "kind": kind, "place": place, "identifiers": row[kind]}
        for row in days
        for place, kind in enumerate(kinds)
        if row[kind]
    ]
    last = max(row["day"] for row in days)
    # Two weeks at least: else the bar of a lake's first day would fill the whole width.
    first = min(min(row["day"] for row in days), last - timedelta(days=13))
    span = [day_value(str(first - timedelta(days=1)), 12), day_value(str(last), 12)]
    bars = (
        alt.Chart(data(rows, "day"))
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdate(day):T",
                title=None,
                bandPosition=0,  # a bar stands on its day's tick, not between two
                scale=alt.Scale(domain=span),
                axis=alt.Axis(format="%b %-d", labelOverlap=True, tickCount=8),
            ),
            y=alt.Y("identifiers:Q", title=None, axis=alt.Axis(tickCount=4, labelExpr=_SHORT)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=_COLOURS[: len(kinds)])),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("day:T", title="Run on", format="%a %b %-d, %Y"),
                alt.Tooltip("kind:N", title="Change"),
                alt.Tooltip("identifiers:Q", title="Identifiers", format=","),
            ],
        )
    )
    return finish(bars, f"Bar chart of identifiers by the day of a run: {', '.join(kinds)}", 160)


def heat(name: str = "cells") -> Spec:
    """A map of a page without its rows: the page's script fills data `cells` (x, x2 in percent, y, y2 in
    px, color of the stylesheet, about and label as words) and the sizes of the chosen page."""
    x_scale, y_scale = (
        alt.Scale(domain=[0, 100], nice=False),
        alt.Scale(domain=[0, 1000], nice=False, reverse=True),
    )
    base = alt.Chart(alt.NamedData(name=name))
    y = alt.Y("y:Q", scale=y_scale, axis=None)
    cells = base.mark_rect(clip=True).encode(
        x=alt.X("x:Q", scale=x_scale, axis=None),
        x2="x2:Q",
        y=y,
        y2="y2:Q",
        color=alt.Color("color:N", scale=None),
        opacity=alt.Opacity("opacity:Q", scale=None),
        tooltip=[
            alt.Tooltip("about:N", title="Here"),
            alt.Tooltip("x:Q", title="From the left, %"),
            alt.Tooltip("y:Q", title="From the top, px", format=",.0f"),
        ],
    )
    place: dict[str, Any] = {"align": "right", "baseline": "bottom", "dx": -8, "dy": -3, "fontSize": 11}
    # A halo below the words, for a screenshot may be of any colour.
    around: dict[str, Any] = {"stroke": "var(--paper)", "strokeWidth": 3, "strokeJoin": "round"}
    nothing: dict[str, Any] = {}
    halo, words = (
        base.mark_text(**place, **how).encode(
            x=alt.X("x2:Q", scale=x_scale, axis=None),
            y=alt.Y("y2:Q", scale=y_scale, axis=None),
            text="label:N",
        )
        for how in (around, nothing)
    )
    spec: Spec = alt.layer(cells, halo, words, description="Map of the chosen page").to_dict()
    spec["config"] = _CONFIG
    return spec


def depths(name: str = "depths") -> Spec:
    """Lines of how many views reach a depth, without their rows: the page's script fills data `depths`
    (depth in percent, share of 1, views, device)."""
    base = alt.Chart(alt.NamedData(name=name))
    x = alt.X(
        "depth:Q",
        title="how far down the page, %",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(tickCount=5),
    )
    y = alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", tickCount=5))
    color = alt.Color("device:N", legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3))
    line = base.mark_line(strokeWidth=2, interpolate="monotone").encode(x=x, y=y, color=color)
    points = base.mark_point(size=45, filled=True, opacity=0.8).encode(
        x=x,
        y=y,
        color=color,
        tooltip=[
            alt.Tooltip("device:N", title="Device"),
            alt.Tooltip("depth:Q", title="Down to, %"),
            alt.Tooltip("share:Q", title="Reached by", format=".1%"),
            alt.Tooltip("views:Q", title="Views", format=","),
        ],
    )
    return finish(alt.layer(line, points), "Line chart of the share of views that reach a depth", 200)
