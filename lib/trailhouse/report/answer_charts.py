"""The charts of returns, segments, credit, money, experiments and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from trailhouse.report.charts import Spec, data, day_value, finish
from trailhouse.report.text import Row, as_date

COLOURS = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)")
_FEW = 12
"""So many days each have a point and a tick."""
_LABELS: dict[str, Any] = {"labelLimit": 210, "labelColor": "var(--ink)", "labelPadding": 10}


def movement(title: str, rows: Sequence[Row], kinds: Mapping[str, str]) -> Spec:
    """Bars that add up above and below zero; `rows` have label (of a period, unique), kind, amount (below
    zero for what goes), told (the amount in words), complete; `kinds` are kind -> colour, in order."""
    order = list(kinds)
    bars = (
        alt.Chart(data([{**row, "place": order.index(row["kind"])} for row in rows]))
        .mark_bar()
        .encode(
            x=alt.X(
                "label:O",
                sort=None,
                title=None,
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
                scale=alt.Scale(paddingInner=0.25, paddingOuter=0.3),
            ),
            y=alt.Y("amount:Q", title=None, axis=alt.Axis(tickCount=5, format="~s")),
            color=alt.Color("kind:N", scale=alt.Scale(domain=order, range=list(kinds.values()))),
            order=alt.Order("place:Q"),
            opacity=alt.condition("datum.complete", alt.value(0.9), alt.value(0.4)),
            tooltip=[
                alt.Tooltip("label:N", title="Period"),
                alt.Tooltip("kind:N", title="Kind"),
                alt.Tooltip("told:N", title="Amount"),
            ],
        )
    )
    zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color="var(--muted)").encode(y=alt.YDatum(0))
    return finish(alt.layer(bars, zero), title, 220)


def lines(
    title: str, rows: Sequence[Row], names: Sequence[str], form: str, step: bool = False, height: int = 200
) -> Spec:
    """Lines over time; `rows` have day, line, value, complete; `form` is the format of a value.

    What is not complete is a pale point and no part of a line. With `step` a value holds until the next.
    Of few days each has a point, and a tick of its own.
    """
    days = sorted({as_date(row["day"]) for row in rows})
    few = len(days) <= _FEW
    base = alt.Chart(data(rows, "day"))
    form_of_days = "%b %Y" if all(day.day == 1 for day in days) else "%b %-d"
    ticks = {"values": [day_value(str(day)) for day in days]} if few else {"tickCount": 8}
    x = alt.X("day:T", title=None, axis=alt.Axis(format=form_of_days, labelOverlap=True, **ticks))
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4, format="~s" if form == "," else form))
    color = alt.Color(
        "line:N",
        scale=alt.Scale(domain=list(names), range=list(COLOURS[: len(names)])),
        legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1, labelLimit=220)
        if len(names) > 1
        else None,
    )
    line = base.transform_filter("datum.complete").mark_line(
        strokeWidth=2, interpolate="step-after" if step else "monotone"
    )
    points = base.mark_point(size=45, filled=True).encode(
        opacity=alt.condition("datum.complete", alt.value(1 if few else 0), alt.value(0.55)),
        tooltip=[
            alt.Tooltip("day:T", title="Day", format="%b %-d, %Y"),
            alt.Tooltip("line:N", title="Of"),
            alt.Tooltip("value:Q", title="Value", format=form),
        ],
    )
    return finish(
        alt.layer(line.encode(x=x, y=y, color=color), points.encode(x=x, y=y, color=color)), title, height
    )


def numbers(title: str, rows: Sequence[Row]) -> Spec:
    """Bars of units by their active periods; `rows` have number, units, at_least (a share), in order.

    No text of the data may be the title of a tooltip: Vega-Lite makes it part of an expression.
    """
    bars = (
        alt.Chart(data(rows))
        .mark_bar(color="var(--c1)", cornerRadiusEnd=2)
        .encode(
            x=alt.X("number:O", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("units:Q", title=None, axis=alt.Axis(tickCount=4, format="~s")),
            tooltip=[
                alt.Tooltip("number:O", title="Active periods"),
                alt.Tooltip("units:Q", title="Exactly so many", format=","),
                alt.Tooltip("at_least:Q", title="So many or more", format=".1%"),
            ],
        )
    )
    return finish(bars, title, 180)


def credit(title: str, rows: Sequence[Row], families: Mapping[str, str]) -> Spec:
    """A line a touch, from its least to its greatest share, and a point a model.

    `rows` have touch, model, family, share, told, in the order of touches; `families` are family ->
    colour.
    """
    shares: dict[str, list[float]] = {}
    for row in rows:
        shares.setdefault(str(row["touch"]), []).append(float(row["share"] or 0))
    spans = [{"touch": touch, "low": min(own), "high": max(own)} for touch, own in shares.items()]
    y = alt.Y("touch:N", sort=None, title=None, axis=alt.Axis(**_LABELS))
    scale = alt.Scale(zero=True, nice=True)
    rules = (
        alt.Chart(data(spans))
        .mark_rule(color="var(--track)", strokeWidth=10, strokeCap="round")
        .encode(y=y, x=alt.X("low:Q", scale=scale, title=None), x2="high:Q")
    )
    points = (
        alt.Chart(data(rows))
        .mark_point(filled=True, size=75, opacity=0.9)
        .encode(
            y=y,
            x=alt.X("share:Q", scale=scale, title=None, axis=alt.Axis(format=".0%", tickCount=6, grid=True)),
            color=alt.Color(
                "family:N", scale=alt.Scale(domain=list(families), range=list(families.values()))
            ),
            tooltip=[
                alt.Tooltip("touch:N", title="Touch"),
                alt.Tooltip("model:N", title="Model"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
                alt.Tooltip("told:N", title="Credit"),
            ],
        )
    )
    return finish(alt.layer(rules, points), title, 30 * len(spans))


def differences(title: str, rows: Sequence[Row]) -> Spec:
    """Differences from the control with their intervals, and zero as a line.

    `rows` have variant, difference, low, high, always_low, always_high, told; the wide bar is the interval
    of one look, the thin line that of every look.
    """
    base = alt.Chart(data(rows))
    y = alt.Y("variant:N", sort=None, title=None, axis=alt.Axis(**_LABELS))

    def x(name: str) -> Any:
        return alt.X(
            f"{name}:Q", title=None, axis=alt.Axis(format="+,.3~f", tickCount=5, grid=True, labelOverlap=True)
        )

    zero = (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_rule(color="var(--muted)", strokeDash=[3, 3])
        .encode(x=alt.XDatum(0))
    )
    every = base.mark_rule(color="var(--c1)", strokeWidth=1.5, opacity=0.7).encode(
        y=y, x=x("always_low"), x2="always_high:Q"
    )
    once = base.mark_rule(color="var(--c1)", strokeWidth=9, opacity=0.3, strokeCap="round").encode(
        y=y, x=x("low"), x2="high:Q"
    )
    points = base.mark_point(color="var(--c1)", filled=True, size=75, opacity=1).encode(
        y=y,
        x=x("difference"),
        tooltip=[
            alt.Tooltip("variant:N", title="Variant"),
            alt.Tooltip("told:N", title="Difference"),
            alt.Tooltip("once:N", title="Interval, one look"),
            alt.Tooltip("every:N", title="Interval, every look"),
        ],
    )
    return finish(alt.layer(zero, every, once, points), title, 44 * len(rows))


def calibration(title: str, rows: Sequence[Row]) -> Spec:
    """Observed against predicted shares by tenths; on the dashed line both are alike.

    `rows` have predicted, observed, low, high, persons.
    """
    most = max(float(row[end]) for row in rows for end in ("predicted", "high"))
    scale = alt.Scale(domain=[0, min(1.0, most * 1.05 or 1.0)], nice=False)
    axis: dict[str, Any] = {"format": ".0%", "tickCount": 5}
    x = alt.X("predicted:Q", title="predicted", scale=scale, axis=alt.Axis(**axis))

    def y(name: str) -> Any:
        return alt.Y(f"{name}:Q", title="observed", scale=scale, axis=alt.Axis(**axis))

    same = (
        alt.Chart(alt.InlineData(values=[{"at": 0}, {"at": scale.domain[1]}]))
        .mark_line(color="var(--muted)", strokeDash=[4, 4], strokeWidth=1)
        .encode(x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale))
    )
    base = alt.Chart(data(rows))
    ranges = base.mark_rule(color="var(--c1)", strokeWidth=8, opacity=0.25, strokeCap="round").encode(
        x=x, y=y("low"), y2="high:Q"
    )
    points = base.mark_point(color="var(--c1)", filled=True, size=70, opacity=1).encode(
        x=x,
        y=y("observed"),
        tooltip=[
            alt.Tooltip("predicted:Q", title="Predicted", format=".1%"),
            alt.Tooltip("observed:Q", title="Observed", format=".1%"),
            alt.Tooltip("low:Q", title="Interval from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
            alt.Tooltip("persons:Q", title="Persons", format=","),
        ],
    )
    return finish(alt.layer(same, ranges, points), title, 260)
