"""Stages run in the order of what they read, side by side where they may, and stop at an error."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailhouse.schedule import needs, run_in_order
from trailhouse.stage import Stage
from trailhouse.suite import JOBS


def stage(name: str, *reads: str, **pins: str) -> Stage:
    return Stage(name=name, reads=reads, writes=(name,), transform=lambda inputs, context: {}, pins=pins)


def test_a_stage_needs_the_writers_of_what_it_reads_and_of_what_it_is_pinned_to() -> None:
    stages = (stage("events"), stage("a"), stage("b", "a"), stage("c", "watermark", a="b"))
    assert [sorted(needs(one, stages)) for one in stages] == [[], [], ["a"], ["b", "events"]]


def test_no_later_stage_begins_before_a_barrier_has_ended() -> None:
    gate = replace(stage("gate"), barrier=True)
    stages = (stage("a"), gate, stage("b"), stage("c", "b"))
    assert [sorted(needs(one, stages)) for one in stages] == [[], [], ["gate"], ["b", "gate"]]


@settings(max_examples=60, deadline=None)
@given(
    graph=st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=8),
    at_once=st.integers(1, 4),
)
def test_every_stage_runs_once_after_all_that_it_needs(graph: list[set[int]], at_once: int) -> None:
    stages = [stage(f"s{i}", *[f"s{j}" for j in sorted(reads) if j < i]) for i, reads in enumerate(graph)]
    ended: list[str] = []
    seen: dict[str, set[str]] = {}

    def run(one: Stage) -> None:
        seen[one.name] = set(ended)
        ended.append(one.name)

    run_in_order(stages, run, at_once)
    assert sorted(ended) == sorted(one.name for one in stages)
    assert all(set(one.reads) <= seen[one.name] for one in stages)


def test_stages_that_do_not_need_each_other_run_side_by_side_up_to_the_limit() -> None:
    both = threading.Barrier(2, timeout=20)
    most, running, lock = 0, 0, threading.Lock()

    def run(one: Stage) -> None:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        both.wait()  # passes only when two are under way
        with lock:
            running -= 1

    run_in_order([stage("a"), stage("b"), stage("c"), stage("d")], run, 2)
    assert most == 2


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_after_an_error_nothing_begins_and_it_is_raised(at_once: int) -> None:
    begun: list[str] = []

    def run(one: Stage) -> None:
        begun.append(one.name)
        if one.name == "a":
            raise RuntimeError("held")

    with pytest.raises(RuntimeError, match="held"):
        run_in_order([stage("a"), stage("b", "a"), stage("c", "b")], run, at_once)
    assert begun == ["a"]


def test_of_several_errors_the_first_by_the_stages_order_is_raised() -> None:
    both = threading.Barrier(2, timeout=20)

    def run(one: Stage) -> None:
        both.wait()
        raise RuntimeError(one.name)

    with pytest.raises(RuntimeError, match="a"):
        run_in_order([stage("a"), stage("b")], run, 2)


def test_a_stage_before_one_that_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match="b comes before a"):
        run_in_order([stage("b", "a"), stage("a")], lambda one: None, 2)


def test_the_suites_own_stages_are_in_order() -> None:
    run_in_order([one for stages in JOBS.values() for one in stages], lambda one: None, 1)
