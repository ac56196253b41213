"""What raw events of the world `saas` tell, found without the simulation: by person, in order of time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.simulation.reading import Message, Raw, milliseconds

DAY = 86_400_000


@dataclass
class Told:
    """The messages of each person, ordered; a person is a user id, else an anonymous id."""

    folder: Path
    raw: Raw = field(repr=False)
    truth: dict[str, Any] = field(repr=False)
    of: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list), repr=False)

    def __post_init__(self) -> None:
        users: dict[str, str] = {}
        messages = self.raw.winners()
        for m in messages:
            if "userId" in m and "anonymousId" in m:
                users[m["anonymousId"]] = m["userId"]
        for m in messages:
            m["at"] = milliseconds(m)
            self.of[m.get("userId") or users.get(m["anonymousId"], m["anonymousId"])].append(m)
        for told in self.of.values():
            told.sort(key=lambda m: (m["at"], m["context"].get("sequence", 0)))

    def realised(self, effect: str) -> Any:
        """What the truth says came out of an effect."""
        return self.truth["effects"][effect]["realised"]

    def named(self, event: str) -> list[tuple[str, Message]]:
        """(person, message) of every track call of this name."""
        return [(who, m) for who, told in self.of.items() for m in told if m.get("event") == event]

    def pages(self, path: str) -> list[tuple[str, Message]]:
        """(person, message) of every page call of this path."""
        return [(who, m) for who, told in self.of.items() for m in told if is_page(m, path)]

    @property
    def first_day(self) -> int:
        """The world's first day, as days since the epoch."""
        start = dt.date.fromisoformat(self.truth["arguments"]["start"])
        return (start - dt.date(1970, 1, 1)).days

    @cached_property
    def end(self) -> int:
        """When the last message was received, ms since the epoch."""
        last = max(m["receivedAt"] for copies in self.raw.messages.values() for m in copies)
        return int(dt.datetime.fromisoformat(last).timestamp() * 1000)


def is_page(m: Message, path: str) -> bool:
    """Whether it is a page call of this path."""
    return bool(m["type"] == "page" and m["context"]["page"]["path"] == path)


def share(hits: int, n: int) -> dict[str, Any]:
    """As the truth writes a share."""
    return {"hits": hits, "n": n, "share": round(hits / n, 6) if n else None}


Attempt = tuple[Message, Message | None, list[Message]]
"""A start, its end (None: none before the next start or visit), and what lies between."""


def attempts(told: list[Message], start: str, end: str) -> list[Attempt]:
    """Of one person, in order."""
    found: list[Attempt] = []
    begun, between = None, []
    for m in told:
        name = m.get("event")
        if name == start:
            if begun:
                found.append((begun, None, between))
            begun, between = m, []
        elif begun and m["context"].get("sessionId") not in (None, begun["context"]["sessionId"]):
            found.append((begun, None, between))
            begun = None
        elif begun and name == end:
            found.append((begun, m, between))
            begun = None
        elif begun:
            between.append(m)
    if begun:
        found.append((begun, None, between))
    return found
