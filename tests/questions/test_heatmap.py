"""Click heatmaps."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.questions.heatmap import click_bins
from trailhouse.settings import Project


def click(x: int | None, y: int | None, width: int | None = 1000, **more: Any) -> dict[str, Any]:
    return {
        "event_name": "click",
        "event_time": "2026-03-02 23:30:00",
        "page_group": "home",
        "session_id": "s",
        "view_id": "v",
        "element": {"x": x, "y": y, "interactive": True},
        "viewport": {"width": width, "height": 800},
        "device": {"type": "desktop"},
        **more,
    }


def bins(spark: SparkSession, *clicks: dict[str, Any], zone: str = "UTC") -> list[tuple[Any, ...]]:
    sessions = rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}])
    found = click_bins(rows(spark, "activity", clicks), sessions, Project(timezone=zone)).collect()
    place = ("page_group", "device_type", "viewport_band")
    spot = ("kind", "x_bin", "y_bin", "clicks", "views")
    return sorted((*(r[n] for n in place), str(r["day"]), *(r[n] for n in spot)) for r in found)


def test_clicks_fall_into_one_percent_by_sixteen_pixel_bins(spark: SparkSession) -> None:
    found = bins(
        spark,
        click(290, 15),
        click(299, 0),
        click(299, 0, view_id="w"),
        click(300, 16),
        click(-5, -5, page_group="outside"),
        click(1000, 5, page_group="outside"),
    )
    place = ("desktop", "768-1279", "2026-03-02", "click")
    assert found == [
        ("home", *place, 29, 0, 3, 2),
        ("home", *place, 30, 1, 1, 1),
        ("outside", *place, 0, 0, 1, 1),
        ("outside", *place, 99, 0, 1, 1),
    ]


def test_maps_are_apart_by_band_device_day_and_kind(spark: SparkSession) -> None:
    found = bins(
        spark,
        *(click(0, 0, width, page_group=f"{width:05d}") for width in (479, 480, 767, 768, 1279, 1280)),
        click(0, 0, page_group="device", device=None),
        click(0, 0, page_group="inert", element={"x": 0, "y": 0, "interactive": False}),
        click(0, 0, page_group="unsaid", element={"x": 0, "y": 0}),
        zone="Asia/Tokyo",
    )
    assert {row[0]: row[2] for row in found[:6]} == {
        "00479": "<480",
        "00480": "480-767",
        "00767": "480-767",
        "00768": "768-1279",
        "01279": "768-1279",
        "01280": ">=1280",
    }
    assert {row[0]: (row[1], row[4]) for row in found[6:]} == {
        "device": ("unknown", "click"),
        "inert": ("desktop", "click_inert"),
        "unsaid": ("desktop", "click"),
    }
    assert {row[3] for row in found} == {"2026-03-03"}  # half past eight in the morning in Tokyo


def test_what_cannot_be_placed_or_is_not_a_persons_click_is_in_no_map(spark: SparkSession) -> None:
    nowhere = [click(None, 1), click(1, None), click(1, 1, None), click(1, 1, 0), click(1, 1, element=None)]
    homeless = [click(1, 1, page_group=None), click(1, 1, view_id=None), click(1, 1, event_name="mouse_move")]
    nobody = [click(1, 1, is_bot=True), click(1, 1, internal=True), click(1, 1, session_id="bot")]
    assert bins(spark, *nowhere, *homeless, *nobody) == []
