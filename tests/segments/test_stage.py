"""The stage of declared segments: memberships, sizes, overlap, and what its gate catches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows, watermark
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.questions.registry import KINDS
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import questions
from trailhouse.stages.segment_members import STAGE
from trailhouse.suite import JOBS
from trailhouse.tables import TABLES

RULES = {
    "buyers": {"did": "order", "description": "They buy."},
    "clickers": {"did": "click", "within": "2d"},
    "nobody": {"field": "trait.plan", "value": "pro"},
}
PROFILES = {"traits": [{"name": "plan", "kind": "last", "event": "x", "field": "properties.plan"}]}
"""A computed trait, which nobody has: what was told under its name is hidden."""


def test_members_are_counted_by_segment_and_pair(spark: SparkSession, tmp_path: Path) -> None:
    def event(person: str, name: str, day: int) -> dict[str, Any]:
        return {"person_id": person, "event_name": name, "event_time": f"2026-03-{day:02} 10:00:00"}

    events = [
        event("p", "order", 1),
        event("q", "order", 30),
        event("p", "click", 31),
        event("r", "click", 20),
        event("r", "click", 30),
        event("s", "click", 25),
    ]
    told_of = {"first_seen": "2026-03-01 10:00:00", "traits": '{"plan": "pro"}'}
    people = [{"person_id": name, **told_of} for name in "pqrst"]
    inputs = {
        "activity": rows(spark, "activity", events),
        "sessions": rows(spark, "sessions"),
        "profiles": rows(spark, "profiles", people),
        "watermark": watermark(spark, "2026-04-01 09:00:00"),
    }
    settings = Settings.model_validate({"segments": {"rules": RULES}, "profiles": PROFILES})
    assert STAGE.wanted(settings)
    made = STAGE.transform(inputs, Context(settings, str(tmp_path)))
    made = {name: frame.localCheckpoint() for name, frame in made.items()}
    sizes = {row.segment: row for row in made["segments"].collect()}
    told = ("size", "ever", "joined_28", "left_28", "persons")
    assert {name: tuple(row[one] for one in told) for name, row in sizes.items()} == {
        "buyers": (2, 2, 1, 0, 5),  # that of 1 March is older than 28 days
        "clickers": (2, 3, 4, 2, 5),  # r twice
        "nobody": (0, 0, 0, 0, 5),
    }
    assert (str(sizes["buyers"].as_of), float(sizes["buyers"].share)) == ("2026-03-31", 0.4)
    assert (sizes["buyers"].definition, sizes["buyers"].description) == ("did order", "They buy.")
    pairs = {(row.a, row.b): row for row in made["segment_overlap"].collect()}
    assert {key: (row.both, row.only_a, row.only_b) for key, row in pairs.items()} == {
        ("buyers", "clickers"): (1, 1, 1),
        ("buyers", "nobody"): (0, 2, 0),
        ("clickers", "nobody"): (0, 2, 0),
    }
    assert str(pairs["buyers", "clickers"].jaccard) == "0.333333"
    checks = [*(check for name in STAGE.writes for check in checks_of(TABLES[name])), *STAGE.checks]
    assert sum(count_offending({**inputs, **made}, checks)) == 0


def test_every_check_catches_the_rows_it_is_there_for(spark: SparkSession) -> None:
    bad: dict[str, tuple[str, list[dict[str, Any]]]] = {
        "stretches_are_apart": (
            "segment_members",
            [
                {"segment": "a", "person_id": "p", "valid_from": "2026-03-02", "valid_to": "2026-03-04"},
                {"segment": "a", "person_id": "p", "valid_from": "2026-03-04"},
            ],
        ),
        "members_are_persons": ("segments", [{"segment": "a", "size": 2, "ever": 1, "persons": 3}]),
        "parts_make_sizes": ("segment_overlap", [{"a": "a", "b": "b", "both": 2}]),
    }
    sound = [{"segment": one, "size": 1, "ever": 1, "persons": 3} for one in ("a", "b")]
    assert {check.name for check in STAGE.checks} == set(bad)
    for name, (table, given) in bad.items():
        frames = {one: rows(spark, one) for one in STAGE.writes} | {
            "segments": rows(spark, "segments", sound)
        }
        frames[table] = rows(spark, table, given)
        checks = [check for check in STAGE.checks if check.table == table]
        assert [
            (check.name, count) for check, count in zip(checks, count_offending(frames, checks), strict=True)
        ] == [(name, 1)]


def test_without_a_declared_segment_it_is_not_wanted_and_leaves_nothing(spark: SparkSession) -> None:
    assert not STAGE.wanted(Settings())
    inputs = {name: rows(spark, name) for name in STAGE.reads if name != "watermark"}
    made = STAGE.transform(inputs, Context(Settings(), ""))
    assert [made[name].collect() for name in STAGE.writes] == [[], [], []]


def test_before_the_first_event_there_is_no_day_to_count_on(spark: SparkSession, tmp_path: Path) -> None:
    inputs = {name: rows(spark, name) for name in STAGE.reads if name != "watermark"}
    inputs["watermark"] = watermark(spark, None)
    settings = Settings.model_validate({"segments": {"rules": {"buyers": {"did": "order"}}}})
    made = STAGE.transform(inputs, Context(settings, str(tmp_path)))
    assert [made[name].collect() for name in STAGE.writes] == [[], [], []]


def test_segments_come_after_profiles_and_before_every_question() -> None:
    order = [stage.name for stages in JOBS.values() for stage in stages]
    assert order.index("profiles") < order.index("segment_members") < order.index(KINDS[0].table)
    assert order.index("accounts") < order.index(KINDS[0].table)
    assert all(
        "segment_members" in stage.reads and "segment_members" in stage.optional for stage in questions.STAGES
    )
