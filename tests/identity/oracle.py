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

    def breaks(self, person: Iterable[Id], same: dict[Id, object] | None = None) -> set[str]:
        """The types of which a person holds too many values; those in `same` count by what it says."""
        values = defaultdict(set)
        for one in person:
            values[one[0]].add((same or {}).get(one, one))
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


@dataclass
class Words:
    """What people say."""

    always: set[Pair] = field(default_factory=set)
    never: set[Pair] = field(default_factory=set)
    ignored: set[Id] = field(default_factory=set)

    def same(self) -> dict[Id, object]:
        """Each identifier that is said to be one with another: all that it is one with."""
        groups = nx.connected_components(nx.Graph(list(self.always)))
        return {one: frozenset(group) for group in groups for one in group}


def solve(events: list[Event], law: Law, words: Words | None = None) -> Answer:
    """Persons of all identifiers of a world."""
    words = words or Words()
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
    for one in words.ignored:
        first_seen.pop(one, None)
        hubs.pop(one, None)
    pairs = {pair: at for pair, at in pairs.items() if not words.ignored & set(pair)}
    conflicts = {(a, b): ("hub", hubs.get(a) or hubs[b]) for a, b in pairs if a in hubs or b in hubs}
    said = {pair for pair in words.always if not set(pair) & set(hubs)}

    # Components, and those that break a rule link by link
    graph = nx.Graph([*(pair for pair in pairs if pair not in conflicts), *said])
    groups: list[set[Id]] = []
    shared: set[Id] = set()
    for component in nx.connected_components(graph):
        told_of = any(component >= set(pair) for pair in said | words.never)
        if not (law.breaks(component) or told_of):
            groups.append(component)
            continue
        inner = {pair: at for pair, at in pairs.items() if pair not in conflicts and pair[0] in component}
        about = Words({p for p in said if component >= {*p}}, {p for p in words.never if component >= {*p}})
        found, refused, told = rejoin(inner, law, about)
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
    links: dict[Pair, datetime | int], law: Law, words: Words | None = None
) -> tuple[list[set[Id]], dict[Pair, tuple[str, str]], set[Id]]:
    """Persons, refused links and shared identifiers of one over-merged component."""
    turn = sorted(
        links,
        key=lambda p: (links[p], sorted((loudness(p[0][0]), loudness(p[1][0]))), p),
    )
    words = words or Words()
    same = words.same()
    everyone = {end for pair in [*links, *words.always] for end in pair}
    shared: dict[Id, str] = {}
    while True:
        persons = [{one} for one in everyone - set(same)] + [set(group) for group in {*same.values()}]
        refused: dict[Pair, tuple[str, str]] = {}
        new: dict[Id, str] = {}
        for pair in turn:
            told = {**shared, **new}
            if pair[0] in told or pair[1] in told:
                refused[pair] = ("shared", told.get(pair[0]) or told[pair[1]])
                continue
            mine = next(p for p in persons if pair[0] in p)
            theirs = next(p for p in persons if pair[1] in p)
            broken = law.breaks(mine | theirs, same)
            apart = any(mine | theirs >= {*p} for p in words.never)
            alias = pair[0][0] == pair[1][0] and pair[0][0] in law.unique
            if mine is theirs or not (broken or apart):
                if mine is not theirs:
                    persons.remove(mine)
                    persons.remove(theirs)
                    persons.append(mine | theirs)
                continue
            unique = sorted(broken & law.unique, key=loudness)
            if alias:
                refused[pair] = ("alias", pair[0][0])
            elif apart:
                refused[pair] = ("never_join", None)
            elif unique:
                refused[pair] = ("unique", unique[0])
                ends = [end for end in pair if end[0] not in law.unique]
                quiet = max((loudness(end[0]) for end in ends), default=None)
                quietest = [end for end in ends if loudness(end[0]) == quiet]
                new |= {end: unique[0] for end in quietest if end not in same}
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


def owners(events: list[Event], law: Law, answer: Answer) -> dict[Id, list[tuple[datetime, str]]]:
    """By shared identifier: who takes it over when; event by event, over all of time at once."""
    moments: dict[Id, dict[datetime, list[Id]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        ids = ids_of(event)
        accounts = [one for one in ids if one[0] in law.unique]
        for one in ids:
            if one[0] not in law.unique and answer.status.get(one) == "shared":
                moments[one][event.at] += accounts
    found = {}
    for device, by_time in moments.items():
        taken: list[tuple[datetime, str]] = []
        for at, accounts in sorted(by_time.items()):
            first = min(accounts, key=lambda one: (loudness(one[0]), one[1]), default=None)
            person = answer.person.get(first) if first else None
            if person and (not taken or taken[-1][1] != person):
                taken.append((at, person))
        if taken:
            found[device] = taken
    return found
