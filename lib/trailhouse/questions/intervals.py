"""95 % intervals of shares and scores, as columns of exact counts.

Each is a function of whole counts, computed in doubles and rounded by the caller, so that the rows'
order cannot change it.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

Z = 1.959963984540054
"""The standard normal's 97.5 % quantile."""


def wilson(hits: str | Column, trials: str | Column) -> tuple[Column, Column]:
    """Both ends (0 to 1) of Wilson's score interval for a share; null where `trials` is null, else above 0.

    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22(158), in the form of R. G. Newcombe (1998),
    Statistics in Medicine 17, method 3.
    """
    x, n = ((F.col(count) if isinstance(count, str) else count).cast("double") for count in (hits, trials))
    middle = (x + Z * Z / 2) / (n + Z * Z)
    half = Z / (n + Z * Z) * F.sqrt(x * (n - x) / n + Z * Z / 4)
    # At no hits, or nothing but hits, the formula's end is exactly 0 or 1; doubles may fall beside.
    low = F.when(x == 0, 0.0).otherwise(middle - half)
    high = F.when(x == n, 1.0).otherwise(middle + half)
    return low, high


def net_promoter(promoters: str, detractors: str, answers: str) -> tuple[Column, Column]:
    """Both ends (-1 to 1) of the delta method's interval for promoters' less detractors' share.

    For multinomial shares p and d the difference has variance (p + d - (p - d)^2) / n, as in
    B. Rocks (2016), Interval estimation for the Net Promoter Score, The American Statistician
    70(4), there the Wald interval. It has no width where all answers fall into one class.
    """
    up, down, n = (F.col(name).cast("double") for name in (promoters, detractors, answers))
    net = (up - down) / n
    half = Z * F.sqrt(F.greatest((up + down) / n - net * net, F.lit(0.0)) / n)
    return F.greatest(net - half, F.lit(-1.0)), F.least(net + half, F.lit(1.0))
