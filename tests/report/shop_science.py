"""The made-up shop's experiment and predictions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.report.shop_money import asked_as, decimal

FIGURES = (
    *("mean", "low", "high", "difference", "difference_low", "difference_high", "lift", "p_value"),
    *("cuped_difference", "cuped_low", "cuped_high", "cuped_p_value", "cuped_reduction"),
    *("always_low", "always_high", "always_p_value"),
)


def science_frames(as_of: dt.date) -> dict[str, pd.DataFrame]:
    """`experiments` and the frames of predictions and of next items."""
    return {"experiments": _experiments(), **_predictions(as_of), **_items(as_of)}


def _items(as_of: dt.date) -> dict[str, pd.DataFrame]:
    split = as_of - dt.timedelta(days=28)
    told = {"definition": "order product_view x 1; half-life 30d", "trained_as_of": split, "judged_to": as_of}

    def model(name: str, hits: int, gain: Sequence[float] | None, coverage: float) -> dict[str, Any]:
        ends = [decimal(one, 6) for one in gain] if gain else [None] * 3
        share = hits / 412
        return {
            **{"model": name, "chosen": name == "als", **told, "judged_persons": 412, "recommended": 10},
            "verdict": "better than popularity" if gain else "baseline",
            **{"hits": hits, "hit_rate": decimal(share, 6), "low": decimal(share - 0.04, 6)},
            **{"high": decimal(share + 0.04, 6), "coverage": decimal(coverage, 6)},
            **dict(zip(("gain", "gain_low", "gain_high"), ends, strict=True)),
        }

    quality = [
        model("als", 203, (0.1214, 0.0702, 0.1719), 0.71),
        model("co_visits", 188, (0.085, 0.0333, 0.1359), 0.64),
        model("popularity", 153, None, 0.12),
    ]
    shown = [
        {"item": f"sku-{number}", "category": category, "persons": 900 - 70 * number, "first": 200 // number,
         "of": 1410}
        for number, category in enumerate(("mugs", "mugs", "lamps", None, "<b>rugs</b>"), start=1)
    ]  # fmt: skip
    return {"recommendation_quality": pd.DataFrame(quality), "most_recommended": pd.DataFrame(shown)}


def variant(name: str, metric: str, units: int, **figures: Any) -> dict[str, Any]:
    """A row of `experiments`: what is not named is null."""
    given = {key: decimal(value, 8) if isinstance(value, float) else value for key, value in figures.items()}
    return {
        **asked_as("pay_button", "pay_button by experiment_exposure against control: share of order"),
        "breakdown_by": "all",
        "breakdown": "all",
        "metric": metric,
        "measure": "share",
        "currency": None,
        "variant": name,
        "is_control": name == "control",
        "exposed": units + 21,
        "excluded": 14,
        "units": units,
        **dict.fromkeys(FIGURES),
        "ratio_p_value": decimal(0.41, 8),
        **given,
    }


def _experiments() -> pd.DataFrame:
    ends = ("difference_low", "difference_high", "always_low", "always_high")

    def other(
        name: str, metric: str, units: int, by: Sequence[float], p: Sequence[float], **more: Any
    ) -> Any:
        return variant(name, metric, units, difference=by[0], **dict(zip(ends, by[1:], strict=True)),
                       p_value=p[0], always_p_value=p[1], **more)  # fmt: skip

    value = {"measure": "value", "currency": "EUR"}
    rows = [
        variant("control", "Ordered", 2480, mean=0.1204, low=0.1081, high=0.1338),
        other("large", "Ordered", 2511, (0.041, 0.0218, 0.0602, 0.004, 0.078), (0.00002, 0.01), mean=0.1614,
              low=0.1476, high=0.1763, lift=0.3405, cuped_difference=0.0402, cuped_low=0.0225,
              cuped_high=0.0579, cuped_p_value=0.00001, cuped_reduction=0.15),
        other("with_icon", "Ordered", 2466, (0.0192, 0.0004, 0.038, -0.019, 0.0574), (0.0447, 1.0),
              mean=0.1396, low=0.1265, high=0.1538, lift=0.1595),
        variant("control", "Revenue", 2480, mean=7.4, low=6.9, high=7.9, **value),
        other("large", "Revenue", 2511, (0.31, -0.45, 1.07, -1.3, 1.92), (0.42, 1.0), mean=7.71, low=7.1,
              high=8.3, lift=0.0419, **value),
        other("with_icon", "Revenue", 2466, (-0.12, -0.88, 0.64, -1.8, 1.5), (0.75, 1.0), mean=7.28, low=6.7,
              high=7.8, lift=-0.0162, **value),
        variant("control", "Ordered", 19, breakdown_by="device_type", breakdown="tablet", mean=0.1,
                low=0.02, high=0.3),
        other("large", "Ordered", 22, (0.03, -0.15, 0.2, -0.8, 0.9), (0.7, 1.0), breakdown_by="device_type",
              breakdown="tablet", mean=0.13, low=0.04, high=0.33),
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _predictions(as_of: dt.date) -> dict[str, pd.DataFrame]:
    asked = asked_as("churn", "who will not come back within 28 days; active within 28 days, persons")
    predicted = [0.05, 0.11, 0.18, 0.26, 0.35, 0.44, 0.55, 0.66, 0.78, 0.9]
    observed = [0.06, 0.09, 0.2, 0.24, 0.39, 0.41, 0.57, 0.7, 0.75, 0.93]
    calibration = {
        "calibration_persons": [184] * 10,
        "calibration_predicted": [decimal(share) for share in predicted],
        "calibration_observed": [decimal(share) for share in observed],
        "calibration_low": [decimal(max(0.0, share - 0.06)) for share in observed],
        "calibration_high": [decimal(min(1.0, share + 0.06)) for share in observed],
    }
    none = dict.fromkeys((*calibration, "features_feature", "features_weight", "auc", "auc_low",
        "auc_high", "recency_auc", "gain_low", "brier", "base_brier"))  # fmt: skip
    counts = {
        "trained_persons": 1720,
        "trained_outcomes": 602,
        "judged_persons": 1840,
        "judged_outcomes": 791,
    }
    dates = {"judged_as_of": as_of - dt.timedelta(days=28), "trained_as_of": as_of - dt.timedelta(days=56)}
    good = {
        **asked,
        "verdict": "good",
        **dates,
        **counts,
        **{
            name: decimal(value)
            for name, value in zip(
                ("auc", "auc_low", "auc_high", "recency_auc", "gain_low", "brier", "base_brier"),
                (0.812, 0.79, 0.834, 0.741, 0.04, 0.171, 0.245),
                strict=True,
            )
        },
        **calibration,
        "features_feature": ["days_since_last", "sessions_28", "main_device = mobile_web"],
        "features_weight": [decimal(1.31, 4), decimal(-0.77, 4), decimal(0.29, 4)],
    }
    few = {**good, **none, **asked_as("first_order", "who will do order within 14 days; persons"),
           "verdict": "too few", "judged_outcomes": 4}  # fmt: skip
    bands = [
        {
            "question": "churn",
            "as_of": as_of,
            "decile": decile,
            "persons": 190,
            "low": decimal(max(0.0, 0.95 - 0.1 * decile)),
            "high": decimal(1.04 - 0.1 * decile),
            "expected": decimal(190 * (1 - 0.1 * decile), 6),
        }
        for decile in range(1, 11)
    ]
    reasons = [
        ("days_since_last", "12", 610, 702),
        ("sessions_28", "1", 540, 388),
        ("main_device", "mobile_web", 320, 71),
    ]
    return {
        "prediction_quality": pd.DataFrame([good, few]),
        "prediction_bands": pd.DataFrame(bands),
        "prediction_reasons": pd.DataFrame(
            [
                {
                    "question": "churn",
                    "feature": feature,
                    "value": value,
                    "persons": n,
                    "weight": decimal(weight, 4),
                }
                for feature, value, n, weight in reasons
            ]
        ),
    }
