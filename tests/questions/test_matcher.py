"""The step matcher, against every way of walking through the steps. No Spark: batches in, attempts out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.questions.funnel_oracle import Attempt, Seen, attempts_by_hand, left_out, level_by_hand
from trailhouse.arrays import whole_units
from trailhouse.questions.batches import Asking
from trailhouse.questions.rules import Attempts, Rows, Rules
from trailhouse.questions.unordered import AnyOrder
from trailhouse.questions.walk import Walk

PLAIN = Rules(steps=3, window=10, within=(None,) * 3, optional=(False,) * 3)


def rows_of(worlds: Sequence[Sequence[Seen]], rules: Rules) -> Rows:
    """Each world is a runner."""
    every = [(runner, one) for runner, world in enumerate(worlds) for one in world]
    bits = [
        sum(1 << step for step in one.can) + sum(1 << (rules.steps + stop) for stop in one.stops)
        for _, one in every
    ]
    numbers = ([runner for runner, _ in every], [one.t for _, one in every], bits)
    return Rows(*(np.array(one, dtype=np.int64) for one in numbers), rules.steps)


def found(worlds: Sequence[Sequence[Seen]], rules: Rules) -> list[list[Attempt]]:
    """The attempts of each world."""
    rows = rows_of(worlds, rules)
    if rules.order == "unordered":
        return _told(AnyOrder(rows, rules).attempts(), rows, len(worlds))
    walk = Walk(rows, rules)
    attempts = walk.attempts()
    if rules.leave_out:
        attempts = attempts.at(~walk.left_out(attempts))
    return _told(attempts, rows, len(worlds))


def _told(attempts: Attempts, rows: Rows, worlds: int) -> list[list[Attempt]]:
    told: list[list[Attempt]] = [[] for _ in range(worlds)]
    for runner, done in zip(attempts.runner, attempts.rows, strict=True):
        told[runner].append([(step, int(rows.t[row])) for step, row in enumerate(done) if row >= 0])
    return told


def on(*steps: int) -> frozenset[int]:
    return frozenset(step - 1 for step in steps)


def seen(*events: tuple[int, frozenset[int]]) -> list[Seen]:
    return sorted((Seen(t, can) for t, can in events), key=lambda one: one.t)


CASES: dict[str, tuple[list[Seen], list[int]]] = {
    "in order, others between": (seen((0, on(1)), (1, on()), (2, on(2)), (3, on(3))), [0, 2, 3]),
    "out of order": (seen((0, on(2)), (1, on(3)), (2, on(1))), [2]),
    "never begun": (seen((0, on(2)), (1, on(3))), []),
    "the window's end is in it": (seen((0, on(1)), (5, on(2)), (10, on(3))), [0, 5, 10]),
    "one second beyond": (seen((0, on(1)), (5, on(2)), (11, on(3))), [0, 5]),
    "a later start gets further": (seen((0, on(1)), (8, on(1)), (12, on(2)), (15, on(3))), [8, 12, 15]),
    "of equal attempts the earliest": (
        seen((0, on(1)), (1, on(2)), (20, on(1)), (21, on(2))),
        [0, 1],
    ),
    "the window runs from step 1, not from step 2": (seen((0, on(1)), (9, on(2)), (18, on(3))), [0, 9]),
    "one event is one step": (seen((0, on(1, 2, 3))), [0]),
    "same time in any order": (seen((4, on(3)), (4, on(2)), (4, on(1))), [4, 4, 4]),
    "same time, who must stand back": (seen((4, on(1, 2)), (4, on(1, 3)), (4, on(2))), [4, 4, 4]),
    "same time, too few events": (seen((4, on(1, 2)), (4, on(3))), [4]),
}


def test_the_cases_that_tell_attempts_apart() -> None:
    chosen = found([events for events, _ in CASES.values()], PLAIN)
    for (name, (events, expected)), attempts in zip(CASES.items(), chosen, strict=True):
        assert [t for one in attempts for _, t in one] == expected, name
        by_hand = attempts_by_hand(events, PLAIN)
        assert [t for one in by_hand for _, t in one] == expected, f"the oracle, {name}"


def drawn_rules(chance: random.Random) -> Rules:
    """Any options together that a funnel can have."""
    steps = chance.randint(2, 4)
    order = chance.choice(["ordered", "ordered", "ordered", "strict", "unordered"])
    free = order == "unordered"
    exclusions = []
    for _ in range(0 if free else chance.choice([0, 0, 1, 2])):
        after = chance.randrange(steps - 1)
        exclusions.append((after, chance.randint(after + 1, steps - 1)))
    counted = chance.choice(["best", "best", "totals", "first"])
    ties = chance.choice(["any_order", "any_order", "strict", "increasing"])
    by_time = order == "ordered" and ties != "strict"  # as the oracle judges what is left out
    return Rules(
        steps=steps,
        window=chance.choice([0, 3, 5, 20]),
        order=order,
        ties=ties if order == "ordered" else "any_order",
        within=(None, *(None if free else chance.choice([None, None, 2, 4]) for _ in range(steps - 1))),
        optional=(False, *(not free and chance.random() < 0.25 for _ in range(steps - 1))),
        exclusions=tuple(exclusions),
        leave_out=by_time and bool(exclusions) and chance.random() < 0.3,
        one_each=counted == "best",
        first_only=counted == "first",
    )


def drawn_world(chance: random.Random, rules: Rules, most: int = 8) -> list[Seen]:
    """Up to eight events in few seconds: many of one time, many that are several steps."""
    alone, span = chance.random() < 0.3, chance.choice([3, 8, 12])
    world = []
    for _ in range(chance.randint(1, most)):
        can = [step for step in range(rules.steps) if chance.random() < 0.4]
        can = can[:1] if alone else can
        stops = [n for n in range(len(rules.exclusions)) if chance.random() < 0.15]
        world.append(Seen(chance.randrange(span), frozenset(can), frozenset(stops)))
    return sorted(world, key=lambda one: one.t)


def _agree(seed: int, worlds: int) -> None:
    chance = random.Random(seed)
    rules = drawn_rules(chance)
    drawn = [drawn_world(chance, rules) for _ in range(worlds)]
    for events, attempts in zip(drawn, found(drawn, rules), strict=True):
        expected = attempts_by_hand(events, rules)
        if rules.leave_out:
            expected = [one for one in expected if not left_out(events, rules, one)]
        assert attempts == expected, f"seed {seed}, {rules}, {events}"


def test_random_worlds_under_all_options_get_the_attempts_that_trying_every_way_finds() -> None:
    base = random.SystemRandom().randrange(10**6)
    for seed in range(base, base + 120):
        _agree(seed, 25)


@pytest.mark.soak
def test_many_random_worlds_under_all_options_get_the_attempts_that_trying_every_way_finds() -> None:
    base = random.SystemRandom().randrange(10**6)
    for seed in range(base, base + 5000):
        _agree(seed, 40)


def test_clickhouse_modes_reach_the_level_that_its_state_machine_reaches() -> None:
    base = random.SystemRandom().randrange(10**6)
    for seed in range(base, base + 100):
        chance = random.Random(seed)
        steps = chance.randint(2, 5)
        rules = Rules(
            steps=steps,
            window=chance.choice([0, 3, 6, 20]),
            reuse=True,
            within=(None,) * steps,
            optional=(False,) * steps,
            stop_at_other=(order := chance.random() < 0.5),
            stop_at_skip=order and chance.random() < 0.7,
            stop_at_repeat=chance.random() < 0.4,
        )
        worlds = [drawn_world(chance, rules, 12) for _ in range(25)]
        for events, attempts in zip(worlds, found(worlds, rules), strict=True):
            reach = attempts[0][-1][0] + 1 if attempts else 0
            assert reach == level_by_hand(events, rules), f"seed {seed}, {rules}, {events}"


def test_more_steps_are_never_done_by_more_and_a_wider_window_by_never_fewer() -> None:
    base = random.SystemRandom().randrange(10**6)
    for seed in range(base, base + 40):
        chance = random.Random(seed)
        rules = replace(drawn_rules(chance), leave_out=False, one_each=True, first_only=False)
        worlds = [drawn_world(chance, rules) for _ in range(25)]

        def reach(asked: Rules, drawn: Sequence[Sequence[Seen]] = worlds) -> list[int]:
            return [len(one) and (one[0][-1][0] + 1) for one in found(drawn, asked)]

        count = [sum(one >= step for one in reach(rules)) for step in range(1, rules.steps + 1)]
        required = [n for n, optional in zip(count, rules.optional, strict=True) if not optional]
        assert required == sorted(required, reverse=True), f"seed {seed}"
        wider = reach(replace(rules, window=rules.window + 2))
        assert all(a <= b for a, b in zip(reach(rules), wider, strict=True)), f"seed {seed}, {rules}"
        longer = replace(
            rules,
            steps=rules.steps + 1,
            within=(*rules.within, None),
            optional=(*rules.optional, False),
        )
        assert max(reach(longer), default=0) <= longer.steps
        whole = sum(one == longer.steps for one in reach(longer))
        assert whole <= sum(one >= rules.steps for one in reach(rules)), f"seed {seed}, {rules}"


def test_thirty_steps_one_that_never_happens_and_nobody_at_all() -> None:
    rules = replace(PLAIN, steps=30, window=100, within=(None,) * 30, optional=(False,) * 30)
    through = [Seen(t, frozenset({t})) for t in range(30)]
    without = [one for one in through if 13 not in one.can]
    for order in ("ordered", "strict", "unordered"):
        asked = replace(rules, order=order)
        whole, cut = found([through, without], asked)
        assert [t for _, t in whole[0]] == list(range(30)), order
        assert len(cut[0]) == (29 if order == "unordered" else 13), order
        assert found([], asked) == [], order


def test_a_unit_of_a_hundred_thousand_events_is_one_more_runner() -> None:
    """A start every ten events; only the last ones find a step 3 in time."""
    events = 200_000
    t = np.arange(events)
    mask = np.where(t % 10 == 0, 1, 2)
    mask[-1] = 4
    rows = Rows(np.zeros(events, dtype=np.int64), t, mask, 3)
    (done,) = Walk(rows, PLAIN).attempts().rows
    assert list(done) == [events - 10, events - 9, events - 1]
    assert len(Walk(rows, replace(PLAIN, one_each=False)).attempts().runner) > 5000
    (some,) = AnyOrder(rows, replace(PLAIN, order="unordered")).attempts().rows
    assert list(some) == [events - 11, events - 10, events - 1]  # begins with a step 2


def _table(worlds: Sequence[Sequence[Seen]], chance: random.Random, rules: Rules) -> pa.Table:
    """Units of two sessions and two held values each, as the matcher's frame sorts them."""
    lines = []
    for number, world in enumerate(worlds):
        for n, one in enumerate(world):
            key = (f"u{number:04d}", chance.choice("st"), chance.choice("xy"))
            told = chance.choice([None, "a", "b"])
            bits = sum(1 << step for step in one.can) + sum(1 << (rules.steps + x) for x in one.stops)
            lines.append((*key, one.t, n, bits, told, chance.choice("pq"), one))
    lines.sort(key=lambda line: line[:5])
    names = ("unit", "session_id", "hold", "t", "n", "mask", "told", "part")
    columns = {name: [line[at] for line in lines] for at, name in enumerate(names) if name != "n"}
    return pa.table(columns), lines


