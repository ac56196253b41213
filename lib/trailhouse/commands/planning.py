"""`plan`: the tracking plan's files."""

from __future__ import annotations

from typing import Annotated

import typer

from trailhouse.commands.opening import LakeRoot
from trailhouse.errors import PlanError
from trailhouse.job import Overrides, SettingsFile
from trailhouse.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(plan)


def plan(
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
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
