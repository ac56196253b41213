"""The made-up shop's activations and feelings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.report.shop_money import asked_as, decimal

HOUR = 3600 * 10**6
_RATIOS = ("lift", "lift_low", "lift_high", "odds_ratio", "odds_low", "odds_high", "later_lift", "later_low",
           "later_high")  # fmt: skip


def predictor_frames() -> dict[str, pd.DataFrame]:
    """`activations` and `feelings`."""
    return {"activations": _activations(), "feelings": _feelings()}


def _candidate(
    verdict: str, action: str, times: int, days: int, counts: Sequence[int], *ratios: float, **more: Any
) -> dict[str, Any]:
    with_, outcomes_with, outcomes_without = counts
    units = 1640
    return {
        **asked_as("habit", "retention: came back on days 28 to 34 after the first event; persons"),
        "outcome": "retention",
        "verdict": verdict,
        "action": action,
        "times": times,
        "days": days,
        "cohort": "all",
        "sentence": None,
        "candidates": 144,
        "entered": 2214,
        "reached": int(1.3 * with_),
        "share_reached": decimal(1.3 * with_ / 2214),
        "median_us": 31 * HOUR,
        "p90_us": 118 * HOUR,
        "units": units,
        "with_units": with_,
        "outcomes_with": outcomes_with,
        "outcomes_without": outcomes_without,
        "share_with": decimal(outcomes_with / with_),
        "share_without": decimal(outcomes_without / (units - with_)),
        **dict.fromkeys(_RATIOS),
        **{name: decimal(value) for name, value in zip(_RATIOS, ratios, strict=False)},
        "split_day": dt.date(2026, 2, 14),
        "q_value": decimal(0.0001, 8),
        **more,
    }


def _activations() -> pd.DataFrame:
    sentence = (
        "Activation moment: wishlist_add at least 3 times within the first 7 days. 30.1% of persons reach "
        "it; 61.1% of these came back on days 28 to 34, 29.9% of the others. This is an association."
    )
    best = _candidate("best", "wishlist_add", 3, 7, (512, 313, 337), 2.04, 1.82, 2.29, 3.3, 2.61, 4.17, 1.94,
                      1.6, 2.35, sentence=sentence)  # fmt: skip
    rows = [
        best,
        _candidate("stable", "wishlist_add", 2, 3, (604, 318, 332), 1.64, 1.46, 1.84, 2.2, 1.77, 2.74, 1.6,
                   1.3, 1.96),
        _candidate("not confirmed", "search", 5, 7, (420, 198, 452), 1.27, 1.12, 1.44, 1.3, 1.02, 1.65, 1.04,
                   0.83, 1.31),
        _candidate("none shown", "video <b>played</b>", 1, 1, (233, 97, 553), 1.06, 0.9, 1.25, 1.1, 0.8,
                   1.5, 1.1, 0.8, 1.51),
        _candidate("too few", "refund", 1, 7, (6, 5, 645), 2.11, 1.46, 3.05),
    ]  # fmt: skip
    months = [("2026-01", 910, 266, 910, 266, 165, 195), ("2026-02", 1304, 401, 730, 246, 148, 142)]
    for month, entered, reached, units, with_, a, b in months:
        rows.append(
            {
                **best,
                "cohort": month,
                "sentence": None,
                "candidates": len(months),
                "entered": entered,
                "reached": reached,
                "share_reached": decimal(reached / entered),
                "units": units,
                "with_units": with_,
                "outcomes_with": a,
                "outcomes_without": b,
                "share_with": decimal(a / with_),
                "share_without": decimal(b / (units - with_)),
                **dict.fromkeys(_RATIOS),
            }
        )
    return pd.DataFrame(rows)


_FIGURES = ("mean", "low", "high", "other_mean", "difference", "difference_low", "difference_high",
            "matched_difference", "matched_low", "matched_high")  # fmt: skip


def _band(
    question: str, verdict: str, band: str, asked: int, units: int, figures: Sequence[float], **more: Any
) -> dict[str, Any]:
    return {
        **asked_as(question, "churn: did nothing within 28d after nps answers; persons"),
        "outcome": "churn",
        "verdict": verdict,
        "score": "nps",
        "currency": None,
        "period": "all",
        "band": band,
        "asked": asked,
        "units": units,
        "other_units": 1400 - units,
        "matched_units": units - 4,
        "left_out": 4,
        **dict.fromkeys(_FIGURES),
        **{name: decimal(value) for name, value in zip(_FIGURES, figures, strict=False)},
        **more,
    }


def _feelings() -> pd.DataFrame:
    income = {"outcome": "revenue", "currency": "EUR"}
    hurt = {"outcome": "retention", "score": "frustration"}
    return pd.DataFrame(
        [
            _band("leaving", "association", "detractors 0-6", 310, 288,
                  (0.24, 0.194, 0.293, 0.112, 0.128, 0.077, 0.183, 0.104, 0.05, 0.158)),
            _band("leaving", "gone when matched", "passives 7-8", 420, 401,
                  (0.16, 0.127, 0.199, 0.13, 0.03, -0.01, 0.073, 0.002, -0.04, 0.044)),
            _band("leaving", "none shown", "promoters 9-10", 744, 711,
                  (0.125, 0.103, 0.151, 0.149, -0.024, -0.06, 0.012, -0.02, -0.05, 0.01)),
            _band("income", "none shown", "promoters 9-10", 744, 711,
                  (84.5, 78.2, 90.8, 80.1, 4.4, -4.2, 13.0, 2.1, -6.3, 10.5), **income),
            _band("hurt", "too few", "10", 12, 6, (0.5, 0.188, 0.812, 0.6, -0.1, -0.42, 0.26), **hurt),
            _band("hurt", "none shown", "01", 120, 90, (0.5, 0.4, 0.6, 0.52, -0.02, -0.12, 0.08),
                  **hurt, period="2026-01"),
        ]
    )  # fmt: skip
