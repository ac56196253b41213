"""`python -m trailhouse journey` and `journeys`: what they take, and what they write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from pydantic import TypeAdapter, ValidationError

from trailhouse.commands.opening import LakeRoot, options, reading
from trailhouse.durations import Duration
from trailhouse.errors import SettingsError, StorageError
from trailhouse.job import Overrides, SettingsFile
from trailhouse.progress import how_many

if TYPE_CHECKING:
    from trailhouse.journey.find import Wanted
    from trailhouse.run import Run

Sort = Literal["signals", "newest", "longest"]
PAGES_AT_ONCE = 25
MOST_PAGES = 200
"""Journeys that a folder holds at most."""


def register(app: typer.Typer) -> None:
    """Add the two commands."""

    @app.command()
    def journey(
        person: Annotated[
            str | None,
            typer.Option(metavar="ID", help="TYPE:VALUE such as user_id:u1, a value, or a person's id."),
        ] = None,
        session: Annotated[str | None, typer.Option(metavar="ID", help="One visit alone, by its id.")] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="FILE.html", help="The page; else journey-ID.html here.")
        ] = None,
        limit: Annotated[int, typer.Option(min=1, max=500, help="Visits, the newest first.")] = 20,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Write what a person did, or one visit, as a page to read."""
        if (person is None) == (session is None):
            raise SettingsError("whose journey? Give one of --person and --session")
        with reading("journey", settings, set_, lake) as run:
            target, told = write_journey(run, person, session, out, limit, options(settings, lake))
            run.progress.note(f"{told}: {target}")

    @app.command()
    def journeys(
        signal: Annotated[
            list[str] | None, typer.Option(metavar="KIND", help="With it, such as rage_click; repeatable.")
        ] = None,
        on: Annotated[
            str | None, typer.Option(metavar="PAGE", help="Page group or path of the signal.")
        ] = None,
        page: Annotated[
            str | None, typer.Option(metavar="PAGE", help="That saw this page group or path.")
        ] = None,
        event: Annotated[str | None, typer.Option(metavar="NAME", help="With such an event.")] = None,
        before_step: Annotated[
            str | None, typer.Option(metavar="FUNNEL:K", help="That left the funnel before its step K.")
        ] = None,
        converted: Annotated[
            bool | None,
            typer.Option("--converted/--not-converted", help="With a conversion, or without one."),
        ] = None,
        feedback_below: Annotated[int | None, typer.Option(metavar="N", help="With a score below N.")] = None,
        device: Annotated[str | None, typer.Option(help="desktop, mobile, tablet, ...")] = None,
        channel: Annotated[str | None, typer.Option(help="Channel of the first touch.")] = None,
        country: Annotated[str | None, typer.Option(help="Country, as the lake spells it.")] = None,
        from_: Annotated[
            datetime | None,
            typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day of the start."),
        ] = None,
        to: Annotated[
            datetime | None,
            typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day of the start."),
        ] = None,
        min_duration: Annotated[str | None, typer.Option(metavar="TIME", help="Such as 30s, 5m.")] = None,
        bots: Annotated[bool, typer.Option("--bots", help="Bots and own staff, too.")] = False,
        sort: Annotated[Sort, typer.Option(help="Which come first.")] = "signals",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="Visits to list.")] = 20,
        csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them as CSV, too.")] = None,
        html: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE.html|DIR", help="Write a page; in a folder, with every visit's journey."
            ),
        ] = None,
        settings: SettingsFile = None,
        set_: Overrides = None,
        lake: LakeRoot = None,
    ) -> None:
        """Find visits worth a look; all that is asked for must hold."""
        from trailhouse.journey.find import Wanted, checked

        wanted = Wanted(
            signals=tuple(signal or ()),
            on=on,
            page=page,
            event=event,
            before_step=before_step,
            converted=converted,
            feedback_below=feedback_below,
            device=device,
            channel=channel,
            country=country,
            first_day=from_ and from_.date(),
            last_day=to and to.date(),
            min_duration=_length(min_duration),
            bots=bots,
        )
        # Before a session is started, which takes its time.
        checked(wanted)
        with reading("journeys", settings, set_, lake) as run:
            write_journeys(run, wanted, sort, limit, csv, html, options(settings, lake))


