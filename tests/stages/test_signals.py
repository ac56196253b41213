"""The stage `signals`."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages.signals import STAGE
from trailhouse.tables.signals import KINDS


def clicks(seconds: tuple[int, ...]) -> list[dict[str, object]]:
    place = {"person_id": "p", "session_id": "s", "view_id": "v", "page_group": "product", "app_id": "shop"}
    spot = {"x": 5, "y": 5, "selector": "button#buy", "interactive": True}
    click = {"event_name": "click", "element": spot, "device": {"type": "mobile"}, **place}
    return [{**click, "event_id": f"c{s}", "event_time": f"2026-03-02 23:59:5{s}"} for s in seconds]


def test_all_kinds_land_in_one_table_with_kind_preset_and_id_of_their_own(spark: SparkSession) -> None:
    activity = clicks((0, 1, 2)) + [
        {"event_name": "mutation", "app_id": "shop", "session_id": "t", "event_time": "2026-03-02 10:00:00"},
        {"event_id": "b", "event_number": 1, "session_id": "u", "view_id": "b"},
    ]
    views = [
        {
            "session_id": "u",
            "view_id": name,
            "page_path": path,
            "view_number": number,
            "page_group": path,
            "start_time": f"2026-03-02 10:00:0{number}",
        }
        for number, (name, path) in enumerate((("a", "/a"), ("b", "/b"), ("c", "/a")), start=1)
    ]
    inputs = {"activity": rows(spark, "activity", activity), "page_views": rows(spark, "page_views", views)}
    found = STAGE.transform(inputs, Context(Settings(), ""))["signals"].collect()
    assert sorted((row["kind"], row["first_event_id"], row["preset"], row["size"]) for row in found) == [
        ("dead_click", "c0", "posthog", 1),
        ("dead_click", "c1", "posthog", 1),
        ("dead_click", "c2", "posthog", 1),
        ("rage_click", "c0", "posthog", 3),
        ("u_turn", "b", "default", 2),
    ]
    assert {row["kind"] for row in found} == set(KINDS)
    assert len({row["signal_id"] for row in found}) == len(found)  # c0 is the first event of two signals
    assert {str(row["signal_date"]) for row in found} == {"2026-03-02"}


def test_another_preset_gives_its_signals_ids_of_their_own(spark: SparkSession) -> None:
    inputs = {
        "activity": rows(spark, "activity", clicks((0, 1, 2))),
        "page_views": rows(spark, "page_views"),
    }
    ids = {
        STAGE.transform(inputs, Context(Settings(signals={"rage_click": name}), ""))["signals"].first()[
            "signal_id"
        ]
        for name in ("posthog", "same_element")
    }
    assert len(ids) == 2
