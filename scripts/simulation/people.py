"""Who visits the shop: people, their devices, the tablets they share, and when they come."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from . import site
from .devices import BLOCKED_USERS, LOCALES, Device, Idents, address, anonymous_id
from .layout import Browser

RETENTION = (0.45, 0.36, 0.30, 0.27)
"""Share of people who come (at least once) in the k-th calendar week after their first; the last goes on."""
VARIANTS = ("control", "treatment")
OFFICE_NETWORK = "203.0.113.0/24"
OFFICE_DOMAIN = "shop.example"

_FIRST = (
    "ana",
    "ben",
    "carla",
    "deniz",
    "emil",
    "fatma",
    "goran",
    "hanna",
    "ivo",
    "jana",
    "kofi",
    "lea",
    "milan",
    "nora",
    "omar",
    "petra",
    "quinn",
    "rosa",
    "sven",
    "tara",
    "uwe",
    "vera",
    "wim",
    "yara",
)
_LAST = (
    "adler",
    "braun",
    "costa",
    "dahl",
    "ende",
    "fuchs",
    "gomez",
    "haas",
    "ilic",
    "jansen",
    "kaya",
    "lang",
    "meyer",
    "novak",
    "okoro",
    "peters",
    "rossi",
    "silva",
    "tamm",
    "urban",
    "vogel",
    "weiss",
)


@dataclass
class Person:
    """A human being. What happens to them on visits is kept here too (cart, rage, onboarding)."""

    number: int
    name: str
    user_id: str | None
    email: str | None
    sends_email: str | None
    household: int
    variant: str
    currency: str
    devices: list[Device] = field(default_factory=list)
    group: str | None = None
    internal: bool = False
    contested: bool = False
    signed_up: bool = False
    raged: bool = False
    cart: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """A visit that is to come: tentative start in ms since the simulation's start."""

    household: int
    start: int
    person: int
    device: int


@dataclass
class Population:
    """All people, devices, idents and planned visits (ordered by household and time)."""

    people: list[Person]
    devices: list[Device]
    idents: Idents
    plans: list[Plan]


def populate(rng: random.Random, count: int, days: int, start: dt.date) -> Population:
    """Draw `count` people with their devices and visits over `days` days from `start`."""
    population = Population([], [], Idents(), [])
    household, left = -1, 0
    for number in range(count):
        if left == 0:
            household += 1
            left = 1
            if number > 5 and rng.random() < 0.03:
                left = rng.choice((2, 2, 3))
        left -= 1
        population.people.append(_person(rng, number, household))
    _share_tablets(rng, population)
    for person in population.people:
        for _ in range(1 + (rng.random() < 0.4) + (rng.random() < 0.2)):
            _private_device(rng, population, person)
    for _ in range(max(1, count // 1000)):  # a family's one address, given by two accounts: a conflict
        a, b = rng.sample([p for p in population.people[3:] if p.user_id], 2)
        b.sends_email = a.email
        a.contested = b.contested = True
    for person in population.people:
        _plan_visits(rng, population, person, days, start)
    population.plans.sort(key=lambda p: (p.household, p.start, p.person))
    return population


def _person(rng: random.Random, number: int, household: int) -> Person:
    internal = number < 3
    account = internal or rng.random() < 0.65
    domain = OFFICE_DOMAIN if internal else "mail.example"
    email = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{number}@{domain}"
    sends = email
    if rng.random() < 0.15:  # the same address, as people type it
        sends = rng.choice((email.upper(), f" {email}", email.title() + "  "))
    return Person(
        number,
        f"human:{number:06d}",
        f"u-{number:06d}" if account else None,
        email,
        sends,
        household,
        VARIANTS[rng.random() < 0.5],
        "USD" if rng.random() < 0.2 else "EUR",
        group=f"g-{number % 40:03d}" if account and rng.random() < 0.05 else None,
        internal=internal,
    )


def _address(rng: random.Random, internal: bool) -> str:
    if internal:
        return f"203.0.113.{rng.randrange(1, 255)}"
    return address(rng)


def _private_device(rng: random.Random, population: Population, person: Person) -> None:
    device = new_device(rng, population, _browser(rng), person.name, internal=person.internal)
    if person.user_id is None:
        if rng.random() < 0.03:  # a tracker that sends the text of an absent id
            device.anonymous = population.idents.add(device.anonymous_id, rng.choice(BLOCKED_USERS))
    else:
        draw = rng.random()
        device.login = "alias" if draw < 0.02 else "blank" if draw < 0.04 else "identify"
        device.padded = rng.random() < 0.01
    if rng.random() < 0.02:
        device.skew = rng.choice((-1, 1)) * rng.randrange(3 * 60_000, 6 * 3_600_000)
    person.devices.append(device)


def new_device(
    rng: random.Random, population: Population, browser: Browser, owner: str, internal: bool = False
) -> Device:
    """Add a device that nobody has signed in on yet."""
    anonymous = anonymous_id(rng)
    device = Device(
        len(population.devices),
        anonymous,
        browser,
        _address(rng, internal),
        rng.choice(LOCALES),
        population.idents.add(anonymous, None),
        owner=owner,
        internal=internal,
    )
    population.devices.append(device)
    return device


def _browser(rng: random.Random) -> Browser:
    return rng.choices(site.BROWSERS, [b.share for b in site.BROWSERS])[0]


def _share_tablets(rng: random.Random, population: Population) -> None:
    members: dict[int, list[Person]] = {}
    for person in population.people:
        members.setdefault(person.household, []).append(person)
    for household in members.values():
        if len(household) > 1:
            tablet = new_device(rng, population, site.TABLET, "household")
            tablet.shared = True
            tablet.owner = f"household:{household[0].household:06d}"
            for person in household:
                person.user_id = f"u-{person.number:06d}"
                person.devices.append(tablet)


def _plan_visits(
    rng: random.Random, population: Population, person: Person, days: int, start: dt.date
) -> None:
    arrival = rng.randrange(days)
    visits = [arrival]
    week_ends = [d for d in range(days) if (start + dt.timedelta(d)).weekday() == 6] + [days - 1]
    this_week_end = next(d for d in week_ends if d >= arrival)
    if arrival < this_week_end and rng.random() < 0.4:
        visits.append(rng.randrange(arrival, this_week_end) + 1)
    for k, monday in enumerate(range(this_week_end + 1, days, 7)):
        if rng.random() < RETENTION[min(k, len(RETENTION) - 1)]:
            # Of a week that the simulation ends in, only the visits before its end are seen.
            often = 1 + (rng.random() < 0.5) + (rng.random() < 0.2)
            visits += [day for day in (rng.randint(monday, monday + 6) for _ in range(often)) if day < days]
    for day in visits:
        minute = rng.triangular(6.5 * 60, 23 * 60, 19.5 * 60)
        if rng.random() < 0.02:  # will go past midnight
            minute = rng.uniform(23 * 60 + 57, 24 * 60)
        device = rng.choice(person.devices)
        at = day * 86_400_000 + int(minute * 60_000) + rng.randrange(1000)
        population.plans.append(Plan(person.household, at, person.number, device.number))
