"""Elements against the fold, drop-offs by step, and completion against conversion, from counts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from scipy.stats import binomtest, fisher_exact

from trailhouse.why.fold import fold_rows, median
from trailhouse.why.onboarding import conversion_rows, step_rows

DAY = date(2026, 1, 5)
NAMES = ("Signed up", "Profile", "Editor")


def view(day: int, *, y: int | None = None, views: int = 1, **more: Any) -> dict[str, Any]:
    """Counted views of step 3 on a phone of 800 px; y: clicked there."""
    return {
        "step": 3,
        "device_type": "mobile",
        "day": DAY + timedelta(days=day),
        "viewport_band": "small",
        "viewport_height": 800,
        "document_height": 1000,
        "max_scroll_pct": 80,
        "y": y,
        "height": 40 if y is not None else 0,
        "clicked": y is not None,
        "views": views,
        "entered": None,
        **more,
    }


def door(day: int, entered: int, dropped: int, step: int = 3, device: str = "mobile") -> dict[str, Any]:
    at = DAY + timedelta(days=day)
    own = {"step": step, "device_type": device, "day": at, "entered": entered, "dropped": dropped}
    return {**own, "views": None}


def test_a_view_without_a_click_has_the_place_of_the_nearest_clicks_alike() -> None:
    longer = {"document_height": 1500}
    given = [
        view(0, y=700, views=3),
        view(0, y=710),
        view(9, y=900, **longer),
        view(1),  # 700, as most of the day before
        view(3, **longer),  # 900: a page of this height is only known from day 9
        view(5, document_height=3000),  # no such page was clicked: the nearest day of any, day 9 (4 < 5)
        view(4, viewport_band="wide"),  # nowhere clicked
        view(6, viewport_height=None),
        view(7, device_type="tablet", y=800, views=2, max_scroll_pct=None),
    ]
    table = {(row["device_type"], (row["day"] - DAY).days): row for row in fold_rows(given)}
    numbers = {
        key: (row["views"], row["judged"], row["below_fold"], row["median_y"]) for key, row in table.items()
    }
    assert {day: one for (device, day), one in numbers.items() if device == "mobile"} == {
        0: (4, 4, 0, 700),
        1: (1, 1, 0, 700),
        3: (1, 1, 1, 900),
        4: (1, 0, None, None),
        5: (1, 1, 1, 900),
        6: (1, 0, None, None),
        9: (1, 1, 1, 900),
    }
    # It begins where the first screen ends; nothing tells of its scrolling.
    assert numbers["tablet", 7] == numbers["all", 7] == (2, 2, 2, 800)
    assert (table["tablet", 7]["scrolled"], table["tablet", 7]["reached"]) == (0, None)
    # 80 % of 1000 px hold what ends at 740, not what ends at 940 of 1500 unless clicked (80 % are 1200).
    assert [table["mobile", day]["reached"] for day in (0, 1, 3)] == [4, 1, 1]
    assert median(Counter()) is None


def test_an_element_is_reached_when_all_of_it_was_seen_or_it_was_clicked() -> None:
    given = [
        view(0, y=900, max_scroll_pct=80),  # clicked
        view(0, max_scroll_pct=93),  # 930 px, and a rounding of 5: not 940
        view(0, max_scroll_pct=94),
    ]
    (row,) = [row for row in fold_rows(given) if row["device_type"] == "all"]
    assert (row["scrolled"], row["reached"], row["clicked"], row["views"]) == (3, 2, 1, 3)
    low = [row | {"max_scroll_pct": 93, "document_height": 10_000} for row in given]
    low = [row | {"y": 9_300 if row["clicked"] else None} for row in low]
    (row,) = [row for row in fold_rows(low) if row["device_type"] == "all"]
    assert row["reached"] == 3  # 9340 <= 9300 + 50
    low = [row | {"max_scroll_pct": 92} for row in low]
    (row,) = [row for row in fold_rows(low) if row["device_type"] == "all"]
    assert row["reached"] == 1


def test_drop_offs_are_shared_by_step_and_split_at_the_day_the_element_slipped() -> None:
    given = [
        *(door(day, 20, 1) for day in range(5)),
        *(door(day, 20, 12) for day in range(5, 10)),
        door(0, 230, 30, step=2),
        door(0, 10, 5, step=2, device="desktop"),
        *(view(day, y=600, views=9) for day in range(5)),
        *(view(day, y=900, views=9) for day in range(5, 10)),
    ]
    rows = {(row["step"], row["device_type"]): row for row in step_rows(given, NAMES)}
    third = rows[3, "mobile"]
    assert (third["step_name"], third["entered"], third["dropped"], third["all_dropped"]) == (
        "Editor",
        200,
        65,
        95,
    )
    assert third["share"] == pytest.approx(65 / 95)
    interval = binomtest(65, 95).proportion_ci(method="wilson")
    assert (third["share_low"], third["share_high"]) == pytest.approx(tuple(interval))
    assert (third["slipped"], third["slipped_on"]) == (True, DAY + timedelta(days=5))
    assert (third["below_before"], third["below_after"], third["below_share"]) == (0, 1, 0.5)
    assert (third["entered_before"], third["dropped_before"]) == (100, 5)
    assert (third["entered_after"], third["dropped_after"]) == (100, 60)
    assert third["difference"] == pytest.approx(0.55)
    assert third["difference_p"] == pytest.approx(fisher_exact([[60, 40], [5, 95]]).pvalue)
    assert rows[3, "all"]["slipped_on"] == third["slipped_on"]
    assert rows[2, "all"]["dropped"] == 35
    assert rows[2, "all"]["all_dropped"] == 100
    assert (rows[2, "desktop"]["share"], rows[2, "desktop"]["slipped"]) == (1, False)
    assert rows[2, "all"].get("slipped_on") is None


def test_a_large_screen_tells_of_the_slip_and_small_ones_alone_do_not() -> None:
    tall = {"viewport_height": 1200}
    moved = [
        *(view(day, y=600, views=3) for day in range(6)),
        view(6, y=900, views=2, **tall),  # not below its own fold
        *(view(day, y=900, views=3) for day in range(7, 12)),
    ]
    mixed = [view(day, y=700, views=5, viewport_height=600 if day > 5 else 800) for day in range(12)]
    mixed = [row | {"step": 2} for row in mixed]
    given = [*moved, *mixed, *(door(day, 4, 1, step) for day in range(12) for step in (2, 3))]
    rows = {row["step"]: row for row in step_rows(given, NAMES) if row["device_type"] == "mobile"}
    assert (rows[3]["slipped"], rows[3]["slipped_on"]) == (True, DAY + timedelta(days=6))
    assert rows[3]["below_after"] == pytest.approx(15 / 17)
    assert (rows[2]["slipped"], rows[2]["below_share"]) == (False, 0.5)


def test_the_worked_case_of_completion_and_conversion() -> None:
    """55 % complete, 60 % convert, 80 % of them completed: so do 87.3 % of completers, 26.7 % of others."""

    def units(completed: bool, converted: bool, n: int, *, ended: bool = True) -> dict[str, Any]:
        told = {"completed": completed, "converted": converted, "ended": ended}
        return {"device_type": "desktop", **told, "units": n}

    given = [
        units(True, True, 480),
        units(True, False, 70),
        units(False, True, 120),
        units(False, False, 330),
        units(True, False, 44, ended=False),
    ]
    rows = {row["device_type"]: row for row in conversion_rows(given)}
    row = rows["all"]
    assert (row["trials"], row["running"], row["completed"], row["converted"]) == (1000, 44, 550, 600)
    assert row["completed_of_converters_share"] == 0.8
    assert row["of_completers_share"] == pytest.approx(0.8727, abs=1e-4)
    assert row["of_others_share"] == pytest.approx(0.2667, abs=1e-4)
    assert row["difference"] == pytest.approx(0.6061, abs=1e-4)  # up to 0.61 points for a point
    assert row["lift"] == pytest.approx(0.8727 / 0.2667, abs=1e-2)
    assert row["lift_low"] < row["lift"] < row["lift_high"]
    assert not row["too_few"]
    assert row["q"] < 1e-6
    assert rows["desktop"]["trials"] == 1000
    few = next(iter(conversion_rows([units(True, True, 2), units(False, False, 1)])))
    assert few["too_few"]
    assert few["q"] > 0.05
    none = next(iter(conversion_rows([units(True, False, 4, ended=False)])))
    assert (none["trials"], none["running"], none["converted_share"], none["too_few"]) == (0, 4, None, True)
