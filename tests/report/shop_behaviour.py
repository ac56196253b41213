"""What the made-up shop's people do on pages, in forms, with videos, and at its tasks."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from trailhouse.tables.signals import KINDS


def _share(hits: int, trials: int) -> Decimal | None:
    return round(Decimal(hits) / trials, 6) if trials else None


def _ends(hits: int, trials: int, less: float = 0.0) -> tuple[Decimal | None, Decimal | None]:
    """Both ends of Wilson's interval, less an expected rate."""
    if not trials:
        return None, None
    found = binomtest(hits, trials).proportion_ci(method="wilson")
    return round(Decimal(found.low - less), 6), round(Decimal(found.high - less), 6)


def pages() -> pd.DataFrame:
    rows = [
        ("/checkout/shipping", 1420, 521, 3, 88, 1, 61, 40, 22, 101, 0.21),
        ("/product/:slug", 9120, 2804, 902, 640, 310, 44, 71, 190, 266, 0.24),
        ("/", 5230, 3400, 2801, 810, 700, 12, 20, 33, 61, 0.25),
        ("/category/:slug", 4310, 2110, 610, 320, 150, 18, None, 140, 155, 0.24),
        ("/cart", 2010, 938, 11, 210, 2, 29, 31, 48, 84, 0.19),
        ("/search", 1800, 902, 120, 150, 40, 7, 22, 91, 98, 0.22),
        ("/account/login", 800, 610, 60, 90, 9, 21, 9, 12, 38, 0.2),
        ("/checkout/payment", 610, 430, 0, 131, 0, 12, 8, 3, 20, 0.21),
        ("/help/:slug", 240, 190, 40, 70, 31, 0, 0, 4, 4, 0.26),
        ("/imprint", 5, 4, 3, 4, 3, 0, 0, 0, 0, 0.25),
    ]
    return pd.DataFrame([_page(*row) for row in rows])


def _page(
    page: str, views: int, sessions: int, entries: int, exits: int, bounces: int, rage: int,
    dead: int | None, turns: int, hurt: int, expected: float,
) -> dict[str, Any]:  # fmt: skip
    told: dict[str, Any] = {
        **{f"{kind}_sessions": 0 for kind in KINDS},
        "page_group": page,
        "device_type": "all",
        "period": "all",
        "views": views,
        "persons": int(sessions * 0.9),
        "sessions": sessions,
        "entries": entries,
        "exits": exits,
        "bounces": bounces,
        "dwell_us": views * 40_000_000,
        "median_dwell_us": 21_000_000 + 1_000_000 * (sessions % 30),
        "engaged_us": sessions * 31_000_000,
        "scrolled_views": views if dead is not None else 0,
        "mean_scroll_pct": 61 if dead is not None else None,
        "median_scroll_pct": 57 if dead is not None else None,
        "rage_click_sessions": rage,
        "dead_click_sessions": dead,
        "u_turn_sessions": turns,
        "friction_sessions": hurt,
        "friction_rate": _share(hurt, sessions),
    }
    for what, hits, trials, rate in (
        ("exit", exits, sessions, expected),
        ("bounce", bounces, entries, expected * 1.2),
    ):
        observed, (low, high) = _share(hits, trials), _ends(hits, trials, rate)
        told |= {
            f"{what}_rate": observed,
            f"expected_{what}s": round(Decimal(rate * trials), 6),
            f"expected_{what}_rate": None if observed is None else round(Decimal(rate), 6),
            f"excess_{what}_rate": None if observed is None else observed - round(Decimal(rate), 6),
            f"excess_{what}_low": low,
            f"excess_{what}_high": high,
        }
    return told


def forms() -> pd.DataFrame:
    rows = [
        ("checkout", "/checkout/shipping", "all", 521, 402, 96_000_000),
        ("checkout", "/checkout/shipping", "desktop", 362, 301, 88_000_000),
        ("checkout", "/checkout/shipping", "mobile", 159, 101, 121_000_000),
        ("signup", "/signup", "all", 88, 31, 44_000_000),
        ("signup", "/signup", "mobile", 88, 31, 44_000_000),
        ("newsletter", "/", "all", None, 57, None),
        ("newsletter", "/", "desktop", None, 57, None),
    ]
    found = []
    for form, page, device, started, submitted, median in rows:
        low, high = _ends(submitted, started or 0)
        found.append(
            {
                "form_id": form,
                "page_group": page,
                "device_type": device,
                "persons": submitted,
                "started": started,
                "submitted": submitted,
                "abandoned": started and started - submitted,
                "told_abandoned": started and (started - submitted) // 2,
                "submission_rate": _share(submitted, started or 0),
                "low": low,
                "high": high,
                "median_us": median,
                "p90_us": median and median * 3,
            }
        )
    return pd.DataFrame(found)


