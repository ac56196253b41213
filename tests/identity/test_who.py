"""`python -m trailhouse who`: what is known of an identifier or a person, and why two are one or are not."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from tests.factories import rows
from trailhouse import __main__ as terminal
from trailhouse.commands import opening
from trailhouse.errors import IdentityError
from trailhouse.identity.asked import Subject, find
from trailhouse.identity.constraints import Identifier
from trailhouse.joined import joined, told_joined
from trailhouse.settings import Settings
from trailhouse.storage import Lake
from trailhouse.tables import TABLES, identity_conflicts
from trailhouse.who import REASONS, About, Member, Some, about, told_about

ANN, BOB, TABLET, CRM, FORMER = ("1" * 32, "2" * 32, "3" * 32, "4" * 32, "f" * 32)
ODD = "[red]<script>\x1b[2j"
TOLD = "[red]<script>\\x1b[2j"
"""A value that is markup to one, a script to another and an order to a terminal; and what is told of it."""

# By identifier its person, the day of March that first shows it, and its component.
PEOPLE = {
    "anonymous_id:a1": (ANN, 1, 1),
    "user_id:u1": (ANN, 1, 1),
    "email:ann@x.org": (ANN, 2, 1),
    "anonymous_id:a2": (ANN, 3, 1),
    "user_id:u2": (BOB, 4, 1),
    f"email:{ODD}": (BOB, 5, 1),
    "anonymous_id:tab": (TABLET, 4, 1),
    "crm:u2": (CRM, 6, 1),
    "crm:c1": (ANN, 9, 1),
    "user_id:u5": ("5" * 32, 7, 1),
    "user_id:u7": ("7" * 32, 7, 7),
    "user_id:u9": ("9" * 32, 7, 9),
}
# By pair the days that show it.
LINKS = {
    ("anonymous_id:a1", "user_id:u1"): (1, 9),
    ("email:ann@x.org", "user_id:u1"): (2,),
    ("anonymous_id:a2", "email:ann@x.org"): (3,),
    # A shorter way from a2 to u1, but one that came later.
    ("anonymous_id:a2", "user_id:u1"): (8,),
    (f"email:{ODD}", "user_id:u2"): (5,),
    ("anonymous_id:tab", "user_id:u1"): (4,),
    ("anonymous_id:tab", "user_id:u2"): (5,),
    ("crm:u2", "email:ann@x.org"): (6,),
    ("email:ann@x.org", "user_id:u5"): (7,),
    ("anonymous_id:kiosk", "user_id:u1"): (7,),
    ("anonymous_id:kiosk", "user_id:u9"): (7,),
}
REFUSED = {
    ("anonymous_id:tab", "user_id:u1"): ("shared", "user_id"),
    ("anonymous_id:tab", "user_id:u2"): ("shared", "user_id"),
    ("crm:u2", "email:ann@x.org"): ("never_join", None),
    ("email:ann@x.org", "user_id:u5"): ("unique", "user_id"),
}
DECISIONS = (
    (2, "always_join", "user_id:u1", "crm:c1", None),
    (11, "never_join", "user_id:u1", "crm:u2", "two [b]departments[/b]"),
    (12, "ignore_identifier", "anonymous_id:kiosk", None, None),
    (13, "always_join", "email: ANN@x.org", "user_id:u5", "a mistake"),
    (14, "revoke", "user_id:u5", "email:ann@x.org", None),
)


def at(day: int) -> str:
    return f"2026-03-{day:02} 10:00:00"


def end(one: str, suffix: str) -> dict[str, str]:
    id_type, _, value = one.partition(":")
    return {f"type_{suffix}": id_type, f"value_{suffix}": value}


def pair(a: str, b: str) -> dict[str, str]:
    return end(a, "a") | end(b, "b")


def identifier(one: str) -> dict[str, str]:
    id_type, _, value = one.partition(":")
    return {"id_type": id_type, "id_value": value}


def tables() -> Mapping[str, list[dict[str, Any]]]:
    seen = {one: day for one, (_, day, _) in PEOPLE.items()} | {"anonymous_id:kiosk": 7}
    run = {"run_id": "run-2", "cause": "events", "at": at(20), "change_date": "2026-03-20"}
    return {
        "identity_sightings": [
            *[identifier(one) | {"first_time": at(day), "events": 3} for one, day in seen.items()],
            identifier("anonymous_id:null") | {"first_time": at(2), "events": 7, "blocked": True},
        ],
        "identity_links": [
            pair(*ends) | {"first_time": at(day), "last_time": at(day), "events": 2, "sources": ["segment"]}
            for ends, days in LINKS.items()
            for day in days
        ],
        "identities": [
            identifier(one)
            | {"person_id": person, "first_seen": at(day), "component": component}
            | ({"status": "shared", "detail": "user_id"} if person == TABLET else {})
            for one, (person, day, component) in PEOPLE.items()
        ],
        "identity_conflicts": [
            pair(*ends) | {"first_seen": at(LINKS[ends][0]), "reason": reason, "detail": detail}
            for ends, (reason, detail) in REFUSED.items()
        ],
        "device_owners": [
            identifier("anonymous_id:tab")
            | {"from_time": at(4), "to_time": at(5), "person_id": ANN}
            | {"account_type": "user_id", "account_value": "u1"},
            identifier("anonymous_id:tab")
            | {"from_time": at(5), "person_id": BOB, "account_type": "user_id", "account_value": "u2"},
        ],
        "identity_history": [
            identifier("anonymous_id:a2")
            | {"person_id": FORMER, "valid_from": at(10), "valid_to": at(20), "run_id": "run-1"},
            identifier("anonymous_id:a2") | {"person_id": ANN, "valid_from": at(20), "run_id": "run-2"},
        ],
        "identity_changes": [
            identifier("anonymous_id:a2")
            | {"change": "merged", "person_before": FORMER, "person_after": ANN}
            | pair("anonymous_id:a2", "email:ann@x.org")
            | run,
            identifier("anonymous_id:tab")
            | {"change": "refused", "reason": "shared"}
            | pair("anonymous_id:tab", "user_id:u1")
            | run,
            identifier("user_id:u9") | {"change": "created", "person_after": "9" * 32} | run,
        ],
        "identity_overrides": [
            {"action": action, "note": note, "at": at(day)} | end(a, "a") | (end(b, "b") if b else {})
            for day, action, a, b, note in DECISIONS
        ],
    }


SETTINGS = Settings()


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Ann and Bob, who shared a tablet; what people said; tests only read it."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("who") / "lake"))
    given = tables()
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda name: lake.publish(TABLES[name], rows(spark, name, given[name])), given))
    return lake


def who(lake: Lake, text: str, other: str | None = None) -> list[str]:
    if other is None:
        return list(told_about(about(lake, SETTINGS, text)))
    return list(told_joined(joined(lake, SETTINGS, text, other)))


def test_an_identifier_is_told_with_all_that_is_known_of_its_person(lake: Lake) -> None:
    assert who(lake, "a2") == [
        f"anonymous_id:a2 is person {ANN}",
        "identifiers (5)",
        f"  anonymous_id:a1  own, first seen {at(1)}",
        f"  user_id:u1  own, first seen {at(1)}",
        f"  email:ann@x.org  own, first seen {at(2)}",
        f"  anonymous_id:a2  own, first seen {at(3)}",
        f"  crm:c1  own, first seen {at(9)}",
        "links that join them (4)",
        f"  anonymous_id:a1 - user_id:u1  {at(1)} to {at(9)}, 4 events, segment",
        f"  email:ann@x.org - user_id:u1  {at(2)}, 2 events, segment",
        f"  anonymous_id:a2 - email:ann@x.org  {at(3)}, 2 events, segment",
        f"  anonymous_id:a2 - user_id:u1  {at(8)}, 2 events, segment",
        "refused links (3)",
        f"  anonymous_id:tab - user_id:u1  first seen {at(4)}; shared: an end of it is shared, "
        "as it knows several values of user_id",
        f"  crm:u2 - email:ann@x.org  first seen {at(6)}; never_join: people said that those whom it would "
        "join are two persons",
        f"  email:ann@x.org - user_id:u5  first seen {at(7)}; unique: it would give one person two values "
        "of user_id",
        "log-ins on shared identifiers (1)",
        f"  anonymous_id:tab from {at(4)} until {at(5)}: user_id:u1, person {ANN}",
        "decisions of people (4)",
        f"  {at(2)} always_join(crm:c1, user_id:u1) stands",
        f"  {at(11)} never_join(crm:u2, user_id:u1) stands: two [b]departments[/b]",
        f"  {at(13)} always_join(email:ann@x.org, user_id:u5) was revoked: a mistake",
        f"  {at(14)} revoke(email:ann@x.org, user_id:u5)",
        "held to belong to (2)",
        f"  person {FORMER} (own) from {at(10)} until {at(20)}",
        f"  person {ANN} (own) from {at(20)} until now",
        "changes, the newest first (2)",
        f"  {at(20)} merged anonymous_id:a2: {FORMER} -> {ANN} (events, by the link "
        "anonymous_id:a2 - email:ann@x.org; run run-2)",
        f"  {at(20)} refused anonymous_id:tab - user_id:u1 (events, shared; run run-2)",
    ]


def test_what_two_shared_is_nobodys_and_its_owners_are_told(lake: Lake) -> None:
    # By the id of its person, who has this one identifier.
    told = who(lake, TABLET)
    assert told[:3] == [
        f"anonymous_id:tab is person {TABLET}",
        "identifiers (1)",
        f"  anonymous_id:tab  shared, knows too many values of user_id, first seen {at(4)}",
    ]
    owners = told.index("log-ins on shared identifiers (2)")
    assert told[owners + 1 : owners + 3] == [
        f"  anonymous_id:tab from {at(4)} until {at(5)}: user_id:u1, person {ANN}",
        f"  anonymous_id:tab from {at(5)} until now: user_id:u2, person {BOB}",
    ]


def test_what_people_ignore_is_nobodys_and_its_links_join_nobody(lake: Lake) -> None:
    assert who(lake, "kiosk") == [
        "anonymous_id:kiosk is ignored by a decision: it belongs to nobody",
        f"  first seen {at(7)}, events 3",
        "links, which join nobody (2)",
        f"  anonymous_id:kiosk - user_id:u1  {at(7)}, 2 events, segment",
        f"  anonymous_id:kiosk - user_id:u9  {at(7)}, 2 events, segment",
        "decisions of people (1)",
        f"  {at(12)} ignore_identifier(anonymous_id:kiosk) stands",
    ]


def test_a_blocked_value_says_so(lake: Lake) -> None:
    assert who(lake, " NULL ") == [
        "anonymous_id:null is blocked: its value names nobody, so that it joins nobody",
        f"  first seen {at(2)}, events 7",
    ]


def test_of_many_rows_the_first_are_told_and_their_number() -> None:
    member = Member(Identifier("email", ODD), datetime(2026, 3, 1, 10, tzinfo=UTC), "own", None)
    assert list(told_about(About(Subject(None, ANN), members=Some((member,), 1_051)))) == [
        f"person {ANN}",
        "identifiers (1,051)",
        f"  email:{TOLD}  own, first seen {at(1)}",
        "  ... and 1,050 more",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("email: ANN@X.org ", ("email", "ann@x.org")),
        (" ANN@X.org", ("email", "ann@x.org")),
        (ODD, ("email", ODD)),
        (ANN, None),
    ],
)
def test_identifiers_are_found_as_people_type_them(
    lake: Lake, text: str, found: tuple[str, str] | None
) -> None:
    subject = find(lake, SETTINGS, text)
    assert (subject.identifier, subject.person_id) == (found, BOB if text == ODD else ANN)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("user_id:nobody", "no event shows 'user_id:nobody': give TYPE:VALUE"),
        ("u2", "2 types of identifiers have the value 'u2': say which, crm:u2, user_id:u2"),
        (FORMER, f"person {FORMER} is no more, its identifiers now belong to {ANN}: ask for that"),
        ("0" * 31 + "A", f"there is no person {'0' * 31}a, nor an identifier of that value"),
        ("\x1b[2J", "no event shows '\\x1b[2J'"),
    ],
)
def test_what_names_nobody_is_one_sentence(lake: Lake, text: str, sentence: str) -> None:
    with pytest.raises(IdentityError) as told:
        find(lake, SETTINGS, text)
    assert str(told.value).startswith(sentence)
    assert told.value.exit_code == 2


def test_every_reason_of_a_refused_link_has_words() -> None:
    assert REASONS.keys() == {*identity_conflicts.REASONS}


def test_two_of_one_person_are_joined_by_what_was_there_first(lake: Lake) -> None:
    assert who(lake, "a2", "crm:c1") == [
        f"anonymous_id:a2 and crm:c1 are one person, {ANN}",
        f"links connect them since {at(3)}:",
        f"  1. anonymous_id:a2 - email:ann@x.org  {at(3)}, 2 events, segment",
        f"  2. email:ann@x.org - user_id:u1  {at(2)}, 2 events, segment",
        f"  3. user_id:u1 - crm:c1  people said so: {at(2)} always_join(crm:c1, user_id:u1) stands",
        "decisions of people that stand (1)",
        f"  {at(2)} always_join(crm:c1, user_id:u1) stands",
    ]


def test_two_persons_are_kept_apart_by_refused_links(lake: Lake) -> None:
    shared = (
        "refused as shared: an end of it is shared, as it knows several values of user_id; "
        "anonymous_id:tab knows user_id:u1, user_id:u2"
    )
    assert who(lake, "u1", "user_id:u2") == [
        f"user_id:u1 and user_id:u2 are two persons, {ANN} and {BOB}",
        "links lead from one to the other, and 2 links that join nobody keep them apart:",
        f"  1. user_id:u1 - anonymous_id:tab  {at(4)}, 2 events, segment; {shared}",
        f"  2. anonymous_id:tab - user_id:u2  {at(5)}, 2 events, segment; {shared}",
    ]


def test_two_persons_are_kept_apart_by_what_people_said(lake: Lake) -> None:
    # A person stands for its oldest identifier.
    assert who(lake, ANN, "crm:u2") == [
        f"anonymous_id:a1 and crm:u2 are two persons, {ANN} and {CRM}",
        "links lead from one to the other, and 1 link that joins nobody keeps them apart:",
        f"  1. anonymous_id:a1 - user_id:u1  {at(1)} to {at(9)}, 4 events, segment",
        f"  2. user_id:u1 - email:ann@x.org  {at(2)}, 2 events, segment",
        f"  3. email:ann@x.org - crm:u2  {at(6)}, 2 events, segment; refused as never_join: people said that "
        "those whom it would join are two persons; never_join(crm:u2, user_id:u1)",
        "decisions of people that stand (1)",
        f"  {at(11)} never_join(crm:u2, user_id:u1) stands: two [b]departments[/b]",
    ]


def test_links_of_what_is_ignored_are_told_and_join_nobody(lake: Lake) -> None:
    told = who(lake, "u1", "u9")
    assert told[1] == "links lead from one to the other, and 2 links that join nobody keep them apart:"
    assert [line.rpartition("; ")[2] for line in told[2:4]] == [
        f"left out: anonymous_id:kiosk is ignored by a decision of {at(12)}"
    ] * 2


def test_two_accounts_cannot_be_one_person(lake: Lake) -> None:
    told = who(lake, "u5", "email:ann@x.org")
    assert told[2:3] == [
        f"  1. user_id:u5 - email:ann@x.org  {at(7)}, 2 events, segment; refused as unique: it would give "
        "one person two values of user_id (user_id:u1, user_id:u5)"
    ]


def test_two_whom_no_link_connects(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(lake={"root": lake.root})
    monkeypatch.setattr(opening, "session", lambda *_: nullcontext((lake.spark, settings)))
    done = CliRunner().invoke(terminal.app, ["who", f"email:{ODD}", "--and", "u7"])
    if done.exception:
        raise done.exception
    assert done.stdout.splitlines() == [
        f"email:{TOLD} and user_id:u7 are two persons, {BOB} and {'7' * 32}",
        "no link leads from one to the other, nor a refused one",
    ]


def test_too_many_links_to_walk_are_one_sentence(lake: Lake) -> None:
    with pytest.raises(IdentityError, match="more than 3 links hang together with the two"):
        joined(lake, SETTINGS, "a1", "a2", most=3)
