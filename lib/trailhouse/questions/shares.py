"""Shares of whole counts with their intervals, in plain Python; for columns there is intervals.py."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

Share = tuple[float | None, float | None, float | None]
Numbers = NDArray[np.float64]


def wilson(hits: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Numbers, Numbers]:
    """Both ends of Wilson's score interval (E. B. Wilson, 1927), element by element; nan of none."""
    # Costs a sixth of a second, which only those who need it should wait for.
    from statsmodels.stats.proportion import proportion_confint

    x, of = np.broadcast_arrays(np.asarray(hits, "float64"), np.asarray(n, "float64"))
    known = of > 0
    low, high = proportion_confint(
        np.where(known, x, 0.0), np.where(known, of, 1.0), alpha=1 - confidence, method="wilson"
    )
    # At no hits, or nothing but hits, the end is exactly 0 or 1; doubles may fall beside.
    low, high = np.where(x == 0, 0.0, low), np.where(x == of, 1.0, high)
    return np.where(known, low, nan), np.where(known, high, nan)


def share_of(hits: int, n: int, confidence: float = 0.95) -> Share:
    """The share and both ends of its interval by `wilson`; nothing but None of none."""
    if not n:
        return None, None, None
    low, high = wilson(hits, n, confidence)
    return hits / n, float(low), float(high)


def named(name: str, found: Share) -> dict[str, float | None]:
    """A share and its ends as columns NAME, NAME_low, NAME_high; of NAME_share: NAME_low, NAME_high, too."""
    stem = name.removesuffix("_share")
    return dict(zip((name, f"{stem}_low", f"{stem}_high"), found, strict=True))
