"""The page: complete, and true to its frames."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from tests.report.page import Page, report, shop_page
from tests.report.shop import empty_frames, shop_frames
from trailhouse.report import text
from trailhouse.signals.registry import STRUGGLES

SECTIONS = [
    "headline",
    "activity",
    "funnels",
    "retention",
    "lifecycle",
    "paths",
    "trends",
    "attribution",
    "money",
    "experiments",
    "segments",
    "predictions",
    "items",
    "activations",
    "feelings",
    "heatmap",
    "friction",
    "pages",
    "forms",
    "media",
    "tasks",
    "features",
    "reasons",
    "feedback",
    "channels",
    "people",
    "quality",
]
WHERE_ASKED = {"activations", "features", "feelings", "items", "reasons"}
"""Sections that are there only where their question is asked."""


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def test_the_page_has_every_section_with_a_heading_and_how_it_is_counted(shop: Page) -> None:
    ids = [attributes.get("id") for tag, attributes in shop.elements if tag == "h2"]
    assert ids == SECTIONS
    assert shop.words.count("How this is counted") == len(SECTIONS)


def test_the_markup_is_balanced_and_ids_are_unique(shop: Page) -> None:
    assert shop.wrong == []
    assert shop.open == []
    ids = Counter(attributes["id"] for _, attributes in shop.elements if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    targets = {attributes["href"][1:] for tag, attributes in shop.elements if tag == "a"}
    assert targets <= set(ids)


def test_the_page_is_smaller_than_three_megabytes() -> None:
    assert len(report().encode()) < 3_000_000


def test_headline_numbers_are_sums_over_the_last_seven_complete_days(shop: Page) -> None:
    visits = shop_frames()["days"].sort_values("day").reset_index(drop=True)
    week, before = visits.iloc[-8:-1], visits.iloc[-15:-8]  # the last of the 35 days is not over
    assert f"Sessions {week.sessions.sum():,}" in shop.words
    growth = 100 * (week.sessions.sum() / before.sessions.sum() - 1)
    assert f"{'▲' if growth > 0 else '▼'} {abs(growth):.1f}%" in shop.words
    for name, label in (
        ("bounces", "Bounce rate"),
        ("converted_sessions", "Conversion rate"),
        ("friction_sessions", "Friction rate"),
    ):
        assert f"{label} {100 * week[name].sum() / week.sessions.sum():.1f}%" in shop.words
    assert f"People {week.wau.iloc[-1]:,}" in shop.words
    orders = week.orders.sum()
    assert f"Orders {orders:,}" in shop.words
    assert f"Value EUR {61 * orders:,}.00" in shop.words
    assert f"GBP {9 * orders:,}.00" in shop.words
    assert "NPS +34 95% interval +26 to +42, 212 answers" in shop.words


def test_without_the_week_before_no_change_is_claimed() -> None:
    frames = shop_frames()
    frames["days"] = frames["days"].sort_values("day").head(13)
    page = Page(report(frames))
    assert "no change is shown" in page.words
    assert not [a for _, a in page.elements if a.get("class", "").startswith("change ")]


def test_tables_show_the_numbers_of_their_frames(shop: Page) -> None:
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    first = {row[0]: row for row in cells if row}
    (friction,) = [at for at, row in enumerate(shop.rows) if "Friction rate" in row]
    shown_friction = {row[0]: row for row in shop.rows[friction + 1 : friction + 11]}
    for row in shop_frames()["pages"].itertuples():
        shown = tuple(shown_friction[row.page_group])
        kinds = [getattr(row, f"{kind.name}_sessions") for kind in STRUGGLES]
        assert shown[1:] == (
            f"{row.sessions:,}",
            *("not collected" if pd.isna(found) else f"{int(found):,}" for found in kinds),
            f"{row.friction_sessions:,}",
            f"{100 * row.friction_rate:.1f}%",
            f"{100 * row.exit_rate:.1f}%",
            text.duration(row.engaged_us / row.sessions),
        )
    assert first["2. cart_add"] == ("2. cart_add", "938", "44.6%", "44.6%", "1,166", "1 m 23 s", "12 m 27 s")
    assert ("mobile", "872", "322 · 36.9%", "141 · 16.2%", "92 · 10.6%") in cells
    for row in shop_frames()["channels"].itertuples():
        assert first[row.channel][1] == f"{row.sessions:,}"
        assert first[row.channel][6] == f"{100 * row.converted / row.sessions:.1f}%"


def test_a_retention_period_that_is_not_over_is_hatched_and_starred_and_left_out_of_the_average() -> None:
    frames = shop_frames()
    frame = frames["retention"]
    frames |= {name: frames[name].head(0) for name in ("revenue", "churn")}  # whose cohorts have stars, too
    shop = Page(report(frames))
    stars = sum(cell.strip().endswith("%*") for row in shop.rows for cell in row)
    hatched = sum(tag == "td" and "open" in a.get("class", "").split() for tag, a in shop.elements)
    assert stars == hatched == int((~frame.complete).sum())
    (average,) = [row for row in shop.rows if row and row[0] == "Average"]
    done = frame[(frame.period == 1) & frame.complete]
    assert average[3] == f"{100 * done.units.sum() / done.cohort_size.sum():.1f}%"


def test_the_ledger_is_called_balanced_only_when_it_balances() -> None:
    frames = shop_frames()
    assert "balanced All 104,312 records of 5 batches are accounted for." in Page(report(frames)).words
    frames["balance"].loc[0, "kept"] -= 1
    page = Page(report(frames))
    assert "not balanced 104,311 of 104,312 records are accounted for." in page.words


def test_failed_checks_are_told_with_what_was_found(shop: Page) -> None:
    assert "1 of 81 checks failed" in shop.words
    assert "failed profiles: active_days_28 is at most 28. Found 2 rows, expected 0 rows." in shop.words
    assert "warning page_views: At most one view in five is inferred." in shop.words


def test_empty_tables_give_a_page_that_says_what_is_missing() -> None:
    page = Page(report(empty_frames()))
    always = [one for one in SECTIONS if one not in WHERE_ASKED]
    assert [a.get("id") for tag, a in page.elements if tag == "h2"] == always
    assert "No survey has been answered" in page.words
    assert "No funnel is declared" in page.words
    assert "No click with a place on its page" in page.words
    assert "No identifier has been seen, so there are no persons" in page.words
    assert not [a for _, a in page.elements if "data-chart" in a]
    assert Page(report({})).words == page.words, "a missing frame reads as an empty one"


def test_rows_of_nulls_do_not_break_the_page() -> None:
    frames = empty_frames()
    for name in ("totals", "watermark"):
        frames[name] = pd.DataFrame([dict.fromkeys(frames[name].columns)])
    assert "Nobody has been active yet." in Page(report(frames)).words


def test_the_same_frames_give_the_same_page() -> None:
    assert report(shop_frames()) == report()
