"""Which decisions of people stand, and which contradict each other."""

from __future__ import annotations

import pytest

from trailhouse.errors import IdentityError
from trailhouse.identity.constraints import Identifier
from trailhouse.identity.overrides import Decision, Overrides, settled_decisions

A, B, C = (Identifier("user_id", name) for name in "abc")
NEVER, ALWAYS, IGNORE, REVOKE = "never_join", "always_join", "ignore_identifier", "revoke"


def said(*decisions: tuple) -> Overrides:
    return settled_decisions(Decision(action, tuple(sorted(ends))) for action, *ends in decisions)


def test_a_decision_stands_until_it_is_revoked_and_may_be_made_again():
    assert said((NEVER, A, B)) == Overrides(never=frozenset({(A, B)}))
    assert said((NEVER, A, B), (REVOKE, B, A)) == Overrides()
    assert said((IGNORE, A), (REVOKE, A), (IGNORE, A)) == Overrides(ignored=frozenset({A}))
    assert said((NEVER, A, B), (NEVER, A, B)) == said((NEVER, A, B))
    # What is revoked is the decision on the pair, not those on its ends.
    assert said((IGNORE, A), (NEVER, B, C), (REVOKE, B, C)).ignored == {A}


def test_a_revocation_mends_what_was_said_both_ways():
    assert said((NEVER, A, B), (ALWAYS, A, B), (REVOKE, A, B)) == Overrides()
    assert said((NEVER, A, B), (REVOKE, A, B), (ALWAYS, A, B)) == Overrides(always=frozenset({(A, B)}))


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ([(NEVER, A, B), (ALWAYS, A, B)], "never_join(user_id:a, user_id:b) and always_join(user_id:a"),
        (
            [(ALWAYS, A, B), (ALWAYS, B, C), (NEVER, A, C)],
            "always_join along user_id:a, user_id:b, user_id:c",
        ),
        ([(ALWAYS, A, B), (IGNORE, A)], "ignore_identifier(user_id:a) contradicts always_join"),
        ([(NEVER, A, A)], "names one identifier twice"),
        ([(NEVER, A)], "names 1 identifiers, not 2"),
        ([("join", A, B)], "'join' is no action"),
    ],
)
def test_decisions_that_cannot_be_are_told(decisions, told: str):
    with pytest.raises(IdentityError) as error:
        said(*decisions)
    assert told in str(error.value)


def test_the_difference_of_two_states_names_everyone_concerned():
    before, after = said((NEVER, A, B), (IGNORE, C)), said((ALWAYS, A, B), (IGNORE, C))
    assert before.differing(after) == {A, B}
    assert before.differing(before) == frozenset()
