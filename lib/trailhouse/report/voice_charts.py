"""Charts of survey scores: points with the interval that the number of answers allows for."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from trailhouse.report.charts import Spec, data, day_value, finish
from trailhouse.report.text import Row

SCALES = {"nps": (-100, 100), "ces": (1, 7)}
"""From where to where a chart reaches; ratings reach as far as there are any, all else is a percentage."""
_FIELDS = ("score", "low", "high", "answers")


def _domain(kind: str, rows: Sequence[Row]) -> list[float]:
    if kind == "rating":
        ends = [float(row[end]) for row in rows for end in ("low", "high", "score") if row[end] is not None]
        return [min(1.0, *ends), max(5.0, *ends)]
    return [float(end) for end in SCALES.get(kind, (0, 100))]


def _format(kind: str) -> str:
    return {"nps": "+.0f", "ces": ".2f", "rating": ".2f"}.get(kind, ".0f")


def _tooltips(name: str, kind: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("score:Q", title=name, format=_format(kind)),
        alt.Tooltip("low:Q", title="Interval from", format=_format(kind)),
        alt.Tooltip("high:Q", title="to", format=_format(kind)),
        alt.Tooltip("answers:Q", title="Answers", format=","),
    ]


def scores(name: str, kind: str, weeks: Sequence[Row]) -> Spec:
    """Scores by week with 95 % intervals; `weeks` have week, score, low, high, answers, in order."""
    rows = [{"week": str(row["week"]), **{field: row[field] for field in _FIELDS}} for row in weeks]
    base = alt.Chart(data(rows, "week"))
    x = alt.X(
        "week:T",
        title=None,
        axis=alt.Axis(format="%b %-d", values=[day_value(row["week"]) for row in rows[-14:]]),
        scale=alt.Scale(padding=24),
    )
    scale = alt.Scale(domain=_domain(kind, rows), zero=False)
    y = alt.Y("score:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5))
    ranges = base.mark_rule(color="var(--c1)", strokeWidth=8, opacity=0.25, strokeCap="round").encode(
        x=x, y=alt.Y("low:Q", title=None, scale=scale), y2="high:Q"
    )
    line = base.mark_line(color="var(--c1)", strokeWidth=1.5).encode(x=x, y=y)
    points = base.mark_point(color="var(--c1)", filled=True, size=70, opacity=1).encode(
        x=x,
        y=y,
        tooltip=[alt.Tooltip("week:T", title="Week of", format="%b %-d, %Y"), *_tooltips(name, kind)],
    )
    return finish(alt.layer(ranges, line, points), f"{name} by week with 95% intervals", 220)


def values(title: str, kind: str, rows: Sequence[Row]) -> Spec:
    """Scores by value of a breakdown, one under the other; `rows` have label, score, low, high, answers."""
    plain = [{"label": row["label"], **{field: row[field] for field in _FIELDS}} for row in rows]
    base = alt.Chart(data(plain))
    y = alt.Y(
        "label:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=210, labelColor="var(--ink)", labelPadding=10),
    )
    scale = alt.Scale(domain=_domain(kind, plain), zero=False)
    x = alt.X("score:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5, grid=True))
    ranges = base.mark_rule(color="var(--c1)", strokeWidth=8, opacity=0.25, strokeCap="round").encode(
        y=y, x=alt.X("low:Q", title=None, scale=scale), x2="high:Q"
    )
    points = base.mark_point(color="var(--c1)", filled=True, size=70, opacity=1).encode(
        y=y, x=x, tooltip=[alt.Tooltip("label:N", title="Of"), *_tooltips("Score", kind)]
    )
    return finish(alt.layer(ranges, points), title, 26 * len(plain))
