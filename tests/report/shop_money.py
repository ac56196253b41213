"""The made-up shop's attribution, revenue, churn and trials; what its answers share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

MONTHS = [dt.date(2025, 10, 1), dt.date(2025, 11, 1), dt.date(2025, 12, 1),
          dt.date(2026, 1, 1), dt.date(2026, 2, 1), dt.date(2026, 3, 1)]  # fmt: skip
"""The last is not over."""


def money_frames() -> dict[str, pd.DataFrame]:
    """`attribution`, `revenue`, `churn` and `trials` of the report."""
    return {
        "attribution": _attribution(),
        "revenue": _revenue(),
        "churn": _churn(),
        "trials": _trials(),
    }


def decimal(value: float, places: int = 6) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places))


def asked_as(name: str, definition: str, unit: str = "person") -> dict[str, Any]:
    return {"question": name, "definition": definition, "unit": unit}


CREDIT = {
    # touch: conversions by first, last, linear, time_decay, markov; visits
    "spring_sale": (150, 96, 122, 108, 130, 402),
    "brand_ads": (90, 70, 81, 75, 64, 310),
    "newsletter": (22, 104, 61, 84, 70, 288),
    "partner_mail": (28, 20, 25, 23, 26, 70),
    "none": (10, 10, 11, 10, 10, 0),
}


def _attribution() -> pd.DataFrame:
    asked = asked_as("order_credit", "order credited to campaign of visits up to 30 days before; by month")
    rows = []
    for currency, price in (("EUR", "61.25"), ("GBP", "40"), ("XXX", None)):
        part = {"EUR": 1, "GBP": 4, "XXX": 50}[currency]
        for touch, (*by_model, visits) in CREDIT.items():
            for model, count in zip(
                ("first", "last", "linear", "time_decay", "markov"), by_model, strict=True
            ):
                conversions = Decimal(count) / part
                rows.append(
                    {
                        **asked,
                        "touch_by": "campaign",
                        "model": model,
                        "touch": touch,
                        "currency": currency,
                        "conversions": conversions,
                        "value": None if price is None else conversions * Decimal(price),
                        "touches": visits,
                        "first": MONTHS[-2],
                        "last": MONTHS[-1],
                    }
                )
    return pd.DataFrame(rows)


def _revenue() -> pd.DataFrame:
    asked = asked_as("income", "MRR of accounts by subscription", "account")
    rows = []

    def month(
        cohort: dt.date | None, place: int, start: int, moved: Sequence[int], units: int, ltv: float
    ) -> int:
        new, expansion, contraction, churn, back = moved
        end = start + new + expansion + back - contraction - churn
        rows.append(
            {
                **asked,
                "cohort": cohort,
                "currency": "EUR",
                "period": MONTHS[place],
                "mrr_start": decimal(start, 4),
                **{
                    name: decimal(amount, 4)
                    for name, amount in zip(
                        ("new", "expansion", "contraction", "churn", "reactivation"), moved, strict=True
                    )
                },
                "mrr": decimal(end, 4),
                "units": units,
                "new_units": new // 49,
                "churn_units": churn // 49,
                "arpu": decimal(end / units, 4) if units else None,
                "ltv": decimal(ltv, 4),
                "complete": place < len(MONTHS) - 1,
            }
        )
        return end

    moves = [(1960, 0, 0, 0, 0), (1470, 100, 0, 147, 0), (980, 220, 60, 245, 49), (1225, 180, 90, 196, 98),
             (1323, 260, 40, 294, 49), (441, 60, 20, 98, 0)]  # fmt: skip
    end = 0
    for place, moved in enumerate(moves):
        end = month(None, place, end, moved, end // 52 + 20, 49 + 40 * place)
    for begin in range(len(MONTHS)):
        own = 0
        for place in range(begin, len(MONTHS)):
            moved = (1960 - 98 * begin, 0, 0, 0, 0) if place == begin else (0, 20, 0, 147, 0)
            own = month(MONTHS[begin], place, own, moved, 40 - place, 49 * (place - begin + 1) * 0.93)
    return pd.DataFrame(rows)


def _churn() -> pd.DataFrame:
    asked = asked_as("gone", "cancelled, and inactive for 28 days; accounts", "account")
    rows = []
    for rule, rate in (("cancelled", 0.06), ("inactive", 0.11)):
        for begin in (None, *range(len(MONTHS))):
            there = 0
            for place in range(begin or 0, len(MONTHS)):
                new = 40 if begin is None or place == begin else 0
                gone = int(there * (rate + 0.01 * place))
                rows.append(
                    {
                        **asked,
                        "rule": rule,
                        "cohort": None if begin is None else MONTHS[begin],
                        "period": MONTHS[place],
                        "units_start": there,
                        "new": new,
                        "returned": 0,
                        "churned": gone,
                        "units_end": there + new - gone,
                        "churned_from_start": gone,
                        "rate": decimal(gone / there) if there else None,
                        "retained": decimal(
                            (there + new - gone) / (40 * (place + 1 if begin is None else 1))
                        ),
                        "inactive_days": 28 if rule == "inactive" else None,
                        "learned_days": 19 if rule == "inactive" else None,
                        "complete": place < len(MONTHS) - 1,
                    }
                )
                there += new - gone
    return pd.DataFrame(rows)


def _trials() -> pd.DataFrame:
    asked = asked_as(
        "trial_conversion", "trial_start to subscription_start within a day of the end", "account"
    )
    trials, ended, converted = [60, 72, 66, 80, 91, 30], [60, 72, 66, 80, 70, 0], [12, 18, 15, 21, 17, 0]
    return pd.DataFrame(
        [
            {
                **asked,
                "cohort": month,
                "trials": trials[place],
                "ended": ended[place],
                "converted": converted[place],
                "rate": decimal(converted[place] / ended[place]) if ended[place] else None,
                "median_us": 9 * 86_400_000_000 if ended[place] else None,
                "complete": ended[place] == trials[place],
            }
            for place, month in enumerate(MONTHS)
        ]
    )
