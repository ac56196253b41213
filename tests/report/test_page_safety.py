"""The page is safe with any text, and loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from tests.report.page import Page, hostile_report, report, shop_page
from tests.report.shop import empty_frames
from trailhouse.report.environment import embedded_json


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


@pytest.fixture(scope="module")
def evil() -> tuple[str, str]:
    return hostile_report()


@pytest.mark.parametrize("made", ["shop", "empty", "evil"])
def test_nothing_is_loaded_from_a_network(made: str, evil: tuple[str, str]) -> None:
    page = Page({"shop": report, "empty": lambda: report(empty_frames()), "evil": lambda: evil[0]}[made]())
    loads = [
        v for _, a in page.elements for k, v in a.items() if k in ("src", "href", "action", "data", "srcset")
    ]
    assert [value for value in loads if not value.startswith(("#", "data:"))] == []
    assert not any(
        re.search(r"url\(|@import", style) for style in re.findall(r"<style>(.*?)</style>", report(), re.S)
    )


def test_hostile_text_never_becomes_markup(evil: tuple[str, str]) -> None:
    html, mark = evil
    clean = Page(report())
    attacked = Page(html)
    assert mark not in html
    assert [tag for tag, _ in attacked.elements] == [tag for tag, _ in clean.elements]
    assert not [a for _, attributes in attacked.elements for a in attributes if a.startswith("on")]
    assert "{{7*7}}" in attacked.words
    assert mark in attacked.words, "the text is shown as the text that it is"


def test_hostile_names_of_segments_touches_and_variants_are_shown_as_text(evil: tuple[str, str]) -> None:
    shown = {cell for row in Page(evil[0]).rows for cell in row}
    for name in ("wavering_pros", "with_icon", "device_type", "main device = mobile_web"):
        assert any(cell.startswith(f"{name}'\"></script><!--<script>alert(1)</script>") for cell in shown), (
            name
        )
    assert any(cell.startswith("newsletter'\"></script><!--") and cell.endswith("…") for cell in shown)


def test_hostile_text_in_embedded_json_stays_json(evil: tuple[str, str]) -> None:
    blocks = [
        text for attributes, text in Page(evil[0]).scripts if attributes.get("type") == "application/json"
    ]
    assert len(blocks) >= 6
    for block in blocks:
        assert json.loads(block) is not None
        assert not set(block) & {"<", ">", "&", "\u2028", "\u2029"}
    assert any("alert(1)" in block for block in blocks)


@pytest.mark.parametrize(
    "text", ["</script>", "</SCRIPT >", "<!--<script>", "]]>", "\u2028\u2029", "&lt;", '"\\']
)
def test_embedded_json_reads_back_as_it_was(text: str) -> None:
    written = str(embedded_json({text: [text]}))
    assert json.loads(written) == {text: [text]}
    assert not set(written) & {"<", ">", "\u2028", "\u2029"}


def test_the_policy_allows_the_two_embedded_scripts_and_no_other(shop: Page) -> None:
    (policy,) = [a["content"] for tag, a in shop.elements if a.get("http-equiv") == "Content-Security-Policy"]
    run = [text for attributes, text in shop.scripts if "type" not in attributes]
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run}
    assert len(run) == 2
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == hashes
    assert policy.startswith("default-src 'none'")
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
