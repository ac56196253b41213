"""A share of whole counts with its interval, in plain Python."""

from __future__ import annotations

from scipy.stats import binomtest

Share = tuple[float | None, float | None, float | None]


def named(name: str, share: Share) -> dict[str, float | None]:
    """A share and its ends as columns NAME, NAME_low, NAME_high; of NAME_share: NAME_low, NAME_high, too."""
    stem = name.removesuffix("_share")
    return dict(zip((name, f"{stem}_low", f"{stem}_high"), share, strict=True))


def wilson(hits: int, n: int) -> Share:
    """The share and both ends of its 95 % interval (Wilson's score); nothing but None of none."""
    if not n:
        return None, None, None
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return hits / n, max(0.0, float(interval.low)), min(1.0, float(interval.high))
