"""Sessions by semantics.md section 3 (scope person, the defaults), in plain Python, as an oracle for tests.

It is slow, simple, and shares nothing with the suite. The rule, as it is implemented here:

1. A person's client events are ordered by (time, sequence, page and screen views first, id). Maximal
   sequences whose gaps are all <= timeout are *runs*; a gap equal to the timeout does not part them.
2. heartbeat, mouse_move, mutation and visibility keep a run alive and do not start one: those before
   the run's first starter are in no session. The run starts at its first starter; a run without one
   holds no session.
3. A run is cut at run_start + k x max_length: an event belongs to segment
   floor((time - run_start) / max_length). Each segment that holds an event is a session, even if it
   holds keep-alives only. Its end is its last client event.
4. A server event joins the session with the latest start whose [start, end + timeout] contains it,
   and extends nothing; otherwise it is in no session.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

KEEP_ALIVE = frozenset({"heartbeat", "mouse_move", "mutation", "visibility"})
VIEWS_FIRST = frozenset({"page_view", "screen_view"})


class OracleEvent(NamedTuple):
    """One event; `time` in whole microseconds since the epoch, `owner` None = nobody's."""

    event_id: str
    owner: str | None
    time: int
    name: str
    server: bool = False
    sequence: int = 0


class OracleSession(NamedTuple):
    """A session; `start` and `end` in microseconds, `event_ids` in order, server events last."""

    owner: str
    session: str
    start: int
    end: int
    event_ids: list[str]


def oracle_sessions(
    events: Iterable[OracleEvent], timeout_s: float = 1800, max_length_s: float | None = 86400
) -> list[OracleSession]:
    """Return all sessions, by owner and start; an event in none of them has no session.

    `max_length_s` None leaves runs uncut. A session's name is `owner#n`, n counted from 1.
    """
    timeout = round(timeout_s * 1_000_000)
    length = None if max_length_s is None else round(max_length_s * 1_000_000)
    owners: dict[str, list[OracleEvent]] = defaultdict(list)
    for event in events:
        if event.owner is not None:
            owners[event.owner].append(event)
    found: list[OracleSession] = []
    for owner in sorted(owners):
        found.extend(_of_one(owner, owners[owner], timeout, length))
    return found


def _of_one(owner: str, events: list[OracleEvent], timeout: int, length: int | None) -> list[OracleSession]:
    events.sort(key=lambda e: (e.time, e.sequence, e.name not in VIEWS_FIRST, e.event_id))
    cut: list[tuple[str, int, list[OracleEvent]]] = []  # name, start, client events
    current: list[OracleEvent] = []
    run_start: int | None = None
    segment = 0
    last: int | None = None
    for event in events:
        if event.server:
            continue
        time = event.time
        if last is None or time - last > timeout:  # rule 1
            run_start = None
        last = time
        if run_start is None:
            if event.name in KEEP_ALIVE:  # rule 2
                continue
            run_start, segment, new = time, 0, True
        else:
            k = 0 if length is None else (time - run_start) // length  # rule 3
            new = k != segment
            segment = k
        if new:
            current = []
            cut.append((f"{owner}#{len(cut) + 1}", time, current))
        current.append(event)
    sessions = [
        OracleSession(owner, name, start, members[-1].time, [e.event_id for e in members])
        for name, start, members in cut
    ]
    for event in events:  # rule 4
        if event.server:
            for session in reversed(sessions):
                if session.start <= event.time <= session.end + timeout:
                    session.event_ids.append(event.event_id)
                    break
    return sessions
