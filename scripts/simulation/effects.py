"""The planted effects: as they were meant, and as they came out among the observable persons."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from . import pages, people
from .kinds import KIND
from .world import World

Mask = NDArray[np.bool_]
DAY, WEEK = 86_400_000, 7 * 86_400_000
MONDAY = 4 * DAY
"""The first Monday after the epoch: 1970-01-05."""


def measure(world: World, owners: list[str | None], signals: pa.Table) -> dict[str, object]:
    """Planned and realised effects; the latter without crawlers, internal devices, nobody's events."""
    events, devices = world.events, world.population.devices
    left_out = np.array([d.crawler or d.internal for d in devices])[events.device] & ~events.server
    usable = ~left_out & np.array([owner is not None for owner in owners])
    view = _View(world, owners, usable)
    return {
        "retention": {"planned": list(people.RETENTION), "cohorts": _retention(world, owners, usable)},
        "experiment": {"planned": pages.CHECKOUT_CONVERSION, "realised": _experiment(view)},
        "onboarding": {"planned": list(pages.ONBOARDING), "persons_by_step": _onboarding(view)},
        "nps": {
            "planned_shares": {"not_raged": pages.NPS_SHARES[False], "raged": pages.NPS_SHARES[True]},
            "realised": _scores(view, signals, "nps"),
        },
        "csat": {"realised": _scores(view, signals, "csat")},
    }


class _View:
    """The scripted events of one kind: (time, owner, properties as JSON text), in order of time."""

    def __init__(self, world: World, owners: list[str | None], usable: Mask) -> None:
        self.world, self.owners, self.usable = world, owners, usable

    def of(self, kind: str) -> list[tuple[int, str, str]]:
        events = self.world.events
        rows = np.flatnonzero((events.kind == KIND[kind]) & self.usable)
        return sorted(
            (int(events.time[r]), str(self.owners[r]), self.world.journal.event_tail[events.text[r]])
            for r in rows.tolist()
        )


def _retention(world: World, owners: list[str | None], usable: Mask) -> dict[str, list[int]]:
    """By the Monday of each person's first week: persons, then those active k calendar weeks later.

    Only client events count, and only weeks that lie wholly within the simulated days.
    """
    events = world.events
    rows = np.flatnonzero(usable & ~events.server)
    weeks = ((events.time[rows] - MONDAY) // WEEK).tolist()
    active: dict[str, set[int]] = defaultdict(set)
    for row, week in zip(rows.tolist(), weeks, strict=True):
        active[str(owners[row])].add(week)
    first = -(-(world.start_ms - MONDAY) // WEEK)
    end = (world.start_ms + world.days * DAY - MONDAY) // WEEK
    table: dict[str, list[int]] = {}
    for cohort in range(first, end):
        members = [weeks_of for weeks_of in active.values() if min(weeks_of) == cohort]
        monday = str(np.datetime64((MONDAY + cohort * WEEK) // DAY, "D"))
        table[monday] = [sum(week in m for m in members) for week in range(cohort, end)]
    return table


def _experiment(view: _View) -> dict[str, dict[str, int]]:
    """Persons by the variant they saw first, and those with an order at or after that."""
    seen: dict[str, tuple[int, str]] = {}
    for time, owner, tail in view.of("experiment_exposure"):
        seen.setdefault(owner, (time, _text(tail, "variation_id")))
    last_order = {owner: time for time, owner, _ in view.of("order")}
    exposed = Counter(variant for _, variant in seen.values())
    converted = Counter(
        variant for owner, (time, variant) in seen.items() if last_order.get(owner, -1) >= time
    )
    return {v: {"persons": exposed[v], "converted": converted[v]} for v in people.VARIANTS}


def _onboarding(view: _View) -> dict[str, int]:
    steps = {(owner, _number(tail, "step")) for _, owner, tail in view.of("Onboarding Step Completed")}
    by_step = Counter(step for _, step in steps)
    return {str(step): by_step[step] for step in range(1, 7)}


def _scores(view: _View, signals: pa.Table, kind: str) -> dict[str, dict[str, int]]:
    """Answers by score, of persons who had raged before, and of others."""
    raged: dict[str, int] = {}
    for row in signals.select(["kind", "owner", "start"]).to_pylist():
        if row["kind"] == "rage_click":
            at = int(row["start"].timestamp() * 1000)
            raged[row["owner"]] = min(at, raged.get(row["owner"], at))
    out: dict[str, Counter[str]] = {"raged": Counter(), "not_raged": Counter()}
    for time, owner, tail in view.of("survey_response"):
        if _text(tail, "kind") == kind:
            group = "raged" if raged.get(owner, time + 1) <= time else "not_raged"
            out[group][str(_number(tail, "score"))] += 1
    return {group: dict(sorted(scores.items(), key=lambda i: int(i[0]))) for group, scores in out.items()}


def _text(tail: str, name: str) -> str:
    found = re.search(rf'"{name}":"([^"]*)"', tail)
    return found[1] if found else ""


def _number(tail: str, name: str) -> int:
    found = re.search(rf'"{name}":(\d+)', tail)
    return int(found[1]) if found else -1
