"""Activations and feelings, as the report shows them."""

from __future__ import annotations

import pytest

from tests.report.page import Page, report, shop_page
from tests.report.shop import shop_frames
from tests.report.test_answers import cells
from trailhouse.report import activation


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def test_the_activation_moment_is_told_with_its_candidates_and_months(shop: Page) -> None:
    assert "Activation moment: wishlist_add at least 3 times within the first 7 days." in shop.words
    assert "5 of 144 candidates; 1,640 persons with a known outcome, 39.6% have it" in shop.words
    row = ("wishlist_addat least 3 times, first 7 days", "512", "61.1%", "29.9%", "2.04×1.82× to 2.29×",
           "3.30×2.61× to 4.17×", "1.94×1.60× to 2.35×", "best, held later")  # fmt: skip
    assert row in cells(shop)
    assert ("2026-02", "1,304", "401", "30.8%", "1 d 7 h", "4 d 22 h", "730", "60.2%", "29.3%") in cells(shop)


def test_without_a_best_candidate_none_is_claimed() -> None:
    frames = shop_frames()
    rows = frames["activations"]
    frames["activations"] = rows[~rows["verdict"].isin(["best", "stable"])].assign(outcome="churn")
    page = Page(report(frames))
    assert "No warning sign is shown: of 144 candidates none that goes with more of the outcome" in page.words


def test_bands_stand_with_raw_and_matched_differences(shop: Page) -> None:
    row = ("detractors 0-6", "310", "288", "24.0%19.4% to 29.3%", "11.2%", "+12.8+7.7 to +18.3",
           "+10.4+5.0 to +15.8", "association, also between alike")  # fmt: skip
    assert row in cells(shop)
    row = ("promoters 9-10", "744", "711", "84.5078.20 to 90.80", "80.10", "+4.40−4.20 to +13.00",
           "+2.10−6.30 to +10.50", "none shown")  # fmt: skip
    assert row in cells(shop)
    told = {one["name"]: one for one in activation.feelings(shop_frames())}
    assert [month for month, _ in told["hurt"]["months"]] == ["2026-01"]
    assert [row["told"] for row in told["hurt"]["bands"]] == ["too few"]
