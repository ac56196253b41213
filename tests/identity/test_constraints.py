"""`resolve`: stories with known answers, and laws against a brute-force oracle."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity import oracle
from trailhouse.identity.constraints import Identifier, Link, Resolution, Rules, Said, resolve
from trailhouse.settings import IdentifierType, Identity

RULES = Rules.of(Identity())
# Tight limits, so that a handful of identifiers already meets them; customer is a second unique type.
TIGHT = Rules.of(
    Identity(
        types={
            "user_id": IdentifierType(unique=True),
            "customer": IdentifierType(unique=True),
            "anonymous_id": IdentifierType(),
            "email": IdentifierType(limit=2),
            "phone": IdentifierType(limit=1),
        }
    )
)
TIGHT_LAW = oracle.Law(unique=frozenset({"user_id", "customer"}), limits={"email": 2, "phone": 1})
_TYPES = {"u": "user_id", "a": "anonymous_id", "e": "email", "p": "phone", "c": "customer"}


def one(name: str) -> Identifier:
    return Identifier(_TYPES[name[0]], name)


def link(names: str, first_seen: int) -> Link:
    a, b = sorted(one(name) for name in names.split("-"))
    return Link(a, b, first_seen)


def story(*names: str, rules: Rules = RULES) -> Resolution:
    """Links in the order in which they were first seen."""
    return resolve([link(pair, n) for n, pair in enumerate(names)], rules)


def persons(found: Resolution) -> set[frozenset[str]]:
    groups: dict[Identifier, set[str]] = {}
    for member, label in found.persons.items():
        groups.setdefault(label, set()).add(member.id_value)
    return {frozenset(group) for group in groups.values()}


def refused(found: Resolution) -> dict[str, tuple[str, str]]:
    return {f"{a.id_value}-{b.id_value}": (reason, detail) for (a, b, _), reason, detail in found.refused}


def test_two_accounts_on_one_device_make_the_device_shared_and_keep_their_own_devices():
    found = story("a1-u1", "a2-u1", "a1-u2", "a3-u2")
    assert persons(found) == {frozenset({"u1", "a2"}), frozenset({"u2", "a3"}), frozenset({"a1"})}
    assert set(found.shared) == {one("a1")}
    assert refused(found) == {"a1-u1": ("shared", "user_id"), "a1-u2": ("shared", "user_id")}


def test_an_address_seen_on_a_shared_device_stays_with_the_account_that_it_was_first_seen_with():
    found = story("e1-u1", "a1-u1", "e2-u2", "a1-u2", "a1-e2")
    assert persons(found) == {frozenset({"u1", "e1"}), frozenset({"u2", "e2"}), frozenset({"a1"})}


def test_a_second_pass_takes_back_what_a_shared_device_had_joined():
    # a2 came to u1 over the tablet a1 alone; once a1 is shared, nothing tells whose a2 is.
    found = story("a1-u1", "a1-a2", "a1-u2")
    assert persons(found) == {frozenset({"u1"}), frozenset({"u2"}), frozenset({"a1"}), frozenset({"a2"})}
    assert refused(found)["a1-a2"] == ("shared", "user_id")


def test_of_two_ends_that_are_not_unique_the_device_is_shared_and_not_the_address():
    found = story("a1-u1", "e2-u2", "a1-e2")
    assert set(found.shared) == {one("a1")}
    assert frozenset({"u2", "e2"}) in persons(found)


def test_two_ends_of_one_type_are_both_shared():
    found = story("a1-u1", "a2-u2", "a1-a2")
    assert set(found.shared) == {one("a1"), one("a2")}


def test_a_link_between_two_accounts_is_an_alias_and_joins_nobody():
    found = story("a1-u1", "u1-u2", "e1-u2")
    assert persons(found) == {frozenset({"a1", "u1"}), frozenset({"e1", "u2"})}
    assert refused(found) == {"u1-u2": ("alias", "user_id")}
    assert not found.shared


def test_a_link_of_two_unique_types_is_refused_without_making_either_shared():
    found = story("c1-u1", "c1-u2", rules=TIGHT)
    assert persons(found) == {frozenset({"c1", "u1"}), frozenset({"u2"})}
    assert refused(found) == {"c1-u2": ("unique", "user_id")}
    assert not found.shared


def test_the_sixth_address_of_a_person_is_refused_by_its_limit_and_not_shared():
    found = story(*[f"e{n}-u1" for n in range(1, 7)])
    assert refused(found) == {"e6-u1": ("limit", "email")}
    assert persons(found) == {frozenset({"u1", "e1", "e2", "e3", "e4", "e5"}), frozenset({"e6"})}
    assert not found.shared


def test_five_addresses_are_within_the_limit():
    assert refused(story(*[f"e{n}-u1" for n in range(1, 6)])) == {}


def test_a_type_that_no_setting_names_is_limited_to_five_values():
    assert refused(story(*[f"p{n}-u1" for n in range(1, 7)])) == {"p6-u1": ("limit", "phone")}


def test_a_person_may_have_any_number_of_devices():
    assert len(persons(story(*[f"a{n}-u1" for n in range(40)]))) == 1


def test_the_older_link_wins_whatever_the_types_say():
    # Loudest last: by priority alone, e1-u2 would come first.
    found = resolve([link("e1-u2", 2), link("a1-u1", 1), link("a1-e1", 0)], RULES)
    assert set(found.shared) == {one("e1")}
    assert frozenset({"a1", "u1"}) in persons(found)


def test_of_links_first_seen_at_one_moment_the_louder_types_come_first():
    # In the order of priority e1-u2 precedes a1-u1 and a1-e1, so the device, not the address, gives way.
    found = resolve([link("e1-u2", 0), link("a1-u1", 0), link("a1-e1", 0)], RULES)
    assert set(found.shared) == {one("a1")}
    assert frozenset({"e1", "u2"}) in persons(found)


def test_of_links_alike_in_time_and_types_the_lesser_identifiers_come_first():
    found = resolve([link("c1-u2", 0), link("c1-u1", 0)], TIGHT)
    assert refused(found) == {"c1-u2": ("unique", "user_id")}


def test_a_unique_rule_is_named_before_a_limit_where_both_would_break():
    found = story("a1-u1", "a1-p1", "c2-u2", "c2-p2", "c2-a1", rules=TIGHT)
    assert set(found.shared) == {one("a1")}
    assert refused(found)["a1-c2"] == ("shared", "user_id")


def test_a_label_is_the_least_identifier_of_its_person():
    assert story("e1-u1", "a9-u1").persons[one("u1")] == one("a9")


_names = st.sampled_from(
    [
        *(f"u{n}" for n in range(3)),
        "c0",
        "c1",
        *(f"a{n}" for n in range(4)),
        *(f"e{n}" for n in range(4)),
        "p0",
        "p1",
    ]
)
_pairs = (
    st.tuples(_names, _names).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: tuple(sorted(pair)))
)
_graphs = st.dictionaries(_pairs, st.integers(0, 6), min_size=1, max_size=30).map(
    lambda pairs: [link("-".join(pair), at) for pair, at in pairs.items()]
)


@settings(max_examples=400, deadline=None, print_blob=True)
@given(links=_graphs, seed=st.integers(0, 2**32 - 1))
def test_persons_keep_every_rule_and_do_not_depend_on_the_order_of_links(links: list[Link], seed: int):
    found = resolve(links, TIGHT)

    members: dict[Identifier, set[Identifier]] = {}
    for identifier, label in found.persons.items():
        members.setdefault(label, set()).add(identifier)
    assert set(found.persons) == {end for a, b, _ in links for end in (a, b)}
    for label, person in members.items():
        assert label == min(person)
        assert not TIGHT_LAW.breaks(person), f"seed {seed}: {person} breaks a rule"

    for (a, b, _), reason, detail in found.refused:
        both = members[found.persons[a]] | members[found.persons[b]]
        assert found.persons[a] != found.persons[b]
        if reason == "shared":
            assert {a, b} & set(found.shared)
        else:  # A refused link was needed: its two persons together would break the rule it names.
            assert detail in TIGHT_LAW.breaks(both), f"seed {seed}: {a} - {b} refused without need"
    gone = {refusal.link for refusal in found.refused}
    assert all(found.persons[a] == found.persons[b] for a, b, at in links if Link(a, b, at) not in gone)
    assert all(members[found.persons[alone]] == {alone} for alone in found.shared)

    shuffled = random.Random(seed).sample(links, len(links))
    again = resolve([*shuffled, *shuffled[:3]], TIGHT)
    assert again == found, f"seed {seed}: another order of links gives other persons"


@settings(max_examples=400, deadline=None, print_blob=True)
@given(links=_graphs)
def test_persons_are_those_of_the_brute_force_oracle(links: list[Link]):
    found = resolve(links, TIGHT)
    expected, conflicts, shared = oracle.rejoin({(tuple(a), tuple(b)): at for a, b, at in links}, TIGHT_LAW)
    assert persons(found) == {frozenset(value for _, value in person) for person in expected}
    assert {(tuple(a), tuple(b)): (why, what) for (a, b, _), why, what in found.refused} == conflicts
    assert set(found.shared) == shared


def _said(always: set[tuple[str, str]], never: set[tuple[str, str]]) -> tuple[Said, oracle.Words]:
    """The same words twice; what would contradict `always` is left out of `never`."""
    groups = oracle.Words({(tuple(one(a)), tuple(one(b))) for a, b in always}).same()
    pairs = [{tuple(sorted((one(a), one(b)))) for a, b in named} for named in (always, never)]
    apart = {(a, b) for a, b in pairs[1] if a not in groups or groups[a] != groups.get(b)}
    words = oracle.Words(*({(tuple(a), tuple(b)) for a, b in named} for named in (pairs[0], apart)))
    return Said(frozenset(pairs[0]), frozenset(apart)), words


@settings(max_examples=400, deadline=None, print_blob=True)
@given(links=_graphs, always=st.sets(_pairs, max_size=3), never=st.sets(_pairs, max_size=3))
def test_what_people_say_gives_the_persons_of_the_brute_force_oracle(
    links: list[Link], always: set[tuple[str, str]], never: set[tuple[str, str]]
):
    said, words = _said(always, never)
    found = resolve(links, TIGHT, said)
    expected, conflicts, shared = oracle.rejoin(
        {(tuple(a), tuple(b)): at for a, b, at in links}, TIGHT_LAW, words
    )
    assert persons(found) == {frozenset(value for _, value in person) for person in expected}
    assert {(tuple(a), tuple(b)): (why, what) for (a, b, _), why, what in found.refused} == conflicts
    assert set(found.shared) == shared


def test_two_accounts_that_are_said_to_be_one_are_one_person_and_count_as_one():
    links = [link(pair, n) for n, pair in enumerate(("a1-u1", "a1-u2", "a2-u2", "a2-u3"))]
    found = resolve(links, RULES, Said(always=frozenset({(one("u1"), one("u2"))})))
    # The tablet a1 is theirs; a2 knows a third account, and is shared.
    assert persons(found) == {frozenset({"a1", "u1", "u2"}), frozenset({"u3"}), frozenset({"a2"})}


def test_two_that_are_said_to_be_apart_stay_so_and_no_device_is_called_shared_for_it():
    found = resolve(
        [link("a1-u1", 0), link("a1-e1", 1)], RULES, Said(never=frozenset({(one("e1"), one("u1"))}))
    )
    assert persons(found) == {frozenset({"a1", "u1"}), frozenset({"e1"})}
    assert refused(found) == {"a1-e1": ("never_join", None)}


@pytest.mark.parametrize("links", [20_000])
def test_a_long_chain_of_devices_is_resolved_without_recursion(links: int):
    chain = [link(f"a{n:06}-a{n + 1:06}", n) for n in range(links)]
    found = resolve([*chain, link("a000000-u1", links), link(f"a{links:06}-u2", links + 1)], RULES)
    assert set(found.shared) == {one(f"a{links:06}")}
    assert found.persons[one("u1")] == one("a000000")
