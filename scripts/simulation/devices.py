"""Browsers and app installations, and the pairs of identifiers that their messages carry."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .layout import Browser

BLOCKED_USERS = ("null", "undefined", "0000", "guest")
LOCALES = ("de-DE", "en-GB", "en-US", "fr-FR", "nl-NL")


class Idents:
    """The pairs (anonymousId, userId) that messages carry; an event refers to one by its number.

    `raw` holds them as sent, `usable` as an observer may use them: trimmed, None when blank or blocked.
    """

    def __init__(self) -> None:
        self.raw: list[tuple[str | None, str | None]] = []
        self.usable: list[tuple[str | None, str | None]] = []
        self._known: dict[tuple[str | None, str | None], int] = {}

    def add(self, anonymous: str | None, user: str | None) -> int:
        """Number of the pair; None = the field is absent, "" = it is sent empty."""
        pair = (anonymous, user)
        if pair not in self._known:
            self._known[pair] = len(self.raw)
            self.raw.append(pair)
            self.usable.append((_usable(anonymous), _usable(user)))
        return self._known[pair]


def _usable(value: str | None) -> str | None:
    value = (value or "").strip()
    return None if not value or value.lower() in BLOCKED_USERS else value


@dataclass
class Device:
    """One browser or app installation; `skew` is its clock's error in ms."""

    number: int
    anonymous_id: str
    browser: Browser
    ip: str
    locale: str
    anonymous: int
    """Ident of its events before log-in."""
    skew: int = 0
    shared: bool = False
    login: str = "identify"
    """identify; alias (links the anonymous id by an alias message); blank (anonymousId "" after log-in)."""
    padded: bool = False
    """Sends user ids with blanks around them."""
    owner: str = ""
    crawler: bool = False
    internal: bool = False
    signed_in: int | None = None
    """The person who is signed in, while the journeys are walked."""


def anonymous_id(rng: random.Random) -> str:
    """A random identifier in the form of a UUID."""
    h = f"{rng.getrandbits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def address(rng: random.Random) -> str:
    """An address of the range for benchmarks, in which nobody lives."""
    return f"198.{rng.choice((18, 19))}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
