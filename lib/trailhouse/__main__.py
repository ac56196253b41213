"""`python -m trailhouse CMD`."""

from __future__ import annotations

import sys

import typer

from trailhouse import __version__
from trailhouse.ask import command as ask
from trailhouse.commands import files, lakes, persons, planning, records
from trailhouse.errors import PlanError, TrailhouseError
from trailhouse.job import Overrides, SettingsFile
from trailhouse.journey import commands as journey
from trailhouse.progress import Progress
from trailhouse.segments import commands as segments
from trailhouse.settings import load_settings
from trailhouse.why import case_command as case
from trailhouse.why import command as why

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Trailhouse on the terminal.",
)


@app.callback()
def _root() -> None:
    """Trailhouse on the terminal."""


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def settings(settings: SettingsFile = None, set_: Overrides = None) -> None:
    """Print the settings that a run would have, as JSON."""
    typer.echo(load_settings(settings, set_ or []).model_dump_json(indent=2))


for part in (records, persons, files, lakes, planning, journey, ask, segments, why, case):
    part.register(app)


def main() -> None:
    """Run a command; an error the user can mend is one sentence and its exit code."""
    try:
        app(prog_name="trailhouse")
    except TrailhouseError as error:
        for told in error.problems if isinstance(error, PlanError) else [str(error)]:
            Progress().fail(told)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
