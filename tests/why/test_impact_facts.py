"""A case's counts: random worlds against a walk in plain Python, and each way of being affected by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import reduce
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from tests.why.impact_world import DAYS, START, Counts, Walk, World
from trailhouse.settings import Settings
from trailhouse.settings.impact import Case
from trailhouse.why.impact_affected import hits
from trailhouse.why.impact_facts import facts
from trailhouse.why.impact_given import Given

SEEDS = (3, 4, 5)
TODAY = START + timedelta(days=DAYS)
SETTINGS = Settings.model_validate(
    {
        "questions": {
            "churn": [
                {"name": "cancelled", "unit": "account", "rules": ["cancelled"]},
                {"name": "away", "rules": ["inactive"], "inactive_days": 9},
            ]
        },
        "tasks": [{"name": "import", "start": {"event": "begin"}, "end": {"event": "done"}}],
    }
)
BY_ACCOUNT = {
    "name": "by account", "title": "t", "unit": "account", "churn": "cancelled", "within": "10d",
    "affected": {"event": "fails"}, "named_by": {"reasons": ["fails"]}, "plan": "properties.plan",
}  # fmt: skip
BY_PERSON = {
    "name": "by person", "title": "t", "churn": "away", "rule": "inactive", "period": "14d",
    "affected": {"event": "fails"},
}  # fmt: skip
Found = Mapping[tuple[str, str], Counts]


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [World(f"w{seed}", seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def counted(spark: SparkSession, worlds: list[World]) -> Found:
    """(case, kind) -> counts, of all worlds at once."""
    events = [event for world in worlds for event in world.events]
    bot = {"event_id": "bot", "event_name": "fails", "person_id": "bot", "account_id": "bot", "is_bot": True}
    days = {(e["person_id"], e["event_time"][:10]) for e in events if e["person_id"]}
    inputs = {
        "activity": rows(spark, "activity", [*events, bot]),
        "sessions": rows(spark, "sessions"),
        "signals": rows(spark, "signals"),
        "person_days": rows(spark, "person_days", [{"person_id": p, "day": d} for p, d in sorted(days)]),
        "watermark": watermark(spark, f"{TODAY} 00:00:00"),
    }
    cases = [Case.model_validate(one) for one in (BY_ACCOUNT, BY_PERSON)]
    each = [facts(Given(case, inputs, SETTINGS, lambda frame: frame.localCheckpoint())) for case in cases]
    found: dict[tuple[str, str], Counts] = {}
    for row in reduce(DataFrame.unionByName, each).collect():
        alike = tuple(json.loads(row["key"]).values()) if row["key"] else ()
        numbers = {"risk": 4, "reach": 2, "left": 3}[row["kind"]]
        own = found.setdefault((row["case"], row["kind"]), {})
        own[row["month"], *alike] = tuple(row[f"x{place}"] for place in range(1, numbers + 1))
        assert row["complete"] == _over(row["case"], row["kind"], row["month"]), row
    return found


def _over(case: str, kind: str, month: date) -> bool:
    after = (month + timedelta(days=31)).replace(day=1)
    late = 9 if case == "by person" and kind != "reach" else 0
    horizon = {"by account": 10, "by person": 14}[case] if kind == "risk" else 0
    return after + timedelta(days=late + horizon) <= TODAY


def _summed(worlds: list[World], walk: dict[str, Any], of: str) -> Counts:
    total: Counts = {}
    for world in worlds:
        for key, counts in getattr(Walk(world.events, TODAY, **walk), of)().items():
            was = total.get(key, (0,) * len(counts))
            total[key] = tuple(a + b for a, b in zip(was, counts, strict=True))
    return total


@pytest.mark.parametrize("kind", ["risk", "reach", "left"])
@pytest.mark.parametrize(
    ("case", "walk"),
    [
        ("by account", {"period": 30, "horizon": 10}),
        ("by person", {"period": 14, "horizon": 14, "away": 9}),
    ],
)
def test_counts_of_random_worlds_are_those_of_a_plain_walk(
    counted: Found, worlds: list[World], case: str, walk: dict[str, Any], kind: str
) -> None:
    expected = _summed(worlds, walk, kind)
    if case == "by person" and kind == "left":  # nobody who stays away gives a reason
        expected = {key: (counts[0], 0, 0) for key, counts in expected.items()}
    assert counted[case, kind] == expected, SEEDS
    assert sum(counts[0] for counts in expected.values()) >= 5, "a world without any tests nothing"


EVENTS = [
    # p began the import and got it done, then began it and did not.
    ("p", "s1", "begin", "2026-03-02 10:00:00"),
    ("p", "s1", "done", "2026-03-02 10:01:00"),
    ("p", "s2", "begin", "2026-03-04 23:59:00"),
    ("q", "s3", "oops", "2026-03-05 09:00:00"),
    ("robot", "s4", "oops", "2026-03-05 09:00:00"),
    ("r", "s5", "look", "2026-03-06 09:00:00"),
    ("r", "s6", "look", "2026-03-09 09:00:00"),
]
SIGNALS = [
    {"person_id": "p", "session_id": "s1", "kind": "rage_click", "page_group": "/import", "selector": "b"},
    {"person_id": "q", "session_id": "s3", "kind": "rage_click", "page_group": "/home", "selector": "b"},
    {"person_id": "q", "session_id": "s3", "kind": "dead_click", "page_group": "/import"},
    {"person_id": "r", "session_id": "s5", "kind": "rage_click", "page_group": "/import", "extra": True},
    {"person_id": "robot", "session_id": "s4", "kind": "rage_click", "page_group": "/import"},
]
WAYS: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "the attempt that failed, on the day it began": (
        {"failed_task": "import"}, [("p", "s2", "2026-03-04")]
    ),
    "an event of a person": ({"event": "oops"}, [("q", "s3", "2026-03-05")]),
    "a signal of its first preset, on its page": (
        {"signal": "rage_click", "page_group": "/import"}, [("p", "s1", "2026-03-02")]
    ),
    "a day there as a member": ({"segment": "lost"}, [("r", "s5", "2026-03-06")]),
}  # fmt: skip


def test_whom_a_pain_hits_is_told_by_task_event_signal_or_segment(spark: SparkSession) -> None:
    events = [
        {"person_id": p, "session_id": s, "event_name": name, "event_time": t, "event_id": f"{s}-{name}"}
        for p, s, name, t in EVENTS
    ]
    signals = [{"extra": False, "start_time": "2026-03-02 10:00:30", **one} for one in SIGNALS]
    # In it from the 6th on, and out on the 9th.
    member = {"segment": "lost", "person_id": "r", "valid_from": "2026-03-06", "valid_to": "2026-03-09"}
    inputs = {
        "activity": rows(spark, "activity", events),
        "sessions": rows(spark, "sessions", [{"session_id": "s4", "person_id": "robot", "is_bot": True}]),
        "signals": rows(spark, "signals", signals),
        "segment_members": rows(spark, "segment_members", [member]),
        "watermark": watermark(spark, "2026-04-01 00:00:00"),
    }
    each = []
    for way, (of, _) in WAYS.items():
        case = Case.model_validate({"name": way, "title": "t", "affected": of})
        struck = hits(Given(case, inputs, SETTINGS))
        each.append(struck.select(F.lit(way).alias("way"), "person_id", "session_id", "day"))
    found: dict[str, list[tuple[str, str, str]]] = {way: [] for way in WAYS}
    for row in reduce(DataFrame.unionByName, each).collect():
        found[row["way"]].append((row["person_id"], row["session_id"], str(row["day"])))
    assert found == {way: expected for way, (_, expected) in WAYS.items()}
