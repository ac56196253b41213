"""rrweb's events: packing a chunk of them, opening it, and putting the chunks of a window in order.

An event is an object of `type`, `timestamp` (ms since 1970 by the client's clock) and `data`, as rrweb's
guide has it. All here are plain functions of values.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]

LOADED, LOAD, FULL_SNAPSHOT, INCREMENTAL, META, CUSTOM, PLUGIN = range(7)
"""Values of `type`."""
MUTATION, MOUSE_MOVE, MOUSE_INTERACTION, SCROLL, VIEWPORT_RESIZE, INPUT, TOUCH_MOVE = range(7)
"""Values of `data.source` of an incremental event."""
STYLE_RULE = 8

MOST_BYTES = 128 * 1024 * 1024
"""Of one chunk or packed part when opened: what claims to hold more is taken for damaged."""
_PACKED_PARTS = ("adds", "removes", "texts", "attributes")


class Damaged(ValueError):
    """A chunk or an event of it that cannot be opened."""


class TooLarge(Damaged):
    """A chunk that holds more bytes than it may."""


@dataclass(frozen=True)
class Chunk:
    """A row of `replay_chunks`, as far as playing needs it; times in microseconds since 1970."""

    event_id: str
    client_session_id: str | None
    tab_id: str | None
    sequence: int | None
    first_us: int
    last_us: int
    shift_us: int
    data: bytes


@dataclass(frozen=True)
class Window:
    """The recording of one browser window: its events in order, on the clock that the tables have.

    `damaged` counts chunks and events that could not be opened.
    """

    client_session_id: str | None
    tab_id: str | None
    events: tuple[Event, ...]
    damaged: int = 0

    @property
    def start_ms(self) -> int:
        """When its first event was."""
        return int(self.events[0]["timestamp"])

    @property
    def end_ms(self) -> int:
        """When its last event was."""
        return int(self.events[-1]["timestamp"])

    @property
    def playable(self) -> bool:
        """Whether there is something to play: a full snapshot, and more than one event."""
        return len(self.events) > 1 and any(event["type"] == FULL_SNAPSHOT for event in self.events)


def packed(events: Sequence[Event]) -> bytes:
    """A chunk's events as gzipped JSON: the same events give the same bytes."""
    text = json.dumps(events, separators=(",", ":"))
    return gzip.compress(text.encode("ascii"), 6, mtime=0)


def opened(data: bytes) -> list[Event]:
    """The events of a chunk. Damaged when it is no gzipped JSON array."""
    try:
        found = json.loads(_inflated(data))
    except (ValueError, RecursionError) as error:
        raise Damaged(str(error)) from None
    if not isinstance(found, list):
        raise Damaged("no array of events")
    return found


def read(text: str) -> list[Event]:
    """The events of a record's payload: an array, or one event alone. Damaged for anything else."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Damaged(str(error)) from None
    events = found if isinstance(found, list) else [found]
    if not events or not all(map(is_event, events)):
        raise Damaged("not rrweb events")
    return events


def text_of(content: bytes, most: int) -> str:
    """The text of a file of events, unpacked if it is gzipped. TooLarge above so many bytes; Damaged."""
    if content.startswith(b"\x1f\x8b"):
        content = _inflated(content, most)
    if len(content) > most:
        raise TooLarge(f"more than {most} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Damaged(str(error)) from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def is_event(value: Any) -> bool:
    """Whether this has the form of an rrweb event."""
    if not isinstance(value, dict):
        return False
    kind, at = value.get("type"), value.get("timestamp")
    known = isinstance(kind, int) and not isinstance(kind, bool) and LOADED <= kind <= PLUGIN
    timed = isinstance(at, (int, float)) and not isinstance(at, bool)
    return known and timed and "data" in value


def whole(event: Event) -> Event:
    """The event with what PostHog's library packs (`cv`) unpacked. Damaged when it cannot be.

    That library gzips the data of full snapshots, and the parts of mutations and of style rules each on
    its own, and writes the bytes as the characters of a string.
    """
    data = event.get("data")
    if "cv" not in event:
        return event
    kept = {key: value for key, value in event.items() if key != "cv"}
    if isinstance(data, str):
        return {**kept, "data": _unzipped(data)}
    if isinstance(data, Mapping):
        parts = {key: _unzipped(data[key]) for key in _PACKED_PARTS if isinstance(data.get(key), str)}
        return {**kept, "data": {**data, **parts}}
    return kept


def _unzipped(text: str) -> Any:
    try:
        return json.loads(_inflated(text.encode("latin-1")))
    except (ValueError, RecursionError) as error:  # bytes that are no latin-1, no gzip, no JSON
        raise Damaged(str(error)) from None


def _inflated(data: bytes, most: int | None = None) -> bytes:
    """Unpacked gzip of at most so many bytes (MOST_BYTES): a few bytes could else fill all memory."""
    most = MOST_BYTES if most is None else most
    packer = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = packer.decompress(data, most)
    except zlib.error as error:
        raise Damaged(str(error)) from None
    if not packer.eof:
        raise TooLarge(f"more than {most} bytes") if len(found) == most else Damaged("cut")
    return found


def windows(chunks: Iterable[Chunk]) -> list[Window]:
    """The recordings in these chunks by browser window, the earliest first.

    Events are in the order of their times; of equal ones those of an earlier chunk come first, and within a
    chunk they stay as recorded. One that came twice (in chunks that overlap) is there once. All of a window
    are moved onto the tables' clock by the least of its chunks' shifts: how long a chunk was under way
    differs, and must not pull events apart.
    """
    by_window: dict[tuple[str, str], list[Chunk]] = {}
    for chunk in sorted(chunks, key=_order):
        by_window.setdefault((chunk.client_session_id or "", chunk.tab_id or ""), []).append(chunk)
    found = [_window(own) for own in by_window.values()]
    return sorted(
        (window for window in found if window.events),
        key=lambda one: (one.start_ms, one.client_session_id or "", one.tab_id or ""),
    )


def _order(chunk: Chunk) -> tuple[Any, ...]:
    return chunk.sequence is None, chunk.sequence or 0, chunk.first_us, chunk.last_us, chunk.event_id


def _window(chunks: Sequence[Chunk]) -> Window:
    shift = min(chunk.shift_us for chunk in chunks)
    damaged = 0
    events: list[Event] = []
    known: set[tuple[Any, ...]] = set()
    for chunk in chunks:
        for event in _opened_or_none(chunk.data):
            if event is None:
                damaged += 1
                continue
            data = json.dumps(event["data"], sort_keys=True).encode("ascii")
            mark = (event["timestamp"], event["type"], hashlib.sha256(data).digest())
            if mark not in known:
                known.add(mark)
                events.append({**event, "timestamp": round(event["timestamp"] + shift / 1000)})
    events.sort(key=lambda event: event["timestamp"])
    return Window(chunks[0].client_session_id, chunks[0].tab_id, tuple(events), damaged)


def _opened_or_none(data: bytes) -> Iterator[Event | None]:
    """Each event of a chunk, None for one that cannot be opened, and for a whole chunk."""
    try:
        events = opened(data)
    except Damaged:
        yield None
        return
    for event in events:
        try:
            yield whole(event) if is_event(event) else None
        except Damaged:
            yield None
