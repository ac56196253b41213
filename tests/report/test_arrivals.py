"""The report's sections of arrivals, unexpected ways, held sections and onboarding."""

from __future__ import annotations

from tests.report.page import Page, settings
from tests.report.shop import empty_frames
from tests.report.shop_arrivals import arrival_frames
from trailhouse.report.page import build_report
from trailhouse.report.queries import REPORT_TABLES

SECTIONS = {"arrivals", "unexpected", "held", "onboarding"}


def made(**more: object) -> Page:
    return Page(build_report({**empty_frames(), **more}, settings()))  # type: ignore[dict-item]


def test_what_is_not_declared_has_no_section() -> None:
    ids = {attributes.get("id") for _, attributes in made().elements}
    assert not ids & SECTIONS


def test_findings_are_told_with_their_intervals_and_never_without_enough() -> None:
    frames = arrival_frames()
    columns = {query.name: set(query.columns) for query in REPORT_TABLES}
    for name, frame in frames.items():
        assert set(frame.columns) <= columns[name], name
    page = made(**frames)
    assert page.wrong == []
    assert page.open == []
    ids = [attributes.get("id") for tag, attributes in page.elements if tag == "h2"]
    assert set(ids) >= SECTIONS
    links = {attributes.get("href") for tag, attributes in page.elements if tag == "a"}
    assert {f"#{one}" for one in SECTIONS} <= links
    words = page.words
    assert "30.0% of the first searches had no result (27.0% to 33.0%)" in words
    # Texts of the data are no markup.
    assert "whats<app>" in words
    assert "Search <b>" in words
    cells = {row[0]: row for row in page.rows}
    assert cells["whats<app>"][3] == "100.0%"
    assert cells["other"][3:] == ["–", "–"]
    assert "beyond chance" in cells["/billing"][-1]
    assert "too few" in cells["/billing"][-1]
    assert cells["/dashboard"][-1] == "–"
    assert cells["Who uses it holds"][-1] == "13.6 s to 15.6 s"
    assert cells["What it costs"][-1] == "too few"
    assert "73.0% of all 100 drop-offs are at Step 3" in words
    assert "up to 0.61 points of conversion" in words
    assert "If completing it is the cause" in words
    assert cells["mobile"][-1] == "too few"
    assert "effect" not in words.lower().replace("cause and effect", "")
    (chart,) = [a for a, _ in page.scripts if str(a.get("id")).startswith("chart-fold")]
    assert chart["id"] == "chart-fold-1-1"
