"""Who an identifier is, and why: `python -m trailhouse who ID` (with `--and`: joined.py).

All is read from the tables that a run published, nothing is worked out anew:
1. What is told belongs to a person: identifiers, the links among these that join them, links that were
   refused to one of them, log-ins, decisions of people, changes. Of each the first `MOST` and their number.
2. An identifier that is ignored has no person: its links and changes are told alone. One that is blocked has
   neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from trailhouse.identity.asked import Subject, find, person_ids
from trailhouse.identity.constraints import Identifier
from trailhouse.identity.persons import LINK
from trailhouse.identity.spelling import clock, instant, micros, plain, told
from trailhouse.identity.touched import ENDS, ID, linked_to
from trailhouse.override import Recorded, recorded
from trailhouse.settings import Settings
from trailhouse.storage import Lake

MOST = 50
"""Lines of one kind that are told, at most."""
_OF_LINKS = ("refused", "allowed")
T = TypeVar("T")


@dataclass(frozen=True)
class Member:
    """An identifier of a person; `detail`: of a shared one or a hub the type that it knows too many of."""

    identifier: Identifier
    first_seen: datetime
    status: str
    detail: str | None


@dataclass(frozen=True)
class Bond:
    """Two identifiers seen in one event: when first and last (UTC), in how many, by which sources."""

    a: Identifier
    b: Identifier
    first_seen: datetime
    last_seen: datetime
    events: int
    sources: tuple[str, ...]

    @classmethod
    def of(cls, row: Row) -> Bond:
        """From a row of `bonds`."""
        times = instant(row.first_seen), instant(row.last_seen)
        return cls(*ends_of(row), *times, row.events, tuple(row.sources))

    def __str__(self) -> str:
        return f"{told(self.a)} - {told(self.b)}"

    @property
    def when(self) -> str:
        """When it was seen, how often, and by whom."""
        times = clock(self.first_seen)
        times += "" if self.last_seen == self.first_seen else f" to {clock(self.last_seen)}"
        return f"{times}, {self.events:,} event{'s'[: self.events != 1]}, {plain(', '.join(self.sources))}"


@dataclass(frozen=True)
class Some(Generic[T]):
    """The first of several, and how many there are."""

    first: tuple[T, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class About:
    """What is known of a subject; rows are those of the tables, with times in microseconds since 1970."""

    subject: Subject
    members: Some[Member] = Some()
    bonds: Some[Bond] = Some()
    refused: Some[Row] = Some()
    logins: Some[Row] = Some()
    decisions: tuple[Recorded, ...] = ()
    history: Some[Row] = Some()
    changes: Some[Row] = Some()

    @property
    def ignored(self) -> Recorded | None:
        """The decision because of which the subject is nobody's."""
        return ignoring(self.subject, self.decisions)


def bonds(links: DataFrame) -> DataFrame:
    """Rows of `identity_links` folded over days: LINK, first_seen and last_seen (µs), events, sources."""
    folded = links.groupBy(*LINK).agg(
        F.min("first_time").alias("first_seen"),
        F.max("last_time").alias("last_seen"),
        F.sum("events").alias("events"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_set("sources")))).alias("sources"),
    )
    return folded.select(*LINK, micros("first_seen"), micros("last_seen"), "events", "sources")


def joining(lake: Lake, members: DataFrame) -> DataFrame:
    """The links of a person, whose identifiers are `members`, that were not refused, as `bonds`."""
    links = lake.read("identity_links")
    for names in ENDS:
        links = links.join(members.toDF(*names), on=list(names), how="left_semi")
    refused = lake.read("identity_conflicts").select(*LINK)
    return bonds(links.join(refused, on=list(LINK), how="left_anti"))


def members_of(lake: Lake, subject: Subject) -> DataFrame:
    """The identifiers of the subject's person: id_type, id_value; the subject's own if it has none."""
    if subject.person_id is None:
        return lake.spark.createDataFrame([subject.identifier], "id_type string, id_value string")
    return lake.read("identities").where(F.col("person_id") == F.lit(subject.person_id)).select(*ID)


