"""The page of a case: one HTML file that runs no script and loads nothing, and fits on one sheet of A4."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from trailhouse.report import text
from trailhouse.report.environment import environment, policy, resource
from trailhouse.settings.impact import Case
from trailhouse.why import case_words as words
from trailhouse.why.case_reads import Evidence

Row = Mapping[str, Any]
_PACKAGE = "trailhouse.why"
_CELL = 8
"""Side of a cell of the map, in units of its drawing."""
_COLUMNS = 25
_ROW_PX, _AROUND = 32, 2
"""Height of a row of the map on the page, and rows shown above and below the clicks."""
_MANY = 100


def build_case(
    case: Case,
    rows: Sequence[Row],
    evidence: Evidence,
    *,
    title: str,
    timezone: str,
    generated: str | None = None,
    options: str = "",
) -> str:
    """The case as the text of one HTML file.

    `rows` are those of the table `impact` for it, as dicts. `options` are what a command for more must be
    given besides, such as `--lake PATH`. Every value is escaped.
    """
    of = {(row["estimate"], row["measure"]): row for row in rows if row["month"] == "all"}
    any_row = next(iter(of.values()), None)
    return (
        environment(_PACKAGE)
        .get_template("case.html.j2")
        .render(
            policy=policy(),
            style=Markup(resource("trailhouse.report", "report.css") + resource(_PACKAGE, "case.css")),
            case=case,
            title=title,
            timezone=timezone,
            generated=generated,
            stated=_stated(case, of.get(("stated", "money"))),
            observed=_observed(case, of.get(("observed", "money"))),
            link=_link(case, of.get(("link", "money"))),
            reach=any_row,
            reach_by_month=words.by_month(rows),
            evidence=evidence,
            signals=[_signal(row) for row in evidence.signals],
            feelings=[_feeling(row) for row in evidence.feelings],
            visits=[_visit(row, options) for row in evidence.visits],
            heat=_heat(evidence.clicks),
            options=[words.option(case, one, rows) for one in case.options],
            release=words.released(rows),
        )
    )


def _stated(case: Case, row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    parts = words.parts_of(row)
    value = parts["churned_value"]["value"]
    return {
        "money": words.told_money(row),
        "value": words.money(value, case.currency),
        "source": words.source(case.churned_value, "mean month's churn"),
        "share": words.told_share(parts["share"]),
        "response": words.told_share(parts["response_rate"]),
        "counts": {name: int(parts[name]["value"]) for name in ("churned", "answered", "named")},
    }


def _observed(case: Case, row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    parts = words.parts_of(row)
    each = parts["customer_value"]["value"]
    return {
        "money": words.told_money(row),
        "difference": words.told_points(parts["difference"]),
        "affected": words.told_share(parts["churn_affected"]),
        "others": words.told_share(parts["churn_others"]),
        "bars": _bars(parts["churn_affected"], parts["churn_others"]),
        "value": words.money(each, case.currency),
        "source": words.source(case.of_customer, "MRR / customers"),
        "a_month": text.number(parts["affected_a_month"]["value"]),
        "counts": {name: int(parts[name]["value"]) for name in ("affected", "others", "left_out")},
    }


def _bars(*parts: Row) -> list[dict[str, Any]]:
    """Shares as lengths in percent of the longest upper end; an interval each."""
    most = max((float(part["high"] or 0) for part in parts), default=0.0)
    names = ("affected", "not affected")
    return [
        {
            "name": name,
            "told": words.told_share(part),
            **{
                end: round(100 * float(part[end] or 0) / most, 2) if most else 0
                for end in ("value", "low", "high")
            },
        }
        for name, part in zip(names, parts, strict=True)
    ]


def _link(case: Case, row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    parts = words.parts_of(row)
    worth = parts["points"]["value"]
    names = (
        "completion",
        "conversion",
        "completed_of_converters",
        "converted_of_completers",
        "converted_of_others",
    )
    return {
        "money": words.told_money(row),
        "points": None if worth is None else f"{float(worth):.2f}",
        "ends": ""
        if parts["points"]["low"] is None
        else f"{float(parts['points']['low']):.2f} to {float(parts['points']['high']):.2f}",
        "units": int(parts["units"]["value"]),
        "few": row["too_few"],
        **{name: words.told_share(parts[name]) for name in names},
    }


def _signal(row: Row) -> dict[str, Any]:
    return {
        "kind": str(row["kind"]).replace("_", " "),
        "selector": row["selector"],
        "share_in": words.percent(row["share_in"]),
        "share_out": words.percent(row["share_out"]),
        "lift": _times(row["lift"]),
        "ends": "" if row["low"] >= _MANY else f"{_times(row['low'])} to {_times(row['high'])}",
        "few": row["too_few"],
    }


def _times(lift: float) -> str:
    """4.2; beyond 100 the others have next to none, and the number says nothing more."""
    return f"{lift:.1f}" if lift < _MANY else f"over {_MANY}"


def _feeling(row: Row) -> dict[str, Any]:
    part = {"value": row["difference"], "low": row["low"], "high": row["high"]}
    return {
        "survey": row["survey_id"],
        "kind": str(row["kind"]).upper(),
        "share_in": words.percent(row["share_in"], 0),
        "share_out": words.percent(row["share_out"], 0),
        "n_in": text.number(row["n"]),
        "n_out": text.number(row["m"]),
        "difference": words.told_points(part),
        "few": row["too_few"],
        "shows": row["q"] is not None and row["q"] <= 0.05,
    }


def _visit(row: Row, options: str) -> dict[str, Any]:
    session = str(row["session_id"])
    return {
        "session": session,
        "start": text.moment(row["start_time"]),
        "device": row["device_type"],
        "command": f"python -m trailhouse journey --session {shlex.quote(session)}{options}",
    }


def _heat(clicks: Sequence[Row]) -> dict[str, Any] | None:
    """Cells of the map with a level of 1 to 6 by their clicks; on what does not react apart."""
    if not clicks:
        return None
    most = max(row["points"] for row in clicks)
    # Only the part of the page with clicks, and a little around it.
    top = max(0, min(row["y"] for row in clicks) - _AROUND)
    rows = max(row["y"] for row in clicks) + 1 + _AROUND - top
    cells = [
        {
            "x": row["x"] * _CELL,
            "y": (row["y"] - top) * _CELL,
            "level": min(6, 1 + int(6 * (row["points"] / most) ** 0.5 - 1e-9)),
            "inert": row["inert"] * 2 > row["points"],
            "told": f"{row['points']:,} clicks, {row['inert']:,} of them on what does not react",
        }
        for row in clicks
    ]
    total, inert = (sum(row[name] for row in clicks) for name in ("points", "inert"))
    return {
        "cells": cells,
        "side": _CELL,
        "width": _COLUMNS * _CELL,
        "height": rows * _CELL,
        "from": top * _ROW_PX,
        "to": (top + rows) * _ROW_PX,
        "total": total,
        "inert": inert,
    }
