"""`python -m trailhouse why`: the reasons behind a number on the terminal."""

from __future__ import annotations

import csv
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from trailhouse.commands.opening import LakeRoot, options, reading
from trailhouse.csv_cells import safe_cell
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import how_many

if TYPE_CHECKING:
    import pandas as pd


_DAY = {"formats": ["%Y-%m-%d"], "metavar": "DATE"}
_SHOWN = 10
NOTHING = "no reason to tell: nobody came there, nobody stopped, or everybody did"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def why(
        question: Annotated[
            str,
            typer.Argument(
                help="A declared funnel, retention or task; a page such as /pricing; a funnel on one line."
            ),
        ],
        step: Annotated[
            int | None,
            typer.Option(help="The funnel's step that some did not go on to, else its worst; a period."),
        ] = None,
        next_: Annotated[
            str | None, typer.Option("--next", metavar="PAGE", help="Of a page: who went on to this one.")
        ] = None,
        segment: Annotated[str | None, typer.Option(help="Only its members.")] = None,
        from_: Annotated[datetime | None, typer.Option("--from", help="First day.", **_DAY)] = None,
        to: Annotated[datetime | None, typer.Option("--to", help="Last day.", **_DAY)] = None,
        against_from: Annotated[
            datetime | None, typer.Option(help="First day of an earlier period: why it changed.", **_DAY)
        ] = None,
        against_to: Annotated[datetime | None, typer.Option(help="Its last day.", **_DAY)] = None,
        limit: Annotated[int, typer.Option(min=1, help="Reasons to show.")] = _SHOWN,
        out: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="All rows, as CSV.")] = None,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Show what goes with stopping, and whom to look at (docs/questions/why.md)."""
        from trailhouse.settings import load_settings

        loaded = load_settings(settings, set_ or [])
        first, last, first_then, last_then = (
            one and one.date() for one in (from_, to, against_from, against_to)
        )
        given: dict[str, Any] = {
            "step": step,
            "next_page": next_,
            "segment": segment,
            "days": (first, last),
            "against": (first_then, last_then),
        }
        from trailhouse.why.answer import Wanted, checked, named, why

        of = named(question, loaded)
        checked(Wanted(of, **given))  # what cannot be asked for is told before Spark starts
        with reading("why", settings, set_, lake) as run:
            found = why(of, run.lake, settings=run.settings, **given)
            if out is not None:
                write_csv(out, found)
                run.progress.note(f"{how_many(len(found), 'reason')}: {out}")
            elif found.empty:
                run.progress.note(NOTHING)
            else:
                run.progress.console.print(shown(found, limit))
                for line in look_at(found, options(settings, lake)):
                    run.progress.note(line)


def shown(found: pd.DataFrame, limit: int) -> Table:
    """The first reasons as a table for the terminal."""
    rows = found.head(limit).to_dict("records")
    title = f"Who {rows[0]['number']}" if rows else ""
    table = Table(title=escape(title), title_justify="left")
    for header, justify in (("", "right"), ("reason", "left"), ("q", "right"), ("said", "left")):
        table.add_column(header, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        claimed = row["verdict"] == "association"
        text = escape(row["sentence"])
        table.add_row(
            str(row["rank"]),
            f"[bold]{text}[/bold]" if claimed else f"[dim]{text}[/dim]",
            "" if row["q"] is None else f"{float(row['q']):.4f}",
            escape("\n".join(f"“{_cut(one)}”" for one in row["comments"]) if claimed else ""),
        )
    if rows:
        table.caption = (
            f"{rows[0]['compared']:,} reasons compared, q adjusted for that; what goes with "
            "stopping need not cause it"
        )
    return table


def look_at(found: pd.DataFrame, options: str = "") -> list[str]:
    """Commands that show sessions of the first reason: a replay where one is kept, else a journey."""
    if found.empty:
        return []
    first = found.iloc[0]
    return [
        f"look at one with reason 1: python -m trailhouse "
        f"{'replay' if recorded else 'journey'} --session {shlex.quote(session)}{options}"
        for session, recorded in first["sessions"]
    ]


def write_csv(file: Path, found: pd.DataFrame) -> None:
    """Rows as CSV that a spreadsheet takes for data, never for a formula."""
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(found.columns)
        for row in found.to_dict("records"):
            row["comments"] = " | ".join(row["comments"])
            row["sessions"] = " ".join(name for name, _ in row["sessions"])
            writer.writerow([safe_cell(None if _missing(cell) else cell) for cell in row.values()])


def _missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell)


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:99]}…"
