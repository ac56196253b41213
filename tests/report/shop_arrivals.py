"""What a made-up app's people do after log-in, and how they get through onboarding."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd

DAY = dt.date(2026, 2, 2)


def _share(name: str, hits: int | None, of: int) -> dict[str, Any]:
    if hits is None:
        return {name: None, f"{name}_share": None, f"{name}_low": None, f"{name}_high": None}
    share = Decimal(hits) / of
    return {
        name: hits,
        f"{name}_share": share,
        f"{name}_low": share * Decimal("0.9"),
        f"{name}_high": share * Decimal("1.1"),
    }


def arrival_frames() -> dict[str, pd.DataFrame]:
    """Frames of the report's own queries of these."""
    arrivals = [
        {
            **{"what": what, "position": position, "rank": rank, "kind": kind, "action": action},
            **{"logins": logins, "persons": logins - 5, "all_logins": 900, "share": Decimal(logins) / 900},
            **{"low": Decimal("0.1"), "high": Decimal("0.9"), "median_us": us},
        }
        for what, position, rank, kind, action, logins, us in (
            ("action", 1, 1, "page", "/dashboard", 810, 1_200_000),
            ("action", 1, 2, "left", "left", 90, None),
            ("action", 2, 1, "click", "Search <b>", 400, 8_000_000),
            ("sequence", 3, 1, "sequence", "/dashboard > Search <b> > /search", 320, 9_000_000),
        )
    ]
    searches = [
        {
            **{"what": what, "term": term, "breakdown": by, "value": value, "times": times},
            **{"persons": times - 1, "arrivals": times, "logins": 900},
            **_share("empty", empty, times),
            **_share("first_empty", empty, times),
            **_share("again", None if what == "goal" else 10, times),
            **_share("opened", None if what == "goal" else 60, times),
            **_share("found", found, times),
        }
        for what, term, by, value, times, empty, found in (
            ("search_all", "all", "all", "all", 320, 96, 190),
            ("search_all", "all", "device_type", "mobile", 120, None, 70),
            ("search", "whats<app>", "all", "all", 80, 80, 12),
            ("goal", "Send mail", "all", "all", 50, None, 41),
            ("goal", "other", "all", "all", 9, None, None),
        )
    ]
    none: dict[str, list[Any]] = {
        f"before_{name}": []
        for name in ("what", "value", "share_in", "share_out", "lift", "low", "high", "q")
    }
    ways = [
        {
            **{"page_group": "/billing", "next_page_group": "/legal", "times": 73, "persons": 70},
            **{
                "all_times": 113,
                "share": Decimal("0.646"),
                "visit_share": Decimal("0.0066"),
                "rare": "visits",
            },
            "returned_share": Decimal("0"),
            **{"before_what": ["error", "signal"], "before_value": ["invoice #", "rage_click"]},
            **{"before_share_in": [1.0, 0.1], "before_share_out": [0.0, 0.05], "before_lift": [81.4, 2.0]},
            **{"before_low": [5.2, 0.4], "before_high": [1290.0, 9.0], "before_q": [0.0, 0.6]},
            "before_too_few": [False, True],
        },
        {
            **{"page_group": "/dashboard", "next_page_group": "/support", "times": 22, "persons": 22},
            **{
                "all_times": 9200,
                "share": Decimal("0.0024"),
                "visit_share": Decimal("0.002"),
                "rare": "both",
            },
            **{"returned_share": Decimal("0.5"), **none, "before_too_few": []},
        },
    ]
    sections = [
        {
            **{"page_group": "/", "section": name, "from_px": top, "to_px": top + 800, "rank": rank},
            **{"views": 829, "held_views": views, "held_share": Decimal(views) / 829},
            **{"seconds": Decimal(seconds), "low": Decimal(seconds) - 1, "high": Decimal(seconds) + 1},
            **{"difference": Decimal(seconds) - 5, "difference_low": Decimal(seconds) - 6},
            **{"difference_high": Decimal(seconds) - 4, "q": Decimal("0"), "too_few": views < 30},
            "holds": seconds == "19.6",
        }
        for name, top, rank, views, seconds in (
            ("What it is", 0, 2, 829, "7.1"),
            ("Who uses it", 1600, 1, 500, "19.6"),
            ("What it costs", 2400, 3, 12, "4.5"),
        )
    ]
    return {
        "arrivals": pd.DataFrame(arrivals),
        "arrival_searches": pd.DataFrame(searches),
        "unexpected_actions": pd.DataFrame(ways),
        "page_sections": pd.DataFrame(sections),
        **_onboarding(),
    }


def _onboarding() -> dict[str, pd.DataFrame]:
    change = {
        **{"last_before": DAY, "slipped_on": DAY + dt.timedelta(days=1), "below_before": Decimal("0")},
        **{"below_after": Decimal("1"), "q": Decimal("0.0001"), "entered_before": 40, "dropped_before": 2},
        **{"entered_after": 60, "dropped_after": 40, "difference": Decimal("0.617")},
        **{"difference_low": Decimal("0.44"), "difference_high": Decimal("0.73")},
        **{"difference_q": Decimal("0"), "difference_too_few": False},
    }
    steps = [
        {
            **{"onboarding": "first_mail", "unit": "account", "step": step, "step_name": f"Step {step}"},
            **{
                "device_type": device,
                "entered": 200 - 40 * (step - 2),
                "dropped": dropped,
                "all_dropped": 100,
            },
            **{"share": Decimal(dropped) / 100, "share_low": Decimal("0.1"), "share_high": Decimal("0.9")},
            **{"rate": Decimal("0.2"), "rate_low": Decimal("0.1"), "rate_high": Decimal("0.3")},
            **{"judged": 90, "below_share": Decimal("0.5") if step == 3 else None, "slipped": step == 3},
            **(change if step == 3 else dict.fromkeys(change)),
        }
        for step, dropped in ((2, 20), (3, 73), (4, 7))
        for device in ("all", "mobile")
    ]
    fold = [
        {
            **{"onboarding": "first_mail", "step": 3, "step_name": "Step 3", "device_type": "mobile"},
            **{"week": DAY + dt.timedelta(weeks=week), "judged": 30, "below_fold": 30 * (week > 1)},
        }
        for week in range(5)
    ]
    trials = []
    for device in ("all", "desktop", "mobile"):
        row: dict[str, Any] = {"onboarding": "first_mail", "unit": "account", "device_type": device}
        row |= {"trials": 1000, "running": 44, "completed": 550, "converted": 600, "completed_converted": 480}
        row |= {"completed_share": Decimal("0.55"), "lift": Decimal("3.27"), "lift_low": Decimal("2.8")}
        row |= {"lift_high": Decimal("3.8"), "difference": Decimal("0.606"), "q": Decimal("0")}
        row |= {"difference_low": Decimal("0.55"), "difference_high": Decimal("0.65")}
        row["too_few"] = device == "mobile"
        for name, share in (
            ("of_completers", "0.873"),
            ("of_others", "0.267"),
            ("completed_of_converters", "0.8"),
        ):
            row |= {
                f"{name}_share": Decimal(share),
                f"{name}_low": Decimal(share),
                f"{name}_high": Decimal(share),
            }
        trials.append(row)
    return {
        "onboarding_steps": pd.DataFrame(steps),
        "onboarding_fold": pd.DataFrame(fold),
        "onboarding_conversion": pd.DataFrame(trials),
    }
