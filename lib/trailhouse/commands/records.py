"""`status`, `origin`, `requeue`, `rescore` and `held`: what came into a lake, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from trailhouse.commands.opening import LakeRoot, reading, writing
from trailhouse.errors import SettingsError
from trailhouse.job import Overrides, SettingsFile


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(origin)
    app.command()(requeue)
    app.command()(rescore)
    app.command()(held)


def status(settings: SettingsFile = None, set_: Overrides = None, lake: LakeRoot = None) -> None:
    """Show a lake's tables, their rows and the gates' latest verdicts."""
    from trailhouse.suite import show_tables

    with reading("status", settings, set_, lake) as run:
        show_tables(run)


def origin(
    event_id: Annotated[str, typer.Argument(help="The event's id, as in the table events.")],
    settings: SettingsFile = None,
    set_: Overrides = None,
    lake: LakeRoot = None,
    show: Annotated[bool, typer.Option("--show", help="Print the record itself, too.")] = False,
) -> None:
    """Show the raw file and line that an event came from, and the run that published it."""
    from trailhouse.trace import origin, told

    with reading("origin", settings, set_, lake) as run:
        for line in told(origin(run.lake, run.settings, event_id), show=show):
            typer.echo(line)


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

    with writing("requeue", settings, set_, lake) as run:
        at = since and since.replace(tzinfo=since.tzinfo or UTC)
        requeue(run, Selection(reason, file, at, tuple(hashes or ())))


def rescore(settings: SettingsFile = None, set_: Overrides = None, lake: LakeRoot = None) -> None:
    """Apply today's rules for bots, own staff, page groups and signals to what is published."""
    from trailhouse.rescore import rescore

    with writing("rescore", settings, set_, lake) as run:
        rescore(run)


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
        with reading("held", settings, set_, lake) as run:
            show_held(run)
        return
    with writing("held", settings, set_, lake) as run:
        decide(run, released=release or (), rejected=reject or ())
