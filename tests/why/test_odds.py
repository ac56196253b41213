"""Adjusted odds against statsmodels over single units, and by what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.contingency_tables import StratifiedTable

from trailhouse.why.odds import _mantel_haenszel, adjusted_odds

Ints = NDArray[np.int64]


def world(
    rng: np.random.Generator, units: int, effect: float, busy: float
) -> tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]:
    """Two factors of four and three values, an action that the first raises, an outcome that both raise."""
    factors = np.column_stack([rng.integers(0, 4, units), rng.integers(0, 3, units)])
    acts = rng.random(units) < 0.2 + busy * factors[:, 0]
    odds = -1 + effect * acts + 4 * busy * factors[:, 0] - 0.3 * factors[:, 1]
    return factors, acts, rng.random(units) < 1 / (1 + np.exp(-odds))


def strata(factors: Ints, acts: NDArray[np.bool_], hits: NDArray[np.bool_]) -> tuple[Ints, ...]:
    """levels, a, n, b, m of `adjusted_odds`."""
    levels, place = np.unique(factors, axis=0, return_inverse=True)
    place, size = place.ravel(), len(levels)

    def count(mask: NDArray[np.bool_]) -> Ints:
        return np.bincount(place[mask], minlength=size)

    return levels, count(acts & hits), count(acts), count(~acts & hits), count(~acts)


def test_odds_of_counts_are_those_of_single_units_by_statsmodels() -> None:
    factors, acts, hits = world(np.random.default_rng(4), 900, 0.7, 0.15)
    found = adjusted_odds(*strata(factors, acts, hits))
    dummies = [factors[:, k] == value for k, size in ((0, 4), (1, 3)) for value in range(1, size)]
    told = Logit(hits, np.column_stack([acts, np.ones(900), *dummies]).astype(float)).fit(disp=0)
    low, high = np.exp(told.conf_int()[0])
    assert found is not None
    assert found.by == "logistic"
    assert (found.ratio, found.low, found.high) == pytest.approx(
        (np.exp(told.params[0]), low, high), rel=1e-5
    )


def test_what_separates_outcomes_is_judged_over_strata() -> None:
    """Every value of the second factor has one kind of the action alone: no slope can be told."""
    levels = np.array([[0, 0], [0, 1], [1, 2], [1, 3]])
    a, n = np.array([8, 0, 6, 0]), np.array([20, 0, 20, 0])
    b, m = np.array([0, 9, 0, 4]), np.array([0, 40, 0, 20])
    assert adjusted_odds(levels, a, n, b, m) is None  # and no stratum has both
    a, n, b, m = (np.array(one) for one in ([9, 3], [10, 10], [4, 0], [10, 10]))
    alone = adjusted_odds(np.array([[0], [0]]), a, n, b, m)
    assert alone is not None
    none_without = adjusted_odds(np.array([[0], [1]]), a, n, np.array([0, 0]), m)
    assert none_without is None  # no outcome without the action: the ratio has no value
    all_with = (np.array([10, 10]), np.array([10, 10]), np.array([4, 5]), np.array([10, 10]))
    assert adjusted_odds(np.array([[0], [1]]), *all_with) is None


def test_mantel_and_haenszel_are_those_of_statsmodels() -> None:
    """And near to the regression's, where both have a value."""
    levels = np.array([[0], [1], [2]])
    a, n, b, m = (np.array(one) for one in ([7, 4, 9], [12, 9, 11], [4, 2, 3], [13, 9, 10]))
    found = _mantel_haenszel(a, n, b, m)
    cells = zip(a, n, b, m, strict=True)
    told = StratifiedTable([np.array([[i, k - i], [j, o - j]]) for i, k, j, o in cells])
    assert found is not None
    assert (found.ratio, found.low, found.high) == pytest.approx(
        (told.oddsratio_pooled, *told.oddsratio_pooled_confint())
    )
    logistic = adjusted_odds(levels, a, n, b, m)
    assert logistic is not None
    assert found.ratio == pytest.approx(logistic.ratio, rel=0.1)


@pytest.mark.parametrize("effect", [0.0, 0.8])
def test_intervals_hold_the_truth_where_raw_odds_do_not(effect: float) -> None:
    """An action of the busy, who have the outcome anyhow: intervals hold it, raw ones do not."""
    holds = raw = 0
    for seed in range(100):
        levels, *counts = strata(*world(np.random.default_rng(seed), 600, effect, 0.2))
        found = adjusted_odds(levels, *counts)
        assert found is not None
        holds += found.low <= np.exp(effect) <= found.high
        alone = adjusted_odds(levels * 0, *counts)
        raw += alone is not None and alone.low <= np.exp(effect) <= alone.high
    assert holds >= 90, holds
    assert raw < 20, raw
