"""Who a perfect observer can know: identities from the links that kept events show, in plain Python.

Written against semantics.md section 2, with the planted world's simple shape in mind: an anonymous id or
e-mail address seen with two user ids is shared; all other links join. What the semantics settle only by the
order of links (two accounts tied together by more than one shared identifier) is marked as contested.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations

Identifier = tuple[str, str]
TYPES = ("anonymous_id", "user_id", "email")


@dataclass
class Identities:
    """The observable person of each identifier; `shared` ones have a person of their own."""

    person: dict[Identifier, str] = field(default_factory=dict)
    shared: set[Identifier] = field(default_factory=set)
    contested: set[str] = field(default_factory=set)
    """Observable persons whose identifiers the semantics settle by order only."""

    def owner(self, anonymous: str | None, user: str | None, email: str | None) -> str | None:
        """The person of the usable identifier of highest priority, shared ones last; None without any."""
        present = [(t, v) for t, v in (("user_id", user), ("email", email), ("anonymous_id", anonymous)) if v]
        present.sort(key=lambda i: i in self.shared)  # stable: keeps the priority
        return self.person[present[0]] if present else None


def resolve(appearances: set[tuple[str | None, str | None, str | None, str | None]]) -> Identities:
    """Identities from the distinct (anonymous_id, user_id, email, previous anonymous_id) of all kept events.

    Values are normalised and None where blank or blocked.
    """
    links: dict[Identifier, set[Identifier]] = defaultdict(set)
    for anonymous, user, email, previous in sorted(appearances, key=str):
        present: list[Identifier] = [
            (t, v)
            for t, v in (
                ("anonymous_id", anonymous),
                ("user_id", user),
                ("email", email),
                ("anonymous_id", previous),
            )
            if v
        ]
        for one in present:
            links.setdefault(one, set())
        for a, b in combinations(present, 2):
            links[a].add(b)
            links[b].add(a)
    found = Identities()
    for one, others in links.items():
        if one[0] != "user_id" and sum(t == "user_id" for t, _ in others) > 1:
            found.shared.add(one)
            found.person[one] = f"shared:{one[1]}"
    for one in sorted(links):
        if one not in found.person:
            members = _reach(one, links, found.shared)
            users = sorted(v for t, v in members if t == "user_id")
            label = f"user:{users[0]}" if users else "{}:{}".format(*min(members))
            for member in members:
                found.person[member] = label
            if len(users) > 1:
                found.contested.add(label)
    for one in found.shared:
        if one[0] == "email":  # with whom it was seen depends on which link was met first
            found.contested.add(found.person[one])
            found.contested.update(found.person[other] for other in links[one])
    return found


def _reach(
    start: Identifier, links: dict[Identifier, set[Identifier]], shared: set[Identifier]
) -> set[Identifier]:
    seen, todo = {start}, [start]
    while todo:
        for other in links[todo.pop()]:
            if other not in seen and other not in shared:
                seen.add(other)
                todo.append(other)
    return seen
