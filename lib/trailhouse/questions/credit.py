"""Sharing a whole amount by weights, so that the parts add up to it exactly: largest remainders.

Amounts are whole numbers of a smallest unit. What is shared are whole `grains` of it (the cents of an
amount in hundredths of cents); what is less than a grain goes to the first in line for one more.
"""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.columns import let, micros

WHOLE = 1_000_000
"""Parts of one conversion: credit is told to six decimals."""
SCALE = 10_000
"""Parts of one unit of a currency, as `activity.value` has them."""
_EXACT = "DECIMAL(38,0)"
_NO_MINOR = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"),
    *("XAF", "XOF", "XPF"),
)
_MILLS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_TENTHS_OF_MILLS = ("CLF", "UYW")


def grain_of(currency: Column) -> Column:
    """The minor unit of a currency in parts of `SCALE`, by ISO 4217; of most a hundredth."""
    return (
        F.when(currency.isin(*_NO_MINOR), SCALE)
        .when(currency.isin(*_MILLS), SCALE // 1000)
        .when(currency.isin(*_TENTHS_OF_MILLS), 1)
        .otherwise(SCALE // 100)
        .cast("BIGINT")
    )


def equal_part(amount: Column, grain: Column, parts: Column, place: Column) -> Column:
    """The part of `place` (from 0) of `amount` (BIGINT, 0 or more) in equal parts; the first get more."""
    grains = F.call_function("div", amount, grain)
    more = (place < grains % parts).cast("BIGINT")
    rest = F.when(place == 0, amount % grain).otherwise(F.lit(0))
    return (F.call_function("div", grains, parts) + more) * grain + rest


def apportioned(amount: Column, grain: Column, weights: Column) -> Column:
    """ARRAY<DECIMAL(38,0)>: `amount` (0 or more) shared by `weights` (whole numbers, their sum above 0).

    Each gets its grains rounded down; the grains left go one each to the largest remainders, of equal
    ones to the first, which gets what is less than a grain, too. Null for a null amount.
    """

    def exact(number: Column) -> Column:
        return number.cast(_EXACT)

    def total(of: Column) -> Column:
        return F.aggregate(of, exact(F.lit(0)), lambda sum_, one: exact(sum_ + one))

    def quotient(number: Column, by: Column) -> Column:
        return exact((number - number % by) / by)

    def shared(given: Column) -> Column:
        grains = quotient(given["amount"], given["grain"])

        def part(weight: Column, place: Column) -> Column:
            product = exact(grains * exact(weight))
            return F.struct(
                quotient(product, given["sum"]).alias("grains"),
                (-(product % given["sum"])).alias("behind"),
                (weight == 0).alias("none"),
                place.alias("place"),
            )

        return let(
            F.struct(
                F.transform(given["weights"], part).alias("parts"),
                grains.alias("grains"),
                given["grain"],
                (given["amount"] % given["grain"]).alias("rest"),
            ),
            lined_up,
        )

    def lined_up(given: Column) -> Column:
        parts = given["parts"]
        line = F.array_sort(
            F.transform(parts, lambda one: F.struct(one["behind"], one["none"], one["place"]))
        )
        left = given["grains"] - total(F.transform(parts, lambda one: one["grains"]))
        return let(
            F.struct(
                F.transform(line, lambda one: one["place"]).alias("line"),
                left.cast("INT").alias("left"),
                *(given[name] for name in ("parts", "grain", "rest")),
            ),
            handed_out,
        )

    def handed_out(given: Column) -> Column:
        more = F.slice(given["line"], F.lit(1), given["left"])

        def part(one: Column) -> Column:
            grains = one["grains"] + F.array_contains(more, one["place"]).cast("INT")
            rest = F.when(one["place"] == given["line"][0], given["rest"]).otherwise(exact(F.lit(0)))
            return exact(exact(grains * given["grain"]) + rest)

        return F.transform(given["parts"], part)

    given = F.struct(
        exact(amount).alias("amount"),
        exact(grain).alias("grain"),
        weights.alias("weights"),
        total(weights).alias("sum"),
    )
    return F.when(amount.isNotNull(), let(given, shared))


def position_weights(visits: Column) -> Column:
    """ARRAY<BIGINT> for a number of visits: 40 % first, 40 % last, 20 % for all between; two share alike."""
    ends = F.greatest(2 * (visits - 2), F.lit(1)).cast("BIGINT")
    place = F.sequence(F.lit(1), visits)
    return F.transform(
        place, lambda at: F.when((at == 1) | (at == visits), ends).otherwise(F.lit(1).cast("BIGINT"))
    )


def decay_weights(times: Column, half_life: timedelta) -> Column:
    """ARRAY<BIGINT>: 2^30 for the last of the times (microseconds, ascending), half a half-life before it."""
    last = F.element_at(times, -1)

    def weight(t: Column) -> Column:
        halvings = (last - t) / F.lit(float(micros(half_life)))
        return F.floor(F.pow(F.lit(2.0), 30 - halvings)).cast("BIGINT")

    return F.transform(times, weight)
