"""Random customers with pains and cancellations, and a case's counts by a walk in plain Python."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

START, DAYS = date(2026, 1, 1), 130
PLANS, REASONS = ("s", "m"), ("fails", "price", None)
Row = dict[str, Any]


@dataclass
class World:
    """Events of one random world; its ids begin with its name."""

    name: str
    seed: int
    events: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        for number in range(rng.randrange(15, 30)):
            self._account(rng, f"{self.name}-{number}")
        self.events.sort(key=lambda event: event["event_id"])

    def _say(self, name: str, day: date, person: str | None, account: str | None, **more: Any) -> None:
        number = len(self.events)
        self.events.append(
            {
                "event_id": f"{self.name}-{number:05d}",
                "event_time": f"{day} {number % 20:02d}:00:00",
                "event_name": name,
                "person_id": person,
                "account_id": account,
                **more,
            }
        )

    def _account(self, rng: random.Random, account: str) -> None:
        first, busy = rng.randrange(40), rng.choice((0.05, 0.2, 0.5))
        for person in range(rng.randrange(1, 3)):
            told = rng.random() < 0.9  # some persons' events never name the account
            for k in range(first, DAYS):
                if rng.random() < busy:
                    device = {"type": rng.choice(("desktop", "mobile", None))}
                    named = account if told and rng.random() < 0.4 else None
                    day = START + timedelta(days=k)
                    self._say("visit", day, f"{account}/{person}", named, device=device)
                    if rng.random() < 0.12:
                        self._say("fails", day, f"{account}/{person}", None)
        k = first + rng.randrange(20)
        while k < DAYS and rng.random() < 0.8:
            self._say(
                "subscription_start", START + timedelta(days=k), None, account,
                properties=json.dumps({"plan": rng.choice(PLANS)}), platform="server",
            )  # fmt: skip
            k += rng.randrange(1, 90)
            if k < DAYS:
                reason = {"reason": given} if (given := rng.choice(REASONS)) else {}
                self._say(
                    "subscription_cancel", START + timedelta(days=k), None, account,
                    properties=json.dumps(reason), platform="server",
                )  # fmt: skip
            k += rng.randrange(1, 20)


Counts = dict[tuple[Any, ...], tuple[int, ...]]
FAR = date(9999, 1, 1)


def _day(event: Mapping[str, Any]) -> date:
    return date.fromisoformat(event["event_time"][:10])


@dataclass(frozen=True)
class Walk:
    """The counts of a case over a world: by account and cancellation, or by person and absence."""

    events: list[Row]
    today: date
    period: int
    horizon: int
    away: int | None = None
    """Days of absence that are leaving; None: cancellation, by account."""

    def days(self) -> dict[tuple[str, date], tuple[str | None, str | None, bool]]:
        """(person, day) -> unit, device, affected."""
        named: dict[tuple[str, date], list[Row]] = defaultdict(list)
        for event in self.events:
            if event["person_id"] is not None:
                named[event["person_id"], _day(event)].append(event)
        found = {}
        for (person, day), own in named.items():
            devices = [e["device"]["type"] for e in own if e.get("device") and e["device"]["type"]]
            unit: str | None = person if self.away else min(
                (e["account_id"] for e in own if e["account_id"]), default=None
            )  # fmt: skip
            hit = any(e["event_name"] == "fails" for e in own)
            found[person, day] = (unit, max(devices, default=None), hit)
        if self.away is None:
            for person in {person for person, _ in found}:
                mine = sorted(day for who, day in found if who == person)
                told = [found[person, day][0] for day in mine]
                for place, day in enumerate(mine):
                    before = [one for one in told[: place + 1] if one is not None]
                    after = [one for one in told[place:] if one is not None]
                    unit = before[-1] if before else after[0] if after else None
                    found[person, day] = (unit, *found[person, day][1:])
        return found

    def stays(self) -> list[tuple[str, date, date | None]]:
        """(unit, first day, day of leaving)."""
        found: list[tuple[str, date, date | None]] = []
        if self.away is None:
            open_: dict[str, date] = {}
            for event in sorted(self.events, key=lambda e: (e["event_time"], e["event_id"])):
                unit = event["account_id"]
                if event["event_name"] == "subscription_start":
                    open_.setdefault(unit, _day(event))
                elif event["event_name"] == "subscription_cancel" and unit in open_:
                    found.append((unit, open_.pop(unit), _day(event)))
            return found + [(unit, day, None) for unit, day in open_.items()]
        for person in {person for person, _ in self.days()}:
            mine = sorted(day for who, day in self.days() if who == person)
            begin = mine[0]
            for day, following in zip(mine, [*mine[1:], None], strict=True):
                ends = day + timedelta(days=self.away)
                if following is None and ends + timedelta(days=1) > self.today:
                    found.append((person, begin, None))
                elif following is None or (following - day).days > self.away:
                    found.append((person, begin, day + timedelta(days=1)))
                    begin = following or begin
        return found

    def risk(self) -> Counts:
        """(month, tenure, plan, activity, device) -> a, n, b, m."""
        days, late = self.days(), self.away or 0
        of_unit: dict[str, list[tuple[date, str | None, bool]]] = defaultdict(list)
        for (_, day), (unit, device, hit) in days.items():
            if unit is not None:
                of_unit[unit].append((day, device, hit))
        found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for unit, start, left in self.stays():
            for k in range(1, DAYS):
                at = start + timedelta(days=k * self.period)
                if at > (left or FAR) or at + timedelta(days=self.horizon + late) > self.today:
                    break
                since = at - timedelta(days=self.period)
                own = [one for one in of_unit[unit] if since <= one[0] < min(at, left or FAR)]
                active = len({day for day, _, _ in own})
                last = max((day for day, _, _ in own), default=None)
                device = max((d for day, d, _ in own if day == last and d), default="unknown")
                hit = any(h for _, _, h in own)
                leaves = left is not None and left < at + timedelta(days=self.horizon)
                alike = (
                    _band(k, (1, 2, 3, 6, 12)),
                    self._plan(unit, at),
                    _band(active, (0, 2, 5, 10)),
                    device,
                )
                counts = found[at.replace(day=1), *alike]
                counts[0 if hit else 2] += leaves
                counts[1 if hit else 3] += 1
        return {key: tuple(counts) for key, counts in found.items()}

    def _plan(self, unit: str, at: date) -> str:
        told = [
            (e["event_time"], e["event_id"], json.loads(e["properties"])["plan"])
            for e in self.events
            if e["event_name"] == "subscription_start" and e["account_id"] == unit and _day(e) < at
        ]
        return max(told)[2] if told and self.away is None else "unknown"

    def reach(self) -> Counts:
        """(month) -> persons and units affected."""
        persons, units = defaultdict(set), defaultdict(set)
        for (person, day), (unit, _, hit) in self.days().items():
            month = day.replace(day=1)
            persons[month] |= {person} if hit else set()
            units[month] |= {unit} if hit and unit else set()
        return {(month,): (len(persons[month]), len(units[month])) for month in persons}

    def left(self) -> Counts:
        """(month) -> left, gave a reason, named `fails`."""
        left, answered, named = Counter(), Counter(), Counter()
        for unit, _, day in self.stays():
            if day is None:
                continue
            month = day.replace(day=1)
            reasons = [
                json.loads(e["properties"]).get("reason")
                for e in self.events
                if e["event_name"] == "subscription_cancel" and e["account_id"] == unit and _day(e) == day
            ]
            left[month] += 1
            answered[month] += any(reasons)
            named[month] += "fails" in reasons
        return {(month,): (n, answered[month], named[month]) for month, n in left.items()}


def _band(number: int, ends: tuple[int, ...]) -> int:
    return next((place for place, end in enumerate(ends) if number <= end), len(ends))
