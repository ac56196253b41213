"""The registry of daily metrics: append one value, and its column, gate range and page follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.contract import Column, Number
from trailhouse.questions.numbers import quotient, whole_quotient
from trailhouse.signals.counting import struggles

SHARE = "DECIMAL(9,6)"
# As tables/_shapes spells it; the tables import this module, so it cannot import them.
MONEY = "ARRAY<STRUCT<currency: STRING, amount: DECIMAL(18,4)>>"
Source = Literal["person_days", "sessions", "money", "day", "reach"]


@dataclass(frozen=True)
class Metric:
    """A daily number, without bots and internal traffic. What `measure()` gives depends on `source`:

    - person_days: an aggregate over the day's rows of person_days; these have `first_day` too
      (whether it is the person's first day ever);
    - sessions: an aggregate over the sessions that began that day;
    - money: an array of amounts by currency in person_days, to be summed by currency;
    - day: a column over the metrics above it, such as a ratio of two;
    - reach: nothing; it counts the distinct persons of the last `days` days, this one included.

    `empty` stands on a day without such rows: 0, or null where that would claim too much.
    """

    name: str
    type: str
    sentence: str
    measure: Callable[[], SparkColumn] | None = None
    source: Source = "person_days"
    days: int = 1
    empty: int | None = 0
    low: Number | None = 0
    high: Number | None = None

    def __post_init__(self) -> None:
        if (self.measure is None) != (self.source == "reach"):
            raise ValueError(
                f"metric {self.name}: every source but reach needs a measure, and reach has none"
            )

    def column(self) -> Column:
        """Its column in the contract of `engagement`."""
        # Ranges hold for numbers; amounts by currency are an array, ratios of nothing are null.
        if self.source == "money":
            return Column(self.name, self.type, self.sentence, required=True)
        required = self.empty is not None and self.source != "day"
        return Column(self.name, self.type, self.sentence, required=required, low=self.low, high=self.high)

    def measured(self) -> SparkColumn:
        """The measure under the metric's name."""
        if self.measure is None:
            raise ValueError(f"metric {self.name} of source {self.source} has no measure")
        return self.measure().cast(self.type).alias(self.name)


def _sum(column: str) -> Callable[[], SparkColumn]:
    return lambda: F.sum(column)


def _share(part: str, whole: str) -> Callable[[], SparkColumn]:
    return lambda: ratio(F.col(part), F.col(whole))


def _struggled() -> SparkColumn:
    return F.count_if(struggles() > 0)


METRICS: tuple[Metric, ...] = (
    Metric("active_persons", "BIGINT", "Persons with an event that day (DAU).", lambda: F.count("*")),
    Metric("wau", "BIGINT", "Persons with an event in the 7 days up to that day.", source="reach", days=7),
    Metric("mau", "BIGINT", "Persons with an event in the 28 days up to that day.", source="reach", days=28),
    Metric("stickiness", SHARE, "active_persons / mau.", _share("active_persons", "mau"), "day", high=1),
    Metric("new_persons", "BIGINT", "Persons whose first day ever it is.", lambda: F.count_if("first_day")),
    Metric("sessions", "BIGINT", "Sessions that began that day.", lambda: F.count("*"), "sessions"),
    Metric("bounces", "BIGINT", "Of these, bounces.", lambda: F.count_if("is_bounce"), "sessions"),
    Metric("bounce_rate", SHARE, "bounces / sessions.", _share("bounces", "sessions"), "day", high=1),
    Metric("views", "BIGINT", "Page and screen views of these sessions.", _sum("views"), "sessions"),
    Metric(
        "views_per_session",
        "DECIMAL(18,6)",
        "views / sessions.",
        lambda: quotient(F.col("views"), F.col("sessions"), 6),
        "day",
    ),
    Metric(
        "engaged_us",
        "BIGINT",
        "Time with attention of these sessions, microseconds.",
        _sum("engaged_us"),
        "sessions",
    ),
    Metric(
        "engaged_us_per_session",
        "BIGINT",
        "engaged_us / sessions, rounded, microseconds.",
        lambda: whole_quotient(F.col("engaged_us"), F.col("sessions")),
        "day",
    ),
    Metric("clicks", "BIGINT", "Clicks and taps.", _sum("clicks")),
    Metric("searches", "BIGINT", "Searches.", _sum("searches")),
    Metric("cart_adds", "BIGINT", "Products put into the cart.", _sum("cart_adds")),
    Metric("form_submits", "BIGINT", "Forms submitted.", _sum("form_submits")),
    Metric("media_plays", "BIGINT", "Videos started.", _sum("media_plays")),
    Metric("conversions", "BIGINT", "Conversion events.", _sum("conversions")),
    Metric("orders", "BIGINT", "Orders.", _sum("orders")),
    Metric("value", MONEY, "Value of conversions by currency, sorted.", lambda: F.col("value"), "money"),
    Metric(
        "converted_sessions",
        "BIGINT",
        "Sessions that hold a conversion.",
        lambda: F.count_if("converted"),
        "sessions",
    ),
    Metric(
        "conversion_rate",
        SHARE,
        "converted_sessions / sessions.",
        _share("converted_sessions", "sessions"),
        "day",
        high=1,
    ),
    Metric("rage_clicks", "BIGINT", "Rage-click signals in these sessions.", _sum("rage_clicks"), "sessions"),
    Metric(
        "dead_clicks",
        "BIGINT",
        "Dead-click signals in these sessions; null: not collected.",
        _sum("dead_clicks"),
        "sessions",
        empty=None,
    ),
    Metric("u_turns", "BIGINT", "U-turns in these sessions.", _sum("u_turns"), "sessions"),
    Metric(
        "friction_sessions",
        "BIGINT",
        "Sessions with any signal of struggle (docs/signals.md).",
        _struggled,
        "sessions",
    ),
    Metric(
        "friction_rate",
        SHARE,
        "friction_sessions / sessions.",
        _share("friction_sessions", "sessions"),
        "day",
        high=1,
    ),
)
