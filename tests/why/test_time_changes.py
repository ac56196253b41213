"""Changes in time on task: golden cases, exact sums, and random worlds against a count of each attempt."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from scipy.stats import ttest_ind

from trailhouse.tables import TABLES
from trailhouse.why.change_counts import Judge
from trailhouse.why.time_changes import (
    Sums,
    in_whole,
    parts,
    summed,
    whole_change,
    within_change,
)

Attempt = tuple[tuple[str, ...], tuple[int, ...]]
"""What it is like, a value a level; its components, of which the time is the sum."""


def cells(attempts: Sequence[Attempt]) -> dict[tuple[Any, ...], Sums]:
    of: dict[tuple[str, ...], list[tuple[int, ...]]] = defaultdict(list)
    for kind, components in attempts:
        of[kind].append((sum(components), *components))
    return {
        kind: Sums(
            len(each),
            tuple(map(sum, zip(*each, strict=True))),
            tuple(sum(x * x for x in one) for one in zip(*each, strict=True)),
        )
        for kind, each in of.items()
    }


def test_a_slower_step_is_that_step_and_other_devices_are_devices() -> None:
    before = [(("desktop",), (10, 20, 0))] * 8 + [(("phone",), (20, 40, 0))] * 2
    slower = [(kind, (one, two + 5, away)) for kind, (one, two, away) in before]
    found = parts(cells(before), cells(slower))
    assert (found.within, found.levels) == ((0, 5, 0), (0,))
    # six of ten on phones in place of two: 4 of 10 take 30 more
    phones = [(("desktop",), (10, 20, 0))] * 4 + [(("phone",), (20, 40, 0))] * 6
    found = parts(cells(before), cells(phones))
    assert (found.within, found.levels) == ((0, 0, 0), (12,))
    # half of those on desktops lose 6 by a detour: 0.8 of all, so 2.4
    away = [(kind, (one, two, 6 if n < 4 else 0)) for n, (kind, (one, two, _)) in enumerate(before)]
    found = parts(cells(before), cells(away))
    assert (found.within, found.levels) == ((0, 0, Fraction(12, 5)), (0,))


def test_a_release_that_was_not_there_before_is_a_part_of_its_own() -> None:
    before = [(("1", "desktop"), (30,))] * 3 + [(("1", "phone"), (60,))]
    after = [(("2", "desktop"), (50,))] * 4
    found = parts(cells(before), cells(after))
    # all of 50 - 37.5: no attempt of either is like one of the other
    assert (found.within, found.levels) == ((0,), (Fraction(25, 2), 0))
    assert found.weights == {}


def by_hand(before: Sequence[Attempt], after: Sequence[Attempt]) -> tuple[list[Fraction], list[Fraction]]:
    """Parts by level and component, by walking the tree of kinds as a list of attempts each."""
    depth, of = len(before[0][0]), len(before[0][1])
    levels, within = [Fraction(0)] * depth, [Fraction(0)] * of

    def mean(attempts: Sequence[Attempt], of: slice = slice(None)) -> Fraction:
        return Fraction(sum(sum(c[of]) for _, c in attempts), len(attempts))

    def walk(old: Sequence[Attempt], new: Sequence[Attempt], level: int, weight: Fraction) -> None:
        if level == depth:
            for k in range(of):
                within[k] += weight * (mean(new, slice(k, k + 1)) - mean(old, slice(k, k + 1)))
            return
        for value in {kind[level] for kind, _ in (*old, *new)}:
            mine = [[one for one in side if one[0][level] == value] for side in (old, new)]
            p0, p1 = Fraction(len(mine[0]), len(old)), Fraction(len(mine[1]), len(new))
            m0, m1 = (mean(side) if side else mean(other) for side, other in (mine, mine[::-1]))
            levels[level] += weight * (p1 - p0) * (m0 + m1) / 2
            if all(mine):
                walk(*mine, level + 1, weight * (p0 + p1) / 2)

    walk(before, after, 0, Fraction(1))
    return levels, within


def world(rng: random.Random) -> tuple[list[Attempt], list[Attempt]]:
    def some(size: int) -> list[Attempt]:
        return [
            (
                (rng.choice("ab"), rng.choice("xyz"), rng.choice("nm")),
                tuple(rng.randrange(10 ** rng.randint(1, 9)) for _ in range(3)),
            )
            for _ in range(size)
        ]

    return some(rng.randint(1, 40)), some(rng.randint(1, 40))


def test_random_changes_are_those_of_a_walk_and_their_parts_sum_to_them_exactly() -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    for number in range(100):
        before, after = world(rng)
        found = parts(cells(before), cells(after))
        levels, within = by_hand(before, after)
        assert (list(found.levels), list(found.within)) == (levels, within), (seed, number)
        change = Fraction(sum(sum(c) for _, c in after), len(after)) - Fraction(
            sum(sum(c) for _, c in before), len(before)
        )
        assert sum(levels) + sum(within) == change, (seed, number)
        # Attempts the other way round change by as much the other way.
        back = parts(cells(after), cells(before))
        assert back.levels == tuple(-one for one in found.levels), (seed, number)
        assert back.within == tuple(-one for one in found.within), (seed, number)


def test_whole_numbers_sum_to_the_total_by_largest_remainders() -> None:
    third = Fraction(1, 3)
    assert in_whole([third, third, third], 1) == [1, 0, 0]
    assert in_whole([Fraction(-7, 2), Fraction(3, 4), Fraction(3, 4)], -2) == [-4, 1, 1]
    assert in_whole([Fraction(1, 2)], 0) == [0]
    assert in_whole([Fraction(5, 2), Fraction(1, 4)], 7) == [5, 2]  # beyond what rounding can do


def test_intervals_are_welchs_where_all_attempts_are_alike() -> None:
    rng = random.Random(5)
    before = [(("a",), (rng.randrange(100), 7)) for _ in range(12)]
    after = [(("a",), (rng.randrange(40, 160), 7)) for _ in range(20)]
    theirs = ttest_ind([c[0] for _, c in after], [c[0] for _, c in before], equal_var=False)
    ends = (*theirs.confidence_interval(), theirs.pvalue)
    old, new = cells(before), cells(after)
    found = parts(old, new)
    assert within_change(old, new, found, 1) == pytest.approx(ends)
    assert whole_change(summed(old), summed(new)) == pytest.approx(ends)
    # Nothing varies: nothing changed for sure.
    assert within_change(old, new, found, 2) == (0, 0, 1)
    single = cells([(("a",), (4, 7))])
    assert all(x != x for x in within_change(single, new, parts(single, new), 1))


def test_intervals_hold_the_truth_in_nine_of_ten_worlds() -> None:
    """Two devices whose shares change; the first component of both grows by 20."""
    rng, held = random.Random(11), []
    for _ in range(200):

        def some(size: int, phones: float, more: int) -> list[Attempt]:
            kinds = ["phone" if rng.random() < phones else "desktop" for _ in range(size)]
            return [
                ((kind,), (int(rng.gauss(1000 * (1 + (kind == "phone")) + more, 300)), 50)) for kind in kinds
            ]

        old, new = cells(some(60, 0.2, 0)), cells(some(80, 0.5, 20))
        low, high, _ = within_change(old, new, parts(old, new), 1)
        held.append(low <= 20 <= high)
    assert statistics.mean(held) > 0.9


def counts(
    task: str, kind: str, period: str, attempts: Sequence[Attempt], start: int
) -> list[dict[str, Any]]:
    """Rows as change_counts sums them; an attempt's levels are release, device_type, first_attempt."""
    return [
        {
            **{"task": task, "period_kind": kind, "period": period, "component": component},
            **dict(zip(("release", "device_type", "first_attempt"), of, strict=True)),
            **{"n": sums.n, "total": sums.totals[component], "squares": sums.squares[component]},
            "first_us": start,
        }
        for of, sums in cells(attempts).items()
        for component in range(len(sums.totals))
    ]


