"""How places in properties are written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailhouse.plan.paths import ELEMENT, REST, child, is_cut, place, steps

NAMES = st.text(st.sampled_from("ae.[]\\é *"), max_size=6)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(NAMES | st.just(0), min_size=1, max_size=5))
def test_the_steps_of_a_place_are_the_names_that_led_to_it(way: list[str | int]) -> None:
    assert [way[0] == 0, place(way) == REST] != [True, True]
    names = tuple(ELEMENT if step == 0 else str(step) for step in way)
    assert steps(place(way)) == names


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_two_places_are_never_written_alike(one: list[str], other: list[str]) -> None:
    assert (place(one) == place(other)) == (one == other)
    assert place(one) != REST


@pytest.mark.parametrize(
    ("way", "written"),
    [
        (["products", 0, "price"], "products[].price"),
        (["a.b"], "a\\.b"),
        (["a", "b"], "a.b"),
        (["x[]"], "x\\[]"),
        ([""], "\\e"),
        (["\\e"], "\\\\e"),
    ],
)
def test_a_place_reads_as_one_would_write_it(way: list[str | int], written: str) -> None:
    assert place(way) == written


def test_a_long_name_is_cut_and_still_told_from_another() -> None:
    one, other = child("", "x" * 1000), child("", "x" * 1001)
    assert one != other
    assert len(one) < 200
    assert is_cut(one)
    assert not is_cut("x" * 177)
