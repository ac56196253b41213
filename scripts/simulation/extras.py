"""Visitors that are no customers: crawlers, a fast undeclared bot, kiosks, forgotten tabs, nobodies."""

from __future__ import annotations

import random

from . import site
from .devices import Device
from .journal import Journal
from .people import Population, new_device

DAY = 86_400_000
HEARTBEAT = 600_000
KIOSK_HOURS = (31, 50, 60)


def add_extras(
    rng: random.Random, population: Population, journal: Journal, start_ms: int, days: int
) -> None:
    """Add all of them, in numbers that follow the number of people."""
    people = len(population.people)
    for k in range(2 * len(site.CRAWLERS)):
        device = new_device(rng, population, site.CRAWLERS[k % len(site.CRAWLERS)], f"crawler:{k}")
        device.crawler = True
        left = max(8, people // 16)
        while left > 0:
            size = min(left, rng.randint(15, 60))
            _crawl(rng, journal, device, start_ms + rng.randrange(days * DAY), size, 1500, 4000)
            left -= size
    device = new_device(rng, population, site.BROWSERS[0], "fast-bot")
    for day in range(0, days, 9):
        _crawl(rng, journal, device, start_ms + day * DAY + 3 * 3_600_000, 120, 250, 350)
    for k, hours in enumerate(KIOSK_HOURS):
        device = new_device(rng, population, site.KIOSK, f"kiosk:{k}")
        at = start_ms + min(2 + 7 * k, max(days - 1, 0)) * DAY + rng.randrange(6, 12) * 3_600_000 + 123
        _kiosk(journal, device, at, hours, used=k < 2)
    for k in range(6):
        device = new_device(rng, population, site.BROWSERS[k % 4], f"idle-tab:{k}")
        _idle_tab(rng, journal, device, start_ms + rng.randrange(days * DAY))
    for _ in range(5):
        device = new_device(rng, population, site.BROWSERS[0], "nobody")
        device.anonymous = population.idents.add(None, "guest")
        _crawl(rng, journal, device, start_ms + rng.randrange(days * DAY), 1, 1000, 1001)
        journal.count("no_usable_identifier")


def _visit(journal: Journal, device: Device, at: int) -> int:
    visit = journal.add_visit(device, device.anonymous, False)
    journal.visit_start[visit] = at
    return visit


def _crawl(
    rng: random.Random, journal: Journal, device: Device, at: int, size: int, low: int, high: int
) -> None:
    visit, clock = _visit(journal, device, at), 0
    for _ in range(size):
        product = rng.randrange(site.PRODUCTS)
        view = journal.add_view(
            visit, clock, "product", f"/product/{product}", f"Product {product}", tab=visit * 4
        )
        journal.view_dwell[view] = rng.randrange(low, high)
        clock += journal.view_dwell[view]


def _kiosk(journal: Journal, device: Device, at: int, hours: int, used: bool) -> None:
    """A screen that beats every ten minutes for days; `used` = somebody touches it every 110 minutes."""
    visit, view, opened = _visit(journal, device, at), -1, 0
    for k in range(hours * 6 + 1):
        clock = k * HEARTBEAT
        if k == 0 or (used and k % 11 == 0):
            view, opened = journal.add_view(visit, clock, "home", "/", "Home", tab=visit * 4), clock
            tail = f',"properties":{{"x":600,"y":440,{site.SITE.click_tails[0][0]}}}'
            journal.add_event(view, 5000, "click", tail)
            journal.add_event(view, 5060, "mutation")
        else:
            journal.add_event(view, clock - opened, "heartbeat")
    journal.count("kiosk")


def _idle_tab(rng: random.Random, journal: Journal, device: Device, at: int) -> None:
    """Heartbeats alone: they start nothing, so they are in no session."""
    visit = _visit(journal, device, at)
    view = journal.add_view(visit, 0, "home", "/", "Home", tab=visit * 4, seen=False)
    for k in range(rng.randint(3, 9)):
        journal.add_event(view, k * 60_000, "heartbeat")
    journal.count("idle_tab")