def about(lake: Lake, settings: Settings, text: str) -> About:
    """All that the tables tell of an identifier or a person. Errors: `find`."""
    # 1.
    subject = find(lake, settings, text)
    if subject.blocked:
        return About(subject)
    members, one = members_of(lake, subject), subject.identifier
    # Small queries, of which each waits for the driver more than for the data.
    with ThreadPoolExecutor(max_workers=4) as pool:
        people = pool.submit(_people, lake, subject)
        links = pool.submit(_links, lake, subject, members)
        refused = pool.submit(_refused, lake, members)
        changes = pool.submit(_changes, lake, subject, members)
        decisions = pool.submit(_decisions, lake, settings, subject)
        history = pool.submit(_history, lake, one)
        logins = pool.submit(_logins, lake, subject.person_id, one)
    return About(
        subject,
        people.result(),
        links.result(),
        refused.result(),
        logins.result(),
        decisions.result(),
        history.result(),
        changes.result(),
    )


def _people(lake: Lake, subject: Subject) -> Some[Member]:
    rows = lake.read("identities").where(F.col("person_id") == F.lit(subject.person_id))
    return _some(rows.select(*ID, micros("first_seen"), "status", "detail"), ["first_seen", *ID], _member)


def _links(lake: Lake, subject: Subject, members: DataFrame) -> Some[Bond]:
    # 2.
    rows = joining(lake, members) if subject.person_id else bonds(_touching(lake, "identity_links", members))
    return _some(rows, ["first_seen", *LINK], Bond.of)


def _refused(lake: Lake, members: DataFrame) -> Some[Row]:
    rows = _touching(lake, "identity_conflicts", members)
    return _some(rows.withColumn("first_seen", micros("first_seen")), ["first_seen", *LINK], _same)


def _touching(lake: Lake, table: str, members: DataFrame) -> DataFrame:
    return linked_to(lake.read(table), members)


def _some(frame: DataFrame, order: Sequence[str | Column], made: Callable[[Row], T]) -> Some[T]:
    every = Window.partitionBy(F.lit(0)).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    counted = frame.withColumn("_total", F.count(F.lit(1)).over(every))
    rows = counted.orderBy(*order).limit(MOST).collect()
    return Some(tuple(map(made, rows)), rows[0]["_total"] if rows else 0)


def _same(row: Row) -> Row:
    return row


def _member(row: Row) -> Member:
    return Member(Identifier(row.id_type, row.id_value), instant(row.first_seen), row.status, row.detail)


def ends_of(row: Row) -> tuple[Identifier, Identifier]:
    """The two identifiers of a row of links."""
    return Identifier(row.type_a, row.value_a), Identifier(row.type_b, row.value_b)


def _is(one: Identifier | None) -> Column:
    if one is None:
        return F.lit(False)
    return (F.col("id_type") == one.id_type) & (F.col("id_value") == one.id_value)


def _logins(lake: Lake, person_id: str | None, one: Identifier | None) -> Some[Row]:
    """Of a shared identifier who logged in on it, of a person on which ones."""
    rows = lake.read("device_owners").where((F.col("person_id") == F.lit(person_id)) | _is(one))
    times = {name: micros(name) for name in ("from_time", "to_time")}
    return _some(rows.withColumns(times), ["from_time", *ID], _same)


def _decisions(lake: Lake, settings: Settings, subject: Subject) -> tuple[Recorded, ...]:
    found = recorded(lake, settings)
    persons = person_ids(lake, {end for one in found for end in one.decision.ends})

    def concerns(end: Identifier) -> bool:
        return end == subject.identifier or (
            subject.person_id is not None and persons.get(end) == subject.person_id
        )

    return tuple(one for one in found if any(map(concerns, one.decision.ends)))


def ignoring(subject: Subject, decisions: Iterable[Recorded]) -> Recorded | None:
    """The decision that stands because of which an identifier has no person."""
    if subject.person_id or subject.blocked:
        return None
    about = (one for one in decisions if one.stands and one.decision.ends == (subject.identifier,))
    return next((one for one in about if one.decision.action == "ignore_identifier"), None)


def _history(lake: Lake, one: Identifier | None) -> Some[Row]:
    if one is None:
        return Some()
    times = {name: micros(name) for name in ("valid_from", "valid_to")}
    rows = lake.read("identity_history").where(_is(one)).withColumns(times)
    return _some(rows, ["valid_from"], _same)


def _changes(lake: Lake, subject: Subject, members: DataFrame) -> Some[Row]:
    """Changes of the person, of its identifiers before they were its own, and of its refused links."""
    mine = members.withColumn("_mine", F.lit(True))
    other = members.toDF("type_b", "value_b").withColumn("_other", F.lit(True))
    rows = (
        lake.read("identity_changes")
        .join(mine, on=list(ID), how="left")
        .join(other, on=["type_b", "value_b"], how="left")
    )
    of_link, person = F.col("change").isin(*_OF_LINKS), F.lit(subject.person_id)
    of_person = (F.col("person_before") == person) | (F.col("person_after") == person)
    concerned = F.coalesce(F.col("_mine"), F.when(of_link, F.col("_other")).otherwise(of_person))
    order = (F.desc("at"), "change", *ID, "change_id")
    return _some(rows.where(concerned).withColumn("at", micros("at")), order, _same)


