"""`who` and `override`: who is one person, and who is not."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from trailhouse.commands.opening import LakeRoot, reading, writing
from trailhouse.errors import SettingsError
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import how_many


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(who)
    app.command()(override)


def who(
    asked: Annotated[
        str, typer.Argument(metavar="ID", help="TYPE:VALUE such as user_id:u1, a value, or a person's id.")
    ],
    other: Annotated[
        str | None,
        typer.Option("--and", metavar="ID", help="What joins it to this one, or keeps them apart?"),
    ] = None,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Show who an identifier or a person is, by which links and decisions, and since when; times in UTC."""
    with reading("who", settings, set_, lake) as run:
        if other is None:
            from trailhouse.who import about, told_about

            lines = told_about(about(run.lake, run.settings, asked))
        else:
            from trailhouse.joined import joined, told_joined

            lines = told_joined(joined(run.lake, run.settings, asked, other))
        for line in lines:
            typer.echo(line)


def override(
    action: Annotated[
        Literal["never-join", "always-join", "ignore", "revoke", "list"],
        typer.Argument(help="What to decide; list shows the decisions that stand."),
    ],
    a: Annotated[
        str | None, typer.Argument(metavar="A", help="An identifier, TYPE:VALUE such as user_id:u1.")
    ] = None,
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="The other one, of never-join and always-join.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why, in words.")] = None,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Say who is one person and who is not, or that an identifier names nobody; the next run applies it."""
    named = [one for one in (a, b) if one is not None]
    wanted = {"list": (0,), "ignore": (1,), "revoke": (1, 2)}.get(action, (2,))
    if len(named) not in wanted:
        numbers = " or ".join([*map(str, wanted[:-1]), how_many(wanted[-1], "identifier")])
        raise SettingsError(f"override {action} takes {numbers} (TYPE:VALUE), not {len(named)}")
    from trailhouse.override import decide, listed

    if action == "list":
        with reading("override", settings, set_, lake) as run:
            for line in listed(run.lake, run.settings):
                typer.echo(line)
        return
    with writing("override", settings, set_, lake) as run:
        decide(run, action, named, note)
