"""How well scores tell outcomes: area under the ROC curve with DeLong's intervals, Brier score, calibration.

Plain functions of arrays; ties of scores count half.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from trailhouse.questions.intervals import Z
from trailhouse.questions.shares import Numbers, wilson


@dataclass(frozen=True)
class Areas:
    """Two scores of the same persons: their areas, and both ends of the 95 % intervals."""

    first: float
    first_low: float
    first_high: float
    second: float
    gain_low: float
    """Low end of the interval of first - second."""


def areas(outcomes: NDArray[np.bool_], first: Numbers, second: Numbers) -> Areas:
    """Areas under the ROC curves of two scores of the same persons, by placements.

    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988), Comparing the areas under two or more correlated
    receiver operating characteristic curves, Biometrics 44(3); placements by ranks as in X. Sun and
    W. Xu (2014), IEEE Signal Processing Letters 21(11). Both outcomes must occur at least twice.
    """
    above, below = zip(*(_placements(outcomes, score) for score in (first, second)), strict=True)
    one, two = (float(placed.mean()) for placed in above)
    covariance = np.cov(np.vstack(above)) / len(above[0]) + np.cov(np.vstack(below)) / len(below[0])
    half = Z * sqrt(max(covariance[0, 0], 0.0))
    of_gain = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    gain = one - two - Z * sqrt(max(of_gain, 0.0))
    return Areas(one, max(one - half, 0.0), min(one + half, 1.0), two, gain)


def _placements(outcomes: NDArray[np.bool_], score: Numbers) -> tuple[Numbers, Numbers]:
    """For each person with the outcome the share of those without it that score lower; and the reverse."""
    ranks = rankdata(score)
    with_, without = int(outcomes.sum()), int((~outcomes).sum())
    above = (ranks[outcomes] - rankdata(score[outcomes])) / without
    below = 1 - (ranks[~outcomes] - rankdata(score[~outcomes])) / with_
    return above, below


def brier(outcomes: NDArray[np.bool_], scores: Numbers) -> float:
    """Mean square of score less outcome (G. W. Brier 1950)."""
    return float(((scores - outcomes) ** 2).mean())


def tenths(outcomes: NDArray[np.bool_], scores: Numbers) -> list[tuple[int, float, float, float, float]]:
    """Ten parts by score, lowest first: persons, mean score, share with the outcome, Wilson's low and high.

    Parts are as equal as counts allow; with fewer than ten persons there are fewer.
    """
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    sizes, hits = [len(part) for part in parts], [int(outcomes[part].sum()) for part in parts]
    low, high = (ends.tolist() for ends in wilson(hits, sizes))
    return [
        (n, float(scores[part].mean()), hits[place] / n, low[place], high[place])
        for place, (part, n) in enumerate(zip(parts, sizes, strict=True))
    ]
