"""`python -m trailhouse segment` and `similar`: what they take, and what they write."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trailhouse.commands.opening import LakeRoot, reading
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import how_many

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table


Name = Annotated[str, typer.Argument(metavar="NAME", help="A declared segment.")]
Format = Annotated[
    Literal["csv", "parquet", "json"], typer.Option("--format", help="json: an object a line.")
]
On = Annotated[
    datetime | None,
    typer.Option(
        "--on", formats=["%Y-%m-%d"], metavar="DATE", help="Members at the end of this day, else of the last."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the two commands."""

    @app.command()
    def segment(
        name: Name,
        out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
        format_: Format = "csv",
        on: On = None,
        traits: Annotated[bool, typer.Option("--traits", help="Their latest traits, too.")] = False,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Write a list of a segment's members: person_id, main user_id, identifiers, member since."""
        from trailhouse.segments.lists import listed, write_list

        with reading("segment", settings, set_, lake) as run:
            rows = listed(run.lake, name, on and on.date(), traits=traits)
            count = write_list(rows, format_, out)
            run.progress.note(f"{how_many(count, 'member')} of {name}: {out}")

    @app.command("similar")
    def similar_(
        name: Name,
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows to show.")] = 20,
        everything: Annotated[
            bool, typer.Option("--all", help="Show what its own rule asks for, and what too few have, too.")
        ] = False,
        alike: Annotated[
            int, typer.Option("--look-alikes", min=0, max=1_000_000, help="So many others most like them.")
        ] = 0,
        out: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="Write these, or without them the whole comparison."),
        ] = None,
        format_: Format = "csv",
        on: On = None,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Tell what a segment's members share against all others, and who is like them."""
        from trailhouse.segments.lists import comparison, write_list

        with reading("similar", settings, set_, lake) as run:
            found, near = comparison(run.lake, run.settings, name, on and on.date(), alike)
            run.progress.console.print(_shown(found, name, limit, everything))
            run.progress.note(_left_out(found))
            if near is not None and out is None:
                run.progress.console.print(_people(near.toPandas(), limit))
            if out is not None:
                count = write_list(found if near is None else near, format_, out)
                run.progress.note(f"{how_many(count, 'row')}: {out}")


def _shown(found: pd.DataFrame, name: str, limit: int, everything: bool) -> Table:
    """The comparison for a terminal; foreign text is neither markup nor an order to it."""
    from rich.table import Table
    from rich.text import Text

    from trailhouse.identity.spelling import plain

    rows = found if everything else found[~found["too_few"] & ~found["of_rule"]]
    title = f"What members of {name} share; the first {min(limit, len(rows))} of {len(rows)}"
    made = Table(title=Text(plain(title)), title_justify="left")
    for head in ("feature", "value", "members", "others", "lift", "95 %", "p adjusted", "notes"):
        made.add_column(head, justify="left" if head in ("feature", "value", "notes") else "right")
    for row in rows[:limit].to_dict("records"):
        notes = [word for key, word in (("too_few", "too few"), ("of_rule", "its own rule")) if row[key]]
        cells = (
            row["feature"],
            row["value"],
            f"{row['share_in']:.1%}",
            f"{row['share_out']:.1%}",
            f"{row['lift']:.2f}",
            f"{row['low']:.2f} to {row['high']:.2f}",
            f"{row['p_adjusted']:.2g}",
            ", ".join(notes),
        )
        made.add_row(*(Text(plain(cell)) for cell in cells))
    return made


def _left_out(found: pd.DataFrame) -> str:
    """How many rows are not shown without --all, and why."""
    few, own = int(found["too_few"].sum()), int((found["of_rule"] & ~found["too_few"]).sum())
    return f"{how_many(few, 'value')} of too few persons, {own:,} of the segment's own rule: --all shows them"


def _people(near: pd.DataFrame, limit: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    from trailhouse.identity.spelling import plain

    made = Table(title="Most like them", title_justify="left")
    for head in ("person_id", "user_id", "score", "because of"):
        made.add_column(head, justify="right" if head == "score" else "left")
    for row in near[:limit].to_dict("records"):
        cells = (row["person_id"], row["user_id"] or "", f"{row['score']:.2f}", ", ".join(row["reasons"]))
        made.add_row(*(Text(plain(cell)) for cell in cells))
    return made
