"""What a page of a journey shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trailhouse.journey.words import Tone
from trailhouse.report import text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Mark:
    """A signal: what it is called, and how it was found."""

    name: str
    detail: str


@dataclass(frozen=True)
class Line:
    """One line; `kind` is event, quiet, signal or gap."""

    kind: str
    at: str
    tag: str
    text: str
    details: tuple[str, ...] = ()
    tone: Tone = ""
    marks: tuple[Mark, ...] = ()
    server: bool = False


@dataclass(frozen=True)
class Page:
    """A view; `gap`: how long nothing happened before it; `share` of the visit's longest dwell, 0 to 1."""

    number: int | None
    at: str
    path: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()
    gap: str = ""
    dwell: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Visit:
    """A session; `later`: the time since the one before it in the list of the person's."""

    session_id: str
    person_id: str
    day: str
    at: str
    until: str
    facts: tuple[tuple[str, str], ...]
    outcome: str
    tone: Tone
    signals: tuple[tuple[str, int], ...]
    pages: tuple[Page, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    recorded: bool = False
    later: str = ""
    duration: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Person:
    """The head of the page."""

    person_id: str
    facts: tuple[tuple[str, str], ...]
    identifiers: tuple[tuple[str, str, str, str], ...]
    more_identifiers: int
    changes: tuple[str, ...]
    outside: tuple[Line, ...]
    more_outside: int
    sessions: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clock:
    """Times as the project's zone has them."""

    zone: ZoneInfo

    def at(self, us: int) -> datetime:
        """The time, in the zone."""
        return (_EPOCH + timedelta(microseconds=us)).astimezone(self.zone)

    def time(self, us: int) -> str:
        """14:03:22."""
        return f"{self.at(us):%H:%M:%S}"

    def day(self, us: int) -> str:
        """Wed 7 Jan 2026."""
        return f"{self.at(us):%a} {self.at(us).day} {self.at(us):%b %Y}"

    def moment(self, us: int | None) -> str:
        """2026-01-07 14:03; a dash where there is none."""
        return text.NOTHING if us is None else f"{self.at(us):%Y-%m-%d %H:%M}"

    @classmethod
    def of(cls, zone: str) -> Clock:
        """That of a zone by its name."""
        return cls(ZoneInfo(zone))


def known(*facts: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """The facts that there are, each a name and a value."""
    return tuple((name, value) for name, value in facts if value)
