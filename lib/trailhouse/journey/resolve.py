"""From what a person types to the person, or the session, whose journey is meant.

1. An identifier or the id of a person is looked up as `python -m trailhouse who` does.
2. A person's id that is no more, after a merge or because an older identifier came up, leads on to the
   person of its identifiers now, and the page says so. When these are of several persons, as after a merge
   that was taken back, nobody can say which is meant: the error names them.
3. A session keeps its id through merges, so that its person now is read from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.asked import FormerPerson, find
from trailhouse.identity.spelling import clock, instant, micros, plain
from trailhouse.settings import Settings
from trailhouse.storage import Lake

_WORDS = {"merged": "was merged into", "renamed": "was given the id", "split": "was split, in part to"}


@dataclass(frozen=True)
class Whose:
    """A person, and where it is not as it was asked for, a sentence about it."""

    person_id: str
    note: str | None = None


def person(lake: Lake, settings: Settings, text: str) -> Whose:
    """The person that a text names. IdentityError, one sentence, when there is none or it is several."""
    # 1.
    try:
        subject = find(lake, settings, text)
    except FormerPerson as former:
        # 2.
        if len(former.now) > 1:
            raise
        return Whose(former.now[0], _former(lake, former))
    if subject.blocked:
        raise IdentityError(f"{subject} is blocked: its value names nobody, so that it has no journey")
    if subject.person_id is None:
        raise IdentityError(f"{subject} has no person: python -m trailhouse who tells why")
    return Whose(subject.person_id, f"Asked for as {subject}." if subject.identifier else None)


def _former(lake: Lake, former: FormerPerson) -> str:
    changes = lake.read("identity_changes")
    left = F.col("person_before") == F.lit(former.person_id)
    moved = F.col("change").isin(*_WORDS)
    rows = (
        changes.where(left & moved)
        .select(micros("at"), "change", "person_after", "cause")
        .orderBy(F.desc("at"), "change", "person_after")
        .limit(1)
        .collect()
    )
    told = f"Asked for as person {former.person_id}, who is no more"
    if not rows:
        return f"{told}: its identifiers belong to this person now."
    [row] = rows
    what = f"{_WORDS[row.change]} {row.person_after or 'nobody'}"
    return (
        f"{told}: it {what} by the run of {clock(instant(row['at']))} UTC ({plain(row.cause)}). "
        "Its identifiers belong to this person now."
    )


def session(lake: Lake, text: str) -> str:
    """The id of the session of that id. IdentityError, one sentence, when there is none."""
    asked = text.strip()
    if lake.read("sessions").where(F.col("session_id") == F.lit(asked)).limit(1).count():
        return asked
    raise IdentityError(
        f"there is no session {plain(asked)!r}: is its id complete? Late events may have begun it anew; "
        "python -m trailhouse journey --person ID shows all sessions of a person"
    )
