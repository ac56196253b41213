"""What goes wrong between a browser and the files: clocks, outages, repeated, damaged and oversized lines.

The kept record of every event is delivered first of all with its id, so that what is true of the events
does not hang on which faults were drawn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .devices import Device
from .journal import Journal
from .kinds import KIND
from .rows import Events, Ints, message_ids

MINUTE, DAY = 60_000, 86_400_000
FLUSH = 5000
LATE_VISITS, DUPLICATES, CONFLICTS, DAMAGED, DISORDERED = 0.012, 0.015, 0.002, 0.0004, 0.03
OVERSIZED_BYTES = (1 << 20) + 4096

KEPT, SAME_FILE, OTHER_FILE, SENT_AGAIN, CONFLICTING = range(5)
QUARANTINED = (
    "cut",
    "not_object",
    "no_time",
    "bad_time",
    "out_of_range",
    "no_identifier",
    "no_name",
    "oversized",
)
FIRST_QUARANTINED = 10


@dataclass
class Deliveries:
    """One row a line: which event, under which id, and when. Times are ms; `original` and `sent` by the
    device's own clock. `fate` is one of the constants above, or FIRST_QUARANTINED + the damage's number."""

    event: Ints
    received: Ints
    sent: Ints
    original: Ints
    fate: Ints
    ids: list[str]


def deliver(
    rng: np.random.Generator, devices: list[Device], journal: Journal, events: Events, whole: bool = False
) -> Deliveries:
    """Draw the lines: each event once, and then what is repeated or damaged.

    In a `whole` world no line is damaged, and none is repeated after the last event was received: when the
    newest line came, all that had happened by then is known.
    """
    n = len(events)
    skew_of_device = np.array([d.skew for d in devices], np.int64)
    skew = np.where(events.server, 0, skew_of_device[events.device])
    received = _received(rng, journal, events, len(devices))
    plain = np.flatnonzero(
        (events.text < 0) & (events.kind != KIND["page_view"]) & (events.kind != KIND["screen_view"])
    )

    columns = [(np.arange(n), received, np.zeros(n, np.int64), np.full(n, KEPT))]
    again = rng.choice(n, int(n * DUPLICATES), replace=False)
    for fate in (SAME_FILE, OTHER_FILE, SENT_AGAIN):
        rows = again[fate - 1 :: 3]
        delay = (
            rng.integers(1000, 3 * DAY, len(rows)) if fate == SENT_AGAIN else np.zeros(len(rows), np.int64)
        )
        columns.append(
            (rows, received[rows] + delay, np.zeros(len(rows), np.int64), np.full(len(rows), fate))
        )
    rows = rng.choice(plain, max(1, int(n * CONFLICTS)), replace=False)
    columns.append(
        (
            rows,
            received[rows] + rng.integers(1000, 2 * DAY, len(rows)),
            np.full(len(rows), 1000),
            np.full(len(rows), CONFLICTING),
        )
    )
    for k, kind in enumerate(() if whole else QUARANTINED):
        count = 2 if kind == "oversized" else max(3, int(n * DAMAGED))
        rows = rng.choice(plain, count)
        columns.append(
            (rows, received[rows], np.zeros(count, np.int64), np.full(count, FIRST_QUARANTINED + k))
        )

    event, got, shift, fate_of = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    if whole:
        kept = got <= received.max()
        event, got, shift, fate_of = event[kept], got[kept], shift[kept], fate_of[kept]
    ids = [events.ids[i] for i in event.tolist()]
    fresh = np.flatnonzero(fate_of >= FIRST_QUARANTINED)
    for row, name in zip(fresh.tolist(), message_ids(rng, len(fresh)), strict=True):
        ids[row] = name
    return Deliveries(event, got, got + skew[event], events.time[event] + skew[event] + shift, fate_of, ids)


def _received(rng: np.random.Generator, journal: Journal, events: Events, devices: int) -> Ints:
    """Trackers send what they have every five seconds; servers at once; some devices days later."""
    phase = rng.integers(1, FLUSH, devices)[events.device]
    received: Ints = ((events.time - phase) // FLUSH + 1) * FLUSH + phase
    visit = np.array(journal.view_visit, np.int64)[events.view]
    length = np.array(journal.visit_end, np.int64)
    end = np.array(journal.visit_start, np.int64) + length
    offline = (rng.random(len(end)) < LATE_VISITS) & (length > 0)
    back = end + rng.integers(2 * 60 * MINUTE, 5 * DAY, len(end))
    # What would come after the last visit began is sent at once: the world ends with its days.
    offline &= back <= np.max(journal.visit_start)
    received = np.where(offline[visit], back[visit], received)
    return np.where(events.server, events.time + 150, received)


def disorder(rng: np.random.Generator, received: Ints) -> Ints:
    """A sort key near `received`: a few lines come up to two hours too late within their file."""
    late: NDArray[np.int64] = np.where(
        rng.random(len(received)) < DISORDERED, rng.integers(1000, 120 * MINUTE, len(received)), 0
    )
    return received + late


_TIMES = re.compile(r'"(originalTimestamp|timestamp)":"[^"]*",')
_IDENTIFIERS = re.compile(r'"(anonymousId|userId)":"[^"]*",')
_NAME = re.compile(r'"event":"[^"]*",')


def damage(kind: str, line: str, message_id: str) -> str:
    """The line as it arrives after the named damage; raises ValueError for an unknown one."""
    match kind:
        case "cut":
            return line[: len(line) * (30 + int(message_id[:2], 16) % 50) // 100]
        case "not_object":
            return (f'["{message_id}"]', f'"{message_id}"', str(int(message_id[:8], 16)))[
                int(message_id[0], 16) % 3
            ]
        case "no_time":
            return _TIMES.sub("", line)
        case "bad_time":
            return _TIMES.sub(r'"\1":"yesterday at noon",', line)
        case "out_of_range":
            return _TIMES.sub(r'"\1":"1970-01-01T00:00:05.000Z",', line)
        case "no_identifier":
            return _IDENTIFIERS.sub("", line)
        case "no_name":
            return _NAME.sub("", line)
        case "oversized":
            return line[:-1] + f',"padding":"{"x" * OVERSIZED_BYTES}"' + "}"
    raise ValueError(f"unknown damage: {kind}")
