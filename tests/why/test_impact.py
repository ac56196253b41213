"""What a pain costs: worked cases, a walk in plain Python, how often intervals hold the truth."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from math import isclose

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from trailhouse.why.impact import FEW_ANSWERS, Estimate, Money, Sides, changed, linked, observed, stated


def close(found: float | Decimal | None, wanted: float, by: float = 1e-9) -> bool:
    return found is not None and isclose(float(found), wanted, abs_tol=by)


def test_a_quarter_of_64000_a_month_is_16000_whatever_the_reach() -> None:
    told = stated(Money(Decimal(64_000)), churned=160, answered=120, named=30)
    assert told.value == Decimal(16_000)
    low, high = proportion_confint(30, 120, method="wilson")
    assert close(told.low, 64_000 * low, 0.01)
    assert close(told.high, 64_000 * high, 0.01)
    assert close(told.part("share").value, 0.25)
    assert close(told.part("response_rate").value, 0.75)
    assert told.n == 120
    assert not told.too_few


def test_a_further_point_of_completion_is_worth_up_to_0_61_points_of_conversion() -> None:
    # 55 % complete, 60 % convert, 80 % of the converted had completed.
    link = linked(2000, completed=1100, converted=1200, both=960, units_a_month=500, value=Money(Decimal(80)))
    shares = {
        "completion": 0.55,
        "conversion": 0.60,
        "completed_of_converters": 0.80,
        "converted_of_completers": 0.873,
        "converted_of_others": 0.267,
    }
    for name, share in shares.items():
        assert close(link.part(name).value, share, 0.0005), name
    points = link.part("points")
    assert close(points.value, 0.61, 0.005)
    assert float(points.low or 1) < 0.606 < float(points.high or 0)
    # 500 trials a month, one in a hundred of them more completes: 5 x 0.606 more customers of 80.
    assert close(link.value, 5 * float(points.value or 0) * 80, 0.01)


def test_counts_that_cannot_be_are_refused() -> None:
    for wrong in ((10, 11, 5), (10, 5, 6), (10, 5, -1)):
        with pytest.raises(ValueError, match="who left"):
            stated(None, *wrong)
    for wrong_link in ((10, 5, 5, 6), (10, 11, 5, 5), (10, 8, 8, 5)):
        with pytest.raises(ValueError, match="of both"):
            linked(*wrong_link)


def test_the_interval_of_a_stated_amount_widens_that_of_the_share() -> None:
    sure = stated(Money(Decimal(100)), 200, 200, 50)
    unsure = stated(Money(Decimal(100), Decimal(80), Decimal(130)), 200, 200, 50)
    assert sure.value == unsure.value == Decimal(25)
    assert close(unsure.low, 0.8 * float(sure.low or 0), 1e-6)
    assert close(unsure.high, 1.3 * float(sure.high or 0), 1e-6)


def test_too_few_answers_make_no_claim_and_none_at_all_no_number() -> None:
    assert stated(Money(Decimal(100)), 30, FEW_ANSWERS - 1, 5).too_few
    nobody = stated(Money(Decimal(100)), 0, 0, 0)
    assert (nobody.value, nobody.low, nobody.high, nobody.too_few) == (None, None, None, True)
    assert nobody.part("share").value is None
    silent = stated(Money(Decimal(100)), 50, 0, 0)
    assert silent.value is None
    assert silent.part("response_rate").value == 0
    unpriced = stated(None, 100, 100, 25)
    assert unpriced.value is None
    assert close(unpriced.part("share").value, 0.25)


def frame(rows: list[tuple[int, int, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list("anbm"), dtype="int64")


def test_where_nobody_leaves_the_association_is_none_and_too_few() -> None:
    calm = observed(frame([(0, 40, 0, 60), (0, 10, 0, 30)]), 10, Money(Decimal(50)))
    assert calm.value == 0
    assert float(calm.low or 0) < 0 < float(calm.high or 0)
    assert calm.too_few
    nobody = observed(frame([]), 0, Money(Decimal(50)))
    assert (nobody.value, nobody.too_few, nobody.n) == (None, True, 0)
    alone = observed(frame([(3, 40, 0, 0)]), 10, Money(Decimal(50)))
    assert alone.value is None
    assert alone.part("left_out").value == 40


def test_the_matched_estimate_is_that_of_a_plain_walk_over_random_worlds() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        customers = [
            (rng.randrange(4), affected := rng.random() < 0.4, rng.random() < (0.3 if affected else 0.1))
            for _ in range(rng.randrange(5, 120))
        ]
        by: dict[int, list[int]] = {}
        for stratum, affected, leaves in customers:
            own = by.setdefault(stratum, [0, 0, 0, 0])
            own[0 if affected else 2] += leaves
            own[1 if affected else 3] += 1
        # Every affected customer against the mean of those like it.
        alike = {
            k: Fraction(sum(c[2] for c in customers if c[0] == k and not c[1]), own[3])
            for k, own in by.items()
            if own[3]
        }
        matched = [c for c in customers if c[1] and c[0] in alike]
        found = observed(frame([tuple(own) for own in by.values()]), 7, Money(Decimal(90)))  # type: ignore[misc]
        if not matched:
            assert found.value is None, seed
            continue
        apart = sum((Fraction(int(c[2])) - alike[c[0]] for c in matched), Fraction(0)) / len(matched)
        assert close(found.part("difference").value, float(apart), 1e-9), seed
        assert close(found.value, float(7 * 90 * apart), 1e-6), seed
        assert found.n == len(matched), seed


def test_the_interval_of_what_is_observed_holds_the_truth_in_most_of_100_seeds() -> None:
    # Strata differ in how often they are hit and in how often they leave: a raw difference would be 0.17.
    hit, leave, excess = np.array([0.15, 0.4, 0.7]), np.array([0.03, 0.08, 0.25]), 0.1
    for truth in (excess, 0.0):
        held = raw_held = 0
        for seed in range(100):
            rng = np.random.default_rng(seed)
            of = rng.integers(0, 3, 900)
            affected = rng.random(900) < hit[of]
            leaves = rng.random(900) < leave[of] + truth * affected
            counts = [
                [int((leaves & side & (of == k)).sum()) if left else int((side & (of == k)).sum())
                 for side in (affected, ~affected) for left in (True, False)]
                for k in range(3)
            ]  # fmt: skip
            strata = frame([tuple(row) for row in counts])  # type: ignore[misc]
            found = observed(strata, 1, Money(Decimal(1)))
            held += float(found.low or 0) <= truth <= float(found.high or 0)
            pooled = observed(frame([tuple(map(sum, zip(*counts, strict=True)))]), 1, Money(Decimal(1)))  # type: ignore[misc]
            raw_held += float(pooled.low or 0) <= truth <= float(pooled.high or 0)
        assert held >= 90, (truth, held)
        assert raw_held < 60, (truth, raw_held)


def test_money_after_a_release_waits_until_its_time_is_over() -> None:
    early = changed(Sides(30, 100, 0, None), effect=0.5)
    assert early.value is None
    assert not early.too_few
    assert close(early.part("predicted").value, 0.15)
    over = changed(Sides(30, 100, 12, 100), effect=0.5)
    assert close(over.value, -0.18)
    assert float(over.high or 0) < 0
    waits = changed(Sides(30, 100, 12, 100), control=Sides(28, 90, 0, None))
    assert waits.value is None


def test_a_change_that_an_unaffected_control_shares_is_none() -> None:
    # Both fell by 10 points: a season, not the fix.
    both = changed(Sides(60, 200, 40, 200), control=Sides(90, 300, 60, 300))
    assert close(both.value, 0.0)
    assert float(both.low or 0) < 0 < float(both.high or 0)
    assert close(both.part("change").value, -0.1)
    assert close(both.part("control_change").value, -0.1)
    alone = changed(Sides(60, 200, 40, 200))
    width = float(both.high or 0) - float(both.low or 0)
    assert width > float(alone.high or 0) - float(alone.low or 0)


def test_the_interval_of_a_difference_in_differences_holds_the_truth_in_most_of_200_seeds() -> None:
    truth, n = -0.12, 250
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        draws = [int(x) for x in rng.binomial(n, [0.4, 0.4 - 0.05 + truth, 0.3, 0.3 - 0.05])]
        found: Estimate = changed(Sides(draws[0], n, draws[1], n), control=Sides(draws[2], n, draws[3], n))
        held += float(found.low or 0) <= truth <= float(found.high or 0)
    assert held >= 180, held
