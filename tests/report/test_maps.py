"""Maps of pages and their elements, over screenshots and without."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.report.page import Page, report, settings, shop_page
from tests.report.shop import shop_frames
from trailhouse.errors import SettingsError
from trailhouse.report import build_report
from trailhouse.report.screenshots import read_screenshots
from trailhouse.settings import Settings
from trailhouse.suite import run_job


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def test_a_page_is_drawn_as_tall_as_its_clicks_when_its_size_is_unknown() -> None:
    frames = shop_frames()
    frames["map_pages"] = frames["map_pages"].head(0)
    (text,) = [text for a, text in Page(report(frames)).scripts if a.get("id") == "map-data"]
    drawn = json.loads(text)["maps"][0]
    rows = drawn["click"][1::7]
    assert drawn["width"] == 1366
    assert drawn["fold"] is None
    assert sorted(rows)[len(rows) // 2] * 16 < drawn["height"] <= (max(rows) + 2) * 16


def test_elements_are_listed_with_shares_of_the_pages_views(shop: Page) -> None:
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    # 980 of 9,000 views clicked it; in 410 of the 2,100 views with a click it was the first.
    assert ("button.add-to-cart", "1,310", "980", "10.9%", "410 · 19.5%", "2") in cells
    assert ('=HYPERLINK("x")', "21", "20", "0.2%", "2 · 0.1%", "2") in cells
    assert "2,900 clicks in 2,100 of 9,000 views" in shop.words
    assert "3 clicks and 0 moves have no valid place and are on no map" in shop.words
    assert "seen down to 25%: by 100.0% of views, 50%:" in shop.words


def test_key_elements_tell_what_is_seen_and_in_which_order(shop: Page) -> None:
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    assert (
        *("Picture", "8,700", "95.0%", "24.1%", "840", "72.4%", "Add to cart", "160 px", "900 px"),
    ) in cells
    # Nobody tells what is in sight on phones.
    assert ("Picture", "5,220", "not collected", "11.5%", "90", "–", "–", "–", "–") in cells
    assert "order of focus against the intended one: Kendall's tau +0.56" in shop.words
    # 350 of 2,900 views after which people left, 1,750 of 5,800 after which they stayed.
    assert ("Picture", "Left after it", "2,900", "95.0%", "12.1%", "280", "72.4%") in cells
    assert ("Picture", "Stayed", "5,800", "95.0%", "30.2%", "560", "72.4%") in cells
    assert ("Picture", "Left after it", "1,740", "not collected", "5.7%", "30", "–") in cells


def test_a_page_without_scrolling_says_that_it_is_not_collected() -> None:
    frames = shop_frames()
    frames["map_scroll"] = frames["map_scroll"].head(0)
    assert "most clicked places; scrolling is not collected" in Page(report(frames)).words


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_maps_lie_over_the_screenshots_of_their_pages(tmp_path: Path) -> None:
    wide, narrow = tmp_path / "wide.png", tmp_path / "narrow.jpg"
    wide.write_bytes(PIXEL)
    narrow.write_bytes(b"\xff\xd8\xff\xe0")
    given = {"/": str(wide), "/product/:slug": {"mobile": str(narrow)}}
    page = Page(build_report(shop_frames(), settings(), screenshots=read_screenshots(given)))
    blocks = {a["id"]: text for a, text in page.scripts if a.get("id", "").startswith("map-")}
    shots = json.loads(blocks["map-shots"])
    drawn = {(one["page"], one["device"]): one["shot"] for one in json.loads(blocks["map-data"])["maps"]}
    assert shots[drawn["/", "desktop"]] == f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    assert drawn["/", "mobile"] == drawn["/", "desktop"]
    assert shots[drawn["/product/:slug", "mobile"]].startswith("data:image/jpeg;base64,")
    assert drawn["/product/:slug", "desktop"] is None
    assert len(shots) == 2, "pages that no one gave a picture of need none"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.png", None, "can not be read (No such file or directory): name a file"),
        ("page.svg", b"<svg onload='alert(1)'>", "is neither PNG nor JPEG"),
        ("big.png", PIXEL + bytes(2 * 2**20), "has 2.0 MiB, 2 MiB at most"),
    ],
)
def test_a_screenshot_that_cannot_be_shown_is_told_with_its_page_and_file(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        read_screenshots({"/": str(file)})
    assert f"page /: {file} {told}" in str(error.value)


def test_a_missing_screenshot_ends_a_run_before_it_reads_anything(tmp_path: Path) -> None:
    given = Settings.model_validate({"report": {"screenshots": {"/": str(tmp_path / "none.png")}}})
    with pytest.raises(SettingsError, match="can not be read"):
        run_job("run_all")(SimpleNamespace(settings=given), False)  # type: ignore[arg-type]
