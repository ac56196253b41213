"""Splits one over-merged component into persons, link by link; plain Python, without Spark.

The rules (`resolve`):
1. Links are taken in the order (first_seen, priority of the louder end, priority of the other end,
   lesser identifier, greater identifier). Priority: user_id, email, other types alphabetical,
   anonymous_id last. So of two links first seen at one moment, the one between louder types wins.
2. At first every identifier is a person of its own, but for those that people have said to be one
   (`always`): these are one person whatever else is true, and count as one value of each of their
   types. A link joins the persons of its two ends.
3. A link that touches a shared identifier is refused: `shared`.
4. A link between two values of one unique type can never join: `alias`.
5. A link is refused that would make one person of two identifiers of which people have said that they
   are not (`never_join`); that would put two values of a unique type (`unique`), or more values of a
   type than its limit (`limit`), into one person; the loudest such type is the detail, unique ones
   first.
6. Of a link refused as `unique`, the non-unique end becomes shared from there on. If neither end is
   unique, it is the end of the quieter type, as a device is more often shared than an address; if
   both are of one type, both ends. What people have said to be one with something never becomes shared.
7. Whenever a pass over the links has found shared identifiers, all persons are taken apart and the
   links are passed through again, until a pass finds no new one. The last pass is the result.

The result depends on the set of links alone. Each pass is linear in the links, up to the sort.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from trailhouse.identity.priority import rank
from trailhouse.settings import Identity


class Identifier(NamedTuple):
    """A typed, normalised value."""

    id_type: str
    id_value: str


class Link(NamedTuple):
    """Two identifiers seen in one event, a < b, and when first (any ordered clock: datetime, integer)."""

    a: Identifier
    b: Identifier
    first_seen: datetime | int


class Refusal(NamedTuple):
    """A link that joined nobody, why, and the type whose rule would have broken, if it is a type's."""

    link: Link
    reason: str
    detail: str | None


@dataclass(frozen=True)
class Rules:
    """`unique` types, and how many values of which type a person may hold (`default` if not named)."""

    unique: frozenset[str]
    limits: Mapping[str, int | None]
    default: int | None

    @classmethod
    def of(cls, identity: Identity) -> Rules:
        """The rules of the settings; a unique type's limit is one."""
        return cls(
            unique=frozenset(identity.unique),
            limits={name: 1 if rules.unique else rules.limit for name, rules in identity.types.items()},
            default=identity.of("").limit,
        )

    def limit(self, id_type: str) -> int | None:
        """The most values of a type that a person may hold; None: any number."""
        return self.limits.get(id_type, self.default)


Pair = tuple[Identifier, Identifier]


@dataclass(frozen=True)
class Said:
    """What people say of pairs of identifiers: that they are one person, or that they are not."""

    always: frozenset[Pair] = frozenset()
    never: frozenset[Pair] = frozenset()


@dataclass(frozen=True)
class Resolution:
    """`persons` maps each identifier to the least identifier of its person; shared ones stand alone.

    `shared` maps these to the unique type that they know two of.
    """

    persons: Mapping[Identifier, Identifier]
    refused: tuple[Refusal, ...]
    shared: Mapping[Identifier, str]


def resolve(links: Iterable[Link], rules: Rules, said: Said = Said()) -> Resolution:
    """The persons of a component that breaks a rule, the links refused, and the shared identifiers."""
    # 1.
    ordered = sorted(set(links), key=_order)
    shared: dict[Identifier, str] = {}
    # 7.
    while True:
        known = len(shared)
        persons, refused = _pass(ordered, rules, said, shared)
        if len(shared) == known:
            return Resolution(persons.labels(), tuple(refused), shared)


def _order(link: Link) -> tuple[datetime | int, str, str, Identifier, Identifier]:
    louder, quieter = sorted((rank(link.a.id_type), rank(link.b.id_type)))
    return link.first_seen, louder, quieter, link.a, link.b


