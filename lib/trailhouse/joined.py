"""Why two identifiers are one person, or are not: `python -m trailhouse who A --and B`.

1. Of one person: the links that join it are walked. First the moment is looked for from which on links
   connect the two; of the links that are no younger the path of the fewest steps is told, and of several
   such paths the one whose links are oldest all together. What people said to be one counts from when they
   said it.
2. Of two persons: the links that touch their components are walked, whatever became of them: also those that
   were refused, and those of identifiers that people said to ignore. The path is told that has the fewest
   such links, then the fewest steps, then the oldest links: its refused links keep the two apart.
3. What lies behind a hub, or an ignored identifier, of a third component is not looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import networkx as nx
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.asked import Subject, find, person_ids
from trailhouse.identity.constraints import Identifier
from trailhouse.identity.persons import LINK
from trailhouse.identity.spelling import clock, plain, told
from trailhouse.identity.touched import ENDS, ID, linked_to
from trailhouse.override import Recorded, recorded
from trailhouse.settings import Settings
from trailhouse.storage import Lake
from trailhouse.who import Bond, bonds, ends_of, ignoring, joining, members_of, reason

MOST_LINKS = 200_000
"""Links that are walked, at most: they are held in the driver."""
_VALUES_TOLD = 5


@dataclass(frozen=True)
class Step:
    """From one identifier to the next: by the events that show both, or else by a decision.

    `barrier`: in words why it joins nobody; None where it joins.
    """

    a: Identifier
    b: Identifier
    bond: Bond | None = None
    said: Recorded | None = None
    barrier: str | None = None

    @property
    def at(self) -> datetime:
        """Since when it is known (UTC)."""
        if self.bond:
            return self.bond.first_seen
        if self.said:
            return self.said.at
        raise AssertionError("a step is of events or of a decision")


@dataclass(frozen=True)
class Joined:
    """Two identifiers and what leads from one to the other.

    `steps` is None where nothing does, and empty where they are the same. `since`: when those of one person
    were first connected. `decisions` stand, and are about the two persons. `behind`: both are linked to
    identifiers whose other links were not looked at.
    """

    one: Subject
    other: Subject
    steps: tuple[Step, ...] | None
    since: datetime | None = None
    decisions: tuple[Recorded, ...] = ()
    behind: bool = False

    @property
    def together(self) -> bool:
        """Whether they are one person."""
        return self.one.person_id is not None and self.one.person_id == self.other.person_id


def joined(lake: Lake, settings: Settings, text: str, other_text: str, most: int = MOST_LINKS) -> Joined:
    """What joins two identifiers or persons, or keeps them apart.

    IdentityError, one sentence, where `find` gives one, for an identifier that is blocked, and for more
    links than `most`.
    """
    one, other = (_subject(lake, settings, each) for each in (text, other_text))
    decisions = [each for each in recorded(lake, settings) if each.stands]
    persons = person_ids(lake, {end for each in decisions for end in each.decision.ends})
    sides = {one.person_id or one.identifier, other.person_id or other.identifier}

    def concerns(each: Recorded) -> bool:
        ends = each.decision.ends
        of_one = ends in {(one.identifier,), (other.identifier,)}
        return of_one or {persons.get(end, end) for end in ends} == sides

    about = tuple(filter(concerns, decisions))
    answer = Joined(one, other, None, decisions=about)
    if one.identifier == other.identifier:
        return replace(answer, steps=())
    if answer.together:
        # 1.
        rows = _collected(joining(lake, members_of(lake, one)), most)
        steps = [Step(bond.a, bond.b, bond) for bond in map(Bond.of, rows)]
        return _path_within(answer, [*steps, *_said(about)])
    # 2.
    rows = _collected(_around(lake, one, other), most)
    return _path_between(answer, _Neighbourhood(rows, decisions, persons | _persons_of(rows)))


def _subject(lake: Lake, settings: Settings, text: str) -> Subject:
    """As `find`; a person stands for its oldest identifier, as all of them are joined."""
    found = find(lake, settings, text)
    if found.blocked:
        raise IdentityError(f"{found} is blocked: its value names nobody, so that it joins nobody")
    if found.identifier:
        return found
    members = lake.read("identities").where(F.col("person_id") == F.lit(found.person_id))
    row = members.orderBy("first_seen", *ID).select(*ID).collect()[0]
    return replace(found, identifier=Identifier(row.id_type, row.id_value))


def _collected(links: DataFrame, most: int) -> list[Row]:
    rows = links.limit(most + 1).collect()
    if len(rows) > most:
        raise IdentityError(
            f"more than {most:,} links hang together with the two: too many to walk here; "
            "block the value that holds them together, or look at identity_links"
        )
    return sorted(rows, key=lambda row: (row.first_seen, *ends_of(row)))


def _around(lake: Lake, one: Subject, other: Subject) -> DataFrame:
    """The links that touch the components of the two: `bonds`, reason, detail, person and status of each end.

    The last are person_id_a, status_a, person_id_b, status_b; null for an end that has no person.
    """
    spark, identities = lake.spark, lake.read("identities")
    asked = spark.createDataFrame([one.identifier, other.identifier], "id_type string, id_value string")
    components = identities.join(asked, on=list(ID), how="left_semi").select("component").distinct()
    members = identities.join(components, on="component", how="left_semi").select(*ID)
    # Those that were asked for may be in none: they are ignored, or new.
    links = bonds(linked_to(lake.read("identity_links"), members.unionAll(asked).distinct()))
    links = links.join(
        lake.read("identity_conflicts").select(*LINK, "reason", "detail"), on=list(LINK), how="left"
    )
    for end, names in zip("ab", ENDS, strict=True):
        known = identities.select(*ID, "person_id", "status").toDF(
            *names, f"person_id_{end}", f"status_{end}"
        )
        links = links.join(known, on=list(names), how="left")
    return links


def _persons_of(rows: Iterable[Row]) -> dict[Identifier, str]:
    found: dict[Identifier, str | None] = {}
    for row in rows:
        a, b = ends_of(row)
        found |= {a: row.person_id_a, b: row.person_id_b}
    return {one: person for one, person in found.items() if person is not None}


def _said(decisions: Iterable[Recorded]) -> list[Step]:
    """What people said to be one, as far as runs followed it."""
    return [
        Step(one.decision.ends[0], one.decision.ends[1], said=one)
        for one in decisions
        if one.decision.action == "always_join" and not one.waits
    ]


def _path_within(answer: Joined, steps: Sequence[Step]) -> Joined:
    a, b = _ends(answer)
    nodes = nx.utils.UnionFind([a, b])
    older: list[Step] = []
    for step in sorted(steps, key=lambda step: (step.at, step.a, step.b)):
        older.append(step)
        nodes.union(step.a, step.b)
        if nodes[a] == nodes[b]:
            return replace(answer, steps=_shortest(older, a, b), since=step.at)
    return answer


def _path_between(answer: Joined, near: _Neighbourhood) -> Joined:
    a, b = _ends(answer)
    try:
        return replace(answer, steps=_shortest(near.steps, a, b))
    except nx.NetworkXNoPath:
        return replace(answer, behind=near.leads_on(a, b) and near.leads_on(b, a))


def _ends(answer: Joined) -> tuple[Identifier, Identifier]:
    a, b = answer.one.identifier, answer.other.identifier
    if a is None or b is None:
        raise AssertionError("a person stands for its oldest identifier")
    return a, b


def _shortest(steps: Iterable[Step], a: Identifier, b: Identifier) -> tuple[Step, ...]:
    """The path with the fewest barriers, then steps, then the least sum of ages; NetworkXNoPath."""
    steps = sorted(steps, key=lambda step: (step.at, step.a, step.b))
    graph = nx.Graph()
    graph.add_nodes_from((a, b))
    ages = [int((step.at - steps[0].at).total_seconds()) for step in steps]
    # Whole numbers, the greater of which outweigh all lesser ones of a path.
    one_step = (max(ages, default=0) + 1) * (len(steps) + 1)
    one_barrier = one_step * (len(steps) + 2)
    for step, age in zip(steps, ages, strict=True):
        cost = one_step + age + (one_barrier if step.barrier else 0)
        known = graph.get_edge_data(step.a, step.b)
        if known is None or cost < known["cost"]:
            graph.add_edge(step.a, step.b, cost=cost, step=step)
    path = nx.dijkstra_path(graph, a, b, weight="cost")
    return tuple(
        replace(graph.edges[start, end]["step"], a=start, b=end)
        for start, end in zip(path, path[1:], strict=False)
    )


class _Neighbourhood:
    """The links around two persons, and why each of them joins nobody, if it does not."""

    def __init__(
        self, rows: Sequence[Row], decisions: Iterable[Recorded], persons: Mapping[Identifier, str]
    ) -> None:
        self._persons = persons
        self._never = [one.decision for one in decisions if one.decision.action == "never_join"]
        self._ignored = {
            one.decision.ends[0]: one for one in decisions if one.decision.action == "ignore_identifier"
        }
        self._values: dict[str, set[Identifier]] = defaultdict(set)
        for one, person in persons.items():
            self._values[person].add(one)
        self._known: dict[Identifier, set[Identifier]] = defaultdict(set)
        for row in rows:
            a, b = ends_of(row)
            self._known[a].add(b)
            self._known[b].add(a)
        self._outside = {
            end
            for row in rows
            for end, status in zip(ends_of(row), (row.status_a, row.status_b), strict=True)
            if status in (None, "hub")
        }
        found = [Step(*ends_of(row), Bond.of(row), barrier=self._barrier(row)) for row in rows]
        said = [replace(one, barrier=self._unheard(one)) for one in _said(decisions)]
        self.steps = [*found, *said]

    def leads_on(self, start: Identifier, other: Identifier) -> bool:
        """Whether links lead from an identifier to one whose other links are not here."""
        graph = nx.Graph([(step.a, step.b) for step in self.steps])
        further = self._outside - {start, other}
        return start in graph and bool(further & nx.node_connected_component(graph, start))

    def _unheard(self, step: Step) -> str | None:
        if self._persons.get(step.a, step.a) == self._persons.get(step.b, step.b):
            return None
        return "not followed, as an end of it is a hub or ignored, or as all that hangs together is too much"

    def _barrier(self, row: Row) -> str | None:
        a, b = ends_of(row)
        if row.reason is not None:
            return f"refused as {reason(row)}{self._which(row, a, b)}"
        ignored = [end for end in (a, b) if end in self._ignored]
        if ignored:
            at = clock(self._ignored[ignored[0]].at)
            return f"left out: {told(ignored[0])} is ignored by a decision of {at}"
        if row.person_id_a is not None and row.person_id_a == row.person_id_b:
            return None
        return "not looked at yet: run the job identities"

    def _which(self, row: Row, a: Identifier, b: Identifier) -> str:
        """The values, or the decision, that a refusal is about; nothing where they are not known here."""
        if row.reason in ("unique", "limit"):
            both = self._values[row.person_id_a] | self._values[row.person_id_b]
            return f" ({_listed(one for one in both if one.id_type == row.detail)})"
        if row.reason == "shared":
            shared = [end for end, status in ((a, row.status_a), (b, row.status_b)) if status == "shared"]
            known = {end: _listed(e for e in self._known[end] if e.id_type == row.detail) for end in shared}
            return "".join(f"; {told(end)} knows {values}" for end, values in known.items())
        if row.reason == "never_join":
            persons = {row.person_id_a, row.person_id_b}
            about = [one for one in self._never if {self._persons.get(end) for end in one.ends} == persons]
            return "".join(f"; {plain(str(one))}" for one in about)
        return ""


def _listed(values: Iterable[Identifier]) -> str:
    found = sorted(values)
    more = f" and {len(found) - _VALUES_TOLD:,} more" if len(found) > _VALUES_TOLD else ""
    return ", ".join(map(told, found[:_VALUES_TOLD])) + more


def told_joined(found: Joined) -> Iterator[str]:
    """What joins two identifiers or keeps them apart, as lines for a terminal; times in UTC."""
    yield from _verdict(found)
    for number, step in enumerate(found.steps or (), start=1):
        yield f"  {number}. {_step(step)}"
    if found.decisions:
        yield f"decisions of people that stand ({len(found.decisions):,})"
        yield from (f"  {one}" for one in found.decisions)


def _verdict(found: Joined) -> Iterator[str]:
    one, other = found.one, found.other
    for each in (one, other):
        if each.person_id is None:
            ignored = ignoring(each, found.decisions)
            yield f"{each} " + (
                "is ignored by a decision: it belongs to nobody"
                if ignored
                else "has no person yet: run the job identities"
            )
    if found.steps == ():
        yield f"{one} and {other} are one identifier"
        return
    if found.together:
        yield f"{one} and {other} are one person, {one.person_id}"
        if found.steps is None:
            yield "the links that joined them are not there any more: run the job identities"
        elif found.since:
            yield f"links connect them since {clock(found.since)}:"
        return
    if one.person_id and other.person_id:
        yield f"{one} and {other} are two persons, {one.person_id} and {other.person_id}"
    if found.steps is None:
        behind = "; what lies behind hubs and ignored identifiers was not looked at" if found.behind else ""
        yield f"no link leads from one to the other, nor a refused one{behind}"
        return
    barriers = sum(step.barrier is not None for step in found.steps)
    kept = "1 link that joins nobody keeps" if barriers == 1 else f"{barriers:,} links that join nobody keep"
    yield f"links lead from one to the other, and {kept} them apart:"


def _step(step: Step) -> str:
    line = f"{told(step.a)} - {told(step.b)}  "
    line += f"{step.bond.when}" if step.bond else f"people said so: {step.said}"
    return line + (f"; {step.barrier}" if step.barrier else "")