REASONS: Mapping[str, str] = {
    "unique": "it would give one person two values of {detail}",
    "limit": "it would give one person more values of {detail} than its limit",
    "shared": "an end of it is shared, as it knows several values of {detail}",
    "hub": "an end of it is a hub, which knows too many values of {detail}",
    "alias": "its ends are two values of {detail}, which are never one person",
    "never_join": "people said that those whom it would join are two persons",
    "size": "all that hangs together with it breaks a rule and has more links than identity.largest",
}
"""Why a link was refused, in words, by `reason` of `identity_conflicts`."""


def reason(row: Row) -> str:
    """The reason of a refused link, with words."""
    words = REASONS.get(row.reason, "").format(detail=plain(row.detail or "some type"))
    return f"{plain(row.reason)}: {words}"


def told_about(found: About) -> Iterator[str]:
    """What is known as lines for a terminal, times in UTC; foreign text without control characters."""
    yield from _head(found)
    yield from _part("identifiers", found.members, _member_line)
    name = "links that join them" if found.subject.person_id else "links, which join nobody"
    yield from _part(name, found.bonds, lambda one: f"{one}  {one.when}")
    yield from _part("refused links", found.refused, _refused_line)
    yield from _part("log-ins on shared identifiers", found.logins, _login_line)
    yield from _part("decisions of people", Some(found.decisions, len(found.decisions)), str)
    yield from _part("held to belong to", found.history, _history_line)
    yield from _part("changes, the newest first", found.changes, _change_line)


def _head(found: About) -> Iterator[str]:
    subject = found.subject
    if subject.blocked:
        yield f"{subject} is blocked: its value names nobody, so that it joins nobody"
    elif found.ignored:
        yield f"{subject} is ignored by a decision: it belongs to nobody"
    elif subject.person_id is None:
        yield f"{subject} has no person yet: run the job identities"
    elif subject.identifier:
        yield f"{subject} is person {subject.person_id}"
    else:
        yield str(subject)
    if subject.person_id is None and subject.seen:
        yield f"  first seen {clock(subject.seen)}, events {subject.events:,}"


def _part(name: str, some: Some[T], line: Callable[[T], str]) -> Iterator[str]:
    if not some.total:
        return
    yield f"{name} ({some.total:,})"
    first = some.first[:MOST]
    yield from (f"  {line(one)}" for one in first)
    if some.total > len(first):
        yield f"  ... and {some.total - len(first):,} more"


def _member_line(one: Member) -> str:
    why = f", knows too many values of {plain(one.detail)}" if one.detail else ""
    return f"{told(one.identifier)}  {one.status}{why}, first seen {clock(one.first_seen)}"


def _refused_line(row: Row) -> str:
    a, b = map(told, ends_of(row))
    return f"{a} - {b}  first seen {clock(instant(row.first_seen))}; {reason(row)}"


def _login_line(row: Row) -> str:
    until = f"until {clock(instant(row.to_time))}" if row.to_time is not None else "until now"
    device, account = Identifier(row.id_type, row.id_value), Identifier(row.account_type, row.account_value)
    times = f"from {clock(instant(row.from_time))} {until}"
    return f"{told(device)} {times}: {told(account)}, person {row.person_id}"


def _history_line(row: Row) -> str:
    until = f"until {clock(instant(row.valid_to))}" if row.valid_to is not None else "until now"
    return f"person {row.person_id} ({row.status}) from {clock(instant(row.valid_from))} {until}"


def _change_line(row: Row) -> str:
    link = row.type_a is not None
    why = f", {row.reason}" if row.reason else ""
    if row.change in _OF_LINKS:
        what = " - ".join(map(told, ends_of(row)))
    else:
        before, after = row.person_before or "nobody", row.person_after or "nobody"
        what = f"{told(Identifier(row.id_type, row.id_value))}: {before} -> {after}"
        why += f", by the link {' - '.join(map(told, ends_of(row)))}" if link else ""
    return f"{clock(instant(row.at))} {row.change} {what} ({plain(row.cause)}{why}; run {plain(row.run_id)})"
