"""The made-up shop's answers: returns and segments; credit and money, experiments and predictions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from tests.report.shop_money import MONTHS, asked_as, decimal, money_frames
from tests.report.shop_science import science_frames


def answer_frames(days: Sequence[dt.date]) -> dict[str, pd.DataFrame]:
    """The frames of `answer_reads`; the last of `days` is not over."""
    as_of = days[-2]
    return {
        "lifecycle": _lifecycle(days[0]),
        "stickiness": _stickiness(),
        **_segments(days),
        "discovered": _discovered(as_of),
        **money_frames(),
        **science_frames(as_of),
    }


def _lifecycle(first: dt.date) -> pd.DataFrame:
    asked = asked_as("weekly_states", "any event by week from monday in UTC, new of all history, persons")
    new, kept, back = [340, 349, 345, 310, 113], [0, 129, 174, 200, 77], [0, 0, 52, 118, 73]
    rows, before = [], 0
    for week in range(5):
        rows.append(
            {
                **asked,
                "interval": "week",
                "date": first + dt.timedelta(weeks=week),
                "active": new[week] + kept[week] + back[week],
                "new": new[week],
                "returning": kept[week],
                "resurrecting": back[week],
                "dormant": before - kept[week],
                "complete": week < 4,
            }
        )
        before = rows[-1]["active"]
    return pd.DataFrame(rows)


def _stickiness() -> pd.DataFrame:
    asked = asked_as("days_a_month", "any event by day within month, persons")
    rows = []
    for month, scale in ((MONTHS[-2], 1.0), (MONTHS[-1], 0.2)):
        units = [int(scale * 900 / number**1.6) for number in range(1, 15)]
        for number, count in enumerate(units, start=1):
            left = sum(units[number - 1 :])
            rows.append(
                {
                    **asked,
                    "interval": "day",
                    "within": "month",
                    "date": month,
                    "periods": number,
                    "units": count,
                    "at_least": left,
                    "share": decimal(left / sum(units)),
                    "complete": month < MONTHS[-1],
                }
            )
    return pd.DataFrame(rows)


def _segments(days: Sequence[dt.date]) -> dict[str, pd.DataFrame]:
    as_of = days[-2]
    sizes = {"lapsed_buyers": 412, "buyers": 236, "wavering_pros": 61}
    told = {
        "lapsed_buyers": ("did order and did not any event within 7d", "Ordered, not seen for a week."),
        "buyers": ("did order at least 2 times within 28d", None),
        "wavering_pros": ("trait.plan is pro and in sequence /pricing > subscription_cancel", "To be asked."),
    }
    rows = [
        {
            "segment": name,
            "definition": told[name][0],
            "description": told[name][1],
            "as_of": as_of,
            "size": size,
            "persons": 2477,
            "share": decimal(size / 2477),
            "ever": size * 2,
            "joined_28": size // 2,
            "left_28": size // 5,
        }
        for name, size in sizes.items()
    ]
    changes = []
    for name, size in sizes.items():
        own = days[:-1:2] if name == "buyers" else days[:-1]
        step = size // len(own)
        changes += [
            {"segment": name, "day": day, "change": step if place else size - step * (len(own) - 1)}
            for place, day in enumerate(own)
        ]
    pairs = [("buyers", "lapsed_buyers", 40), ("buyers", "wavering_pros", 9),
             ("lapsed_buyers", "wavering_pros", 0)]  # fmt: skip
    overlap = [
        {
            "a": a,
            "b": b,
            "both": both,
            "only_a": sizes[a] - both,
            "only_b": sizes[b] - both,
            "jaccard": decimal(both / (sizes[a] + sizes[b] - both)),
        }
        for a, b, both in pairs
    ]
    return {
        "segments": pd.DataFrame(rows),
        "segment_days": pd.DataFrame(changes),
        "segment_overlap": pd.DataFrame(overlap),
    }


def _discovered(as_of: dt.date) -> pd.DataFrame:
    shared = [
        [("profile.orders", "2-3", 0.61, 0.02, 30.5, 24.1, 38.6),
         ("event", "cart_add", 0.97, 0.31, 3.1, 2.9, 3.3)],
        [("profile.main_device", "mobile", 0.88, 0.4, 2.2, 2.0, 2.4)],
        [],
    ]  # fmt: skip
    names = ["orders 2-3, event cart_add", "main_device mobile", "segment 3"]
    rows = []
    for number, (name, own, size) in enumerate(zip(names, shared, (1400, 800, 277), strict=True), start=1):
        columns = list(zip(*own, strict=True)) or [()] * 7
        rows.append(
            {
                "segment": number,
                "name": name,
                "as_of": as_of,
                "size": size,
                "persons": 2477,
                "share": decimal(size / 2477),
                "stability": decimal(0.874),
                "method": "k-means over logarithms of the profile's numbers",
                **{
                    f"shared_{field}": [decimal(part) if isinstance(part, float) else part for part in column]
                    for field, column in zip(
                        ("feature", "value", "share_in", "share_out", "lift", "low", "high"),
                        columns,
                        strict=True,
                    )
                },
            }
        )
    return pd.DataFrame(rows)