def _pass(
    ordered: list[Link], rules: Rules, said: Said, shared: dict[Identifier, str]
) -> tuple[_Persons, list[Refusal]]:
    """One pass; adds the shared identifiers that it finds to `shared`, with the type that told."""
    # 2.
    persons, pinned = _Persons(rules, said), {end for pair in said.always for end in pair}
    refused: list[Refusal] = []
    for link in ordered:
        a, b, _ = link
        one, other = persons.find(a), persons.find(b)
        # 3.
        sharing = shared.get(a) or shared.get(b)
        if sharing:
            refused.append(Refusal(link, "shared", sharing))
            continue
        if one == other:
            continue
        # 4.
        if a.id_type == b.id_type and a.id_type in rules.unique:
            refused.append(Refusal(link, "alias", a.id_type))
            continue
        # 5.
        if persons.kept_apart(one, other):
            refused.append(Refusal(link, "never_join", None))
            continue
        broken = persons.broken_by(one, other)
        if broken is None:
            persons.join(one, other)
            continue
        reason = "unique" if broken in rules.unique else "limit"
        refused.append(Refusal(link, reason, broken))
        # 6.
        if reason == "unique":
            ends = (end for end in _shared_ends(link, rules) if end not in pinned)
            shared.update(dict.fromkeys(ends, broken))
    return persons, refused


def _shared_ends(link: Link, rules: Rules) -> list[Identifier]:
    ends = [end for end in (link.a, link.b) if end.id_type not in rules.unique]
    quietest = max((rank(end.id_type) for end in ends), default="")
    return [end for end in ends if rank(end.id_type) == quietest]


class _Persons:
    """Union by size with path halving; each root knows its least member and its counts by type."""

    def __init__(self, rules: Rules, said: Said) -> None:
        self._rules = rules
        self._parent: dict[Identifier, Identifier] = {}
        self._size: dict[Identifier, int] = {}
        self._least: dict[Identifier, Identifier] = {}
        # Types without a limit are not counted: there may be thousands of devices.
        self._counts: dict[Identifier, dict[str, int]] = {}
        # By root those that it must not come together with.
        self._apart: dict[Identifier, set[Identifier]] = {}
        for a, b in said.never:
            self._apart.setdefault(a, set()).add(b)
            self._apart.setdefault(b, set()).add(a)
        for a, b in sorted(said.always):
            one, other = self.find(a), self.find(b)
            if one != other:
                self.join(one, other)
        for counts in self._counts.values():
            counts.update(dict.fromkeys(counts, 1))

    def find(self, one: Identifier) -> Identifier:
        parent = self._parent
        if one not in parent:
            parent[one] = self._least[one] = one
            self._size[one] = 1
            limited = self._rules.limit(one.id_type) is not None
            self._counts[one] = {one.id_type: 1} if limited else {}
            return one
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def broken_by(self, one: Identifier, other: Identifier) -> str | None:
        """The type whose rule joining two roots would break: unique ones first, then by priority."""
        few, many = sorted((self._counts[one], self._counts[other]), key=len)
        broken = [
            name
            for name, count in few.items()
            if name in many and count + many[name] > (self._rules.limit(name) or 0)
        ]
        return min(broken, key=lambda name: (name not in self._rules.unique, rank(name)), default=None)

    def kept_apart(self, one: Identifier, other: Identifier) -> bool:
        """Whether people have said that these two roots are not one person."""
        one, other = sorted((one, other), key=lambda root: len(self._apart.get(root, ())))
        known = (enemy for enemy in self._apart.get(one, ()) if enemy in self._parent)
        return any(self.find(enemy) == other for enemy in known)

    def join(self, one: Identifier, other: Identifier) -> None:
        """Makes one person of two roots."""
        if self._size[one] < self._size[other]:
            one, other = other, one
        self._parent[other] = one
        self._size[one] += self._size.pop(other)
        self._least[one] = min(self._least[one], self._least.pop(other))
        counts = self._counts[one]
        for name, count in self._counts.pop(other).items():
            counts[name] = counts.get(name, 0) + count
        if apart := self._apart.pop(other, None):
            self._apart.setdefault(one, set()).update(apart)

    def labels(self) -> dict[Identifier, Identifier]:
        """Each identifier's least fellow."""
        return {one: self._least[self.find(one)] for one in list(self._parent)}
