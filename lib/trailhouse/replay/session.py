"""What a replay shows of one session, read from the published tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS
from trailhouse.errors import StorageError
from trailhouse.identity.spelling import micros, plain
from trailhouse.replay.rrweb import Chunk, Window, windows
from trailhouse.storage import Lake

MOST_STEPS = 20_000
"""Events of a session that are drawn, and marks beside them: the first ones."""
MOST_BYTES = 256 * 1024 * 1024
"""Of recordings in one page, as they were before packing: the first chunks."""
_PASSING = ("heartbeat", "mutation", "replay_chunk", "mouse_move", "scroll")
"""Events that are no mark of their own beside the picture."""


@dataclass(frozen=True)
class View:
    """A page or screen view of the session; sizes in CSS px, `start_us` in microseconds since 1970."""

    view_id: str
    tab_id: str | None
    title: str | None
    path: str | None
    group: str | None
    start_us: int
    width: int | None
    height: int | None
    fold: int | None


@dataclass(frozen=True)
class Step:
    """An event that the drawing shows: where the pointer was, how far the page was scrolled."""

    at_us: int
    name: str
    view_id: str | None
    x: int | None
    y: int | None
    offset: int | None
    text: str | None
    box: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class Mark:
    """A sign of struggle, or an event worth a look, at a time of the session."""

    at_us: int
    kind: str
    text: str
    view_id: str | None = None
    tab_id: str | None = None
    is_signal: bool = False


@dataclass(frozen=True)
class Session:
    """One session: who, when, its views, steps and marks in order, and the chunks recorded of it.

    `left_out` says in a sentence what there is more of than a page takes.
    """

    session_id: str
    person_id: str
    start_us: int
    end_us: int
    device: str | None
    views: tuple[View, ...]
    steps: tuple[Step, ...]
    marks: tuple[Mark, ...]
    chunks: tuple[Chunk, ...]
    left_out: tuple[str, ...] = ()
    device_type: str | None = None

    @cached_property
    def windows(self) -> list[Window]:
        """The recordings in its chunks, by browser window."""
        return windows(self.chunks)


def read_session(lake: Lake, asked: str) -> Session:
    """The session of this id, or the only one with this id of its tracker's.

    StorageError, one sentence, when there is none such, or the tracker's id names several.
    """
    row = _row(lake, asked)
    events, total = _events(lake, row)
    chunks, more = _chunks(lake, row)
    left = [f"The first {MOST_STEPS:,} of {total:,} events are drawn."] if total > MOST_STEPS else []
    left += [f"Of the recording the first {MOST_BYTES // 2**20} MiB are in this page."] if more else []
    views = _views(events)
    tabs = {view.view_id: view.tab_id for view in views}
    return Session(
        session_id=row.session_id,
        person_id=row.person_id,
        start_us=row.start_time,
        end_us=row.end_time,
        device=" · ".join(part for part in row.device or () if part) or None,
        device_type=row.device and row.device.type,
        views=views,
        steps=tuple(_step(event) for event in events if event.event_name != "replay_chunk"),
        marks=_marks(lake, row, events, tabs),
        chunks=chunks,
        left_out=tuple(left),
    )


def _row(lake: Lake, asked: str) -> Row:
    sessions = lake.read("sessions")
    columns = ["session_id", "person_id", "session_date", "client_session_id", "device"]
    found = (
        sessions.where((F.col("session_id") == asked) | (F.col("client_session_id") == asked))
        .select(*columns, micros("start_time"), micros("end_time"))
        .orderBy(F.col("session_id") != asked, "start_time", "session_id")
        .limit(11)
        .collect()
    )
    if not found:
        raise StorageError(
            f"lake {lake.root} has no session {plain(asked)}: name a session_id of the table sessions, "
            "or the tracker's own id of one"
        )
    if found[0].session_id != asked and len(found) > 1:
        several = ", ".join(row.session_id for row in found[:10]) + (" and more" if len(found) > 10 else "")
        raise StorageError(f"the tracker's session {plain(asked)} is several sessions: {several}")
    return found[0]


def _events(lake: Lake, session: Row) -> tuple[list[Row], int]:
    """The session's events in order, at most MOST_STEPS, and how many there are."""
    own = _within(lake.read("activity"), "event_date", session).where(
        (F.col("person_id") == session.person_id) & (F.col("session_id") == session.session_id)
    )
    rows = (
        own.select(
            "event_name", "view_id", "tab_id", "page_title", "page_path", "page_group", "viewport",
            "document", "element", "scroll_offset", "form", "search", "survey", "event_number",
            micros("event_time"),
        )
        .orderBy("event_number")
        .limit(MOST_STEPS)
        .collect()
    )  # fmt: skip
    return rows, own.count() if len(rows) == MOST_STEPS else len(rows)


def _within(frame: DataFrame, day: str, session: Row) -> DataFrame:
    """Rows of the days that the session may have rows on: its own, and one around them for chunks."""
    first, last = (F.to_date(F.timestamp_micros(F.lit(at))) for at in (session.start_time, session.end_time))
    return frame.where(F.col(day).between(F.date_sub(first, 1), F.date_add(last, 1)))


