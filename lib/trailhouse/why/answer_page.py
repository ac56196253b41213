"""The page of an answer to `why`: one HTML file that runs no script and loads nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from trailhouse.errors import StorageError
from trailhouse.report.environment import environment, policy, resource
from trailhouse.settings import Settings
from trailhouse.why.told import summary
from trailhouse.why.weighed import CLAIMED, TOO_FEW

Row = Mapping[str, Any]
_PACKAGE = "trailhouse.why"
_FIRST = 3
"""Reasons that are told in sentences before the table."""
_SIDES = {"feature": ("did not try it", "tried it"), "page": ("did", "did not")}
_ELSE, _PERIODS = ("stopped", "went on"), ("were of one period", "of the other")
"""What the units of the two groups did, by kind of number; of others; of a change."""


def build_page(
    found: pd.DataFrame,
    asked: str,
    *,
    title: str,
    change: bool = False,
    generated: str | None = None,
    options: str = "",
) -> str:
    """The answer as the text of one HTML file.

    `found` are rows of `why`, `asked` what was asked for in its words; `change`: of two periods. `options`
    are what a command for more must be given besides, such as `--lake PATH`. Every value is escaped.
    """
    rows: list[dict[str, Any]] = [
        {str(name): None if _missing(cell) else cell for name, cell in row.items()}
        for row in found.to_dict("records")
    ]
    first = rows[0] if rows else None
    groups = _PERIODS if change else _SIDES.get(first["asked"], _ELSE) if first else _ELSE
    return (
        environment(_PACKAGE)
        .get_template("answer.html.j2")
        .render(
            policy=policy(),
            style=Markup(resource("trailhouse.report", "report.css") + resource(_PACKAGE, "answer.css")),
            asked=asked,
            title=title,
            generated=generated,
            first=first,
            sides=("One period", "The other") if change else [f"Who {did}" for did in groups],
            summary=first and _summary(found, groups),
            claims=[row["sentence"] for row in rows if row["verdict"] == CLAIMED][:_FIRST],
            rows=[_row(row, options) for row in rows],
        )
    )


def _summary(found: pd.DataFrame, groups: tuple[str, str]) -> str:
    # Of an element only those count who came to its page: all units are the most.
    return summary(found, int(found["units"].max()), int(found["others"].max()), groups)


def write_page(
    file: Path,
    found: pd.DataFrame,
    asked: str,
    settings: Settings,
    options: str = "",
    *,
    change: bool = False,
) -> None:
    """Write the page of an answer; StorageError when it cannot be written."""
    page = build_page(
        found,
        asked,
        title=settings.report.title,
        change=change,
        generated=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        options=options,
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from None


def _row(row: Row, options: str) -> dict[str, Any]:
    low, high = row["low"], row["high"]
    return {
        **row,
        "sure": row["verdict"] == CLAIMED,
        "few": row["verdict"] == TOO_FEW,
        "width": _width(row["share"]),
        "width_others": _width(row["share_others"]),
        "times": "" if row["lift"] is None else f"{row['lift']:.1f} ×",
        "ends": "" if low is None else f"{low:.1f} to {high:.1f}" if high is not None else f"from {low:.1f}",
        "visits": [
            {
                "session": session,
                "command": f"python -m trailhouse {'replay' if recorded else 'journey'} "
                f"--session {shlex.quote(session)}{options}",
            }
            for session, recorded in row["sessions"]
        ],
    }


def _width(share: Any) -> str:
    """A share as a length in percent."""
    return f"{100 * min(float(share or 0), 1):.1f}"


def _missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell)
