"""One simulated world: from a seed to deliveries. `simulate.py` writes it to files."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

import numpy as np

from . import extras, faults, journeys, people, site, streams
from .faults import Deliveries
from .journal import Journal
from .people import Population
from .rows import Events

TIES = 6
PILOT_PEOPLE = 400


@dataclass
class World:
    """A world and what went into it."""

    seed: int
    start: dt.date
    days: int
    population: Population
    journal: Journal
    events: Events
    deliveries: Deliveries

    @property
    def start_ms(self) -> int:
        """The first day's midnight UTC, ms since the epoch."""
        return _start_ms(self.start)


def _start_ms(start: dt.date) -> int:
    return (start - dt.date(1970, 1, 1)).days * 86_400_000


def build(seed: int, people_count: int, days: int, start: dt.date) -> World:
    """Simulate; the same arguments give the same world. ValueError for fewer than 50 people or no day."""
    if people_count < 50:
        raise ValueError("a world needs at least 50 people, for what is rare in it to occur at all")
    if days < 1:
        raise ValueError("a world needs at least one day")
    # a stream of random numbers for each concern: more of one does not shift the others
    population = people.populate(random.Random(f"people {seed}"), people_count, days, start)
    journal = Journal(site.SITE)
    journeys.walk_all(random.Random(f"journeys {seed}"), population, journal, _start_ms(start), TIES)
    extras.add_extras(random.Random(f"extras {seed}"), population, journal, _start_ms(start), days)
    events = streams.build_events(np.random.default_rng([seed, 1]), population, journal)
    deliveries = faults.deliver(np.random.default_rng([seed, 2]), population.devices, journal, events)
    return World(seed, start, days, population, journal, events, deliveries)


def people_for(events: int, seed: int, days: int, start: dt.date) -> int:
    """How many people give about so many events, from a small pilot world."""
    pilot = build(seed, PILOT_PEOPLE, days, start)
    customers = [device.owner.startswith(("human", "household")) for device in pilot.population.devices]
    of_customers = int(np.array(customers)[pilot.events.device].sum())
    others = len(pilot.events) - of_customers  # kiosks and the like do not grow with the people
    return max(50, round((events - others) * PILOT_PEOPLE / of_customers))
