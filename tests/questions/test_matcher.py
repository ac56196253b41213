"""The step matcher, against every way of walking through the steps."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.factories import rows
from trailhouse.questions.matcher import attempts
from trailhouse.settings import Step

Event = tuple[int, frozenset[int]]
"""Second, and the steps (from 0) that the event can be."""


def best_by_hand(events: Sequence[Event], steps: int, window: int) -> list[int]:
    """Seconds of the chosen attempt, by trying every walk: the longest, then the earliest at each step."""

    def walks(done: list[int], used: frozenset[int]) -> Iterator[list[int]]:
        yield done
        for i, (second, can) in enumerate(events):
            late = done and (second < done[-1] or second - done[0] > window)
            if i not in used and len(done) < steps and len(done) in can and not late:
                yield from walks([*done, second], used | {i})

    return min(walks([], frozenset()), key=lambda walk: (-len(walk), walk))


def found(
    spark: SparkSession, persons: dict[str, Sequence[Event]], steps: int, window: int
) -> dict[str, list[int]]:
    """The chosen attempt of each person, in seconds; each step is its own property of one event."""
    day = 1_772_445_600  # 2026-03-02 10:00:00 UTC
    events = [
        {
            "person_id": person,
            "event_id": f"{person}-{number}",
            "event_name": "step",
            "properties": "{" + ",".join(f'"s{step}": true' for step in sorted(can)) + "}",
            "event_time": f"2026-03-02 10:{second // 60:02d}:{second % 60:02d}",
        }
        for person, done in persons.items()
        for number, (second, can) in enumerate(done)
    ]
    asked = [Step(event="step", properties={f"s{step}": "true"}) for step in range(steps)]
    chosen = attempts(rows(spark, "activity", events), asked, timedelta(seconds=window), keep=F.lit("kept"))
    return {row["person_id"]: [t // 1_000_000 - day for t in row["times"]] for row in chosen.collect()}


def on(*steps: int) -> frozenset[int]:
    return frozenset(step - 1 for step in steps)


CASES: dict[str, tuple[list[Event], list[int]]] = {
    "in order, others between": ([(0, on(1)), (1, on()), (2, on(2)), (3, on(3))], [0, 2, 3]),
    "out of order": ([(0, on(2)), (1, on(3)), (2, on(1))], [2]),
    "never begun": ([(0, on(2)), (1, on(3))], []),
    "the window's end is in it": ([(0, on(1)), (5, on(2)), (10, on(3))], [0, 5, 10]),
    "one second beyond": ([(0, on(1)), (5, on(2)), (11, on(3))], [0, 5]),
    "a later start gets further": ([(0, on(1)), (8, on(1)), (12, on(2)), (15, on(3))], [8, 12, 15]),
    "of equal attempts the earliest": ([(0, on(1)), (1, on(2)), (20, on(1)), (21, on(2))], [0, 1]),
    "the window runs from step 1, not from step 2": ([(0, on(1)), (9, on(2)), (18, on(3))], [0, 9]),
    "one event is one step": ([(0, on(1, 2, 3))], [0]),
    "same time in any order": ([(4, on(3)), (4, on(2)), (4, on(1))], [4, 4, 4]),
    "same time, who must stand back": ([(4, on(1, 2)), (4, on(1, 3)), (4, on(2))], [4, 4, 4]),
    "same time, too few events": ([(4, on(1, 2)), (4, on(3))], [4]),
}


def test_the_cases_that_tell_attempts_apart(spark: SparkSession) -> None:
    chosen = found(spark, {name: events for name, (events, _) in CASES.items()}, steps=3, window=10)
    for name, (events, expected) in CASES.items():
        assert chosen.get(name, []) == expected, name
        assert best_by_hand(events, 3, 10) == expected, f"the oracle, {name}"


@pytest.mark.parametrize("steps, window", [(2, 0), (3, 4), (5, 6)])
def test_random_persons_get_the_attempt_that_trying_every_walk_finds(
    spark: SparkSession, steps: int, window: int
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)

    def event() -> Event:
        can = [step for step in range(steps) if chance.random() < 0.4]
        return chance.randrange(8), frozenset(can)  # eight seconds for up to eight events: many ties

    persons = {f"{seed}-{n}": [event() for _ in range(chance.randrange(1, 9))] for n in range(400)}
    chosen = found(spark, persons, steps, window)
    for person, events in persons.items():
        expected = best_by_hand(events, steps, window)
        assert chosen.get(person, []) == expected, (
            f"seed {seed}, {steps} steps in {window} s, events {events}"
        )


def test_a_step_is_an_event_on_a_page_group_with_properties(spark: SparkSession) -> None:
    def event(person: str, **more: Any) -> dict[str, Any]:
        wanted = {"event_name": "click", "page_group": "cart", "properties": '{"a.b": "x", "n": 3}'}
        return {"person_id": person, **wanted, **more}

    events = [
        event("all"),
        event("other event", event_name="scroll"),
        event("other page", page_group="home"),
        event("other property", properties='{"a.b": "y", "n": 3}'),
        event("no page", page_group=None),
        event("no properties", properties=None),
        event("broken properties", properties='{"a.b'),
    ]
    step = Step(event="click", page_group="cart", properties={"a.b": "x", "n": "3"})
    chosen = attempts(rows(spark, "activity", events), [step, step], timedelta(days=1), keep=F.lit(1))
    assert [row["person_id"] for row in chosen.collect()] == ["all"]


def test_what_is_kept_is_that_of_the_first_event_at_the_start_that_counts(spark: SparkSession) -> None:
    events = [
        # the attempt of 10:00 gets no further than step 1, that of 12:00 does
        {"event_name": "a", "event_time": "2026-03-02 10:00:00", "session_id": "early"},
        {"event_name": "a", "event_time": "2026-03-02 12:00:00", "session_id": "no number", "event_id": "1"},
        {
            "event_name": "a",
            "event_time": "2026-03-02 12:00:00",
            "session_id": "2",
            "event_id": "0",
            "sequence": 2,
        },
        {
            "event_name": "a",
            "event_time": "2026-03-02 12:00:00",
            "session_id": "1",
            "event_id": "9",
            "sequence": 1,
        },
        {
            "event_name": "b",
            "event_time": "2026-03-02 12:00:00",
            "session_id": "b",
            "event_id": "a",
            "sequence": 0,
        },
    ]
    activity = rows(spark, "activity", [{"person_id": "p", **event} for event in events])
    steps = [Step(event="a"), Step(event="b")]
    (row,) = attempts(activity, steps, timedelta(hours=1), keep=F.col("session_id")).collect()
    assert row["kept"] == "1"
