"""`python -m trailhouse CMD`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trailhouse import __version__
from trailhouse.ask import command as asking
from trailhouse.errors import PlanError, SettingsError, TrailhouseError
from trailhouse.job import Overrides, SettingsFile, require_java
from trailhouse.journey import commands
from trailhouse.progress import Progress, how_many
from trailhouse.segments import commands as segment_commands
from trailhouse.settings import Settings, load_settings
from trailhouse.why import case_command
from trailhouse.why import command as why_command

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from trailhouse.run import Run

LakeRoot = Annotated[str | None, typer.Option("--lake", help="The lake, when it is not the settings' own.")]

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
def status(settings: SettingsFile = None, set_: Overrides = None, lake: LakeRoot = None) -> None:
    """Show a lake's tables, their rows and the gates' latest verdicts."""
    from trailhouse.suite import show_tables

    with _reading("status", settings, set_, lake) as run:
        show_tables(run)


@app.command()
def origin(
    event_id: Annotated[str, typer.Argument(help="The event's id, as in the table events.")],
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
    show: Annotated[bool, typer.Option("--show", help="Print the record itself, too.")] = False,
) -> None:
    """Show the raw file and line that an event came from, and the run that published it."""
    from trailhouse.trace import origin, told

    with _reading("origin", settings, set_, lake) as run:
        for line in told(origin(run.lake, run.settings, event_id), show=show):
            typer.echo(line)


@app.command()
def requeue(
    reason: Annotated[str | None, typer.Option(help="Records with a reason that holds this text.")] = None,
    file: Annotated[str | None, typer.Option(help="Records of files whose names hold this text.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Records quarantined at this time (UTC) or later.")
    ] = None,
    hashes: Annotated[
        list[str] | None,
        typer.Option("--hash", help="Records whose content_hash begins so; may be repeated."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are still quarantined.")] = False,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """Send quarantined records through again, after a fix; what is given must hold together."""
    chosen = (reason, file, since, hashes)
    if everything == any(part is not None for part in chosen):
        raise SettingsError("requeue what? Give some of --reason, --file, --since, --hash, or --all alone")
    from trailhouse.ingest.requeue import Selection, requeue

    with _writing("requeue", settings, set_, lake) as run:
        at = since and since.replace(tzinfo=since.tzinfo or UTC)
        requeue(run, Selection(reason, file, at, tuple(hashes or ())))


@app.command()
def rescore(settings: SettingsFile = None, set_: Overrides = None, lake: LakeRoot = None) -> None:
    """Apply today's rules for bots, own staff, page groups and signals to what is published."""
    from trailhouse.rescore import rescore

    with _writing("rescore", settings, set_, lake) as run:
        rescore(run)


@app.command()
def held(
    release: Annotated[
        list[str] | None,
        typer.Option(metavar="STREAM/BATCH", help="Accept what its checks found: the next run publishes it."),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(metavar="STREAM/BATCH", help="Leave its files out, until it is released after all."),
    ] = None,
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
) -> None:
    """List batches of raw files that a gate holds, or decide about them."""
    from trailhouse.ingest.held import decide, show_held

    if not (release or reject):
        with _reading("held", settings, set_, lake) as run:
            show_held(run)
        return
    with _writing("held", settings, set_, lake) as run:
        decide(run, released=release or (), rejected=reject or ())


@app.command()
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
    with _reading("who", settings, set_, lake) as run:
        if other is None:
            from trailhouse.who import about, told_about

            lines = told_about(about(run.lake, run.settings, asked))
        else:
            from trailhouse.joined import joined, told_joined

            lines = told_joined(joined(run.lake, run.settings, asked, other))
        for line in lines:
            typer.echo(line)


@app.command()
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
        with _reading("override", settings, set_, lake) as run:
            for line in listed(run.lake, run.settings):
                typer.echo(line)
        return
    with _writing("override", settings, set_, lake) as run:
        decide(run, action, named, note)


@app.command("import-usability")
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
    with _writing("import-usability", settings, set_, lake) as run:
        import_rows(run, file, name, rows)
        for line in imported(run.lake, name):
            typer.echo(line)


@app.command()
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
    with _reading("replay", settings, set_, lake) as run:
        from trailhouse.replay.command import write_replay

        typer.echo(write_replay(run.lake, run.settings, session, out))


@app.command()
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
    with _reading("profiles", settings, set_, lake) as run:
        run.progress.note(f"{how_many(export(run, day, target), 'profile')} as of {day}: {target}")


@app.command("next-items")
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
    with _reading("next-items", settings, set_, lake) as run:
        run.progress.note(export_next_items(run.lake, out))


@app.command()
def diff(
    a: Annotated[str, typer.Argument(metavar="LAKE_A", help="A lake's folder or URL.")],
    b: Annotated[str, typer.Argument(metavar="LAKE_B", help="The lake to hold against it.")],
    settings: SettingsFile = None,
    set_: Overrides = None,
) -> None:
    """Tell what differs between two lakes, by table, in numbers."""
    with _reading("diff", settings, set_, a) as run:
        from trailhouse.diff import diff, told
        from trailhouse.storage import Lake

        for line in told(list(diff(run.lake, Lake(run.lake.spark, b)))):
            typer.echo(line)


@app.command()
def branch(
    source: Annotated[str, typer.Argument(metavar="LAKE", help="The lake to begin from.")],
    target: Annotated[str, typer.Argument(metavar="NEW_LAKE", help="Where the branch is to lie.")],
    settings: SettingsFile = None,
    set_: Overrides = None,
) -> None:
    """Make a lake that begins with another's tables, to try other definitions; no file is copied."""
    with _reading("branch", settings, set_, source) as run:
        from trailhouse.branch import branch
        from trailhouse.storage import Lake

        branch(run.lake, Lake(run.lake.spark, target), run.progress)


@app.command()
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

    with _writing("maintain", settings, set_, lake) as run:
        maintain(run, force=force)


@contextmanager
def _writing(
    name: str, settings: Path | None, overrides: list[str] | None, lake: str | None
) -> Iterator[Run]:
    """A run with the lake's lease, whose ledger rows are kept."""
    from trailhouse.run import open_run

    with _session(name, settings, overrides, lake) as (spark, loaded), open_run(spark, loaded) as run:
        yield run


@contextmanager
def _reading(
    name: str, settings: Path | None, overrides: list[str] | None, lake: str | None
) -> Iterator[Run]:
    """A run that only reads, so that it needs no lease."""
    from trailhouse.run import Run
    from trailhouse.storage import Lake

    with _session(name, settings, overrides, lake) as (spark, loaded):
        yield Run(Lake(spark, loaded.lake.root), loaded, Progress())


@contextmanager
def _session(
    name: str, settings: Path | None, overrides: list[str] | None, lake: str | None
) -> Iterator[tuple[SparkSession, Settings]]:
    loaded = load_settings(settings, [*(overrides or []), *([f"lake.root={lake}"] if lake else [])])
    require_java()
    # Imported late: pyspark starts slowly, and a wrong setting is to be told at once.
    from trailhouse.spark import build_session, session_jars

    spark = build_session(loaded, f"trailhouse-{name}", session_jars())
    try:
        yield spark, loaded
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


commands.register(app, _reading)
asking.register(app, _reading)
segment_commands.register(app, _reading)
why_command.register(app, _reading)
case_command.register(app, _reading)


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
