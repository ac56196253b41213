"""Identity as semantics section 2 tells it, in plain Python over sets: slow, and sharing no code."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import combinations

import networkx as nx

Id = tuple[str, str]
Pair = tuple[Id, Id]

BLOCKED = set(
    """-1 null none nil undefined nan true false anonymous guest test id email distinct_id distinctid
    not_authenticated unknown n/a""".split()  # noqa: SIM905
) | {"[object object]", ""}


@dataclass(frozen=True)
class Event:
    """What identity sees of an event."""

    at: datetime
    anonymous: str | None = None
    user: str | None = None
    others: dict[str, str] = field(default_factory=dict)
    previous: str | None = None
    source: str = "segment"


@dataclass(frozen=True)
class Law:
    """The settings, restated."""

    unique: frozenset[str] = frozenset({"user_id"})
    limits: dict[str, int] = field(default_factory=lambda: {"email": 5})
    unlimited: frozenset[str] = frozenset({"anonymous_id"})
    hub_unique: int = 100
    hub_any: int = 1000

    def most(self, id_type: str) -> float:
        if id_type in self.unique:
            return 1
        return float("inf") if id_type in self.unlimited else self.limits.get(id_type, 5)

    def breaks(self, person: Iterable[Id]) -> set[str]:
        """The types of which a person holds too many values."""
        values = defaultdict(set)
        for id_type, value in person:
            values[id_type].add(value)
        return {id_type for id_type, found in values.items() if len(found) > self.most(id_type)}


def loudness(id_type: str) -> tuple[int, str]:
    """Smaller is louder."""
    return {"user_id": 0, "email": 1, "anonymous_id": 3}.get(id_type, 2), id_type


def ids_of(event: Event) -> list[Id]:
    """Usable identifiers, own columns first."""
    named = [("user_id", event.user), ("anonymous_id", event.anonymous)]
    named += sorted(event.others.items()) + [("anonymous_id", event.previous)]
    usable = []
    for id_type, value in named:
        if value is None:
            continue
        value = value.strip()
        if id_type == "email":
            value = value.lower()
        if value.lower() in BLOCKED or not value.strip("0-"):
            continue
        usable.append((id_type, value))
    return usable


def pairs_of(event: Event) -> Iterator[Pair]:
    yield from combinations(sorted(set(ids_of(event))), 2)


def daily(events: Iterable[Event]) -> dict[tuple[Pair, date], tuple[int, datetime, datetime, list[str]]]:
    """Per pair and day: events, first, last, sources."""
    held = defaultdict(list)
    for event in events:
        for pair in pairs_of(event):
            held[pair, event.at.date()].append(event)
    return {
        key: (len(es), min(e.at for e in es), max(e.at for e in es), sorted({e.source for e in es}))
        for key, es in held.items()
    }


@dataclass
class Answer:
    person: dict[Id, str]
    status: dict[Id, str]
    first_seen: dict[Id, datetime]
    conflicts: dict[Pair, tuple[str, str]]


def solve(events: list[Event], law: Law) -> Answer:
    """Persons of all identifiers of a world."""
    first_seen: dict[Id, datetime] = {}
    pairs: dict[Pair, datetime] = {}
    for event in sorted(events, key=lambda e: e.at):
        for one in ids_of(event):
            first_seen.setdefault(one, event.at)
        for pair in pairs_of(event):
            pairs.setdefault(pair, event.at)

    # Hubs
    known = defaultdict(lambda: defaultdict(set))
    for a, b in pairs:
        known[a][b[0]].add(b)
        known[b][a[0]].add(a)
    hubs = {}
    for one, by_type in known.items():
        if one[0] in law.unique:
            continue
        over = [
            name
            for name, found in by_type.items()
            if len(found) > law.hub_any or (name in law.unique and len(found) > law.hub_unique)
        ]
        if over:
            hubs[one] = min(over)
    conflicts = {(a, b): ("hub", hubs.get(a) or hubs[b]) for a, b in pairs if a in hubs or b in hubs}

    # Components, and those that break a rule link by link
    graph = nx.Graph([pair for pair in pairs if pair not in conflicts])
    groups: list[set[Id]] = []
    shared: set[Id] = set()
    for component in nx.connected_components(graph):
        if not law.breaks(component):
            groups.append(component)
            continue
        inner = {pair: at for pair, at in pairs.items() if pair not in conflicts and pair[0] in component}
        found, refused, told = rejoin(inner, law)
        groups += found
        conflicts |= refused
        shared |= told

    answer = Answer({}, {}, first_seen, conflicts)
    single = set(first_seen) - set().union(*groups)
    for group in [*groups, *({one} for one in single)]:
        oldest = min(group, key=lambda one: (first_seen[one], one))
        for one in group:
            status = "hub" if one in hubs else "shared" if one in shared else "own"
            answer.status[one] = status
            answer.person[one] = person_id(oldest) if status == "own" else shared_id(one)
    return answer


def rejoin(
    links: dict[Pair, datetime | int], law: Law
) -> tuple[list[set[Id]], dict[Pair, tuple[str, str]], set[Id]]:
    """Persons, refused links and shared identifiers of one over-merged component."""
    turn = sorted(
        links,
        key=lambda p: (links[p], sorted((loudness(p[0][0]), loudness(p[1][0]))), p),
    )
    shared: dict[Id, str] = {}
    while True:
        persons = [{one} for one in {end for pair in links for end in pair}]
        refused: dict[Pair, tuple[str, str]] = {}
        new: dict[Id, str] = {}
        for pair in turn:
            told = {**shared, **new}
            if pair[0] in told or pair[1] in told:
                refused[pair] = ("shared", told.get(pair[0]) or told[pair[1]])
                continue
            mine = next(p for p in persons if pair[0] in p)
            theirs = next(p for p in persons if pair[1] in p)
            broken = law.breaks(mine | theirs)
            if not broken:
                if mine is not theirs:
                    persons.remove(mine)
                    persons.remove(theirs)
                    persons.append(mine | theirs)
                continue
            unique = sorted(broken & law.unique, key=loudness)
            if pair[0][0] == pair[1][0] and pair[0][0] in law.unique:
                refused[pair] = ("alias", pair[0][0])
            elif unique:
                refused[pair] = ("unique", unique[0])
                ends = [end for end in pair if end[0] not in law.unique]
                quiet = max((loudness(end[0]) for end in ends), default=None)
                new |= {end: unique[0] for end in ends if loudness(end[0]) == quiet}
            else:
                refused[pair] = ("limit", min(broken, key=loudness))
        if not new:
            return persons, refused, set(shared)
        shared |= new


def assign(event: Event, answer: Answer) -> str | None:
    """The person of an event."""
    candidates = [one for one in ids_of(event) if one in answer.person]
    # sorted() is stable: of one type the first named stays first
    ranked = sorted(candidates, key=lambda one: (answer.status[one] != "own", loudness(one[0])))
    return answer.person[ranked[0]] if ranked else None


def person_id(oldest: Id) -> str:
    return hashlib.sha256("\0".join(oldest).encode()).hexdigest()[:32]


def shared_id(one: Id) -> str:
    return person_id(("shared", *one))
