"""A small shop, made up: the frames that `collect` would give, believable to look at."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd

from tests.report.shop_answers import answer_frames
from tests.report.shop_behaviour import behaviour_frames
from tests.report.shop_features import feature_frames
from tests.report.shop_maps import map_frames
from tests.report.shop_people import people_frames
from tests.report.shop_predictors import predictor_frames
from tests.report.shop_reasons import reason_frames
from tests.report.shop_voices import voice_frames
from tests.report.shop_ways import way_frames
from trailhouse.report import REPORT_TABLES

FIRST = dt.date(2026, 2, 2)
DAYS = 35
LAST = FIRST + dt.timedelta(days=DAYS - 1)
AT = pd.Timestamp("2026-03-08 14:30:00")


def empty_frames() -> dict[str, pd.DataFrame]:
    """Every frame with its columns and no row."""
    return {query.name: pd.DataFrame(columns=list(query.columns)) for query in REPORT_TABLES}


def shop_frames(seed: int = 7) -> dict[str, pd.DataFrame]:
    """All frames of a shop of five weeks; the last day is not over."""
    rng = np.random.default_rng(seed)
    days = [FIRST + dt.timedelta(days=offset) for offset in range(DAYS)]
    weekly = np.array([1.05, 1.1, 1.08, 1.0, 0.95, 0.8, 0.85])
    persons = (
        180 * weekly[np.arange(DAYS) % 7] * np.linspace(0.9, 1.25, DAYS) * rng.normal(1, 0.05, DAYS)
    ).astype(int)
    persons[-1] //= 2
    sessions = (persons * 1.22).astype(int)
    orders = rng.binomial(sessions, 0.045)
    frames = {
        **empty_frames(),
        "totals": pd.DataFrame([{"persons": 2481, "first_day": FIRST, "last_day": LAST, "last_time": AT}]),
        "watermark": pd.DataFrame([{"watermark": AT}]),
        "days": pd.DataFrame(
            {
                "day": days,
                "complete": [day < LAST for day in days],
                "active_persons": persons,
                "wau": np.minimum(np.convolve(persons, np.ones(7))[:DAYS] * 0.72, 1500).astype(int),
                "mau": np.minimum(np.convolve(persons, np.ones(28))[:DAYS] * 0.42, 2600).astype(int),
                "sessions": sessions,
                "views": sessions * 4,
                "orders": orders,
                "bounces": rng.binomial(sessions, 0.31),
                "converted_sessions": rng.binomial(sessions, 0.052),
                "friction_sessions": rng.binomial(sessions, 0.083),
                "engaged_us": sessions * rng.integers(78_000_000, 96_000_000, DAYS),
            }
        ),
        "value_days": pd.DataFrame(
            [
                {
                    "day": day,
                    "currency": currency,
                    "amount": Decimal(int(count) * price).quantize(Decimal("0.0001")),
                }
                for day, count in zip(days, orders, strict=True)
                for currency, price in (("EUR", 61), ("GBP", 9))
            ]
        ),
        "channels": _channels(),
        "funnels": _funnels(),
        "retention": _retention(rng),
        "elements": _elements(),
        **behaviour_frames(),
        **feature_frames(),
        **reason_frames(),
        **map_frames(rng, FIRST + dt.timedelta(days=DAYS // 2)),
        **voice_frames(rng, FIRST),
        **people_frames(LAST),
        **way_frames(days),
        **answer_frames(days),
        **predictor_frames(),
        **_quality(),
    }
    return {query.name: frames[query.name][list(query.columns)] for query in REPORT_TABLES}


def _channels() -> pd.DataFrame:
    rows = [
        ("Direct", 2610, 1402, 1890, 161, 94),
        ("Organic Search", 2204, 1310, 1622, 118, 88),
        ("Paid Search", 1207, 901, 770, 77, 71),
        ("Email", 688, 402, 560, 66, 121),
        ("Organic Social", 540, 431, 301, 12, 49),
        ("Referral", 311, 240, 214, 17, 83),
        ("Unassigned", 74, 66, 41, 0, 40),
    ]
    return pd.DataFrame(
        [(name, s, p, e, c, s * t * 1_000_000) for name, s, p, e, c, t in rows],
        columns=["channel", "sessions", "persons", "engaged", "converted", "engaged_us"],
    )


def _funnels() -> pd.DataFrame:
    names = ["product_view", "cart_add", "checkout", "order"]
    counts = {
        "all": [2104, 938, 521, 402],
        "desktop": [1120, 580, 362, 299],
        "mobile": [872, 322, 141, 92],
        "tablet": [112, 36, 18, 11],
    }
    medians = [None, 83_000_000, 412_000_000, 61_500_000]
    rows = []
    for value, units in counts.items():
        for index, count in enumerate(units):
            before = units[index - 1] if index else None
            rows.append(
                {
                    "question": "purchase",
                    "definition": "ordered product_view > cart_add > checkout > order within 14 days",
                    "unit": "person",
                    "breakdown_by": "all" if value == "all" else "device_type",
                    "breakdown": value,
                    "step": index + 1,
                    "step_name": names[index],
                    "units": count,
                    "from_previous": Decimal(count) / before if before else None,
                    "from_start": Decimal(count) / units[0],
                    "median_us": medians[index],
                    "p90_us": medians[index] * 9 if medians[index] else None,
                }
            )
    return pd.DataFrame(rows)


def _retention(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for number in range(5):
        size = int(rng.integers(380, 620))
        for period in range(5 - number):
            share = 1.0 if period == 0 else 0.34 / period**0.5
            complete = number + period < 4
            units = int(size * share * (1 if complete or period == 0 else 0.7))
            rows.append(
                {
                    "question": "weekly_return",
                    "definition": "any event, then any event, by week",
                    "unit": "person",
                    "interval": "week",
                    "base": "total",
                    "period_end": period,
                    "cohort": FIRST + dt.timedelta(weeks=number),
                    "period": period,
                    "cohort_size": size,
                    "units": units,
                    "rate": Decimal(units) / size,
                    "complete": complete,
                }
            )
    return pd.DataFrame(rows)


def _elements() -> pd.DataFrame:
    rows = [
        (
            "rage_click",
            "/checkout/shipping",
            "form#shipping button.continue",
            "Continue to payment",
            61,
            52,
            49,
        ),
        ("rage_click", "/product/:slug", "div.gallery > img.zoom", None, 44, 41, 40),
        ("rage_click", "/cart", "button.apply-coupon", "Apply", 29, 27, 27),
        ("dead_click", "/product/:slug", "span.size-guide", "Size guide", 71, 63, 60),
        ("dead_click", "/checkout/shipping", "div.address-card", None, 40, 38, 37),
        ("u_turn", "/product/:slug", None, None, 190, 171, 160),
    ]
    return pd.DataFrame(
        rows, columns=["kind", "page_group", "selector", "element_text", "signals", "sessions", "persons"]
    )


def _quality() -> dict[str, pd.DataFrame]:
    run = "20260308T143200-5f1c"
    tables = [
        "events",
        "identities",
        "activity",
        "page_views",
        "sessions",
        "person_days",
        "profiles",
        "engagement",
        "funnels",
    ]
    gates = pd.DataFrame(
        [
            {
                "stage": name,
                "table_name": name,
                "run_id": run,
                "at": AT,
                "checks": 9,
                "passed": 9 - (name in ("page_views", "profiles")),
                "errors": int(name == "profiles"),
                "warnings": int(name == "page_views"),
            }
            for name in tables
        ]
    )
    failures = pd.DataFrame(
        [
            {
                "stage": "profiles",
                "table_name": "profiles",
                "check_name": "active_days_28_max",
                "severity": "error",
                "sentence": "active_days_28 is at most 28.",
                "observed": "2 rows",
                "expected": "0 rows",
                "examples": ["person_id=8a1f", "person_id=c07e"],
            },
            {
                "stage": "page_views",
                "table_name": "page_views",
                "check_name": "inferred_share",
                "severity": "warn",
                "sentence": "At most one view in five is inferred.",
                "observed": "0.24",
                "expected": "0.20",
                "examples": [],
            },
        ]
    )
    balance = pd.DataFrame(
        [
            {
                "held": False,
                "batches": 5,
                "records_in": 104_312,
                "kept": 101_870,
                "duplicate": 2_101,
                "quarantined": 300,
                "refused": 41,
                "replaced": 12,
                "conflicting": 3,
                "late": 811,
                "bot": 2_204,
                "internal": 190,
                "blocked_ids": 77,
            }
        ]
    )
    state = pd.DataFrame(
        [
            {
                "stage": name,
                "table_name": name,
                "at": AT,
                "run_id": run,
                "action": "held" if name == "profiles" else "published",
                "table_version": 3,
                "rows": 1000 * (index + 1),
            }
            for index, name in enumerate(tables)
        ]
    )
    return {"gates": gates, "gate_failures": failures, "balance": balance, "tables": state}
