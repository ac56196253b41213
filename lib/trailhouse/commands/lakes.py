"""`diff`, `branch` and `maintain`: whole lakes."""

from __future__ import annotations

from typing import Annotated

import typer

from trailhouse.commands.opening import LakeRoot, reading, writing
from trailhouse.job import Overrides, SettingsFile


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(diff)
    app.command()(branch)
    app.command()(maintain)


def diff(
    a: Annotated[str, typer.Argument(metavar="LAKE_A", help="A lake's folder or URL.")],
    b: Annotated[str, typer.Argument(metavar="LAKE_B", help="The lake to hold against it.")],
    settings: SettingsFile = None,
    set_: Overrides = None,
) -> None:
    """Tell what differs between two lakes, by table, in numbers."""
    with reading("diff", settings, set_, a) as run:
        from trailhouse.diff import diff, told
        from trailhouse.storage import Lake

        for line in told(list(diff(run.lake, Lake(run.lake.spark, b)))):
            typer.echo(line)


def branch(
    source: Annotated[str, typer.Argument(metavar="LAKE", help="The lake to begin from.")],
    target: Annotated[str, typer.Argument(metavar="NEW_LAKE", help="Where the branch is to lie.")],
    settings: SettingsFile = None,
    set_: Overrides = None,
) -> None:
    """Make a lake that begins with another's tables, to try other definitions; no file is copied."""
    with reading("branch", settings, set_, source) as run:
        from trailhouse.branch import branch
        from trailhouse.storage import Lake

        branch(run.lake, Lake(run.lake.spark, target), run.progress)


def maintain(
    force: Annotated[
        bool, typer.Option("--force", help="Allow a retention under a day; nobody may read the lake.")
    ] = False,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Put small files together, delete those no longer needed, write checkpoints; no row changes."""
    from trailhouse.maintain import maintain

    with writing("maintain", settings, set_, lake) as run:
        maintain(run, force=force)
