"""One simulated world of the app: from a seed to deliveries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from .. import faults
from ..faults import Deliveries
from . import arrival, assemble, billing, calendar, cast, corners, subscriptions, work
from .assemble import Assembled
from .effects import Effects
from .scene import Scene
from .story import Story

PILOT_PEOPLE = 400


@dataclass
class World:
    """A world and what went into it."""

    seed: int
    start: dt.date
    days: int
    effects: Effects
    scene: Scene
    assembled: Assembled
    deliveries: Deliveries


def build(seed: int, people: int, days: int, start: dt.date, effects: Effects, prefix: str = "") -> World:
    """Simulate; the same arguments give the same world, whose ids begin with `prefix`.

    ValueError for fewer than 50 people or 30 days."""
    if people < 50:
        raise ValueError("a world needs at least 50 people, for what is rare in it to occur at all")
    if days < 30:
        raise ValueError(
            "this world needs at least 30 days: its trials take 14, and its button moves in week 3"
        )
    start_ms = (start - dt.date(1970, 1, 1)).days * calendar.DAY

    def stream(concern: int) -> np.random.Generator:
        return np.random.default_rng([seed, 100 + concern])

    drawn = cast.draw(stream(0), seed, people, days, effects, prefix)
    visits = calendar.plan(stream(1), drawn, days, effects)
    paid = subscriptions.draw(stream(2), drawn, visits, days, effects)
    visits = calendar.with_cancels(stream(3), drawn, visits, paid.cancel_day)
    subscriptions.mark(stream(4), drawn, visits, paid, effects)
    screens = np.array([d.browser.viewport[1] for d in drawn.devices])[visits.device]
    story = Story(stream(5), drawn.layout[visits.device], screens)
    scene = Scene(start_ms, days, drawn, visits, paid, effects, story)
    for module in (arrival, work, corners):
        module.tell(scene)
    assembled = assemble.assemble(stream(6), scene, billing.messages(scene))
    deliveries = faults.deliver(stream(7), drawn.devices, assembled.journal, assembled.events, whole=True)
    return World(seed, start, days, effects, scene, assembled, deliveries)


def people_for(events: int, seed: int, days: int, start: dt.date, effects: Effects) -> int:
    """How many people give about so many events, from a small pilot world."""
    pilot = build(seed, PILOT_PEOPLE, days, start, effects)
    return max(50, round(events * PILOT_PEOPLE / len(pilot.assembled.events)))