def test_rows_tell_each_change_with_its_parts() -> None:
    desktop, phone = ("2.9", "desktop", "n"), ("2.10", "desktop", "n")
    given = [
        *counts("t", "month", "2026-01-01", [(desktop, (1, 3, 0))] * 2 + [(desktop, (2, 3, 0))], 5),
        *counts("t", "month", "2026-03-01", [(desktop, (1, 7, 0))] * 3, 7),
        # 2.10 came after 2.9, and who tells no release is no release
        *counts("t", "release", "2.10", [(phone, (1, 6, 2))] * 8, 7),
        *counts("t", "release", "2.9", [(desktop, (1, 3, 0))] * 8, 5),
        *counts("t", "release", "unknown", [(("unknown", "desktop", "n"), (9, 9, 9))], 1),
    ]
    random.Random(3).shuffle(given)
    found = list(Judge({"t": ("Added", "Saved")})(given))
    names = {column.name for column in TABLES["task_changes"].columns} - {"complete"}
    assert {frozenset(row) for row in found} == {frozenset(names)}

    def told(kind: str) -> list[Any]:
        return [(row["part"], row["name"], row["us"]) for row in found if row["period_kind"] == kind]

    # 4 1/3 before and 8 after: 4 and 8; the legs make -1/3 and 4, of which the latter has the larger rest
    assert told("month") == [
        *[("all", None, 4), ("step", "Added", 0), ("step", "Saved", 4), ("detours", None, 0)],
        *[("release", None, 0), ("device_type", None, 0), ("first_attempt", None, 0)],
    ]
    assert told("release") == [
        *[("all", None, 5), ("step", "Added", 0), ("step", "Saved", 3), ("detours", None, 2)],
        *[("device_type", None, 0), ("first_attempt", None, 0)],
    ]
    month, release = (next(row for row in found if row["period_kind"] == one) for one in ("month", "release"))
    assert (month["before"], month["period"], month["mean_before_us"], month["mean_us"]) == (
        *("2026-01-01", "2026-03-01"),
        *(4, 8),
    )
    assert (release["before"], release["period"], release["too_few"]) == ("2.9", "2.10", False)
    assert month["too_few"]
    assert [row["p"] is None for row in found if row["period_kind"] == "release"] == [False] * 4 + [True] * 2


