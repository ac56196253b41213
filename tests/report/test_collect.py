"""What the report reads, on small tables written by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from trailhouse.report import REPORT_TABLES, collect, tables_read
from trailhouse.tables import TABLES

DAY = dt.date(2026, 3, 1)
AT = dt.datetime(2026, 3, 1, 12)
FILL: dict[str, Any] = {
    "STRING": "x",
    "INT": 1,
    "BIGINT": 0,
    "BOOLEAN": False,
    "DATE": DAY,
    "TIMESTAMP": AT,
    "ARRAY<STRING>": [],
}


def table(spark: SparkSession, name: str, *rows: dict[str, Any]) -> DataFrame:
    """A table by its contract: given values, a plain one where a column is required, else null."""
    contract = TABLES[name]
    filled = []
    for row in rows:
        assert not set(row) - {column.name for column in contract.columns}
        blank = {c.name: FILL.get(c.type, []) if c.required else None for c in contract.columns}
        filled.append(tuple({**blank, **row}[column.name] for column in contract.columns))
    return spark.createDataFrame(filled, contract.schema)


def rows(frame: pd.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(values) for values in frame[list(names)].itertuples(index=False)]


def test_bots_and_own_staff_are_in_no_channel(spark: SparkSession) -> None:
    sessions = table(
        spark,
        "sessions",
        {"session_id": "1", "person_id": "a", "channel": "Email", "is_engaged": True, "engaged_us": 5},
        {"session_id": "2", "person_id": "a", "channel": "Email", "converted": True, "engaged_us": 7},
        {"session_id": "3", "person_id": "b", "channel": "Direct"},
        {"session_id": "4", "person_id": "c", "channel": "Direct", "is_bot": True},
        {"session_id": "5", "person_id": "d", "channel": "Email", "internal": True},
    )
    found = collect({"sessions": sessions})["channels"]
    assert rows(found, "channel", "sessions", "persons", "engaged", "converted", "engaged_us") == [
        ("Email", 2, 1, 1, 1, 12),
        ("Direct", 1, 1, 0, 0, 0),
    ]


def test_value_has_a_row_a_day_and_currency(spark: SparkSession) -> None:
    def money(*parts: tuple[str, str]) -> list[tuple[str, Decimal]]:
        return [(currency, Decimal(amount)) for currency, amount in parts]

    engagement = table(
        spark,
        "engagement",
        {"day": DAY, "value": money(("EUR", "10.30"), ("USD", "3"))},
        {"day": DAY + dt.timedelta(days=1)},
    )
    found = collect({"engagement": engagement})["value_days"]
    assert rows(found, "day", "currency", "amount") == [
        (DAY, "EUR", Decimal("10.3000")),
        (DAY, "USD", Decimal("3.0000")),
    ]


def test_maps_add_up_days_and_bands_and_keep_layers_halves_and_outcomes_apart(spark: SparkSession) -> None:
    place = {
        "page_group": "/",
        "device_type": "mobile",
        "viewport_band": "<480",
        "x_bin": 50,
        "y_bin": 3,
        "views": 1,
    }
    late, later = ({"day": DAY + dt.timedelta(days=days)} for days in (2, 3))
    heatmaps = table(
        spark,
        "heatmaps",
        {**place, "day": DAY, "kind": "click", "points": 4, "points_left": 3},
        {**place, **late, "kind": "click", "points": 2, "points_converted": 2},
        {**place, "day": DAY, "kind": "click_inert", "points": 1, "viewport_band": "480-767"},
        {**place, "day": DAY, "kind": "click", "points": 1, "y_bin": 9},
        {**place, **later, "kind": "move", "points": 7, "dwell_us": 5},
    )
    scroll = {**place, "depth": 5}
    del scroll["x_bin"], scroll["y_bin"]
    scroll_maps = table(
        spark,
        "scroll_maps",
        {**scroll, "day": DAY, "views": 3, "reached": 2, "attention_us": 10, "attention_left_us": 4},
        {**scroll, **late, "views": 2, "reached": 2, "attention_us": 5},
        {**scroll, "page_group": "/other", "day": DAY, "views": 9},
    )
    clicked = {"page_group": "/", "device_type": "mobile", "views": 2, "clicks": 3, "first_clicks": 1}
    elements = table(
        spark,
        "elements",
        {**clicked, "day": DAY, "named_by": "page", "element": "/", "page_views": 9, "moves": 7},
        {**clicked, **late, "named_by": "page", "element": "/", "page_views": 1, "moves": 0},
        *({**clicked, "named_by": "selector", "element": f"a{n:02d}", "views": n} for n in range(1, 15)),
    )
    found = collect({"heatmaps": heatmaps, "scroll_maps": scroll_maps, "elements": elements})
    counts = ("points", "inert", "points_early", "points_left", "points_converted", "all_points")
    assert rows(found["map_cells"], "layer", "x_bin", "y_bin", *counts) == [
        ("click", 50, 3, 7, 1, 5, 3, 2, 8),
        ("move", 50, 3, 7, 0, 0, 0, 0, 7),
        ("click", 50, 9, 1, 0, 1, 0, 0, 8),
    ]
    assert rows(found["map_cells"], "dwell_us", "split_day")[1] == (5, DAY + dt.timedelta(days=1))
    names = ("views", "views_early", "reached", "reached_early", "attention", "attention_left")
    assert rows(found["map_scroll"], "page_group", *names) == [("/", 5, 3, 4, 2, 15, 4)]
    listed = rows(found["map_elements"], "named_by", "element", "views")
    assert listed[0] == ("page", "/", 4)
    # The twelve most clicked of fourteen.
    assert [name for _, name, _ in listed[1:]] == [f"a{n:02d}" for n in range(14, 2, -1)]


def test_verdicts_are_those_of_the_last_checked_run_of_each_table(spark: SparkSession) -> None:
    check = {"stage": "sessions", "table_name": "sessions", "severity": "error", "batch": -1}
    later = AT + dt.timedelta(hours=1)
    results = table(
        spark,
        "gate_results",
        {**check, "run_id": "r1", "check_name": "old", "passed": False},
        {**check, "run_id": "r2", "at": later, "check_name": "good", "passed": True},
        {**check, "run_id": "r2", "at": later, "check_name": "bad", "passed": False},
        {**check, "run_id": "r2", "at": later, "check_name": "meh", "passed": False, "severity": "warn"},
        {**check, "run_id": "r1", "stage": "events", "table_name": "events", "passed": True},
    )
    found = collect({"gate_results": results})
    assert rows(found["gates"], "table_name", "run_id", "checks", "passed", "errors", "warnings") == [
        ("events", "r1", 1, 1, 0, 0),
        ("sessions", "r2", 3, 1, 1, 1),
    ]
    assert rows(found["gate_failures"], "check_name") == [("bad",), ("meh",)]


def test_the_balance_adds_published_batches_and_keeps_held_ones_apart(spark: SparkSession) -> None:
    batch = {
        "run_id": "r",
        "stage": "events",
        "table_name": "events",
        "duplicate": 1,
        "quarantined": 2,
        "refused": 0,
    }
    ledger = table(
        spark,
        "ledger",
        {**batch, "batch": 0, "action": "published", "records_in": 10, "kept": 7, "rows": 7},
        {
            **batch,
            "batch": 1,
            "action": "unchanged",
            "records_in": 3,
            "kept": 0,
            "rows": 7,
            "at": AT + dt.timedelta(seconds=1),
        },
        {
            **batch,
            "batch": 2,
            "action": "held",
            "records_in": 8,
            "kept": 5,
            "rows": 7,
            "at": AT + dt.timedelta(seconds=2),
        },
        {
            "run_id": "r",
            "stage": "sessions",
            "table_name": "sessions",
            "batch": -1,
            "action": "published",
            "rows": 2,
        },
    )
    found = collect({"ledger": ledger})
    assert rows(
        found["balance"], "held", "batches", "records_in", "kept", "duplicate", "quarantined", "refused"
    ) == [
        (False, 2, 13, 7, 2, 4, 0),
        (True, 1, 8, 5, 1, 2, 0),
    ]
    assert sorted(rows(found["tables"], "table_name", "action", "rows")) == [
        ("events", "held", 7),
        ("sessions", "published", 2),
    ]


def test_persons_are_counted_by_their_own_identifiers_and_hubs_by_their_links(spark: SparkSession) -> None:
    def one(kind: str, value: str, person: str, **more: Any) -> dict[str, Any]:
        return {"id_type": kind, "id_value": value, "person_id": person, "status": "own", **more}

    def refused(a: tuple[str, str], b: tuple[str, str], reason: str, **more: Any) -> dict[str, Any]:
        ends = dict(zip(("type_a", "value_a", "type_b", "value_b"), (*a, *b), strict=True))
        return {**ends, "reason": reason, "detail": "user_id", **more}

    hub: dict[str, Any] = {"status": "hub", "detail": "user_id"}
    identities = table(
        spark,
        "identities",
        *[one("user_id", f"u{number}", f"p{number}") for number in range(3)],
        *[one("device_id", f"d{number}", "p0") for number in range(10)],
        *[one("email", f"m{number}", "p1") for number in range(4)],
        one("email", "family", "s1", status="shared", detail="user_id"),
        one("device_id", "kiosk", "h1", **hub),
        one("email", "desk", "h2", **hub),
        one("email", "alone", "h3", **hub),  # what it was linked to is ignored by now
    )
    kiosk, desk, first = ("device_id", "kiosk"), ("email", "desk"), ("user_id", "u0")
    conflicts = table(
        spark,
        "identity_conflicts",
        refused(kiosk, desk, "hub"),
        refused(kiosk, first, "hub", first_seen=AT - dt.timedelta(days=2)),
        refused(kiosk, ("user_id", "u1"), "hub"),
        refused(desk, first, "hub"),
        refused(kiosk, ("user_id", "u2"), "unique"),  # not because it is a hub
        refused(("email", "family"), first, "never_join", detail=None),
    )
    found = collect({"identities": identities, "identity_conflicts": conflicts})
    assert rows(found["person_sizes"], "status", "at_least", "persons", "identifiers") == [
        ("hub", 1, 3, 3),
        ("own", 1, 1, 1),
        ("own", 5, 1, 5),
        ("own", 10, 1, 11),
        ("shared", 1, 1, 1),
    ]
    assert rows(found["hubs"], "id_type", "id_value", "detail", "linked") == [
        ("device_id", "kiosk", "user_id", 3),
        ("email", "desk", "user_id", 2),
        ("email", "alone", "user_id", 0),
    ]
    assert rows(found["refusals"], "reason", "detail", "links", "first_seen") == [
        ("hub", "user_id", 4, AT - dt.timedelta(days=2)),
        ("never_join", None, 1, AT),
        ("unique", "user_id", 1, AT),
    ]


def test_blocked_values_and_changes_of_persons_are_added_up(spark: SparkSession) -> None:
    def seen(value: str, events: int, blocked: bool = True, days: int = 0) -> dict[str, Any]:
        day = DAY + dt.timedelta(days=days)
        return {"id_type": "email", "id_value": value, "seen_date": day, "events": events, "blocked": blocked}

    sightings = table(
        spark,
        "identity_sightings",
        *[seen(f"v{number:02}", 2) for number in range(12)],
        seen("null", 1),
        seen("null", 4, days=1),
        seen("ada", 90, blocked=False),
    )
    changes = [
        ("created", 0), ("created", 0), ("merged", 0), ("merged", 1), ("refused", 1), ("allowed", 1)
    ]  # fmt: skip
    changed = table(
        spark,
        "identity_changes",
        *[{"change": kind, "change_date": DAY + dt.timedelta(days=days)} for kind, days in changes],
    )
    found = collect({"identity_sightings": sightings, "identity_changes": changed})
    assert rows(found["blocked"], "events") == [(29,)]
    assert rows(found["blocked_values"], "id_value", "events") == [
        ("null", 5),
        *[(f"v{number:02}", 2) for number in range(9)],
    ]
    assert rows(found["identity_days"], "day", "change", "identifiers") == [
        (DAY + dt.timedelta(days=1), "merged", 1),
        (DAY, "created", 2),
        (DAY, "merged", 1),
    ]


def test_a_lake_without_a_table_gives_an_empty_frame_with_its_columns() -> None:
    found = collect({})
    assert {name: tuple(frame.columns) for name, frame in found.items()} == {
        q.name: q.columns for q in REPORT_TABLES
    }
    assert all(frame.empty for frame in found.values())


def test_every_query_runs_on_empty_tables_of_the_contracts(spark: SparkSession) -> None:
    frames = {name: spark.createDataFrame([], TABLES[name].schema) for name in tables_read()}
    found = collect(frames)
    whole = {"totals", "watermark", "blocked"}  # an aggregate without groups has one row
    assert {name for name, frame in found.items() if len(frame)} == whole


@pytest.mark.parametrize("query", REPORT_TABLES, ids=lambda query: query.name)
def test_no_query_collects_in_bulk(query: Any) -> None:
    assert query.limit <= 25_000
    assert set(query.reads) <= set(TABLES)
