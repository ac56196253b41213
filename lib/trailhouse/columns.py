"""Column expressions that more than one stage needs, so that each rule is written once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DecimalType, StringType, StructField, StructType

VIEW_EVENTS = ("page_view", "screen_view")
"""Events that begin a view."""
NO_CURRENCY = "XXX"
"""ISO 4217's code for none."""
REPLAY_CHUNK = "replay_chunk"
"""The event that carries a chunk of a recording, whose payload lies in the table `replay_chunks`."""


def micros(length: timedelta) -> int:
    """A length of time in whole microseconds."""
    return length // timedelta(microseconds=1)


def with_place(events: DataFrame) -> DataFrame:
    """`events` + `_unit` (whose they are) and `_after_views`, the columns that windows over them share.

    A window by an expression would be given a column of its own, and with it a shuffle and a sort of
    its own; by these, and whatever else beside `_unit`, all windows share one shuffle.
    """
    return events.withColumns(
        {
            # An event without a person is alone: spread by their ids such rows burden no single task.
            "_unit": F.coalesce("person_id", F.concat(F.lit("\0"), "event_id")),
            "_after_views": ~F.col("event_name").isin(*VIEW_EVENTS),
        }
    )


def in_order() -> list[Column]:
    """The order of a person's events: time, the tracker's sequence, views first, then the id.

    Events without a sequence come after those with one. Needs `with_place`.
    """
    return [
        F.col("event_time").asc(),
        F.col("sequence").asc_nulls_last(),
        F.col("_after_views").asc(),
        F.col("event_id").asc(),
    ]


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """`body(value)` with `value` computed once, however often the body names it.

    Written out, a value that is itself an expression is repeated at each use, and nested uses
    multiply: the plan grows until compiling it takes minutes. It is evaluated without code
    generation, so it suits few rows and large expressions.
    """
    return F.get(F.transform(F.array(value), body), F.lit(0))


def short_hash(*parts: Column) -> Column:
    """32 hex digits of SHA-256 over the parts, each ended by a NUL so that none runs into the next."""
    ended = [F.concat(F.coalesce(part.cast("STRING"), F.lit("")), F.lit("\0")) for part in parts]
    return F.substring(F.sha2(F.concat(*ended), 256), 1, 32)


def is_client(platform: Column) -> Column:
    """Whether an event was made by a person's device; an unknown platform counts as one."""
    return F.coalesce(platform != F.lit("server"), F.lit(True))


def project_day(time: Column, timezone: str) -> Column:
    """The calendar day of an instant in the project's zone."""
    return F.to_date(F.from_utc_timestamp(time, timezone))


def week_of(day: Column, week_start: str) -> Column:
    """First day of the week that a day lies in."""
    if week_start == "sunday":
        return F.date_sub(F.date_trunc("week", F.date_add(day, 1)).cast("DATE"), 1)
    return F.date_trunc("week", day).cast("DATE")


def ratio(part: Column, whole: Column) -> Column:
    """part / whole as DECIMAL(9,6), half up; null where whole is 0.

    Exact in decimals: a quotient of doubles could round differently from run to run.
    """
    quotient = part.cast("DECIMAL(28,0)") / F.nullif(
        whole.cast("DECIMAL(28,0)"), F.lit(0).cast("DECIMAL(28,0)")
    )
    return F.round(quotient, 6).cast("DECIMAL(9,6)")


def money_by_currency(entries: Column) -> Column:
    """Sums an array of {currency, amount} by currency, sorted; the type of `_shapes.MONEY`.

    Entries without an amount are left out; those without a currency are summed as `XXX`, the ISO
    4217 code for none.
    """
    kind = ArrayType(
        StructType([StructField("currency", StringType()), StructField("amount", DecimalType(18, 4))])
    )
    real = F.filter(entries, lambda entry: entry["amount"].isNotNull())
    named = F.transform(
        real,
        lambda entry: F.struct(
            F.coalesce(entry["currency"], F.lit(NO_CURRENCY)).alias("currency"), entry["amount"]
        ),
    )
    currencies = F.array_sort(F.array_distinct(F.transform(named, lambda entry: entry["currency"])))

    def total(currency: Column) -> Column:
        own = F.filter(named, lambda entry: entry["currency"] == currency)
        return F.aggregate(
            own,
            F.lit(0).cast("DECIMAL(18,4)"),
            lambda sum_, entry: (sum_ + entry["amount"]).cast("DECIMAL(18,4)"),
        )

    sums = F.transform(currencies, lambda c: F.struct(c.alias("currency"), total(c).alias("amount")))
    return F.coalesce(sums, F.array()).cast(kind)
