"""The command line of a job: arguments and settings in, exit code out."""

from __future__ import annotations

import os
import shutil
import sys
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


def main(name: str) -> None:
    """Run the job of this name with the process's arguments; never returns."""

    def command(settings: SettingsFile = None, set_: Overrides = None, rebuild: Rebuild = False) -> None:
        execute(name, settings, set_ or [], rebuild)

    def run_all(
        settings: SettingsFile = None,
        set_: Overrides = None,
        rebuild: Rebuild = False,
        until: Until = "report",
    ) -> None:
        execute(name, settings, set_ or [], rebuild, until)

    everything = name == "run_all"
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    told = "Run all of Trailhouse." if everything else f"Run the {name} job of Trailhouse."
    app.command(name, help=told)(run_all if everything else command)
    app(prog_name=f"{name}.py")


def execute(
    name: str, settings_file: Path | None, overrides: list[str], rebuild: bool, until: Job = "report"
) -> None:
    """One job from settings to exit: 0 done, 2 something to mend, 3 a gate held the publish."""
    progress = Progress()
    try:
        settings = load_settings(settings_file, overrides)
        require_java()
        # Imported late: pyspark starts slowly, and a wrong setting is to be told at once.
        from trailhouse.run import open_run
        from trailhouse.spark import build_session, session_jars
        from trailhouse.suite import run_job

        spark = build_session(settings, f"trailhouse-{name}", session_jars())
        try:
            with open_run(spark, settings, progress) as run:
                run_job(name, until)(run, rebuild)
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
