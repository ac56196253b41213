"""95 % intervals of shares and scores, as columns of exact counts.

Each is a function of whole counts, computed in doubles and rounded by the caller, so that the rows'
order cannot change it.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from scipy.stats import chi2
from scipy.stats import t as student_t

Z = 1.959963984540054
"""The standard normal's 97.5 % quantile."""
_TABLED = 60
"""Degrees of freedom, and counts, up to which quantiles are looked up instead of approximated."""


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


def t_quantile(n: Column) -> Column:
    """Student's t, 97.5 %, for the mean of n values (n - 1 degrees of freedom); null for n below 2.

    For few degrees of freedom a table, beyond it G. A. Fisher and E. A. Cornish's expansion in 1 / df
    (Abramowitz and Stegun 26.7.5), which is true there to nine digits.
    """
    df = n.cast("bigint") - 1
    v = df.cast("double")
    beyond = sum(
        (
            F.lit(term) / F.pow(v, F.lit(power))
            for power, term in enumerate(
                (
                    (Z**3 + Z) / 4,
                    (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
                    (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
                    (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / 92160,
                ),
                start=1,
            )
        ),
        F.lit(Z),
    )
    table = F.array(*[F.lit(float(student_t.ppf(0.975, each))) for each in range(1, _TABLED + 1)])
    return F.when(df > _TABLED, beyond).when(df >= 1, F.get(table, (df - 1).cast("int")))


def mean_t(total: str, squares: str, values: str) -> tuple[Column, Column]:
    """Both ends of Student's interval for a mean of whole numbers, from their exact sums.

    `total` of the values, `squares` of their squares, `values` how many; null for fewer than two. The
    sum of squared deviations is exact, as n x squares - total^2 of whole numbers is.
    """
    whole = "DECIMAL(19,0)"
    n, sum_, square = (F.col(name).cast(whole) for name in (values, total, squares))
    deviations = (n * square - sum_ * sum_).cast("double")
    count = F.when(F.col(values) > 1, F.col(values).cast("double"))
    mean = F.col(total).cast("double") / count
    half = t_quantile(F.col(values)) * F.sqrt(deviations / (count * count * (count - 1)))
    return mean - half, mean + half


def poisson(events: Column) -> tuple[Column, Column]:
    """Both ends of the interval for the mean of a Poisson count.

    Few events: F. Garwood's exact ends (1936, Biometrika 28), from a table. More: Byar's approximation
    (N. E. Breslow and N. E. Day, 1987, Statistical methods in cancer research, volume II, page 69).
    """
    x = events.cast("double")

    def end(of: Column, side: float) -> Column:
        return of * F.pow(1 - 1 / (9 * of) + side * Z / (3 * F.sqrt(of)), F.lit(3.0))

    def exact(share: float, more: int) -> Column:
        ends = [chi2.ppf(share, 2 * (count + more)) / 2 if count + more else 0.0 for count in range(_TABLED)]
        return F.get(F.array(*[F.lit(float(one)) for one in ends]), events.cast("int"))

    few = events < _TABLED
    return (
        F.when(few, exact(0.025, 0)).otherwise(end(x, -1)),
        F.when(few, exact(0.975, 1)).otherwise(end(x + 1, 1)),
    )
