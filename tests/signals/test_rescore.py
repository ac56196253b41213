"""Other presets find the signals of all of history again, and say what came and went."""

from __future__ import annotations

import io
from pathlib import Path

from pyspark.sql import SparkSession
from rich.console import Console

from tests.factories import rows
from tests.signals.staging import activity
from trailhouse.progress import Progress
from trailhouse.rescore import Change, rescore_signals, told
from trailhouse.run import open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.signals.kind import click
from trailhouse.stages import signals
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

CASES = {
    "near": [click(ms) for ms in (0, 100, 200)],
    "four": [click(ms) for ms in (0, 100, 200, 300)],
    "drifting": [click(400 * n, 30 * n) for n in range(3)],
}


def test_changed_presets_are_told_by_what_came_and_went(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path / "lake"))
    tracker = {"app_id": "shop", "platform": "web", "day": "2026-03-02", "mutations": 1}
    made: dict[str, object] = {
        "activity": activity(spark, CASES, collected=False),
        "page_views": rows(spark, "page_views"),
        "capabilities": rows(spark, "capabilities", [tracker]),
    }
    for name, frame in made.items():
        done = lake.publish(TABLES[name], frame)  # type: ignore[arg-type]
        lake.mark(name, {"inputs": {"activity": lake.version("activity")}}, done.version)

    def settings(**chosen: object) -> Settings:
        return Settings.model_validate({"lake": {"root": lake.root}, "signals": chosen})

    def during(chosen: Settings, *stages: object) -> tuple[object, str]:
        out = io.StringIO()
        with open_run(spark, chosen, Progress(Console(file=out, width=10_000))) as run:
            for stage in stages:
                run_stage(run, stage)  # type: ignore[arg-type]
            return (None if stages else rescore_signals(run)), out.getvalue()

    during(settings(), signals.STAGE)
    unchanged, said = during(settings())
    assert (unchanged, "by the rules of today" in said) == ({}, True)

    other = settings(rage_click=["splunk", "posthog"], dead_click="sentry")
    changes, said = during(other)
    assert {key: change for key, change in changes.items() if key[0] == "rage_click"} == {  # type: ignore[attr-defined]
        ("rage_click", "posthog"): Change(before=3, came=0, went=0),
        ("rage_click", "splunk"): Change(before=0, came=1, went=0),
    }
    assert changes["dead_click", "posthog"] == Change(10, 0, 10)  # type: ignore[index]
    assert changes["dead_click", "sentry"] == Change(0, 10, 0)  # type: ignore[index]
    assert "run the suite to carry this through" in said
    found = lake.read("signals").where("kind = 'rage_click'").collect()
    assert {row.preset: row.extra for row in found} == {"splunk": False, "posthog": True}
    assert during(other)[0] == {}
    lines = [*told({("u_turn", "default"): Change(5, 1, 2), ("dead_click", "sentry"): Change(2, 0, 0)})]
    assert lines == [
        "u_turn (default): 5 before, 4 now: 1 came, 2 went",
        "dead_click (sentry): 2 before, 2 now: the same",
    ]