def test_no_order_of_rows_changes_what_is_told() -> None:
    rng = random.Random(9)
    before, after = world(rng)
    given = [*counts("t", "week", "2026-03-02", before, 1), *counts("t", "week", "2026-03-09", after, 2)]
    told: list[list[Mapping[str, Any]]] = []
    for _ in range(3):
        rng.shuffle(given)
        told.append(list(Judge({"t": ("One", "Two")})(list(given))))
    assert told[0] == told[1] == told[2]
    assert sum(row["us"] for row in told[0][1:]) == told[0][0]["us"]


def test_where_nothing_changed_few_worlds_tell_a_change() -> None:
    """Times alike in all weeks, other mixes: of 100 worlds at most 10 with a claim, where 5 are expected."""
    rng, claims = random.Random(17), 0
    for _ in range(100):

        def week(phones: float) -> list[Attempt]:
            found = []
            for _ in range(30):
                phone = rng.random() < phones
                found.append(
                    (
                        ("1.0", "phone" if phone else "desktop", "n"),
                        (int(rng.lognormvariate(4 + 0.2 * phone, 0.35)), 7, rng.choice([0, 0, 9])),
                    )
                )
            return found

        given = [
            row
            for number in range(4)
            for row in counts("t", "week", f"2026-03-{2 + 7 * number:02d}", week(rng.random()), number)
        ]
        told = list(Judge({"t": ("One", "Two")})(given))
        assert len(told) == 3 * 7
        claims += any(row["q"] is not None and row["q"] < 0.05 for row in told if row["part"] != "all")
    assert claims <= 10
