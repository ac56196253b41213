"""Runs through sequences, against every choice of events there is."""

from __future__ import annotations

import random
from itertools import pairwise, permutations

import pyarrow as pa

from trailhouse.questions.ranges import NONE
from trailhouse.questions.rules import Rules
from trailhouse.segments.sequences import Walks

Event = tuple[int, int, list[int]]
"""Time, day, and for each sequence the bits of the steps that it can be."""


def latest_by_day(rules: Rules, number: int, events: list[Event]) -> dict[int, int]:
    """By day the latest time at which a run that ended that day began: all choices of distinct events."""
    found: dict[int, int] = {}
    for chosen in permutations(range(len(events)), rules.steps):
        follow = (
            a < b if rules.ties == "strict" else events[a][0] <= events[b][0] for a, b in pairwise(chosen)
        )
        can = (events[one][2][number] >> step & 1 for step, one in enumerate(chosen))
        begun, (ended, day, _) = events[chosen[0]][0], events[chosen[-1]]
        if all(follow) and all(can) and ended - begun <= rules.window:
            found[day] = max(begun, found.get(day, begun))
    return found


def test_each_day_tells_the_latest_begin_that_any_choice_of_events_gives() -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    told = 0
    for _ in range(60):
        counts = [chance.randint(2, 4) for _ in range(3)]
        rules = tuple(
            Rules(
                steps=count,
                window=chance.choice([-NONE, 0, 3, 8]),
                ties=chance.choice(["any_order", "strict"]),
                within=(None,) * count,
                optional=(False,) * count,
            )
            for count in counts
        )
        worlds: dict[str, list[Event]] = {}
        for unit in range(8):
            times = sorted(chance.randrange(12) for _ in range(chance.randint(1, 6)))
            few = chance.random() < 0.5  # else an event can be several steps
            worlds[f"u{unit}"] = [
                (t, t // 4, [1 << chance.randrange(n) if few else chance.getrandbits(n) for n in counts])
                for t in times
            ]
        every = [(unit, *event) for unit, events in worlds.items() for event in events]
        table = pa.table(
            {
                "unit": pa.array([row[0] for row in every], pa.string()),
                "t": pa.array([row[1] for row in every], pa.int64()),
                "day": pa.array([row[2] for row in every], pa.int32()),
                **{f"mask_{n}": pa.array([row[3][n] for row in every], pa.int64()) for n in range(3)},
            }
        )
        got = [tuple(row.values()) for batch in Walks(rules)(table.to_batches()) for row in batch.to_pylist()]
        expected = [
            (unit, day, number, begun)
            for number, one in enumerate(rules)
            for unit, events in worlds.items()
            for day, begun in sorted(latest_by_day(one, number, events).items())
        ]
        assert got == expected, f"seed {seed}: {rules} {worlds}"
        told += len(expected)
    assert told > 150, f"seed {seed}: the test says little"
