"""What people say of identifiers, as `identity_overrides` holds it.

1. Values are normalised as those of events are. A pair's order does not matter.
2. In the order of their times, a decision stands until a `revoke` on the same identifiers.
3. Decisions that stand must not contradict each other: IdentityError tells which do, and nothing is
   changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import networkx as nx
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.constraints import Identifier, Pair, Said
from trailhouse.identity.normalise import normalised
from trailhouse.settings import Settings

MOST = 10_000
"""Decisions that stand at once, at most: they are held in the driver."""


@dataclass(frozen=True)
class Overrides:
    """The decisions that stand; pairs have their lesser identifier first."""

    always: frozenset[Pair] = frozenset()
    never: frozenset[Pair] = frozenset()
    ignored: frozenset[Identifier] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.always or self.never or self.ignored)

    def said(self) -> Said:
        """What concerns pairs."""
        return Said(self.always, self.never)

    def named(self) -> frozenset[Identifier]:
        """Every identifier that a decision names."""
        return self.ignored | {end for pair in self.always | self.never for end in pair}

    def differing(self, other: Overrides) -> frozenset[Identifier]:
        """The identifiers of which the two say different things."""
        pairs = (self.always ^ other.always) | (self.never ^ other.never)
        return (self.ignored ^ other.ignored) | {end for pair in pairs for end in pair}


def standing(rows: DataFrame, settings: Settings) -> Overrides:
    """The decisions of `identity_overrides` that stand; IdentityError when two contradict each other.

    Looks at the rows here in the driver: they are people's, and few.
    """
    # 1.
    written = rows.select(
        "at",
        "action",
        *[
            column
            for end in ("a", "b")
            for column in (
                F.col(f"type_{end}"),
                normalised(F.col(f"type_{end}"), F.col(f"value_{end}"), settings).alias(f"value_{end}"),
            )
        ],
    )
    decisions = [
        Decision(row.action, _ends(row.type_a, row.value_a, row.type_b, row.value_b))
        for row in written.orderBy("at", "action", "type_a", "value_a", "type_b", "value_b").collect()
    ]
    return settled_decisions(decisions)


@dataclass(frozen=True)
class Decision:
    """One row: what is said of one or two identifiers, sorted."""

    action: str
    ends: tuple[Identifier, ...]

    def __str__(self) -> str:
        return f"{self.action}({', '.join(map(told, self.ends))})"


def settled_decisions(decisions: Iterable[Decision]) -> Overrides:
    """Those that stand of decisions in the order of their times; IdentityError for a contradiction."""
    said: dict[tuple[Identifier, ...], dict[str, Decision]] = {}
    problems: list[str] = []
    for decision in decisions:
        problems += _wrong(decision)
        # 2.
        if decision.action == "revoke":
            said.pop(decision.ends, None)
        else:
            said.setdefault(decision.ends, {})[decision.action] = decision
    for both in said.values():
        if len(both) > 1:
            problems.append(f"{' and '.join(map(str, both.values()))} are both said: revoke them first")
    standing = [decision for both in said.values() for decision in both.values()]
    if len(standing) > MOST:
        problems.append(f"{len(standing):,} decisions stand, at most {MOST:,} may")
    found = Overrides(
        frozenset(_pairs(standing, "always_join")),
        frozenset(_pairs(standing, "never_join")),
        frozenset(one.ends[0] for one in standing if one.action == "ignore_identifier" and one.ends),
    )
    # 3.
    problems += _contradictions(found)
    if problems:
        raise IdentityError("identity_overrides: " + "; ".join(dict.fromkeys(problems)))
    return found


def require_known(overrides: Overrides, sightings: DataFrame) -> None:
    """IdentityError when a decision names an identifier that no event shows."""
    named = overrides.named()
    if not named:
        return
    wanted = sightings.sparkSession.createDataFrame(sorted(named), "id_type string, id_value string")
    unseen = wanted.join(
        sightings.where("NOT blocked"), on=["id_type", "id_value"], how="left_anti"
    ).collect()
    if unseen:
        names = ", ".join(sorted(told(Identifier(*row)) for row in unseen))
        raise IdentityError(
            f"identity_overrides: no event shows {names}: mend the spelling (TYPE:VALUE), "
            "or revoke the decision"
        )


def told(one: Identifier) -> str:
    """An identifier as people write it: `user_id:u1`."""
    return f"{one.id_type}:{one.id_value}"


def _ends(*parts: str | None) -> tuple[Identifier, ...]:
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return tuple(sorted(Identifier(kind, value) for kind, value in pairs if kind and value))


def _pairs(decisions: Iterable[Decision], action: str) -> Iterator[Pair]:
    return ((one.ends[0], one.ends[1]) for one in decisions if one.action == action and len(one.ends) == 2)


def _wrong(decision: Decision) -> list[str]:
    wanted = {"never_join": (2,), "always_join": (2,), "ignore_identifier": (1,), "revoke": (1, 2)}
    if decision.action not in wanted:
        return [f"{decision.action!r} is no action: {', '.join(wanted)}"]
    if len(decision.ends) not in wanted[decision.action]:
        return [f"{decision} names {len(decision.ends)} identifiers, not {wanted[decision.action][0]}"]
    if len(set(decision.ends)) < len(decision.ends):
        return [f"{decision} names one identifier twice"]
    return []


def _contradictions(found: Overrides) -> Iterator[str]:
    together = nx.Graph(list(found.always))
    for a, b in sorted(found.never):
        if a in together and b in together and nx.has_path(together, a, b):
            path = ", ".join(map(told, nx.shortest_path(together, a, b)))
            yield f"never_join({told(a)}, {told(b)}) contradicts always_join along {path}"
    for one in sorted(found.ignored & set(together)):
        yield f"ignore_identifier({told(one)}) contradicts always_join of {told(one)}"