def _length(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        raise SettingsError(f"--min-duration {text!r} is no length of time: write 30s, 5m or 1h") from None


def write_journey(
    run: Run, person: str | None, session: str | None, out: Path | None, limit: int, options: str = ""
) -> tuple[Path, str]:
    """The page of a person or of one session; where it is, and what is in it.

    IdentityError when there is no such person or session, StorageError when the page cannot be written.
    """
    from trailhouse.journey import head, read, resolve, timeline
    from trailhouse.journey.page import build_journey
    from trailhouse.journey.person import person as told_of

    limits = read.Limits(sessions=limit)
    lake, zone = run.lake, run.settings.project.timezone
    notes = []
    if session is not None:
        sessions = read.sessions_by_id(lake, [resolve.session(lake, session)])
        person_id, name = sessions[0]["person_id"], sessions[0]["session_id"]
        notes.append(
            f"One visit alone; all of them: python -m trailhouse journey --person {person_id}{options}"
        )
    else:
        whose = resolve.person(lake, run.settings, person or "")
        person_id = name = whose.person_id
        notes += [whose.note] if whose.note else []
        sessions = read.sessions_of(lake, person_id, limits.sessions)
    whose_head = head.head(lake, person_id, limits)
    visits = timeline.timeline(read.visits(lake, sessions, limits), zone)
    page = build_journey(
        visits,
        told_of(whose_head, zone, notes),
        alone=session is not None,
        timezone=zone,
        title=run.settings.report.title,
        generated=_now(),
        options=options,
    )
    target = out or Path(f"journey-{file_name(name)}.html")
    _write(target, page)
    return (
        target,
        f"{how_many(len(visits), 'visit')} of {whose_head.totals['sessions']:,} of person {person_id}",
    )


def write_journeys(
    run: Run, wanted: Wanted, sort: Sort, limit: int, csv: Path | None, html: Path | None, options: str = ""
) -> None:
    """List what was found on the terminal, and as files where these are asked for. Errors: `find.checked`."""
    from trailhouse.journey import find, listing
    from trailhouse.journey.page import build_list

    zone = run.settings.project.timezone
    rows, total = find.found(run.lake.read, run.settings, wanted, sort, limit)
    shown = listing.table(rows, zone, options)
    title = f"{how_many(total, 'visit')} {wanted.words()}"
    title += f"; the first {len(rows)}" if total > len(rows) else ""
    if not rows:
        run.progress.note(f"no visit {wanted.words()}")
    else:
        run.progress.console.print(listing.on_terminal(shown, f"{title} (times in {zone})"))
        run.progress.note(f"open one: {shown[0]['command']}")
    if csv is not None:
        _write(csv, listing.as_csv(shown))
        run.progress.note(f"{how_many(len(rows), 'visit')} as CSV: {csv}")
    if html is None:
        return
    target = html
    if html.suffix.lower() not in (".html", ".htm"):
        target = html / "index.html"
        _write_each(run, shown, html, options)
    _write(target, build_list(shown, wanted.words(), total, zone, run.settings.report.title, _now()))
    run.progress.note(f"{how_many(len(rows), 'visit')} as a page: {target}")


def _write_each(run: Run, shown: list[dict[str, Any]], folder: Path, options: str) -> None:
    """A page a visit, which its row then links to."""
    from trailhouse.journey import read, timeline
    from trailhouse.journey.page import build_journey

    zone, limits = run.settings.project.timezone, read.Limits()
    by_id = {row["session_id"]: row for row in shown[:MOST_PAGES]}
    ids = list(by_id)
    for begin in range(0, len(ids), PAGES_AT_ONCE):
        sessions = read.sessions_by_id(run.lake, ids[begin : begin + PAGES_AT_ONCE])
        for visit in timeline.timeline(read.visits(run.lake, sessions, limits), zone):
            name = f"{file_name(visit.session_id)}.html"
            page = build_journey(
                [visit],
                None,
                timezone=zone,
                title=run.settings.report.title,
                generated=_now(),
                options=options,
            )
            _write(folder / name, page)
            by_id[visit.session_id]["file"] = name
    if len(shown) > MOST_PAGES:
        run.progress.note(f"journeys are written of the first {MOST_PAGES} visits alone")


def file_name(name: str) -> str:
    """An id as part of a file's name: ids of the suite are hex, but a lake may hold any."""
    return re.sub(r"[^0-9A-Za-z_-]", "-", name)[:64]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
