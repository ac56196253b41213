"""Differences between groups against statsmodels and scipy, and by what they promise."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from trailhouse.why.evidence import adjusted, differences, few, lifts, matched, mean_differences

TABLES = [(30, 100, 20, 120), (1, 9, 7, 8), (250, 1000, 260, 1000), (5, 5, 1, 5), (40, 41, 3, 77)]


@pytest.mark.parametrize(("a", "n", "b", "m"), [one for one in TABLES if one[0] < one[1]])
def test_a_lift_is_the_risk_ratio_of_statsmodels(a: int, n: int, b: int, m: int) -> None:
    """Intervals by the logarithm, where no count is zero (statsmodels moves those)."""
    found = lifts(a, n, b, m).iloc[0]
    table = Table2x2(np.array([[a, n - a], [b, m - b]]))
    low, high = table.riskratio_confint()
    assert (found.lift, found.low, found.high) == pytest.approx((table.riskratio, low, high))


@pytest.mark.parametrize(("a", "n", "b", "m"), [*TABLES, (0, 20, 4, 30), (20, 20, 0, 9)])
def test_a_difference_has_newcombes_interval(a: int, n: int, b: int, m: int) -> None:
    """As statsmodels' newcomb; at no hits and nothing but hits, too."""
    found = differences(a, n, b, m).iloc[0]
    low, high = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    assert (found.difference, found.low, found.high) == pytest.approx((a / n - b / m, low, high))


def test_counts_of_zero_have_a_finite_lift() -> None:
    """Half a unit more on both sides: 0.5 of 10.5 beside 5.5 of 20.5, by hand."""
    found = lifts([0, 0], [10, 10], [5, 0], [20, 20])
    assert found.lift[0] == pytest.approx((0.5 / 10.5) / (5.5 / 20.5))
    assert np.isfinite(found[["lift", "low", "high", "p"]]).all(axis=None)


def test_an_empty_group_tells_nothing() -> None:
    """No figure, no error, and the word that there are too few."""
    for found in (lifts(0, 0, 3, 9), differences(3, 9, 0, 0)):
        assert found.drop(columns=["too_few", "share_in", "share_out"], errors="ignore").isna().all(axis=None)
        assert found.too_few.all()


def test_few_are_told_by_what_chance_would_leave() -> None:
    """10 of 100 with it, and 40 in the group: chance would put 4 there; of 13 with it 5.2."""
    assert few([5, 5], [40, 40], [5, 8], [60, 60]).tolist() == [True, False]


def test_alike_strata_of_one_mix_give_the_plain_difference() -> None:
    """Where both groups are made up alike, matching changes nothing; else it compares like with like."""
    even = pd.DataFrame({"a": [30, 60], "n": [100, 100], "b": [40, 100], "m": [200, 200]})
    assert matched(even).difference == pytest.approx(90 / 200 - 140 / 400)
    # Within each stratum both are alike; the groups differ in how many are of the second one alone.
    mixed = pd.DataFrame({"a": [10, 160], "n": [100, 200], "b": [20, 80], "m": [200, 100]})
    found = matched(mixed)
    assert found.difference == pytest.approx(0)
    assert found.low < 0 < found.high
    assert (found.units, found.left_out, found.too_few) == (300, 0, False)


def test_units_without_any_like_them_are_left_out_and_counted() -> None:
    """The second stratum has nobody to hold its 7 against."""
    found = matched(pd.DataFrame({"a": [50, 7], "n": [100, 7], "b": [20, 0], "m": [100, 0]}))
    assert (found.units, found.left_out) == (100, 7)
    assert found.difference == pytest.approx(0.3)
    nobody = matched(pd.DataFrame({"a": [1], "n": [4], "b": [0], "m": [0]}))
    assert (isnan(nobody.difference), nobody.units, nobody.left_out, nobody.too_few) == (True, 0, 4, True)


def test_intervals_of_matched_differences_hold_the_truth() -> None:
    """Four strata of different shares and mixes, 2,000 draws: 95 %, give or take chance."""
    draw = np.random.default_rng(11)
    n, m = np.array([40, 25, 60, 15]), np.array([30, 80, 45, 30])
    others = np.array([0.1, 0.3, 0.5, 0.8])
    true = 0.12
    held = 0
    for _ in range(2000):
        frame = pd.DataFrame(
            {"a": draw.binomial(n, others + true), "n": n, "b": draw.binomial(m, others), "m": m}
        )
        found = matched(frame)
        held += found.low <= true <= found.high
    assert 0.93 <= held / 2000 <= 0.98


def test_means_are_compared_by_welchs_test() -> None:
    """Of exact sums: as scipy's test of the values themselves."""
    draw = np.random.default_rng(3)
    groups = [draw.integers(0, 10**9, 40), draw.integers(0, 2 * 10**9, 25)]
    sums = [
        pd.DataFrame({"n": [len(g)], "total": [sum(g.tolist())], "squares": [sum(v * v for v in g.tolist())]})
        for g in groups
    ]
    found = mean_differences(*sums).iloc[0]
    told = ttest_ind(*groups, equal_var=False)
    low, high = told.confidence_interval()
    assert (found.p, found.low, found.high) == pytest.approx((told.pvalue, low, high))
    assert found.difference == pytest.approx(groups[0].mean() - groups[1].mean())


def test_one_value_has_no_interval_and_equal_values_have_no_width() -> None:
    """A single value tells no spread; nothing but fives has none."""
    alone = pd.DataFrame({"n": [1, 5], "total": [5, 25], "squares": [25, 125]})
    found = mean_differences(alone, pd.DataFrame({"n": [5, 5], "total": [25, 20], "squares": [125, 80]}))
    assert found.loc[0, ["difference", "low", "high", "p"]].isna().all()
    assert found.loc[1, ["difference", "low", "high", "p"]].tolist() == [1.0, 1.0, 1.0, 0.0]


def test_p_values_are_adjusted_for_all_that_are_known() -> None:
    """As statsmodels' fdr_bh; what has no p is not among the comparisons."""
    values = [0.001, 0.04, 0.03, 0.5]
    known = multipletests(values, method="fdr_bh")[1]
    found = adjusted([*values[:2], float("nan"), *values[2:]])
    assert isnan(found[2])
    assert np.delete(found, 2) == pytest.approx(known)
    assert len(adjusted([])) == 0
