"""Paths and trends, as the report shows them."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.report.page import Page, report, shop_page
from tests.report.shop import empty_frames, shop_frames
from trailhouse.report import way_reads, ways


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def cells(page: Page) -> set[tuple[str, ...]]:
    return {tuple(" ".join(cell.split()) for cell in row) for row in page.rows}


def test_edges_are_told_with_ways_back_and_where_most_paths_end(shop: Page) -> None:
    shown = cells(shop)
    assert ("1", "/", "/category/:slug", "800", "45.0%", "0", "0", "40 s") in shown
    assert ("3", "/product/:slug", "/category/:slug", "187", "10.5%", "170", "190", "9 s") in shown
    assert ("/ → /category/:slug → /product/:slug → /cart", "258", "290", "14.5%", "–") in shown
    (told,) = ways.paths(shop_frames())
    # 1,450 came to a category, a search or elsewhere; the other 550 went no further
    assert (told["total"], told["ends"][0]["node"], told["ends"][0]["ends"]) == (2000, "/", 550)


def test_the_flow_is_as_high_at_a_node_as_what_comes_in_and_goes_out(shop: Page) -> None:
    (drawn,) = [text for a, text in shop.scripts if a.get("id") == "chart-paths-1"]
    points = [row for data in json.loads(drawn)["datasets"].values() for row in data] if (
        "datasets" in json.loads(drawn)
    ) else [row for layer in json.loads(drawn)["layer"] for row in layer["data"]["values"]]  # fmt: skip
    bars = {(row["x"], row["node"]): row["y2"] - row["y"] for row in points if "node" in row}
    edges = {row["edge"]: row for row in points if "edge" in row}
    into = sum(row["y2"] - row["y"] for row in edges.values() if row["to"] == "/product/:slug")
    assert into == pytest.approx(bars[3, "/product/:slug"])
    assert max(bars.values()) == bars[1, "/"] <= 1


def test_trends_are_drawn_by_their_breakdown_and_told_beside_the_period_before(shop: Page) -> None:
    (told,) = ways.trends(shop_frames())
    assert [one["title"] for one in told["series"]] == ["conversion", "orders"]
    assert ("orders", "2026-03-07", "24", "22", "22") in cells(shop)
    (drawn,) = [text for a, text in shop.scripts if a.get("id") == "chart-trend-1-2"]
    assert '"mobile"' in drawn
    assert '"all"' not in drawn


def test_paths_are_those_of_everyone(spark: SparkSession) -> None:
    given = [{"breakdown_by": by} for by in ("device_type", "all")]
    (row,) = way_reads.paths({"paths": rows(spark, "paths", given)}).collect()
    assert row["breakdown_by"] == "all"


def test_lakes_without_any_of_them_say_so() -> None:
    words = Page(report(empty_frames())).words
    assert "No paths are declared" in words
    assert "No trend is declared" in words
