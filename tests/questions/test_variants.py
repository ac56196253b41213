"""Statistics of experiments against scipy on the values themselves, and against the literature."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import integrate, stats

from trailhouse.questions.variants import Sums, adjusted, compared, own_interval, ratio_p_value


def sums(x: Sequence[int], y: Sequence[int] | None = None) -> Sums:
    before = y or [0] * len(x)
    products = (
        sum(a * b for a, b in zip(one, two, strict=True))
        for one, two in ((x, x), (before, before), (x, before))
    )
    xx, yy, xy = products
    return Sums(len(x), sum(x), xx, sum(before), yy, xy)


def hits(count: int, of: int) -> Sums:
    return Sums(of, count, count, 0, 0, 0)


def test_shares_differ_as_newcombes_example_and_a_chi_square_say() -> None:
    told = compared(hits(56, 70), hits(48, 80), 0.95, share=True, planned=1000)
    # Newcombe 1998, table II, example (a), method 10
    assert (round(told["difference_low"] or 0, 4), round(told["difference_high"] or 0, 4)) == (0.0524, 0.3339)
    assert told["difference"] == pytest.approx(0.2)
    assert told["lift"] == pytest.approx(1 / 3)
    table = [[56, 14], [48, 32]]
    assert told["p_value"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    ends = stats.binomtest(56, 70).proportion_ci(0.9, method="wilson")
    assert own_interval(hits(56, 70), 0.9, share=True) == pytest.approx((ends.low, ends.high))


def test_shares_of_none_and_of_all_keep_their_ends() -> None:
    assert (own_interval(hits(0, 9), 0.95, share=True) or (1,))[0] == 0
    assert (own_interval(hits(9, 9), 0.95, share=True) or (0, 0))[1] == 1
    alike = compared(hits(0, 9), hits(0, 8), 0.95, share=True, planned=1000)
    assert alike["p_value"] is None
    assert alike["lift"] is None


def test_means_differ_as_welch_in_scipy_says() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        of = [chance.randrange(10**9) * 10**6 for _ in range(chance.randrange(2, 30))]
        control = [chance.randrange(10**6) + 10**15 for _ in range(chance.randrange(2, 30))]
        told = compared(sums(of), sums(control), 0.9, share=False, planned=50)
        expected = stats.ttest_ind(of, control, equal_var=False)
        ends = expected.confidence_interval(0.9)
        assert told["p_value"] == pytest.approx(expected.pvalue, rel=1e-6), f"seed {seed}"
        found = (told["difference_low"], told["difference_high"])
        assert found == pytest.approx((ends.low, ends.high), rel=1e-6), f"seed {seed}"
        own = stats.t.interval(0.9, len(of) - 1, np.mean(of), stats.sem(of))
        assert own_interval(sums(of), 0.9, share=False) == pytest.approx(own, rel=1e-6), f"seed {seed}"


def test_cuped_is_welch_of_values_less_what_their_past_explains() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        variants = []
        for shift in (0, 5, 9):
            past = [chance.randrange(100) for _ in range(chance.randrange(3, 40))]
            variants.append(([2 * one + shift + chance.randrange(30) for one in past], past))
        centred = [(np.array(x) - np.mean(x), np.array(y) - np.mean(y)) for x, y in variants]
        slope = sum((x * y).sum() for x, y in centred) / sum((y * y).sum() for _, y in centred)
        left = [np.array(x) - slope * np.array(y) for x, y in variants]
        expected = stats.ttest_ind(left[1], left[0], equal_var=False)
        every = [sums(x, y) for x, y in variants]
        told = adjusted(every[1], every[0], every, 0.95)
        ends = expected.confidence_interval(0.95)
        found = [told[name] for name in ("cuped_difference", "cuped_low", "cuped_high", "cuped_p_value")]
        difference = left[1].mean() - left[0].mean()
        assert found == pytest.approx([difference, ends.low, ends.high, expected.pvalue]), f"seed {seed}"
        assert 0 < (told["cuped_reduction"] or 0) < 1, f"seed {seed}"
    assert adjusted(sums([1, 2]), sums([3, 5]), [sums([1, 2]), sums([3, 5])], 0.95) == {}


def test_what_holds_at_every_look_is_the_normal_mixture() -> None:
    of, control = sums([3, 4, 8, 9, 4, 6, 7]), sums([2, 3, 3, 5, 4, 1])
    told = compared(of, control, 0.95, share=False, planned=200)
    low, high = told["always_low"] or 0.0, told["always_high"] or 0.0
    variance = float(of.variance() + control.variance())
    difference = (low + high) / 2
    assert difference == pytest.approx(told["difference"])
    weight = (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / 200
    spread = math.sqrt(weight * 13 * variance)

    def evidence(seen: float) -> float:
        """Likelihood against no difference, with effects drawn from a normal law."""
        return integrate.quad(
            lambda effect: (
                stats.norm.pdf(effect, scale=spread)
                * math.exp((2 * seen * effect - effect**2) / (2 * variance))
            ),
            -20 * spread - 10,
            20 * spread + 10,
        )[0]

    assert told["always_p_value"] == pytest.approx(min(1, 1 / evidence(difference)), rel=1e-6)
    assert 1 / evidence(high - difference) == pytest.approx(0.05, rel=1e-6)
    assert high - low > (told["difference_high"] or 0) - (told["difference_low"] or 0)


def test_looking_every_day_errs_no_more_than_alpha() -> None:
    generator = np.random.default_rng(5)
    wrong, naive = 0, 0
    for _ in range(120):
        of, control = generator.integers(0, 100, (2, 1500))
        found = [
            compared(sums(of[:n].tolist()), sums(control[:n].tolist()), 0.95, share=False, planned=2000)
            for n in range(150, 1501, 150)
        ]
        wrong += any((one["always_p_value"] or 1) < 0.05 for one in found)
        naive += any((one["p_value"] or 1) < 0.05 for one in found)
    assert wrong / 120 <= 0.05
    assert naive / 120 > 0.1  # what looking again and again does to the usual test


def test_a_split_that_is_not_as_planned_has_a_small_p_value() -> None:
    # R. Kohavi, D. Tang, Y. Xu, Trustworthy online controlled experiments, chapter 21: 1.8e-6
    assert ratio_p_value({"control": 821_588, "new": 815_482}, {}) == pytest.approx(1.8e-6, rel=0.03)
    assert ratio_p_value({"control": 90, "new": 10}, {"control": 9, "new": 1}) == 1
    assert ratio_p_value({"control": 90}, {}) is None
    assert ratio_p_value({"control": 0, "new": 0}, {}) is None
    assert ratio_p_value({"a": 10, "b": 10, "not planned": 5}, {"a": 1, "b": 1}) == 1


def test_too_few_units_have_no_interval() -> None:
    told = compared(sums([5]), sums([3, 4]), 0.95, share=False, planned=100)
    assert told["difference"] == 1.5
    assert [told[name] for name in ("difference_low", "p_value")] == [None, None]
    assert "always_low" not in told
    same = compared(sums([5, 5]), sums([5, 5]), 0.95, share=False, planned=100)
    assert same["p_value"] is None
