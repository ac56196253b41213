"""What commands share: which lake to open, with which settings, and what to tell of that."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailhouse.job import require_java
from trailhouse.progress import Progress
from trailhouse.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from trailhouse.run import Run

LakeRoot = Annotated[str | None, typer.Option("--lake", help="The lake, when it is not the settings' own.")]


@contextmanager
def writing(name: str, settings: Path | None, overrides: list[str] | None, lake: str | None) -> Iterator[Run]:
    """A run with the lake's lease, whose ledger rows are kept."""
    from trailhouse.run import open_run

    with session(name, settings, overrides, lake) as (spark, loaded), open_run(spark, loaded) as run:
        yield run


@contextmanager
def reading(name: str, settings: Path | None, overrides: list[str] | None, lake: str | None) -> Iterator[Run]:
    """A run that only reads, so that it needs no lease."""
    from trailhouse.run import Run
    from trailhouse.storage import Lake

    with session(name, settings, overrides, lake) as (spark, loaded):
        yield Run(Lake(spark, loaded.lake.root), loaded, Progress())


@contextmanager
def session(
    name: str, settings: Path | None, overrides: list[str] | None, lake: str | None
) -> Iterator[tuple[SparkSession, Settings]]:
    """A Spark session for the command of this name, and the settings, which are read and judged before."""
    loaded = load_settings(settings, [*(overrides or []), *([f"lake.root={lake}"] if lake else [])])
    require_java()
    # Imported late: pyspark starts slowly, and a wrong setting is to be told at once.
    from trailhouse.spark import build_session, session_jars

    spark = build_session(loaded, f"trailhouse-{name}", session_jars())
    try:
        yield spark, loaded
    finally:
        spark.stop()


def options(settings: Path | None, lake: str | None) -> str:
    """What a command for the same lake must be given besides."""
    given = [("--settings", settings and str(settings)), ("--lake", lake)]
    return "".join(f" {name} {shlex.quote(value)}" for name, value in given if value)
