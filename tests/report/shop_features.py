"""What the made-up shop's features come to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
from scipy.stats import binomtest


def feature_frames(markup: str = "SMS") -> dict[str, pd.DataFrame]:
    """The frames of `report/features.py`; `markup` is something that people searched for."""
    usage, weeks = [], []
    told = (
        ("saved_baskets", 2481, 610, 205, 1320, 402),
        ("product_video", 1890, 1204, 31, 1601, 1),
        ("gift_notes", 0, 0, 0, 0, 0),
    )
    for name, exposed, tried, adopted, uses, wait in told:
        parts: list[tuple[str, str, float]] = [("all", "all", 1.0)]
        parts += [("device_type", "desktop", 0.6), ("device_type", "mobile", 0.4)] if exposed else []
        for breakdown, value, part in parts:
            e, t, a = (round(part * n) for n in (exposed, tried, adopted))
            usage.append(
                {
                    "feature": name,
                    "definition": f"use: click [selector = a.{name}]; offered by the pages of its elements",
                    **{"breakdown": breakdown, "value": value, "exposed": e, "tried": t, "adopted": a},
                    **_share("tried", t, e),
                    **_share("adopted", a, t),
                    **{"uses": round(part * uses), "sessions": 2 * e},
                    "frequency": Decimal("0.4200") if t else None,
                    **_share("session", t, 2 * e),
                    "median_us": wait * 1_000_000 if t else None,
                    "p90_us": wait * 9_000_000 if t else None,
                }
            )
        weeks += [
            {"feature": name, "period": day, "exposed": exposed, "tried_rate": rate if exposed else None}
            for day, rate in (("2026-02-02", 0.21), ("2026-02-09", 0.24), ("2026-02-16", 0.23))
        ]
    blockers = [
        ("error", "could not save row #", 320, 12, 8.69, 5.1, 14.8, 0.0001, "more"),
        ("who", "device_type: mobile", 812, 190, 1.39, 1.22, 1.58, 0.0004, "more"),
        ("clicked instead", "img.teaser", 410, 120, 1.11, 0.93, 1.33, 0.31, "no difference shown"),
        ("signal", "rage_click on button.save", 5, 1, 1.63, 0.19, 13.9, 1.0, "too few"),
    ]
    impact = [
        (1, 0.412, 0.301, 0.111, 0.04, "association"),
        (2, 0.318, 0.262, 0.056, 0.01, "no association shown"),
        (3, 0.2, 0.241, -0.041, None, "too few"),
    ]
    return {
        "feature_usage": pd.DataFrame(usage),
        "feature_weeks": pd.DataFrame(weeks),
        "feature_blockers": pd.DataFrame(
            [
                {
                    **{"feature": "saved_baskets", "kind": kind, "value": value},
                    **{"not_tried": a, "of_not_tried": 1871, "tried": b, "of_tried": 610},
                    **{"share_not_tried": a / 1871, "share_tried": b / 610},
                    **{"lift": lift, "low": low, "high": high, "q_value": q, "finding": finding},
                }
                for kind, value, a, b, lift, low, high, q, finding in blockers
            ]
        ),
        "feature_gaps": pd.DataFrame(
            [
                _gap("search", "all", 214, 902, 81),
                _gap("search", markup, 130, 902, 52),
                _gap("search", "gift card", 84, 902, 29),
                _gap("detour", "checkout: /help/delivery", 41, 66, None),
                _gap("text", "all", 12, 104, None),
                {**_gap("text", "delivery", 12, 104, None), "examples": ["I wish you came on Saturdays"]},
            ]
        ),
        "feature_impact": pd.DataFrame(
            [
                {
                    **{"feature": "saved_baskets", "week": week, "users": 340, "others": 2002},
                    **{"user_rate": one, "other_rate": other, "difference": apart},
                    **{"low": apart - 0.05, "high": apart + 0.05},
                    "matched_difference": matched,
                    "matched_low": matched and matched - 0.03,
                    "matched_high": matched and matched + 0.05,
                    **{"q_value": 0.02, "matched_users": 300, "left_out": 40, "finding": finding},
                }
                for week, one, other, apart, matched, finding in impact
            ]
        ),
    }


def _share(name: str, hits: int, trials: int) -> dict[str, Any]:
    if not trials:
        return dict.fromkeys((f"{name}_rate", f"{name}_low", f"{name}_high"))
    ends = binomtest(hits, trials).proportion_ci(method="wilson")
    rate = round(Decimal(hits) / trials, 6)
    return {f"{name}_rate": rate, f"{name}_low": ends.low, f"{name}_high": ends.high}


def _gap(kind: str, value: str, n: int, of: int, again: int | None) -> dict[str, Any]:
    ends = binomtest(n, of).proportion_ci(method="wilson")
    return {
        **{"kind": kind, "value": value, "n": n, "persons": n - 3, "weeks": 5, "of": of},
        **{"share": round(Decimal(n) / of, 6), "low": ends.low, "high": ends.high, "again": again},
        "again_rate": None if again is None else again / n,
        "examples": ["session-1"],
    }