def _views(events: Sequence[Row]) -> tuple[View, ...]:
    """The views in the order in which they began; sizes are the largest that were told."""
    by_id: dict[str, list[Row]] = {}
    for event in events:
        if event.view_id is not None:
            by_id.setdefault(event.view_id, []).append(event)
    return tuple(_view(view_id, own) for view_id, own in by_id.items())


def _view(view_id: str, events: Sequence[Row]) -> View:
    told = next((event for event in events if event.event_name in VIEW_EVENTS), events[0])

    def most(sizes: Iterable[int | None]) -> int | None:
        return max((size for size in sizes if size), default=None)

    ports = [event.viewport for event in events if event.viewport]
    pages = [event.document for event in events if event.document]
    return View(
        view_id,
        told.tab_id,
        told.page_title,
        told.page_path,
        told.page_group,
        told.event_time,
        most(port.width for port in ports) or most(page.width for page in pages),
        most(page.height for page in pages),
        most(port.height for port in ports),
    )


def _step(event: Row) -> Step:
    element = event.element
    box = element.box if element else None
    return Step(
        event.event_time,
        event.event_name,
        event.view_id,
        element.x if element else None,
        element.y if element else None,
        event.scroll_offset,
        (element.text or element.selector) if element else None,
        tuple(box) if box is not None and None not in box else None,
    )


def _marks(lake: Lake, session: Row, events: Sequence[Row], tabs: dict[str, str | None]) -> tuple[Mark, ...]:
    marks = [
        Mark(event.event_time, event.event_name, _said(event), event.view_id, event.tab_id)
        for event in events
        if event.event_name not in _PASSING
    ]
    if lake.exists("signals"):
        own = lake.read("signals").where(F.col("session_id") == session.session_id)
        # The days are of its start, and a signal lies within its session.
        rows = _within(own, "signal_date", session).select(
            "kind", "view_id", "page_path", "selector", "element_text", "size", micros("start_time")
        )
        found = rows.orderBy("start_time", "kind", "view_id", "selector").limit(MOST_STEPS).collect()
        marks += [_signal(row, tabs.get(row.view_id)) for row in found]
    return tuple(sorted(marks, key=lambda mark: (mark.at_us, not mark.is_signal, mark.kind, mark.text)))


def _signal(row: Row, tab_id: str | None) -> Mark:
    where = row.element_text or row.selector or row.page_path or ""
    times = f" ({row['size']} times)" if row["size"] > 1 else ""
    return Mark(row.start_time, row.kind, f"{where}{times}", row.view_id, tab_id, is_signal=True)


def _said(event: Row) -> str:
    """What an event says for itself, in a few words."""
    if event.event_name in VIEW_EVENTS:
        return event.page_path or event.page_title or ""
    if event.element and (event.element.text or event.element.selector):
        return str(event.element.text or event.element.selector)
    if event.form and (event.form.field or event.form.id):
        return str(event.form.field or event.form.id)
    if event.search and event.search.term:
        return str(event.search.term)
    if event.survey and (event.survey.answer or event.survey.score is not None):
        return " ".join(str(part) for part in (event.survey.score, event.survey.answer) if part is not None)
    return ""


def _chunks(lake: Lake, session: Row) -> tuple[tuple[Chunk, ...], bool]:
    """The chunks of the recordings that the session has a part of, and whether there are more.

    With the tracker's own session, all of its windows: a session of ours that begins within one plays from
    the full snapshot before (of at most a day before).
    """
    if not lake.exists("replay_chunks"):
        return (), False
    activity = _within(lake.read("activity"), "event_date", session).where(
        (F.col("person_id") == session.person_id)
        & (F.col("session_id") == session.session_id)
        & (F.col("event_name") == "replay_chunk")
    )
    own = {
        row.event_id: row.client_session_id
        for row in activity.select("event_id", "client_session_id").collect()
    }
    known = {client for client in own.values() if client is not None}
    if session.client_session_id is not None:
        known.add(session.client_session_id)
    alone = [event_id for event_id, client in own.items() if client is None]
    picked: Column = F.col("client_session_id").isin(sorted(known)) | F.col("event_id").isin(alone)
    recorded = _within(lake.read("replay_chunks"), "event_date", session)
    rows = (
        recorded.where(picked)
        .select(
            "event_id", "client_session_id", "tab_id", "sequence", "shift_us", "length",
            micros("first_time"), micros("last_time"),
        )
        .orderBy("first_time", "event_id")
        .collect()
    )  # fmt: skip
    taken: list[Row] = []
    total = 0
    for row in rows:
        total += row.length
        if taken and total > MOST_BYTES:
            break
        taken.append(row)
    wanted = [row.event_id for row in taken]
    data = recorded.where(F.col("event_id").isin(wanted)).select("event_id", "data").collect()
    bytes_of = {row.event_id: bytes(row.data) for row in data}
    return tuple(
        Chunk(
            row.event_id, row.client_session_id, row.tab_id, row.sequence, row.first_time, row.last_time,
            row.shift_us, bytes_of[row.event_id],
        )
        for row in taken
    ), len(taken) < len(rows)  # fmt: skip
