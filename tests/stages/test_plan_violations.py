"""Where events differ from the tracking plan, and what its gate makes of that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.gates.runner import failures, run_gate
from trailhouse.settings import PlannedEvent, Settings
from trailhouse.stage import Context
from trailhouse.stages.plan_violations import STAGE, transform
from trailhouse.tables import TABLES

CART = {
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
    "additionalProperties": False,
}
PLAN = {
    "cart": {"owner": "checkout", "severity": "error", "schema": CART},
    "login": {"schema": {"required": ["method"]}},
}


def settings(plan: dict[str, Any], **further: Any) -> Settings:
    """Settings with a plan of these events."""
    given = Settings.model_validate({"catalog": {"paths": 3}, "plan": {"path": "plan", **further}})
    events = {name: PlannedEvent.model_validate(event) for name, event in plan.items()}
    return given.model_copy(update={"plan": given.plan.model_copy(update={"events": events})})


def event(name: str, properties: object, second: int = 0, release: str | None = "1") -> dict[str, Any]:
    text = properties if isinstance(properties, str | None) else json.dumps(properties)
    at = f"2026-03-02 10:00:{second:02d}"
    return {"event_name": name, "properties": text, "event_time": at, "release": release}


@pytest.fixture(scope="module")
def events(spark: SparkSession) -> DataFrame:
    ids = [event("cart", {"id": "p", **{f"user-{n}": 1 for n in range(5)}}, 20, "3"),
           event("cart", {"id": "p", "user-4": 1}, 21, "3")]  # fmt: skip
    return rows(
        spark,
        "events",
        [
            event("cart", {"id": "p-1", "price": 2}, 1),
            event("cart", {"id": "p-2", "price": "2"}, 2),
            event("cart", {"id": "p-3", "price": "3", "colour": "red"}, 3),
            event("cart", {"price": -1}, 4, "2"),
            event("cart", None, 5, None),
            event("cart", "nope", 6),
            *ids,
            event("login", {"method": "password"}, 7),
            event("login", {}, 8),
            event("scroll", "nope", 9),
            event("scroll", None, 11),
            event("scroll", None, 10, "2"),
        ],
    ).localCheckpoint()


def violations(events: DataFrame, chosen: Settings) -> DataFrame:
    return transform({"events": events}, Context(chosen, ""))["plan_violations"]


def told(found: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (r.event_name, r.release, r.property, r.kind, r.severity, r.owner, r.rows,
             r.first_seen.second, r.last_seen.second)
            for r in found.collect()
        ),
        key=str,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(events: DataFrame) -> DataFrame:
    return violations(events, settings(PLAN)).localCheckpoint()


def test_differences_are_counted_by_release_event_property_and_kind(found: DataFrame) -> None:
    cart = ("error", "checkout")
    assert told(found) == sorted(
        [
            ("cart", "1", "price", "mistyped", *cart, 2, 2, 3),
            ("cart", "1", "colour", "unexpected", *cart, 1, 3, 3),
            ("cart", "1", "", "unreadable", *cart, 1, 6, 6),
            ("cart", "2", "id", "missing", *cart, 1, 4, 4),
            ("cart", "2", "price", "invalid", *cart, 1, 4, 4),
            ("cart", None, "id", "missing", *cart, 1, 5, 5),
            # Five names that are ids, with a limit of three: the most frequent stay, then by name.
            ("cart", "3", "user-4", "unexpected", *cart, 2, 20, 21),
            ("cart", "3", "user-0", "unexpected", *cart, 1, 20, 20),
            ("cart", "3", "user-1", "unexpected", *cart, 1, 20, 20),
            ("cart", "3", "\\*", "unexpected", *cart, 2, 20, 20),
            ("login", "1", "method", "missing", "warn", None, 1, 8, 8),
            ("scroll", "1", "", "unplanned", "warn", None, 2, 9, 11),
            ("scroll", "2", "", "unplanned", "warn", None, 1, 10, 10),
        ],
        key=str,
    )


def test_severity_error_holds_the_publish_and_a_warning_does_not(found: DataFrame) -> None:
    def outcomes(frame: DataFrame) -> list[Any]:
        return run_gate(STAGE.name, {STAGE.name: frame}, TABLES, STAGE.checks, Settings())

    held = failures(outcomes(found))
    assert [sentence.split(":")[0] for sentence in held] == ["plan_violations.plan_kept"]
    assert '"event_name":"cart"' in held[0]
    gentle = outcomes(found.where("severity = 'warn'"))
    assert failures(gentle) == []
    assert [outcome.check_name for outcome in gentle if not outcome.passed] == ["plan_followed"]


def test_unplanned_events_are_an_error_or_nothing_if_the_settings_say_so(events: DataFrame) -> None:
    strict = violations(events, settings({}, unplanned="error"))
    silent = violations(events, settings({}, unplanned="ignore"))
    none = violations(events, Settings())  # a plan that was taken away
    both = strict.unionAll(silent).unionAll(none)
    assert {(r.event_name, r.kind, r.severity) for r in both.collect()} == {
        (name, "unplanned", "error") for name in ("cart", "login", "scroll")
    }
    assert [STAGE.wanted(settings({})), STAGE.wanted(Settings())] == [True, False]
