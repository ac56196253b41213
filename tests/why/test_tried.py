"""The stage `tasks`: features are places of detours, and its attempts stand for a look at activity."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from trailhouse.questions.asked import Asked
from trailhouse.settings import Settings
from trailhouse.settings.impact import Case
from trailhouse.stage import Context
from trailhouse.stages import impact, reasons
from trailhouse.stages.tasks import STAGE
from trailhouse.why import asked as number
from trailhouse.why.impact_affected import hits
from trailhouse.why.impact_given import Given

SETTINGS = Settings.model_validate(
    {
        "tasks": [
            {"name": "send", "start": "begin", "end": "sent"},
            {"name": "win", "start": "begin", "end": "paid", "unit": "person"},
        ],
        "elements": {"key": [
            {"name": "Send", "page_group": "/mail", "selector": "#send", "outcome": "sent"},
        ]},
        "features": {"declared": {"search": {"use": ["find"]}, "tags": {"selectors": ["#tag"]}}},
    }
)  # fmt: skip


def told(person: str, *events: tuple[str, int] | tuple[str, int, str]) -> list[dict[str, Any]]:
    """Events by minute, clicks with their selector; those past an hour are of a second session."""
    return [
        {
            **{"person_id": person, "event_id": f"{person}{k}", "event_name": name, "page_group": "/mail"},
            "session_id": person if minute < 60 else f"{person}-2",
            "event_time": f"2026-03-02 {10 + minute // 60}:{minute % 60:02d}:00",
            "element": {"selector": selector[0]} if selector else None,
        }
        for k, (name, minute, *selector) in enumerate(events)
    ]


ACTIVITY = [
    *told("a", ("begin", 0), ("find", 1), ("page_view", 3), ("sent", 5), ("paid", 70)),
    *told("b", ("begin", 0), ("click", 2, "#tag"), ("click", 4, "#send"), ("begin", 6), ("sent", 9)),
    *told("c", ("click", 0, "#send"), ("begin", 1), ("begin", 61), ("paid", 70)),
    # What is an event of one task is a place to another: the click on Send is no feature, the search is.
    *told("d", ("click", 0, "#send"), ("find", 1), ("page_view", 2), ("sent", 3)),
    # Most get it done without a search.
    *told("e", ("begin", 10), ("sent", 11), ("begin", 12), ("sent", 13)),
    *told("f", ("click", 20, "#send"), ("sent", 21), ("click", 22, "#send"), ("sent", 23)),
]
SESSIONS = [
    {
        **{"session_id": name, "person_id": name[0], "closed": True},
        **{"start_time": f"2026-03-02 {begin}:00:00", "end_time": f"2026-03-02 {begin}:59:00"},
    }
    for begin, names in (("10", "abcdef"), ("11", ("a-2", "c-2")))
    for name in names
]


def test_the_stage_names_features_and_its_attempts_stand_for_activity(
    spark: SparkSession, tmp_path: Path
) -> None:
    inputs = {
        **{name: rows(spark, name) for name in ("signals", "segment_members")},
        "activity": rows(spark, "activity", ACTIVITY),
        "sessions": rows(spark, "sessions", SESSIONS),
        "watermark": watermark(spark, "2026-03-09 00:00:00"),
    }
    made = STAGE.transform(inputs, Context(SETTINGS, str(tmp_path)))["task_attempts"].localCheckpoint()
    places = {(row["task"], row["start_event_id"]): (row["detour"], row["away_us"]) for row in made.collect()}
    search, tags = ("feature", "search"), ("feature", "tags")
    assert {key: value for key, value in places.items() if value[0]} == {
        ("send", "a0"): (search, 120_000_000),
        ("win", "a0"): (search, 120_000_000),
        # The click on Send is an event on the page, and so the way back.
        ("send", "b0"): (tags, 120_000_000),
        ("win", "b0"): (tags, 120_000_000),
        ("Send of /mail", "d0"): (search, 60_000_000),
    }
    assert "features.declared" in STAGE.settings

    asked = Asked(inputs, SETTINGS.project, SETTINGS.profiles)
    units, struck = [], []
    for task in SETTINGS.every_task[1:]:  # one of persons, one of sessions
        for way, tried in (("activity", None), ("table", made)):
            found = number.task(task, asked, tried).units
            assert found is not None
            units.append(found.select(F.lit(way).alias("way"), *number.UNITS))
            case = Case.model_validate({"name": "c", "title": "t", "affected": {"failed_task": task.name}})
            hit = hits(Given(case, inputs, SETTINGS, tried=tried))
            struck.append(hit.select(F.lit(way).alias("way"), F.lit(task.name).alias("task"), "*"))
    for frames in (units, struck):
        each = Counter(tuple(row) for row in reduce(DataFrame.unionByName, frames).collect())
        ways = [
            Counter({row[1:]: n for row, n in each.items() if row[0] == way}) for way in ("activity", "table")
        ]
        assert ways[0] == ways[1]
        assert {row[0] for row in ways[0]} == {"win", "Send of /mail"}
    # Stages that look at attempts find them there, and wait for them.
    assert all("task_attempts" in stage.reads for stage in (impact.STAGE, reasons.STAGE))
