"""Who pays from when on, takes the upgrade offer, and cancels: by account, since the world's start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rows import Bools, Ints
from .calendar import DAY, HOUR, Visits
from .cast import Cast
from .effects import CANCEL_RATE, UPGRADE, Effects

NEVER = 1 << 60
NO_DAY = 1 << 30
MONTH = 30
TRIAL = 14
EXPORT_DAYS = 14


@dataclass
class Subscriptions:
    """Columns by account; what does not happen within the world is NEVER, or NO_DAY."""

    trial: Ints
    """ms at which the trial begins: with the owner's first visit."""
    start: Ints
    cancel_day: Ints
    affected: Bools
    """Cancelled, and a member's import had failed in the 30 days before."""
    names_import: Bools
    """Cancelled, and says so."""
    offer_day: Ints
    """The day of the visit to the upgrade offer."""
    compares: Bools
    upgrades: Bools
    renewals: list[tuple[int, int, bool, bool, bool]]
    """All that came up: (account, day, an import had failed before, in a low mood, cancelled)."""

    def payments(self, account: int, end: int) -> list[int]:
        """Times of an account's payments before `end`."""
        step = MONTH * DAY
        times = range(int(self.start[account]), end, step) if self.start[account] < end else range(0)
        return [t for t in times if t // DAY < self.cancel_day[account]]


def draw(rng: np.random.Generator, cast: Cast, visits: Visits, days: int, effects: Effects) -> Subscriptions:
    """From the visits as they would be if nobody cancelled; draws only."""
    n = len(cast.signup_day)
    first = np.flatnonzero(visits.first & cast.owner[visits.person])
    trial = np.empty(n, np.int64)
    trial[cast.account[visits.person[first]]] = visits.start[first]
    start = trial + rng.integers(8 * DAY, TRIAL * DAY + 10 * HOUR, n)
    start = np.where(cast.converts & (start < days * DAY), start, NEVER)
    account = cast.account[visits.person]
    failed = visits.does["import_fails"]
    # Failed imports as one sorted key, so that a window of an account's days is a range of it.
    keys = np.sort(account[failed] * 100_000 + visits.day[failed])
    cancel_day, affected = np.full(n, NO_DAY), np.zeros(n, bool)
    renewals: list[tuple[int, int, bool, bool, bool]] = []
    for k in range(1, days // MONTH + 1):
        day = np.where(start < NEVER, start // DAY + MONTH * k, NO_DAY)
        due = np.flatnonzero((day < days) & (cancel_day == NO_DAY))
        at = due * 100_000 + day[due]
        hit = np.searchsorted(keys, at) > np.searchsorted(keys, at - MONTH)
        low = cast.low_mood[due]
        chance = CANCEL_RATE + effects.failure_churn * hit + effects.mood_churn * low
        leaves = rng.random(len(due)) < chance
        cancel_day[due[leaves]] = day[due[leaves]]
        affected[due[leaves]] = hit[leaves]
        rows = (due, day[due], hit, low, leaves)
        renewals += zip(*(column.tolist() for column in rows), strict=True)
    gone = cancel_day < NO_DAY
    expected = effects.reason_share * gone.sum() / max(int(affected.sum()), 1)
    offer_day = _offers(rng, cast, visits, start, cancel_day)
    compares = rng.random(n) < 0.4
    upgrades = rng.random(n) < UPGRADE + effects.compared_plans * compares
    return Subscriptions(
        trial=trial,
        start=start,
        cancel_day=cancel_day,
        affected=affected,
        names_import=affected & (rng.random(n) < expected),
        offer_day=offer_day,
        compares=compares & (offer_day < NO_DAY),
        upgrades=upgrades & (offer_day < NO_DAY),
        renewals=renewals,
    )


def _offers(rng: np.random.Generator, cast: Cast, visits: Visits, start: Ints, cancel_day: Ints) -> Ints:
    """By account: the day of the owner's first visit five days after the start, for three of five."""
    account = cast.account[visits.person]
    able = np.flatnonzero(cast.owner[visits.person] & ~visits.first)
    paid_day = np.where(start < NEVER, start // DAY, NO_DAY)[account[able]]
    able = able[(visits.day[able] >= paid_day + 5) & (visits.day[able] <= cancel_day[account[able]])]
    of, first = np.unique(account[able], return_index=True)
    found = np.full(len(start), NO_DAY)
    found[of] = visits.day[able[first]]
    return np.where(rng.random(len(found)) < 0.6, found, NO_DAY)


def mark(
    rng: np.random.Generator, cast: Cast, visits: Visits, drawn: Subscriptions, effects: Effects
) -> None:
    """Set the visits (final, sorted) that hold the upgrade offer, and the exports before cancellations."""
    account = cast.account[visits.person]
    ordinary = cast.owner[visits.person] & ~visits.first & ~visits.cancels
    visits.does["upgrade"] = ordinary & (visits.day == np.append(drawn.offer_day, NO_DAY)[account])
    cancel = np.append(drawn.cancel_day, NO_DAY)[account]
    able = ordinary | visits.cancels
    near = np.flatnonzero(able & (cancel < NO_DAY) & (cancel - visits.day < EXPORT_DAYS))
    of, first = np.unique(account[near], return_index=True)
    chosen = rng.random(len(of)) < effects.export_before_cancel
    visits.does["export"][near[first[chosen]]] = True
