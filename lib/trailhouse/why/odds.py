"""Odds of an outcome with an action against those without, between units that are alike otherwise."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trailhouse.why.evidence import FEW

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
_WIDEST = 10.0
"""A standard error of log odds above it tells that nothing holds the coefficient."""


@dataclass(frozen=True)
class Odds:
    """An adjusted odds ratio with its 95 % interval, and how it was adjusted."""

    ratio: float
    low: float
    high: float
    by: Literal["logistic", "mantel-haenszel"]


def adjusted_odds(levels: Counts, a: Counts, n: Counts, b: Counts, m: Counts) -> Odds | None:
    """From counts by stratum: `a` outcomes of `n` units with the action, `b` of `m` without.

    `levels` has a row a stratum and a column a factor, with whole numbers as names of its values. A
    logistic regression with a term a value of each factor (binomial counts). Values with fewer than FEW
    outcomes, or fewer than FEW without it, share one term, for nothing would hold theirs. Where the action,
    or the factors, separate the outcomes, or tell the action entirely: Mantel and Haenszel's odds ratio
    over the strata (1959), its interval by J. Robins, N. Breslow and S. Greenland (1986, Biometrics 42).
    None where that has no value either.
    """
    cells = (a.sum(), n.sum() - a.sum(), b.sum(), m.sum() - b.sum())
    found = _logistic(levels, a, n, b, m) if min(cells) > 0 else None
    return found or _mantel_haenszel(a, n, b, m)


def _logistic(levels: Counts, a: Counts, n: Counts, b: Counts, m: Counts) -> Odds | None:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    terms = _terms(levels, a + b, n + m)
    strata = len(levels)
    with_action = np.repeat([1.0, 0.0], strata)
    design = np.column_stack([with_action, np.ones(2 * strata), np.vstack([terms, terms])])
    hits, units = np.concatenate([a, b]), np.concatenate([n, m])
    some = units > 0
    design, hits, units = design[some], hits[some], units[some]
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # separation is told by a warning
            fitted = GLM(np.column_stack([hits, units - hits]), design, family=Binomial()).fit()
    except (PerfectSeparationError, Warning, np.linalg.LinAlgError, ValueError):
        return None
    slope, error = float(fitted.params[0]), float(fitted.bse[0])
    if not (fitted.converged and np.isfinite([slope, error]).all() and error < _WIDEST):
        return None
    low, high = fitted.conf_int()[0]
    return Odds(float(np.exp(slope)), float(np.exp(low)), float(np.exp(high)), "logistic")


def _terms(levels: Counts, hits: Counts, units: Counts) -> Numbers:
    """A column a value of each factor, but for the most frequent one, which the others are held against."""
    columns = [np.zeros((len(levels), 0))]
    for factor in levels.T:
        known, place = np.unique(factor, return_inverse=True)
        of_hits, of_units = (np.bincount(place, counts, len(known)) for counts in (hits, units))
        base = int(np.argmax(of_units))
        rare = np.minimum(of_hits, of_units - of_hits) < FEW
        rare[base] = False
        own = [place == k for k in np.flatnonzero(~rare) if k != base]
        together = rare[place]
        few = min(of_hits[rare].sum(), (of_units - of_hits)[rare].sum()) < FEW
        own += [together] if rare.any() and not few else []  # else with the most frequent
        columns.append(np.column_stack(own).astype(float) if own else np.zeros((len(levels), 0)))
    return np.hstack(columns)


def _mantel_haenszel(a: Counts, n: Counts, b: Counts, m: Counts) -> Odds | None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    both = (n > 0) & (m > 0)
    a, n, b, m = (counts[both].astype(float) for counts in (a, n, b, m))
    # Without a unit of each kind on the diagonals the ratio is 0 or has no value.
    if not ((a * (m - b)).sum() > 0 and (b * (n - a)).sum() > 0):
        return None
    strata = zip(a, n, b, m, strict=True)
    tables = StratifiedTable([np.array([[i, k - i], [j, o - j]]) for i, k, j, o in strata])
    low, high = tables.oddsratio_pooled_confint()
    return Odds(float(tables.oddsratio_pooled), float(low), float(high), "mantel-haenszel")
