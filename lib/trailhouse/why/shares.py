"""A share of whole counts with its interval, in plain Python."""

from __future__ import annotations

from scipy.stats import binomtest


def wilson(hits: int, n: int) -> tuple[float | None, float | None, float | None]:
    """The share and both ends of its 95 % interval (Wilson's score); nothing but None of none."""
    if not n:
        return None, None, None
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return hits / n, max(0.0, float(interval.low)), min(1.0, float(interval.high))
