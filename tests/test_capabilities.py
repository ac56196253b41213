"""`capabilities`: what a tracker sends on a day, counted; and who asks for it."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.factories import rows
from trailhouse.capabilities import INPUTS, capabilities, with_collected

DAY = {"app_id": "shop", "platform": "web", "event_date": "2026-03-02"}
SENT = {
    "clicks": {"event_name": "click"},
    "coordinates": {"event_name": "click", "element": {"x": 1, "y": 2}},
    "elements": {"event_name": "click", "element": {"selector": "a"}},
    "moves": {"event_name": "mouse_move"},
    "scroll": {"event_name": "page_view", "scroll_offset": 0},
    "mutations": {"event_name": "mutation"},
    "heartbeats": {"event_name": "heartbeat"},
    "visibility": {"event_name": "visibility"},
    "navigation_types": {"event_name": "page_view", "navigation_type": "link"},
    "errors": {"event_name": "error"},
    "form_events": {"event_name": "form_change"},
    "form_outcomes": {"event_name": "form_abandon"},
    "media": {"event_name": "media_pause"},
    "survey_displays": {"event_name": "survey_shown"},
    "web_vitals": {"event_name": "web_vital"},
}
BESIDE = {"coordinates": {"clicks"}, "elements": {"clicks"}, "form_outcomes": {"form_events"}}
"""An input that comes with another one."""


def test_each_input_is_counted_by_app_platform_and_day(spark: SparkSession) -> None:
    assert {*SENT} == {one.name for one in INPUTS}
    # A tracker of its own for each input, which sends it twice.
    events = [{**DAY, "app_id": name, **event} for name, event in SENT.items() for _ in "ab"]
    events += [{**DAY, **SENT["errors"]}, {**DAY, "platform": "ios"}, {**DAY, "event_date": "2026-03-03"}]
    found = {
        (row.app_id, row.platform, str(row.day)): {one.name: row[one.name] for one in INPUTS if row[one.name]}
        for row in capabilities(rows(spark, "activity", events)).collect()
    }
    for name in SENT:
        assert found[name, "web", "2026-03-02"] == dict.fromkeys({name} | BESIDE.get(name, set()), 2)
    assert found["shop", "web", "2026-03-02"] == {"errors": 1}
    assert found["shop", "ios", "2026-03-02"] == found["shop", "web", "2026-03-03"] == {}


def test_a_tracker_without_a_name_is_one_too_and_an_unknown_one_sends_nothing(spark: SparkSession) -> None:
    told = rows(spark, "capabilities", [{"day": "2026-03-02", "moves": 3}])
    asked = [(None, None, "2026-03-02"), ("shop", None, "2026-03-02"), (None, None, "2026-03-03")]
    frame = spark.createDataFrame(asked, "app STRING, platform STRING, day STRING")
    frame = frame.withColumn("day", F.col("day").cast("DATE"))
    found = with_collected(
        frame, told, ("moves", "errors"), F.col("app"), F.col("platform"), F.col("day")
    ).collect()
    assert [(row.collects_moves, row.collects_errors) for row in found] == [
        (True, False),
        (False, False),
        (False, False),
    ]
    with pytest.raises(ValueError, match="no input of capabilities: smells"):
        with_collected(frame, told, ("smells",), F.col("app"), F.col("platform"), F.col("day"))
