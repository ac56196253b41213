"""Who comes on which day, on which device, and what they come for: a table of visits.

A person comes once a day at most, at 7 to 20 o'clock; a visit to cancel begins at 22 o'clock. No visit is
as long as two hours, so that visits never run into each other and none passes midnight (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rows import Bools, Ints
from .cast import Cast
from .effects import BASE_EXPORTS, Effects

HOUR, DAY = 3_600_000, 86_400_000
BACK_FROM, BACK_TO = 28, 34
FIRST_DAYS = 7
ACTIVITIES = {
    "search": 0.40,
    "browse": 0.08,
    "campaign": 0.35,
    "import": 0.22,
    "segment": 0.20,
    "automations": 0.15,
    "reports": 0.20,
    "export": BASE_EXPORTS,
    "survey": 0.06,
    "ticket": 0.01,
}
"""Share of the ordinary visits that hold each; searches come after a log-in only."""


@dataclass
class Visits:
    """Columns by visit, ordered by person and day."""

    person: Ints
    day: Ints
    start: Ints
    """ms since the world's start."""
    device: Ints
    first: Bools
    """The person's first: a sign-up, an invitation accepted, or a visitor's only one."""
    cancels: Bools
    logs_in: Bools
    does: dict[str, Bools]
    tags: Ints
    """How many contacts are tagged."""

    def __len__(self) -> int:
        return len(self.person)

    def where(self, keep: Bools) -> Visits:
        """The visits that are kept."""
        return Visits(
            self.person[keep],
            self.day[keep],
            self.start[keep],
            self.device[keep],
            self.first[keep],
            self.cancels[keep],
            self.logs_in[keep],
            {name: mask[keep] for name, mask in self.does.items()},
            self.tags[keep],
        )


def plan(rng: np.random.Generator, cast: Cast, days: int, effects: Effects) -> Visits:
    """All visits, but for those to cancel."""
    since = np.arange(days)[None, :] - cast.joined[:, None]
    people = cast.account >= 0
    later = np.where(cast.retained, 0.18, 0.0)[:, None]
    chance = np.where(since < FIRST_DAYS, 0.45, np.where(since < BACK_FROM, 0.20, later))
    comes = (rng.random(since.shape) < chance) & (since > 0) & people[:, None]
    tag_day = cast.joined + rng.integers(1, 6, cast.people)
    back_day = cast.joined + rng.integers(BACK_FROM, BACK_TO + 1, cast.people)
    for day, who in ((cast.joined, np.ones(cast.people, bool)), (tag_day, people), (back_day, cast.retained)):
        inside = np.flatnonzero(who & (day < days))
        comes[inside, day[inside]] = True
    person, day = np.nonzero(comes)
    n, ordinary = len(person), since[person, day] > 0
    second = (cast.device_of[person, 1] >= 0) & (rng.random(n) < 0.3) & ordinary
    does = {name: (rng.random(n) < share) & ordinary for name, share in ACTIVITIES.items()}
    does["unexpected"] = (rng.random(n) < effects.unexpected) & ordinary
    does["import_fails"] = does["import"] & (rng.random(n) < effects.import_failure)
    does["upgrade"] = np.zeros(n, bool)
    tagging = ordinary & (day == tag_day[person])
    few = rng.integers(0, 3, n)
    some = (rng.random(n) < 0.08) & (since[person, day] >= 10)
    visits = Visits(
        person=person,
        day=day,
        start=day * DAY + (7 * HOUR + rng.integers(0, 13 * HOUR, n)),
        device=cast.device_of[person, second.astype(int)],
        first=~ordinary,
        cancels=np.zeros(n, bool),
        logs_in=ordinary & (rng.random(n) < 0.5),
        does=does,
        tags=np.where(tagging, np.where(cast.activated[person], 3 + few, few), np.where(some, 1 + few, 0)),
    )
    # A browser that nobody has signed in on yet asks for a log-in.
    _, fresh = np.unique(visits.device, return_index=True)
    visits.logs_in[fresh] |= ordinary[fresh]
    visits.does["search"] &= visits.logs_in
    return visits


def with_cancels(rng: np.random.Generator, cast: Cast, visits: Visits, cancel_day: Ints) -> Visits:
    """Without what comes after an account's cancellation (day by account), with the visit that cancels."""
    last = np.append(cancel_day, 1 << 30)[cast.account[visits.person]]
    visits = visits.where(visits.day <= last)
    gone = np.flatnonzero(cancel_day < 1 << 30)
    owner, day = cast.owners[gone], cancel_day[gone]
    n = len(gone)
    nothing = {name: np.zeros(n, bool) for name in visits.does}
    nothing["survey"] = rng.random(n) < 0.3
    device = cast.device_of[owner, 0]
    more = Visits(
        person=owner,
        day=day,
        start=day * DAY + 22 * HOUR + rng.integers(0, HOUR, n),
        device=device,
        first=np.zeros(n, bool),
        cancels=np.ones(n, bool),
        logs_in=np.zeros(n, bool),
        does=nothing,
        tags=np.zeros(n, np.int64),
    )
    return _sorted(visits, more)


def _sorted(one: Visits, other: Visits) -> Visits:
    """Two tables of visits as one, ordered by person and time."""
    order = np.lexsort((np.r_[one.start, other.start], np.r_[one.person, other.person]))

    def both(a: Ints, b: Ints) -> Ints:
        return np.concatenate([a, b])[order]

    def masks(a: Bools, b: Bools) -> Bools:
        return np.concatenate([a, b])[order]

    return Visits(
        both(one.person, other.person),
        both(one.day, other.day),
        both(one.start, other.start),
        both(one.device, other.device),
        masks(one.first, other.first),
        masks(one.cancels, other.cancels),
        masks(one.logs_in, other.logs_in),
        {name: masks(one.does[name], other.does[name]) for name in one.does},
        both(one.tags, other.tags),
    )
