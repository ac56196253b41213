"""`import-usability`, `replay`, `profiles` and `next-items`: one file into a lake, or out of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from trailhouse.commands.opening import LakeRoot, reading, writing
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import how_many


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(import_usability)
    app.command()(replay)
    app.command()(profiles)
    app.command()(next_items)


def import_usability(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="One row a participant and task.")],
    study: Annotated[str | None, typer.Option(help="Name of the test, else the file's name.")] = None,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Add results of a usability test: participant, task, success, time_seconds; errors, sus or its items."""
    from trailhouse.usability import import_rows, imported, read_rows

    rows = read_rows(file)
    name = study or file.stem
    with writing("import-usability", settings, set_, lake) as run:
        import_rows(run, file, name, rows)
        for line in imported(run.lake, name):
            typer.echo(line)


def replay(
    session: Annotated[
        str, typer.Option("--session", metavar="ID", help="A session's id, or its tracker's own id of it.")
    ],
    out: Annotated[Path | None, typer.Option(help="The HTML file, else replay-ID.html here.")] = None,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Write a session as one HTML file that plays it: what was recorded, else drawn from its events."""
    with reading("replay", settings, set_, lake) as run:
        from trailhouse.replay.command import write_replay

        typer.echo(write_replay(run.lake, run.settings, session, out))


def profiles(
    as_of: Annotated[
        datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DAY", help="The project's day.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv|FILE.parquet", help="The file, else profiles-DAY.csv here."),
    ] = None,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Write the profiles of all persons as they were when a day ended."""
    from trailhouse.profiles.export import export
    from trailhouse.table_file import require_kind

    day = as_of.date()
    target = out or Path(f"profiles-{day}.csv")
    require_kind(target, "profiles")
    with reading("profiles", settings, set_, lake) as run:
        run.progress.note(f"{how_many(export(run, day, target), 'profile')} as of {day}: {target}")


def next_items(
    out: Annotated[Path, typer.Option(metavar="FILE.csv|FILE.parquet", help="The file.")] = Path(
        "next-items.csv"
    ),
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Write the next items of all persons, best first, and say how well such were known before."""
    from trailhouse.table_file import require_kind
    from trailhouse.why.export import export_next_items

    require_kind(out, "next items")
    with reading("next-items", settings, set_, lake) as run:
        run.progress.note(export_next_items(run.lake, out))