def form_fields() -> pd.DataFrame:
    rows = [
        ("checkout", "/checkout/shipping", "email", 515, 1, 14_000_000, 62, 4),
        ("checkout", "/checkout/shipping", "address", 498, 2, 41_000_000, 120, 21),
        ("checkout", "/checkout/shipping", "card", 470, 3, 29_000_000, 55, 88),
        ("checkout", "/checkout/shipping", "coupon code", 61, 4, 8_000_000, 9, 6),
        ("signup", "/signup", "name", 84, 1, 6_000_000, 3, 9),
        ("signup", "/signup", "e-mail", 39, 2, 18_000_000, 11, 41),
        ("signup", "/signup", "phone", 0, None, None, 0, 7),
    ]
    left = {"checkout": 119, "signup": 57}
    return pd.DataFrame(
        [
            {
                "form_id": form,
                "page_group": page,
                "field": field,
                "views": views,
                "persons": views,
                "mean_position": position and Decimal(position) + Decimal("0.1"),
                "usual_position": position,
                "median_us": median,
                "changes": views + fixes,
                "corrections": fixes,
                "corrected_views": fixes,
                "correction_rate": _share(fixes, views),
                "left_last": last,
                "left_last_share": _share(last, left[form]),
            }
            for form, page, field, views, position, median, fixes, last in rows
        ]
    )


def media() -> pd.DataFrame:
    rows = [
        ("v-01", "How our pots are made", 420, 0.35, 60_000_000),
        ("v-02", "Balcony herbs in ten minutes: from seed to kitchen", 310, 0.8, 600_000_000),
        ("v-03", None, 120, 1.6, 95_000_000),
        ("live", "Garden talk, live", 40, None, None),
    ]
    found = []
    for name, title, views, fall, length in rows:
        watched = (
            None
            if fall is None
            else np.array([round(views * 0.97 * math.exp(-fall * k / 10)) for k in range(20)])
        )
        completed = 0 if watched is None else int(watched[-1])
        low, high = _ends(completed, views)
        found.append(
            {
                "media_id": name,
                "device_type": "all",
                "title": title,
                "plays": views + views // 5,
                "views": views,
                "persons": views - views // 9,
                "completed": completed,
                "completion_rate": _share(completed, views),
                "low": low,
                "high": high,
                "length_us": length,
                "measured_views": 0 if watched is None else int(views * 0.97),
                "watched": watched,
                "median_watched_us": length and length // 3,
            }
        )
    return pd.DataFrame(found)


def tasks() -> pd.DataFrame:
    rows = [
        ("all", "all", 640, 521, 402, 301),
        ("device_type", "desktop", 410, 350, 299, 229),
        ("device_type", "mobile", 230, 171, 103, 72),
        ("channel", "Direct", 330, 270, 229, 180),
        ("channel", "Paid Search", 310, 251, 173, 121),
    ]
    found = []
    for breakdown, value, attempts, persons, sent, completed in rows:
        low, high = _ends(completed, attempts)
        found.append(
            {
                "task": "check_out",
                "definition": "checkout > form_submit > order; within 0:30:00, in one session",
                "breakdown": breakdown,
                "value": value,
                "attempts": attempts,
                "persons": persons,
                "attempts_per_person": round(Decimal(attempts) / persons, 4),
                "completed": completed,
                "completion_rate": _share(completed, attempts),
                "low": low,
                "high": high,
                "median_us": 141_000_000,
                "p90_us": 610_000_000,
                "step_names": ["Address given", "Form sent"],
                "step_attempts": np.array([sent + 61, sent]),
            }
        )
    return pd.DataFrame(found)


def task_failures() -> pd.DataFrame:
    rows = [
        ("page_group", 1, "/checkout/payment", 188),
        ("page_group", 2, "/checkout/shipping", 91),
        ("page_group", 3, "/cart", 33),
        ("signal", 1, "rage_click", 71),
        ("signal", 2, "dead_click", 22),
        ("element", 1, "button#apply-coupon", 102),
        ("element", 2, "form#shipping button.continue", 44),
    ]
    return pd.DataFrame(
        [
            {
                "task": "check_out",
                "what": what,
                "rank": rank,
                "value": value,
                "failures": failures,
                "share": _share(failures, 339),
                "failures_with": failures + 30,
                "completions_with": round((failures + 30) * 301 / 339 / 3.3189),
                **{"lift": Decimal("3.3189"), "low": Decimal("2.0511"), "high": Decimal("5.3703")},
                **{"q": Decimal("0.04") if what == "signal" else Decimal("0.2"), "too_few": rank == 3},
            }
            for what, rank, value, failures in rows
        ]
    )


