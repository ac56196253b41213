"""Onboarding from events: drop-offs, the fold, and trials, in one small world."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows, watermark
from tests.gates_of import failed_checks
from trailhouse.settings import load_settings
from trailhouse.stage import Context
from trailhouse.stages.onboarding_steps import STAGE, declared
from trailhouse.tables import TABLES

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DECLARED = (
    "onboarding=[{name: begin, funnel: begin, trials: paid, "
    "places: [{step: Two, page_group: /two, element: b.next}]}]",
    "questions.funnels=[{name: begin, window: 7d, steps: [{event: signup, name: Zero}, "
    "{event: one, name: One}, {event: two, name: Two}]}]",
    "questions.trials=[{name: paid, unit: account}]",
)


class World:
    """Events and views of accounts: one session each, a day after the other."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []

    def account(
        self,
        day: int,
        steps: int,
        *,
        device: str = "desktop",
        y: int = 500,
        clicks: bool | None = None,
        converts: float | None = None,
        lasts: int = 10,
        later: float = 0,
    ) -> None:
        """Signs up on a day and does so many steps, the last `later` days after; converts after days."""
        name, at = f"a{len(self.sessions)}", START + timedelta(days=day)
        ends = str((at + timedelta(days=lasts)).isoformat())
        told = [
            ("trial_start", 0, {"properties": f'{{"trial_end": "{ends}"}}'}),
            ("signup", 0, {}),
            *(("one", 1, {}) for _ in range(steps >= 1)),
            *(("two", 2 + later * 86_400, {}) for _ in range(steps >= 2)),
        ]
        if converts is not None:
            told.append(("subscription_start", converts * 86_400, {"session_id": None}))
        if steps:
            self.views.append(
                {
                    "session_id": name,
                    "view_id": f"{name}-v",
                    "person_id": name,
                    "view_number": 1,
                    "page_group": "/two",
                    "device_type": device,
                    "start_time": str(at.replace(tzinfo=None)),
                    "viewport_width": 1200,
                    "viewport_height": 700,
                    "document_height": 1000 + y,
                    "max_scroll_pct": 50,
                }
            )
        if steps >= 2 if clicks is None else clicks:
            box = {"x": 1, "y": y, "width": 9, "height": 40}
            told.append(
                ("click", 1.5, {"view_id": f"{name}-v", "element": {"selector": "b.next", "box": box}})
            )
        self.events += [
            {
                **{"person_id": name, "session_id": name, "account_id": name, "event_name": event},
                **{"event_id": f"{name}-{event}", "event_number": 1, "device": {"type": device}},
                "event_time": str((at + timedelta(seconds=seconds)).replace(tzinfo=None)),
                **more,
            }
            for event, seconds, more in told
        ]
        self.sessions.append({"session_id": name})


def world() -> World:
    """The element slips on day 6; who is on a phone leaves then."""
    made = World()
    for day in range(6):
        for _ in range(4):
            made.account(day, 2, y=500, converts=3)
        made.account(day, 0 if day < 2 else 1, y=500, clicks=day == 5)
    for day in range(6, 12):
        for n in range(4):
            made.account(day, 1 if n else 2, y=900, converts=None if n < 3 else 5)
    made.account(8, 2, device="mobile", converts=1, later=2)  # converted before it was completed
    made.account(9, 0, lasts=60)  # its trial runs
    made.account(30, 1)  # has still time to complete
    return made


def test_onboarding_is_told_by_step_device_and_day(spark: SparkSession) -> None:
    settings = load_settings(None, list(DECLARED))
    assert declared(settings)
    made = world()
    known = ("activity", made.events), ("page_views", made.views), ("sessions", made.sessions)
    inputs = {name: rows(spark, name, given) for name, given in known}
    inputs["watermark"] = watermark(spark, "2026-04-05 00:00:00")
    frames = STAGE.transform(inputs, Context(settings, ""))
    table = {name: frame.collect() for name, frame in frames.items()}

    steps = {(row["step_name"], row["device_type"]): row for row in table["onboarding_steps"]}
    one, two = steps["One", "all"], steps["Two", "all"]
    assert (one["unit"], one["entered"], one["dropped"], one["all_dropped"]) == ("account", 56, 3, 25)
    assert (two["entered"], two["dropped"]) == (53, 4 + 18)
    assert two["share"] == Decimal("0.88")
    assert steps["Two", "mobile"]["entered"] == 1
    desktop = steps["Two", "desktop"]
    assert (desktop["slipped"], desktop["last_before"], desktop["slipped_on"]) == (
        True,
        date(2026, 3, 7),
        date(2026, 3, 8),
    )
    # The account with time left looked at the page, too: it has the old height, of which nothing else came.
    assert (desktop["below_before"], float(desktop["below_after"])) == (0, 0.96)
    assert (desktop["entered_before"], desktop["dropped_before"]) == (28, 4)
    assert (desktop["entered_after"], desktop["dropped_after"]) == (24, 18)
    assert not steps["One", "desktop"]["slipped"]

    fold = {(row["device_type"], row["day"]): row for row in table["onboarding_fold"]}
    last = fold["desktop", date(2026, 3, 7)]
    assert (last["views"], last["clicked"], last["judged"], last["below_fold"]) == (5, 5, 5, 0)
    first = fold["desktop", date(2026, 3, 8)]
    assert (first["views"], first["clicked"], first["judged"], first["below_fold"]) == (4, 1, 4, 4)
    assert (first["median_y"], first["median_fold"]) == (900, 700)
    # Half of 1900 px were seen: all of the element, on each view.
    assert (first["scrolled"], first["reached"]) == (4, 4)

    trials = {row["device_type"]: row for row in table["onboarding_conversion"]}
    every = trials["all"]
    assert (every["trials"], every["running"]) == (55, 1)
    # 24 + 6 completed before they converted or never did; the phone only after.
    assert (every["completed"], every["converted"], every["completed_converted"]) == (30, 31, 24)
    assert (trials["mobile"]["completed"], trials["mobile"]["converted"]) == (0, 1)
    told = {name: spark.createDataFrame(each, TABLES[name].schema) for name, each in table.items()}
    assert failed_checks(STAGE, told) == []
    assert set(frames) == set(STAGE.writes)
    assert all(TABLES[name].optional for name in STAGE.writes)
