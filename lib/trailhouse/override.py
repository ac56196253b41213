"""What people decide about identifiers: `python -m trailhouse override`.

A decision is a row of `identity_overrides`, to which rows are only added; the next run of the job identities
applies those that stand. Nothing is added that the run would refuse:

1. Decisions that stand together must not contradict each other.
2. What a decision names must have been seen in some event, and not be blocked.
3. A revoke must have something to revoke. It is never refused otherwise, as it can only mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError, StorageError
from trailhouse.identity.constraints import Identifier
from trailhouse.identity.normalise import normalised
from trailhouse.identity.overrides import Decision, require_known, settled_decisions
from trailhouse.identity.spelling import clock, instant, micros, plain, told, typed
from trailhouse.ledger import frame
from trailhouse.run import Run
from trailhouse.settings import Settings
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

ACTIONS = {
    "never-join": "never_join",
    "always-join": "always_join",
    "ignore": "ignore_identifier",
    "revoke": "revoke",
}
"""Actions as they are typed, and as the table spells them."""
_TABLE = TABLES["identity_overrides"]


@dataclass(frozen=True)
class Recorded:
    """A row of `identity_overrides`: when it was decided (UTC), what, why.

    `stands`: it was not revoked since. `waits`: persons were made without it, the next run applies it.
    """

    at: datetime
    decision: Decision
    note: str | None
    stands: bool = False
    waits: bool = False

    def __str__(self) -> str:
        revoke = self.decision.action == "revoke"
        state = "" if revoke else " stands" if self.stands else " was revoked"
        told = f"{clock(self.at)} {plain(str(self.decision))}{state}"
        told += " and waits for the next run" if self.waits else ""
        return told + (f": {plain(self.note)}" if self.note else "")


def recorded(lake: Lake, settings: Settings) -> list[Recorded]:
    """All decisions in the order of their times; none when the table is not there."""
    if not lake.exists(_TABLE.name):
        return []
    rows = _written(lake.read(_TABLE.name), settings)
    standing: dict[tuple[Identifier, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if row.decision.action == "revoke":
            standing.pop(row.decision.ends, None)
        else:
            standing.setdefault(row.decision.ends, []).append(place)
    places = {place for some in standing.values() for place in some}
    applied = _applied(lake, settings)
    return [
        replace(row, stands=place in places, waits=applied is not None and row not in applied)
        for place, row in enumerate(rows)
    ]


def _written(rows: DataFrame, settings: Settings) -> list[Recorded]:
    values = {
        f"value_{end}": normalised(F.col(f"type_{end}"), F.col(f"value_{end}"), settings) for end in "ab"
    }
    # In the order in which a run reads them (identity/overrides.py).
    order = ("at", "action", "type_a", "value_a", "type_b", "value_b")
    found = rows.withColumns(values).orderBy(*order).select(micros("at"), *order[1:], "note").collect()
    return [
        Recorded(
            instant(row["at"]),
            Decision(row.action, _ends((row.type_a, row.value_a), (row.type_b, row.value_b))),
            row.note,
        )
        for row in found
    ]


def _ends(*ends: tuple[str | None, str | None]) -> tuple[Identifier, ...]:
    return tuple(sorted(Identifier(kind, value) for kind, value in ends if kind and value))


def _applied(lake: Lake, settings: Settings) -> set[Recorded] | None:
    """The rows that the persons were made with; None where that cannot be told, or is all of them."""
    version = lake.consumed("identities").get("inputs", {}).get(_TABLE.name)
    if version is None or version == lake.state(_TABLE.name).data_version:
        return None
    try:
        return set(_written(lake.read_as_of(_TABLE, int(version)), settings))
    except (StorageError, PySparkException):
        return None  # its files are deleted by now


def decide(run: Run, action: str, named: Sequence[str], note: str | None = None) -> None:
    """Record a decision: an action of `ACTIONS` on one or two identifiers, `TYPE:VALUE`.

    One that stands already is told, and nothing recorded. IdentityError, and nothing recorded, for one
    that the next run would refuse.
    """
    lake, settings = run.lake, run.settings
    given = typed(lake.spark, named, settings)
    new = Decision(ACTIONS[action], tuple(sorted(one.identifier for one in given)))
    name = plain(str(new))
    before = recorded(lake, settings)
    alike = [one for one in before if one.stands and one.decision.ends == new.ends]
    alone = settled_decisions([new])  # refuses a wrong number of identifiers
    if new.action == "revoke":
        # 3.
        if not alike:
            names = " and ".join(map(told, new.ends))
            raise IdentityError(
                f"there is nothing to revoke about {names}: python -m trailhouse override list tells "
                "which decisions stand"
            )
    elif same := [one for one in alike if one.decision == new]:
        run.progress.note(f"{name} stands since {clock(same[0].at)}: nothing was recorded")
        return
    else:
        # 2.
        for one in given:
            if one.blocked:
                raise IdentityError(
                    f"{told(one.identifier)} is blocked: it names nobody and joins nobody, so that there is "
                    "nothing to decide about it"
                )
        require_known(alone, lake.read("identity_sightings"))
        # 1.
        settled_decisions([*(one.decision for one in before), new])
    lake.append(_TABLE, frame(lake.spark, _TABLE, [_row(new, note, before)]))
    run.records.stage("override", _TABLE.name, "published", version=lake.version(_TABLE.name), note=name)
    run.progress.note(f"{name} is recorded, the next run applies it")


def _row(new: Decision, note: str | None, before: Sequence[Recorded]) -> dict[str, object]:
    # A clock that was ahead must not make a revoke older than what it revokes.
    last = max((one.at for one in before), default=None)
    now = datetime.now(UTC)
    at = now if last is None else max(now, last + timedelta(microseconds=1))
    ends = [part for end in new.ends for part in end]
    # An action on one identifier leaves the other's columns null.
    names = ("type_a", "value_a", "type_b", "value_b")[: len(ends)]
    return {"at": at, "action": new.action, "note": note, **dict(zip(names, ends, strict=True))}


def listed(lake: Lake, settings: Settings) -> Iterator[str]:
    """A line for each decision that stands, the oldest first."""
    standing = [one for one in recorded(lake, settings) if one.stands]
    if not standing:
        yield "no decision stands"
    yield from map(str, standing)
