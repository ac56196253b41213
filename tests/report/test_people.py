"""People as the page tells of them: identifiers, hubs, blocked values, and who came to be whom."""

from __future__ import annotations

import json

import pytest

from tests.report.page import Page, report, shop_page
from tests.report.shop import shop_frames
from tests.report.shop_people import LONG


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def test_people_are_told_by_numbers_that_add_up(shop: Page) -> None:
    assert "2,477 persons 4,934 identifiers 1.99 identifiers a person (4,922 / 2,477)" in shop.words
    assert "9 shared identifiers 3 hubs 814 refused links 79 blocked sightings" in shop.words
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    assert ("1", "1,204", "48.6%", "1,204") in cells
    assert ("5–9", "104", "4.2%", "612") in cells
    assert ("20+", "0", "0.0%", "0") in cells
    assert ("anonymous_id", "kiosk-berlin-01", "412", "user_id") in cells
    assert ("anonymous_id", f"{LONG[:39]}…", "131", "user_id") in cells
    assert ("email", "(empty)", "9") in cells
    (unique,) = [row for row in cells if row and row[0] == "unique"]
    assert unique[2:4] == ("It would put two values of user_id into one person, who has only one.", "41")
    changes = shop_frames()["identity_days"].groupby("change").identifiers.sum()
    kinds = ("created", "linked", "merged", "split", "renamed", "removed")
    assert ("All of these days", *[f"{changes[kind]:,}" for kind in kinds]) in cells
    assert "This speaks of the runs' clock" in shop.words


def test_a_hub_that_is_named_by_markup_is_shown_as_its_text() -> None:
    frames = shop_frames()
    for name in ("hubs", "blocked_values"):
        frames[name].loc[0, "id_value"] = f"<script>{name}</script>"
    html = report(frames)
    assert "<script>hubs" not in html
    assert "<script>blocked_values" not in html
    shown = [cell for row in Page(html).rows for cell in row]
    assert {"<script>hubs</script>", "<script>blocked_values</script>"} <= set(shown)


def test_tables_of_persons_that_an_older_lake_has_not_are_not_taken_for_zeros() -> None:
    frames = shop_frames()
    for name in ("hubs", "blocked", "blocked_values", "identity_days"):
        del frames[name]
    words = Page(report(frames)).words
    assert "2,477 persons" in words
    assert "not collected blocked sightings" in words
    assert "Blocked values are not collected in this lake." in words
    assert "Which they are is not collected in this lake." in words
    assert "No run has written down a change of persons." in words


def test_a_lake_of_one_run_says_that_nobody_was_merged() -> None:
    frames = shop_frames()
    frames["identity_days"] = frames["identity_days"].query("change == 'created'").head(1)
    page = Page(report(frames))
    assert "No identifier has been merged, split, renamed or removed." in page.words
    (came,) = [json.loads(text) for a, text in page.scripts if a.get("id") == "chart-people-came"]
    (begin, end) = came["encoding"]["x"]["scale"]["domain"]
    assert (begin["month"], begin["date"], end["month"], end["date"]) == (1, 25, 2, 8)
