"""The command line of a job: arguments and settings in, exit code out."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from trailhouse.errors import PackageError, TrailhouseError
from trailhouse.progress import Progress
from trailhouse.settings import load_settings

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="YAML file, such as conf/local.yaml; base.yaml beside it comes first."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="One setting, such as sessions.timeout=15m; may be repeated."),
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Compute anew even what is up to date.")]
Job = Literal["events", "catalog", "identities", "activity", "sessions", "profiles", "metrics", "report"]
"""The suite's jobs; suite.ORDER says the same, and takes a second to import."""
Until = Annotated[Job, typer.Option("--until", help="The last job to run.")]
Start = Annotated[
    Job, typer.Option("--start", help="The first job to run; what those before it made stays as it is.")
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="Read raw files of this day and later, such as 2026-03-01."),
]
To = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Read raw files up to this day, and of it.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say which files, days and tables a run would touch; write nothing.")
]


@dataclass(frozen=True)
class Asked:
    """What a command line asks of a job."""

    settings: Path | None = None
    overrides: tuple[str, ...] = ()
    rebuild: bool = False
    until: Job = "report"
    start: Job = "events"
    dry_run: bool = False

    def over(self, first: str | None, last: str | None) -> Asked:
        """The same over raw files of these days."""
        days = {"raw.from_day": first, "raw.to_day": last}
        # As YAML text: settings judge it, not YAML, which knows days of its own.
        given = (f"{key}={json.dumps(value)}" for key, value in days.items() if value is not None)
        return replace(self, overrides=(*self.overrides, *given))


def main(name: str) -> None:
    """Run the job of this name with the process's arguments; never returns."""

    def command(settings: SettingsFile = None, set_: Overrides = None, rebuild: Rebuild = False) -> None:
        execute(name, Asked(settings, tuple(set_ or ()), rebuild))

    def events(
        settings: SettingsFile = None,
        set_: Overrides = None,
        rebuild: Rebuild = False,
        from_: From = None,
        to: To = None,
        dry_run: DryRun = False,
    ) -> None:
        asked = Asked(settings, tuple(set_ or ()), rebuild, dry_run=dry_run)
        execute(name, asked.over(from_, to))

    def run_all(
        settings: SettingsFile = None,
        set_: Overrides = None,
        rebuild: Rebuild = False,
        start: Start = "events",
        until: Until = "report",
        from_: From = None,
        to: To = None,
        dry_run: DryRun = False,
    ) -> None:
        asked = Asked(settings, tuple(set_ or ()), rebuild, until, start, dry_run)
        execute(name, asked.over(from_, to))

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    told = "Run all of Trailhouse." if name == "run_all" else f"Run the {name} job of Trailhouse."
    chosen: dict[str, Callable[..., None]] = {"events": events, "run_all": run_all}
    app.command(name, help=told)(chosen.get(name, command))
    app(prog_name=f"{name}.py")


def execute(name: str, asked: Asked) -> None:
    """One job from settings to exit: 0 done, 2 something to mend, 3 a gate held the publish."""
    progress = Progress()
    try:
        settings = load_settings(asked.settings, asked.overrides)
        require_java()
        # Imported late: pyspark starts slowly, and a wrong setting is to be told at once.
        from trailhouse.rehearsal import rehearse
        from trailhouse.run import open_run
        from trailhouse.spark import build_session, session_jars
        from trailhouse.suite import run_job

        spark = build_session(settings, f"trailhouse-{name}", session_jars())
        try:
            if asked.dry_run:
                rehearse(spark, settings, progress, name, asked.until, asked.start, rebuild=asked.rebuild)
            else:
                with open_run(spark, settings, progress) as run:
                    run_job(name, asked.until, asked.start)(run, asked.rebuild)
        finally:
            spark.stop()
    except TrailhouseError as error:
        progress.fail(str(error))
        sys.exit(error.exit_code)


def require_java() -> None:
    """PackageError when there is no Java to start Spark with."""
    home = os.environ.get("JAVA_HOME")
    found = (Path(home) / "bin" / "java").exists() if home else shutil.which("java") is not None
    if not found:
        where = f"JAVA_HOME={home} holds none" if home else "none is on the PATH"
        raise PackageError(
            f"Java 17 or later is needed and {where}: install a JRE, such as openjdk-17-jre-headless"
        )
