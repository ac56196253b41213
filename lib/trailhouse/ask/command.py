"""`python -m trailhouse ask`: a question on the terminal."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from trailhouse.commands.opening import LakeRoot, reading
from trailhouse.csv_cells import safe_cell
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import how_many

if TYPE_CHECKING:
    from pyspark.sql import Row

    from trailhouse.settings import Question

_SAID_ONCE = ("question", "definition", "version", "unit")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def ask(
        question: Annotated[
            str,
            typer.Argument(
                help='Such as "funnel /pricing > signup > order by device within 7d", or a declared name.'
            ),
        ],
        limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 100,
        out: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="All rows, as CSV.")] = None,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Answer a question on one line (docs/questions/asking.md)."""
        wanted = _wanted(question, settings, set_)
        with reading("ask", settings, set_, lake) as run:
            from trailhouse.ask.answer import ask, predicted
            from trailhouse.settings import Prediction

            if isinstance(wanted, Prediction):
                answer, quality = predicted(wanted, run.lake, run.settings)
                run.progress.note(verdict(quality.collect()[0]))
                order: list[Any] = [answer["score"].desc(), "person_id"]
            else:
                answer = ask(wanted, run.lake, settings=run.settings)
                order = []
            grain = [name for name in answer.columns if name not in _SAID_ONCE]
            order = order or _sortable(answer, grain)
            rows = answer.orderBy(*order).limit(limit if out is None else 2**31 - 1).collect()
            if out is not None:
                write_csv(out, answer.columns, rows)
                run.progress.note(f"{how_many(len(rows), 'row')}: {out}")
            else:
                run.progress.console.print(shown(grain, rows, limit))

    @app.command()
    def compare(
        question: Annotated[str, typer.Argument(help="A funnel on one line, or a declared one's name.")],
        presets: Annotated[str, typer.Option(help="Names of presets, by commas; or all.")] = "all",
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Show a question under presets of other products, and what each of their rules changes."""
        from trailhouse.ask.compare import presets_of, variants

        wanted, names = _wanted(question, settings, set_), presets_of(presets)
        variants(wanted, names)  # what does not fit is told before Spark starts
        with reading("compare", settings, set_, lake) as run:
            from trailhouse.ask.answer import LakeFrames
            from trailhouse.ask.compare import compare
            from trailhouse.questions.asked import Asked

            of = run.settings
            answer = compare(wanted, names, Asked(LakeFrames(run.lake), of.project, of.profiles))
            rows = answer.orderBy("preset", "number", "step").collect()
            run.progress.console.print(side_by_side(rows))


def verdict(quality: Row) -> str:
    """How well the model of a prediction knew what came, or why there is none, in one line."""
    if quality["auc"] is None:
        counted = f": {quality['judged_persons']:,} persons" if quality["judged_persons"] is not None else ""
        return f"no model, {quality['verdict']}{counted}"
    area, low, high = (f"{float(quality[name]):.2f}" for name in ("auc", "auc_low", "auc_high"))
    return (
        f"{quality['verdict']}: AUC {area} ({low} to {high}), by the last event's day alone "
        f"{float(quality['recency_auc']):.2f}; judged as of {quality['judged_as_of']} by "
        f"{how_many(quality['judged_persons'], 'person')}, {quality['judged_outcomes']:,} with the outcome"
    )


def side_by_side(rows: Sequence[Row]) -> Table:
    """A line a preset and rule, a column a step: its units, and by how many the rule changes them."""
    steps = {row["step"]: row["step_name"] for row in rows}
    found = Table(title="Units by step, and what each rule changes", title_justify="left")
    for header in ("preset", "rule"):
        found.add_column(header)
    for step, name in sorted(steps.items()):
        found.add_column(escape(f"{step} {name}"), justify="right")
    cells: dict[tuple[str, int, str], dict[int, str]] = {}
    for row in rows:
        changed = f" ({row['difference']:+,})" if row["difference"] else ""
        line = cells.setdefault((row["preset"], row["number"], row["rule"]), {})
        line[row["step"]] = f"{row['units']:,}{changed}"
    for (preset, number, rule), line in cells.items():
        found.add_row("" if number else preset, escape(rule), *(line[step] for step in sorted(steps)))
    return found


def _wanted(text: str, settings: Path | None, overrides: list[str] | None) -> Question:
    """A declared question of this name, else what the line says; a wrong one is told before Spark starts."""
    from trailhouse.ask.parse import parse
    from trailhouse.settings import load_settings
    from trailhouse.settings.profiles import require_of_accounts

    loaded = load_settings(settings, overrides or [])
    declared = {one.name: one for one in loaded.questions.all}
    wanted = declared.get(text) or parse(text, _models())
    require_of_accounts([wanted], loaded.profiles)
    return wanted


def _models() -> dict[str, Any]:
    from trailhouse.ask.answer import MODELS

    return dict(MODELS)


def _sortable(answer: Any, names: Sequence[str]) -> list[str]:
    simple = {
        field.name for field in answer.schema.fields if field.dataType.simpleString().split("<")[0] != "map"
    }
    return [name for name in names if name in simple]


def shown(names: Sequence[str], rows: Sequence[Row], limit: int) -> Table:
    """The rows as a table for the terminal; columns that are empty in every row are left out."""
    filled = [name for name in names if any(row[name] is not None for row in rows)]
    title = escape(rows[0]["definition"]) if rows else "no rows"
    found = Table(title=title, title_justify="left")
    for name in filled:
        number = any(isinstance(row[name], int | float) or hasattr(row[name], "quantize") for row in rows)
        found.add_column(escape(name.removesuffix("_us")), justify="right" if number else "left")
    for row in rows:
        found.add_row(*(escape(_told(name, row[name])) for name in filled))
    if len(rows) == limit:
        found.caption = f"the first {limit} rows: --limit shows more, --csv writes all"
    return found


def _told(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name.endswith("_us"):
        seconds = value / 1_000_000
        for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
            if seconds >= size:
                return f"{seconds / size:.1f} {unit}"
        return f"{seconds:.1f} s"
    if hasattr(value, "quantize"):
        return f"{value.normalize():f}"
    if name == "reasons":
        return ", ".join(one["feature"] for one in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def write_csv(file: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Rows as CSV that a spreadsheet takes for data, never for a formula."""
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(names)
        # A list of reasons is a text for people here, too.
        cells = (
            [_told(name, row[name]) if name == "reasons" else row[name] for name in names] for row in rows
        )
        writer.writerows([safe_cell(cell) for cell in line] for line in cells)