def task_detours() -> pd.DataFrame:
    rows = [
        *(("all", "all", what, place, rank, 640, *counts) for what, place, rank, *counts in (
            ("all", "all", 0, 160, 96, 62, 480, 239),
            ("page", "/help/shipping", 1, 90, 70, 44, 480, 239),
            ("feature", "coupons", 2, 70, 26, 18, 480, 239),
        )),
        ("device_type", "mobile", "all", "all", 0, 230, 71, 30, 19, 159, 53),
        ("device_type", "desktop", "all", "all", 0, 410, 89, 66, 43, 321, 186),
        ("release", "4.2.0", "all", "all", 0, 640, 160, 96, 62, 480, 239),
    ]  # fmt: skip
    found = []
    for breakdown, value, what, place, rank, attempts, detours, returned, completed, without, done in rows:
        share, back = _ends(detours, attempts), _ends(returned, detours)
        found.append(
            {
                **{"task": "check_out", "breakdown": breakdown, "value": value, "what": what, "place": place},
                **{"rank": rank, "attempts": attempts, "detours": detours, "returned": returned},
                **{"share": _share(detours, attempts), "share_low": share[0], "share_high": share[1]},
                "returned_share": _share(returned, detours),
                **{"returned_share_low": back[0], "returned_share_high": back[1]},
                **{"median_us": 31_000_000, "p90_us": 95_000_000, "total_us": returned * 40_000_000},
                **{"completed": completed, "completion_rate": _share(completed, detours)},
                **{"without": without, "completed_without": done},
                "completion_rate_without": _share(done, without),
                "difference": _share(completed, detours) - _share(done, without),
                **{"difference_low": Decimal("-0.2"), "difference_high": Decimal("-0.02")},
                **{"p": Decimal("0.02"), "q": Decimal("0.03"), "too_few": False},
            }
        )
    return pd.DataFrame(found)


def task_changes() -> pd.DataFrame:
    changes = {
        ("release", "4.2.0", "4.1.0"): [
            ("all", None, 24_400_000, (18, 31, "0.001")),
            ("step", "Address given", 1_500_000, (-2, 5, "0.4")),
            ("step", "Form sent", 20_000_000, (15, 25, "0.001")),
            ("step", "order", -600_000, (-3, 1, "0.5")),
            ("detours", None, 4_000_000, (1, 7, "0.03")),
            ("device_type", None, -1_500_000, None),
            ("first_attempt", None, 1_000_000, None),
        ],
        ("month", "2026-03-01", "2026-02-01"): [
            ("all", None, 12_000_000, (-9, 33, "0.2")),
            ("step", "Address given", 11_000_000, (-9, 31, "0.3")),
            ("step", "Form sent", 0, (-5, 5, "1")),
            ("step", "order", 0, (-5, 5, "1")),
            ("detours", None, 500_000, (-1, 2, "0.5")),
            ("release", None, -1_000_000, None),
            ("device_type", None, 0, None),
            ("first_attempt", None, 1_500_000, None),
        ],
    }
    return pd.DataFrame(
        [
            {
                **{"task": "check_out", "period_kind": kind, "period": period, "before": before},
                **{"complete": None if kind == "release" else True, "attempts_before": 140, "attempts": 161},
                **{"mean_before_us": 130_000_000, "mean_us": 130_000_000 + parts[0][2]},
                **{"rank": rank, "part": part, "name": name, "us": us},
                **{"low_us": ends and ends[0] * 1_000_000, "high_us": ends and ends[1] * 1_000_000},
                **{"p": ends and Decimal(ends[2]), "q": ends and Decimal(ends[2])},
                "too_few": False,
            }
            for (kind, period, before), parts in changes.items()
            for rank, (part, name, us, ends) in enumerate(parts)
        ]
    )


def behaviour_frames() -> dict[str, pd.DataFrame]:
    """The frames of pages, forms, media and tasks."""
    made = (pages, forms, form_fields, media, tasks, task_failures, task_detours, task_changes)
    return {make.__name__: make() for make in made}
