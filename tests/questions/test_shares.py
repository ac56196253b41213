"""Shares with their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from trailhouse.questions.shares import named, share_of, wilson


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilsons_interval_is_that_of_scipy(confidence: float) -> None:
    cases = [(hits, n) for n in (1, 2, 7, 40) for hits in range(n + 1)]
    low, high = wilson(*zip(*cases, strict=True), confidence)
    for place, (hits, n) in enumerate(cases):
        ends = binomtest(hits, n).proportion_ci(confidence, method="wilson")
        assert (low[place], high[place]) == pytest.approx((ends.low, ends.high), abs=1e-12)
        assert share_of(hits, n, confidence) == (hits / n, low[place], high[place])


def test_ends_at_none_and_all_are_exact_and_of_no_trials_there_is_no_share() -> None:
    low, high = wilson([0, 9, 0], [9, 9, 0])
    assert (low[0], high[1]) == (0, 1)
    assert np.isnan([low[2], high[2]]).all()
    assert share_of(0, 0) == (None, None, None)
    assert named("rate", share_of(0, 0)) == {"rate": None, "rate_low": None, "rate_high": None}
    assert set(named("done_share", share_of(1, 2))) == {"done_share", "done_low", "done_high"}
