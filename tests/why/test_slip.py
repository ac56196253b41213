"""Change points of daily shares: against every possible split, and how often they are right."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
from scipy.stats import binom, fisher_exact

from trailhouse.why.evidence import ALPHA
from trailhouse.why.slip import Slip, slipped

DAY = date(2026, 1, 5)
Days = dict[date, tuple[int, int]]


def days(*counts: tuple[int, int] | None) -> Days:
    """Hits and n by day from DAY on; None: no row."""
    return {DAY + timedelta(days=n): one for n, one in enumerate(counts) if one is not None}


def test_the_day_is_the_first_with_views_after_the_change() -> None:
    found = slipped(days((0, 5), (0, 6), (0, 0), None, (6, 6), (5, 5)))
    assert found is not None
    assert (found.last_before, found.first_after) == (DAY + timedelta(days=1), DAY + timedelta(days=4))
    assert (found.before, found.after, found.too_few) == ((0, 11), (11, 11), False)
    # Four days with views have three places to change at.
    assert math.isclose(found.p, 3 * fisher_exact([[0, 11], [11, 0]]).pvalue)


def test_what_never_changes_has_no_day_and_few_views_are_too_few() -> None:
    assert slipped({}) is None
    assert slipped(days((3, 5))) is None
    assert slipped(days((0, 5), (0, 5))) is None
    assert slipped(days((5, 5), (4, 4))) is None
    few = slipped(days((0, 4), (6, 6)))
    assert few is not None
    assert few.too_few
    assert few.p < ALPHA
    # Of two days as likely the earlier.
    even = slipped(days((0, 3), (1, 3), (0, 3)))
    assert even is not None
    assert even.first_after == DAY + timedelta(days=1)


def by_hand(given: Days) -> tuple[date, float] | None:
    """The likeliest split by SciPy's binomial, and its corrected p."""
    order = sorted(day for day, (_, n) in given.items() if n)

    def part(chosen: list[date]) -> tuple[int, int, float]:
        x, n = (sum(given[day][side] for day in chosen) for side in (0, 1))
        each = sum(float(binom.logpmf(given[day][0], given[day][1], x / n)) for day in chosen)
        return x, n, each

    if len(order) < 2 or part(order)[0] in (0, part(order)[1]):
        return None
    splits = [(part(order[:k])[2] + part(order[k:])[2], k) for k in range(1, len(order))]
    best = max(one for one, _ in splits)
    k = min(k for one, k in splits if one > best - 1e-7)
    (x, n, _), (y, m, _) = part(order[:k]), part(order[k:])
    p = float(fisher_exact([[y, m - y], [x, n - x]]).pvalue)
    return order[k], min(1.0, p * len(splits))


def test_random_series_change_where_the_likelihood_of_all_days_is_greatest() -> None:
    rng = np.random.default_rng(5)
    for _ in range(150):
        n = rng.integers(0, 6, rng.integers(0, 9))
        given = days(*((int(rng.integers(0, one + 1)), int(one)) for one in n))
        found, expected = slipped(given), by_hand(given)
        assert (found is None) == (expected is None), given
        if found is not None and expected is not None:
            assert found.first_after == expected[0], given
            assert math.isclose(found.p, expected[1], rel_tol=1e-7), given


def series(rng: np.random.Generator, before: float, after: float, at: int, views: float) -> Days:
    """A series of 60 days with a change at a day."""
    n = rng.poisson(views, 60)
    share = np.where(np.arange(60) < at, before, after)
    return days(*((int(x), int(m)) for x, m in zip(rng.binomial(n, share), n, strict=True)))


def told(found: Slip | None) -> bool:
    return found is not None and not found.too_few and found.p < ALPHA


def test_over_100_seeds_planted_days_are_found_and_none_where_nothing_changed() -> None:
    exact = near = shallow = false = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        at = int(rng.integers(10, 50))
        planted = DAY + timedelta(days=at)
        # As a layout that is changed: almost nobody before, almost everybody after.
        given = series(rng, 0.02, 0.95, at, 5.0)
        found = slipped(given)
        assert told(found), seed
        assert found is not None
        first = min(day for day, (_, n) in given.items() if n and day >= planted)
        exact += found.first_after == first
        near += abs((found.first_after - first).days) <= 1
        shallow += told(slipped(series(rng, 0.2, 0.6, at, 5.0)))
        false += told(slipped(series(rng, 0.3, 0.3, at, 5.0)))
    assert exact >= 85, exact
    assert near >= 97, near
    assert shallow >= 95, shallow
    assert false <= 5, false
