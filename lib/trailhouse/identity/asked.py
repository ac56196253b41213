"""From what a person types to the identifier, or the person, that is meant.

1. TYPE:VALUE, normalised as events' values are, is looked for first: a value may itself hold a colon.
2. Else it is a value; IdentityError when several types have it.
3. Of either kind one that names somebody goes before one that is blocked.
4. Else it is a person's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, Row
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.constraints import Identifier
from trailhouse.identity.normalise import folded, normalised
from trailhouse.identity.spelling import instant, micros, told
from trailhouse.identity.touched import ID
from trailhouse.settings import Settings
from trailhouse.storage import Lake

_NAMED_AT_ONCE = 10
_PERSON = re.compile(r"[0-9a-f]{32}")


class FormerPerson(IdentityError):
    """A person who is no more; `now` are those whom its identifiers belong to, at most ten."""

    def __init__(self, person_id: str, now: tuple[str, ...]) -> None:
        self.person_id = person_id
        self.now = now
        super().__init__(
            f"person {person_id} is no more, its identifiers now belong to {', '.join(now)}: ask for that"
        )


@dataclass(frozen=True)
class Subject:
    """What was asked for: an identifier, or by its id a person of several, then without an identifier.

    `person_id` is None for an identifier that is blocked, that a decision ignores, or that no run has
    looked at yet; `seen`: its first event (UTC), and `events` how many show it.
    """

    identifier: Identifier | None
    person_id: str | None
    blocked: bool = False
    seen: datetime | None = None
    events: int = 0

    def __str__(self) -> str:
        return told(self.identifier) if self.identifier else f"person {self.person_id}"


def find(lake: Lake, settings: Settings, text: str) -> Subject:
    """The identifier or person that a text names.

    IdentityError, one sentence, when no event shows it, several types have it, or the person is no more.
    """
    rows = _named(lake, settings, text)
    if rows:
        # 1. and 3.
        best = max((row.typed, not row.blocked) for row in rows)
        found = [row for row in rows if (row.typed, not row.blocked) == best]
        # 2.
        if len(found) > 1:
            names = ", ".join(told(Identifier(row.id_type, row.id_value)) for row in found[:_NAMED_AT_ONCE])
            raise IdentityError(
                f"{len(found)} types of identifiers have the value {text!r}: say which, {names}"
            )
        [row] = found
        identifier, person_id = Identifier(row.id_type, row.id_value), None if row.blocked else row.person_id
        return Subject(identifier, person_id, row.blocked, instant(row.first_time), row.events)
    # 4.
    if _PERSON.fullmatch(text.strip().lower()):
        return _person(lake, text.strip().lower())
    raise IdentityError(
        f"no event shows {text!r}: give TYPE:VALUE, such as user_id:u1, a whole value, or the id of a person"
    )


def _named(lake: Lake, settings: Settings, text: str) -> list[Row]:
    """What a text may mean: id_type, id_value, blocked, typed, first_time, events, person_id."""
    id_type, colon, value = text.partition(":")

    def spelled(kind: Column, value: str) -> Column:
        known = normalised(kind, F.lit(value), settings)
        return F.col("id_value") == F.when(F.col("blocked"), folded(known)).otherwise(known)

    kind = F.lit(id_type.strip())
    typed = (F.col("id_type") == kind) & spelled(kind, value) if colon else F.lit(False)
    found = (
        lake.read("identity_sightings")
        .withColumn("typed", typed)
        .where(F.col("typed") | spelled(F.col("id_type"), text))
        .groupBy(*ID, "blocked", "typed")
        .agg(F.min("first_time").alias("first_time"), F.sum("events").alias("events"))
    )
    return (
        lake.read("identities")
        .select(*ID, "person_id")
        .join(F.broadcast(found), on=list(ID), how="right")
        .select(*ID, "blocked", "typed", micros("first_time"), "events", "person_id")
        .orderBy(*ID)
        .collect()
    )


def _person(lake: Lake, person_id: str) -> Subject:
    members = lake.read("identities").where(F.col("person_id") == person_id).select(*ID).limit(2).collect()
    if members:
        return Subject(Identifier(*members[0]) if len(members) == 1 else None, person_id)
    former = lake.read("identity_history").where(F.col("person_id") == person_id).select(*ID).distinct()
    rows = lake.read("identities").join(former, on=list(ID), how="left_semi").select("person_id").distinct()
    now = tuple(row.person_id for row in rows.orderBy("person_id").limit(_NAMED_AT_ONCE).collect())
    if now:
        raise FormerPerson(person_id, now)
    raise IdentityError(f"there is no person {person_id}, nor an identifier of that value: is it complete?")


def person_ids(lake: Lake, identifiers: Iterable[Identifier]) -> dict[Identifier, str]:
    """The persons of those identifiers that have one."""
    wanted = sorted(set(identifiers))
    if not wanted:
        return {}
    rows = lake.spark.createDataFrame(wanted, "id_type string, id_value string")
    known = lake.read("identities").join(F.broadcast(rows), on=list(ID), how="inner")
    found = known.select(*ID, "person_id").collect()
    return {Identifier(row.id_type, row.id_value): row.person_id for row in found}
