"""`python -m trailhouse case`: what it takes, and what it writes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailhouse.commands.opening import LakeRoot, options, reading
from trailhouse.errors import SettingsError, StorageError
from trailhouse.job import Overrides, SettingsFile

if TYPE_CHECKING:
    from trailhouse.run import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def case(
        name: Annotated[str | None, typer.Argument(help="Name of a declared case.")] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="FILE.html", help="The page; else case-NAME.html here.")
        ] = None,
        list_: Annotated[bool, typer.Option("--list", help="Tell which cases are declared.")] = False,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Write a declared case as one page: the pain, what it costs, what could be done (docs/cases.md)."""
        from trailhouse.settings import load_settings
        from trailhouse.why.case_answer import named

        loaded = load_settings(settings, set_ or [])
        if list_:
            for one in loaded.impact.cases:
                typer.echo(f"{one.name}: {one.title}")
            if not loaded.impact.cases:
                typer.echo("no case is declared: name a file of cases with impact.path (docs/cases.md)")
            return
        if name is None:
            raise SettingsError("which case? Give its name, or --list")
        named(loaded, name)  # what is wrong is told before Spark starts
        with reading("case", settings, set_, lake) as run:
            target = write_case(run, name, out, options(settings, lake))
            run.progress.note(f"case {name}: {target}")


def write_case(run: Run, name: str, out: Path | None, options: str = "") -> Path:
    """The page of a case; where it is. StorageError when it cannot be written."""
    from trailhouse.ask.answer import LakeFrames
    from trailhouse.why.case_answer import answered, named
    from trailhouse.why.case_page import build_case
    from trailhouse.why.case_reads import SHOWN, evidence
    from trailhouse.why.impact_given import Given

    wanted = named(run.settings, name)
    given = Given(wanted, LakeFrames(run.lake), run.settings, lambda frame: frame.localCheckpoint())
    rows = [row.asDict(recursive=True) for row in answered(wanted, run.lake, run.settings).collect()]
    page = build_case(
        wanted,
        sorted(rows, key=lambda row: (row["estimate"], row["measure"], row["month"])),
        evidence(given, tuple(name for name in SHOWN if not run.lake.exists(name))),
        title=run.settings.report.title,
        timezone=run.settings.project.timezone,
        generated=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        options=options,
    )
    target = out or Path(f"case-{re.sub(r'[^0-9A-Za-z_-]', '-', name)[:64]}.html")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}") from None
    return target
