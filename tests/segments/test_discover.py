"""Segments that nobody declared."""

from __future__ import annotations

import random
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.segments.discover import discovered
from trailhouse.settings import Settings
from trailhouse.settings.segments import Discover
from trailhouse.stage import Context
from trailhouse.stages.discovered_segments import STAGE
from trailhouse.tables import TABLES

SEED = 11
PLANTED = {"a": (60, 2, 0, "mobile"), "b": (50, 20, 0, "desktop"), "c": (40, 40, 12, "desktop")}
"""Kind -> persons, their sessions, their orders, their device."""


def planted(spark: SparkSession, order: int) -> DataFrame:
    draw = random.Random(SEED)
    people = [
        {
            "person_id": f"{kind}{number:02}",
            "sessions": sessions + draw.randint(0, sessions // 2),
            "views": 3 * sessions + draw.randint(0, sessions),
            "events": 9 * sessions + draw.randint(0, sessions),
            "orders": orders + draw.randint(0, orders // 2),
            "device_type": device,
            "as_of": "2026-03-08",
        }
        for kind, (count, sessions, orders, device) in PLANTED.items()
        for number in range(count)
    ]
    random.Random(order).shuffle(people)
    return rows(spark, "profiles", people).repartition(1 + order)


def test_planted_groups_are_found_named_and_the_same_in_every_order_of_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    found = []
    # Four are tried for, and are too many: without that try the answer is the same.
    for order, most in enumerate((4, 3)):
        asked = Settings.model_validate({"segments": {"discover": {"enabled": True, "most": most}}})
        assert STAGE.wanted(asked)
        profiles = planted(spark, order)
        made = STAGE.transform({"profiles": profiles}, Context(asked, str(tmp_path / str(order))))
        found.append({name: sorted(map(str, frame.collect())) for name, frame in made.items()})
    assert found[0] == found[1]
    frames = {name: frame.localCheckpoint() for name, frame in made.items()}
    placed = {row.person_id: row.segment for row in frames["discovered_members"].collect()}
    assert placed == {
        f"{kind}{n:02}": place for place, kind in enumerate("abc", 1) for n in range(PLANTED[kind][0])
    }
    told = {row.segment: row for row in frames["discovered_segments"].collect()}
    assert [(told[n].size, told[n].segments, float(told[n].stability)) for n in (1, 2, 3)] == [
        (60, 3, 1.0),
        (50, 3, 1.0),
        (40, 3, 1.0),
    ]
    assert "device_type mobile" in told[1].name
    assert told[3].name.startswith("events 256-511, sessions 32-63")
    assert "profile.orders" in {one.feature for one in told[3].shared}
    assert all(one.low > 1 for row in told.values() for one in row.shared)
    checks = [*(check for name in STAGE.writes for check in checks_of(TABLES[name])), *STAGE.checks]
    assert sum(count_offending({"profiles": profiles, **frames}, checks)) == 0


def test_none_are_told_among_few_persons_nor_where_halves_differ(spark: SparkSession, tmp_path: Path) -> None:
    draw = random.Random(SEED)
    noise = [
        {
            "person_id": f"p{n}",
            **{name: draw.randint(0, 50) for name in ("sessions", "views", "orders", "devices")},
        }
        for n in range(120)
    ]
    profiles = rows(spark, "profiles", noise)
    assert discovered(profiles, Discover(enabled=True, most=3, from_persons=121), str(tmp_path)) is None
    # Of even noise, any halves are as good as any others.
    assert discovered(profiles, Discover(enabled=True, most=3), str(tmp_path)) is None


def test_it_runs_when_asked_for_alone_and_its_gate_misses_nobody(spark: SparkSession) -> None:
    assert not STAGE.wanted(Settings())
    made = STAGE.transform({"profiles": rows(spark, "profiles")}, Context(Settings(), ""))
    assert [frame.collect() for frame in made.values()] == [[], []]
    bad = {
        "discovered_segments": rows(spark, "discovered_segments", [{"segment": 1, "size": 2, "persons": 2}]),
        "discovered_members": rows(spark, "discovered_members", [{"person_id": "p"}]),
    }
    assert count_offending(bad, STAGE.checks) == [1]
