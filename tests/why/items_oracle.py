"""Next items by plain Python: what is known as of a day, who recommends what, and who was right."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from math import sqrt
from typing import Any

FIRST = date(2026, 3, 2)


@dataclass(frozen=True)
class One:
    """An interaction."""

    person: str
    day: date
    item: str
    category: str | None
    weight: int
    session: str | None
    event: str

    @property
    def time(self) -> datetime:
        """Noon of the day; later events of a day are told apart by their ids."""
        return datetime(self.day.year, self.day.month, self.day.day, 12)

    def row(self) -> dict[str, Any]:
        """A row of `interactions`."""
        return {
            **{"person_id": self.person, "day": str(self.day), "time": f"{self.day} 12:00:00"},
            **{"item": self.item, "category": self.category, "weight": self.weight},
            **{"session_id": self.session, "event_id": self.event, "kind": "view"},
        }


def tastes(seed: int, persons: int, days: int, taste: float) -> list[One]:
    """People who come every few days for an item of five groups, with chance `taste` of their own."""
    draw = random.Random(seed)
    found = []
    for number in range(persons):
        own = number % 5
        for day in range(days):
            if draw.random() < 0.12:
                group = own if draw.random() < taste else draw.randrange(5)
                item = f"i{group}{draw.randrange(8)}"
                told = f"g{group}" if draw.random() < 0.8 else None
                session = f"s{number}.{day // 20}" if draw.random() < 0.3 else None
                found.append(
                    One(f"p{number:03}", FIRST + timedelta(day), item, told, draw.choice((1, 3)), session,
                        f"e{number:03}.{day:03}")
                )  # fmt: skip
    return found


def left(age: int, half_life: int) -> int:
    """What is left of a million after so many days."""
    return round(Decimal("0.5") ** (Decimal(age) / half_life) * 1_000_000)


@dataclass
class Knowledge:
    items: list[str]
    categories: list[str | None]
    histories: dict[str, dict[str, int]]
    cosines: dict[tuple[str, str], float]


def know(ones: list[One], day: date, half_life: int, horizon: int, together: int, support: int) -> Knowledge:
    """What the days up to `day` tell."""
    seen = [one for one in ones if day - timedelta(horizon) < one.day <= day]
    of = defaultdict(list)
    for one in seen:
        of[one.person].append(one)
    popular: dict[str, int] = defaultdict(int)
    histories = {}
    both: dict[tuple[str, str], int] = defaultdict(int)
    persons: dict[str, int] = defaultdict(int)
    for person, own in of.items():
        last = max(one.day for one in own)
        history: dict[str, int] = defaultdict(int)
        for one in own:
            history[one.item] += 1000 * one.weight * left((last - one.day).days, half_life)
        histories[person] = dict(history)
        for item in history:
            persons[item] += 1
            popular[item] += left((day - max(one.day for one in own if one.item == item)).days, half_life)
        met = set()
        for a, b in combinations(own, 2):
            if a.item != b.item and (
                abs((a.day - b.day).days) <= together or (a.session and a.session == b.session)
            ):
                met |= {(a.item, b.item), (b.item, a.item)}
        for pair in met:
            both[pair] += 1
    items = sorted(popular, key=lambda item: (-popular[item], item))
    told = {
        item: max(
            ((one.time, one.event, one.category) for one in seen if one.item == item and one.category),
            default=(None, None, None),
        )[2]
        for item in items
    }
    cosines = {
        (a, b): n / sqrt(persons[a] * persons[b]) for (a, b), n in both.items() if n >= support
    }  # fmt: skip
    return Knowledge(items, [told[item] for item in items], histories, cosines)


def by_popularity(known: Knowledge, history: dict[str, int], limit: int) -> list[str]:
    return [item for item in known.items if item not in history][:limit]


def by_co_visits(known: Knowledge, history: dict[str, int], limit: int) -> list[tuple[str, float]]:
    scores = {
        item: round(sum(units / 1e9 * known.cosines.get((own, item), 0) for own, units in history.items()), 6)
        for item in known.items
        if item not in history
    }
    ranked = sorted(scores, key=lambda item: (-scores[item], known.items.index(item)))
    return [(item, scores[item]) for item in ranked[:limit]]
