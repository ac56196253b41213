"""Accounts, people and devices, and what each of them will be like: drawn for all at once."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from ..devices import LOCALES, Device, Idents, address, anonymous_id
from ..rows import Bools, Ints
from . import app
from .effects import BACK, COMPLETION, CONVERSION, LOW_MOOD, Effects

STEPS = 6
HARD_STEP = 4


@dataclass
class Cast:
    """Columns of accounts, people and devices; people lie account by account, the owner first.

    Visitors are people without an account (account -1), who look at the public pages once.
    """

    signup_day: Ints
    """By account, from 0."""
    industry: Ints
    low_mood: Bools
    last_step: Ints
    """By account: the last onboarding step that its owner completes, 0 to 6."""
    left_at_hard: Bools
    affected: Bools
    """By account: its owner meets step 4 with the button below the fold."""
    converts: Bools
    plan: Ints

    account: Ints
    """By person; -1 = a visitor."""
    owner: Bools
    joined: Ints
    """By person: day of the first visit."""
    activated: Bools
    """By person: tags contacts at least three times in the first seven days."""
    retained: Bools
    variant: Ints
    taste: Ints

    device_of: Ints
    """By person, two devices: (n, 2); the second is -1 where there is none."""
    devices: list[Device]
    layout: Ints
    """By device."""
    idents: Idents
    signed_in: Ints
    """By device: ident after log-in, -1 for visitors."""

    prefix: str
    """Of all user and account ids: worlds with different ones can lie in one lake."""

    def user_id(self, person: int) -> str:
        """Id of a person who has an account."""
        return _user_id(self.prefix, person)

    def account_id(self, account: int) -> str:
        """Id of an account."""
        return f"{self.prefix}acc-{account:05d}"

    @property
    def people(self) -> int:
        """How many people there are, visitors included."""
        return len(self.account)

    @property
    def owners(self) -> Ints:
        """The owner of each account."""
        return np.flatnonzero(self.owner)


def _user_id(prefix: str, person: int) -> str:
    return f"{prefix}u-{person:06d}"


def fold_day(effects: Effects) -> int:
    """The day from which on the button of step 4 lies below the fold; far off: never."""
    return int(7 * (effects.fold_week - 1)) if effects.fold_week >= 1 else 1 << 30


def draw(
    rng: np.random.Generator, seed: int, people: int, days: int, effects: Effects, prefix: str = ""
) -> Cast:
    """`people` with an account, and half as many visitors, over `days` days."""
    sizes = rng.choice([1, 2, 3, 4], people, p=[0.5, 0.25, 0.15, 0.10])
    accounts = int(np.searchsorted(np.cumsum(sizes), people)) + 1
    sizes = sizes[:accounts]
    signup = np.sort(rng.integers(0, days, accounts))
    account = np.repeat(np.arange(accounts), sizes)
    owner = np.r_[True, account[1:] != account[:-1]]
    joined = signup[account] + np.where(owner, 0, rng.integers(1, 11, len(account)))
    seen = joined < days
    account, owner, joined = account[seen], owner[seen], joined[seen]
    visitors = people // 2
    account = np.r_[account, np.full(visitors, -1)]
    owner = np.r_[owner, np.zeros(visitors, bool)]
    joined = np.r_[joined, np.sort(rng.integers(0, days, visitors))]
    browser = rng.choice(len(app.BROWSERS), len(account), p=[b.share for b in app.BROWSERS])
    layouts = np.array([b.layout for b in app.BROWSERS])
    affected = (signup >= fold_day(effects)) & (layouts[browser[owner]] != app.WIDE)
    last_step = _last_step(rng, affected, effects)
    completed = last_step == STEPS
    among = effects.completed_of_converters
    chance = np.where(completed, CONVERSION * among / COMPLETION, CONVERSION * (1 - among) / (1 - COMPLETION))
    activated = rng.random(len(account)) < 0.3
    back = BACK - effects.activation * np.where(activated, 0, 1)
    device_of, devices, idents, signed_in = _devices(rng, seed, prefix, account, browser)
    return Cast(
        signup_day=signup,
        industry=rng.choice(len(app.INDUSTRIES), accounts, p=[0.25, 0.35, 0.15, 0.25]),
        low_mood=rng.random(accounts) < LOW_MOOD,
        last_step=last_step,
        left_at_hard=last_step == HARD_STEP - 1,
        affected=affected,
        converts=rng.random(accounts) < chance,
        plan=rng.choice(3, accounts, p=[0.5, 0.35, 0.15]),
        account=account,
        owner=owner,
        joined=joined,
        activated=activated & (account >= 0),
        retained=(rng.random(len(account)) < back) & (account >= 0),
        variant=rng.integers(0, 2, len(account)),
        taste=rng.integers(0, len(app.CATEGORIES), len(account)),
        device_of=device_of,
        devices=devices,
        layout=np.array([d.browser.layout for d in devices]),
        idents=idents,
        signed_in=signed_in,
        prefix=prefix,
    )


def _last_step(rng: np.random.Generator, affected: Bools, effects: Effects) -> Ints:
    """Six ways to leave, and one to complete. What is more than a sixth falls on the affected."""
    left = 1 - COMPLETION
    other = left * (1 - effects.step4_share) / (STEPS - 1)
    hit = affected if affected.any() else np.ones(len(affected), bool)
    share = hit.mean()
    hard = left * effects.step4_share
    at_hard = np.where(hit, (hard - (1 - share) * min(other, hard)) / share, min(other, hard))
    at_hard = np.minimum(at_hard, 1 - (STEPS - 1) * other)
    leaves = np.full((len(affected), STEPS), other)
    leaves[:, HARD_STEP - 1] = at_hard
    found: Ints = (rng.random(len(affected))[:, None] >= np.cumsum(leaves, axis=1)).sum(axis=1)
    return found


def _devices(
    rng: np.random.Generator, seed: int, prefix: str, account: Ints, browser: Ints
) -> tuple[Ints, list[Device], Idents, Ints]:
    draw = random.Random(f"devices {seed}")
    second = (rng.random(len(account)) < 0.3) & (account >= 0)
    phones = [k for k, b in enumerate(app.BROWSERS) if b.layout == app.PHONE]
    wide = [k for k, b in enumerate(app.BROWSERS) if b.layout != app.PHONE]
    devices: list[Device] = []
    idents, after, table = Idents(), [], np.full((len(account), 2), -1)
    for person, (main, more, of) in enumerate(
        zip(browser.tolist(), second.tolist(), account.tolist(), strict=True)
    ):
        kinds = [main, draw.choice(wide if main in phones else phones)] if more else [main]
        for k, kind in enumerate(kinds):
            name, number = anonymous_id(draw), len(devices)
            table[person, k] = number
            devices.append(
                Device(
                    number,
                    name,
                    app.BROWSERS[kind],
                    address(draw),
                    draw.choice(LOCALES),
                    idents.add(name, None),
                    owner=_user_id(prefix, person) if of >= 0 else f"visitor-{person:06d}",
                )
            )
            after.append(idents.add(name, _user_id(prefix, person)) if of >= 0 else -1)
    return table, devices, idents, np.array(after)