@pytest.mark.parametrize("seed", range(6))
def test_batches_cut_anywhere_give_sessions_held_values_and_parts_their_own_attempts(seed: int) -> None:
    chance = random.Random(f"batches {seed}")
    rules = replace(drawn_rules(chance), order="ordered", ties="any_order", leave_out=False)
    rules = replace(rules, one_each=True, first_only=False)
    table, lines = _table([drawn_world(chance, rules, 14) for _ in range(40)], chance, rules)
    asking = Asking(
        rules,
        ("unit", "session_id"),
        ("hold",),
        (("told", "first_touch"),),
        ("part",),
    )
    cut = table.to_batches(max_chunksize=chance.randint(1, 40))
    told = pa.Table.from_batches(list(whole_units(cut, asking.answer, at_once=30))).to_pylist()
    expected: dict[tuple[str, str, str | None], Attempt] = {}
    for part in (None, "p", "q"):
        for unit, session in sorted({line[:2] for line in lines}):
            runners = [
                [line[8] for line in lines if line[:3] == (unit, session, hold) and part in (None, line[7])]
                for hold in "xy"
            ]
            each = [attempt for events in runners for attempt in attempts_by_hand(events, rules)]
            if each:
                best = min(each, key=lambda one: (-one[-1][0], [(t, step) for step, t in one]))
                expected[unit, session, part] = best
    assert len(told) == len(expected)
    for row in told:
        attempt = expected[row["unit"], row["session_id"], row["part"]]
        assert [(one["step"] - 1, one["t"]) for one in row["done"]] == attempt
        times = [t for _, t in attempt]
        assert [one["since"] for one in row["done"]] == [
            None,
            *(b - a for a, b in zip(times, times[1:], strict=False)),
        ]
        assert row["by"] == (None if row["part"] is None else "part")


def test_a_value_is_that_of_a_step_or_of_the_first_or_last_step_that_has_one() -> None:
    table = pa.table(
        {
            "unit": ["p"] * 4,
            "t": [0, 1, 1, 2],
            "mask": [1, 2, 2, 4],
            "step_2": [None, "early", "late", "z"],
            "first": [None, "m", "n", "o"],
            "last": ["k", "l", "m", None],
        }
    )
    values = (("step_2", 2), ("first", "first_touch"), ("last", "last_touch"))
    (found_,) = pa.Table.from_batches(list(Asking(PLAIN, values=values)(table.to_batches()))).to_pylist()
    # Of the two events of one time the first by the tie-break tells.
    assert (found_["step_2"], found_["first"], found_["last"]) == ("early", "m", "l")
