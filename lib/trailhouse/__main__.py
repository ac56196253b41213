"""`python -m trailhouse CMD`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from trailhouse import __version__
from trailhouse.errors import PlanError, TrailhouseError
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import Progress
from trailhouse.settings import load_settings

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


@app.command()
def status(
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: Annotated[str | None, typer.Option(help="The lake, when it is not the settings' own.")] = None,
) -> None:
    """Show a lake's tables, their rows and the gates' latest verdicts."""
    overrides = [*(set_ or []), *([f"lake.root={lake}"] if lake else [])]
    loaded = load_settings(settings, overrides)
    from trailhouse.run import Run
    from trailhouse.spark import build_session, session_jars
    from trailhouse.storage import Lake
    from trailhouse.suite import show_tables

    spark = build_session(loaded, "trailhouse-status", session_jars())
    try:
        show_tables(Run(Lake(spark, loaded.lake.root), loaded, Progress()))
    finally:
        spark.stop()


@app.command()
def plan(
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: Annotated[str | None, typer.Option(help="The lake, when it is not the settings' own.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Say whether the plan's files are sound.")] = False,
    infer: Annotated[bool, typer.Option("--infer", help="Draft a plan from event_catalog.")] = False,
    out: Annotated[str | None, typer.Option(help="The plan's folder, else plan.path or conf/plan.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --infer replace files.")] = False,
) -> None:
    """Check the tracking plan's files, or draft them from what events there are."""
    from trailhouse.plan import command

    overrides = [*(set_ or []), *([f"lake.root={lake}"] if lake else [])]
    loaded = load_settings(settings, overrides, with_plan=False)
    folder = out or loaded.plan.path or command.DEFAULT
    if check == infer:
        raise PlanError(["python -m trailhouse plan takes one of --check and --infer"])
    if infer:
        files = command.infer(loaded, folder, force=force)
        typer.echo(f"drafted {', '.join(map(str, files)) or 'nothing: event_catalog is empty'}")
    else:
        typer.echo(command.check(folder))


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
