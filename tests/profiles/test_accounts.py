"""Accounts as of some days, beside plain Python."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from tests.profiles.oracle import DAYS, Row, place, text
from tests.profiles.worlds import AS_OF, ZONE, random_world
from trailhouse.profiles.accounts import accounts_on
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages.accounts import STAGE

SEED, WORLDS = 900, 60
SETTINGS = Settings.model_validate(
    {
        "project": {"timezone": ZONE},
        "profiles": {"plan": "a"},
        "conversions": [{"event": "order"}, {"event": "survey_response", "value": False}],
    }
)


def account(activity: list[Row], sessions: list[Row], name: str, day: date) -> Row | None:
    """The row of `accounts` that an account has when `day` ended."""
    until = datetime.combine(day + timedelta(1), time(), ZoneInfo(ZONE)).astimezone(UTC)
    bots = {row["session_id"] for row in sessions if row["is_bot"] or row["internal"]}
    own = [
        row
        for row in activity
        if row["account_id"] == name
        and row["event_time"] < until
        and not (row["is_bot"] or row["internal"] or row["session_id"] in bots)
    ]
    if not own:
        return None
    own.sort(key=place)
    dated = [(row["event_time"].astimezone(ZoneInfo(ZONE)).date(), row) for row in own]
    found: Row = {
        "account_id": name,
        "as_of": day,
        "cohort_month": dated[0][0].replace(day=1),
        "first_seen": own[0]["event_time"],
        "last_seen": own[-1]["event_time"],
    }
    traits: Row = {}
    for row in own:
        if row["event_name"] == "group" and row["traits"]:
            traits |= json.loads(row["traits"])
    told = {key: text(value) for key, value in sorted(traits.items()) if value is not None}
    found["traits"] = json.dumps(told, separators=(",", ":")) if told else None
    found["plan"] = told.get("a")
    for suffix, within in (("", 10_000), *((f"_{n}", n) for n in DAYS)):
        inside = [(on, row) for on, row in dated if on > day - timedelta(within)]
        orders = [row for _, row in inside if row["event_name"] == "order"]
        found |= {
            f"active_days{suffix}": len({on for on, _ in inside}),
            f"persons{suffix}": len({row["person_id"] for _, row in inside} - {None}),
            f"sessions{suffix}": len({row["session_id"] for _, row in inside} - {None}),
            f"events{suffix}": len(inside),
            f"orders{suffix}": len(orders),
            f"conversions{suffix}": len(orders)
            + sum(row["event_name"] == "survey_response" for _, row in inside),
        }
        total: dict[str, Decimal] = {}
        for row in orders:
            if row["value"] is not None:
                currency = row["currency"] or "XXX"
                total[currency] = total.get(currency, Decimal(0)) + row["value"]
        found[f"value{suffix}"] = sorted(total.items())
    for one, names in (("order", {"order"}), ("conversion", {"order", "survey_response"})):
        found[f"last_{one}_day"] = max((on for on, row in dated if row["event_name"] in names), default=None)
    return found


def plain(row: Any) -> Row:
    found = row.asDict()
    lists = {name: [tuple(one) for one in value] for name, value in found.items() if isinstance(value, list)}
    times = {name: found[name].astimezone() for name in ("first_seen", "last_seen")}
    return found | lists | times


def test_an_account_is_what_plain_python_makes_of_its_events_and_the_stage_takes_the_last_complete_day(
    spark: SparkSession,
) -> None:
    activity, sessions = [], []
    for seed in range(SEED, SEED + WORLDS):
        world = random_world(seed)
        sessions += world.sessions
        for row in world.activity:
            name = "group" if row["event_name"] == "identify" else row["event_name"]
            account_id = row["account_id"] and f"w{seed}.{row['account_id']}"
            person = None if row["event_id"].endswith("1") else row["person_id"]
            activity.append(row | {"account_id": account_id, "event_name": name, "person_id": person})
    frames = {"activity": rows(spark, "activity", activity), "sessions": rows(spark, "sessions", sessions)}
    days = spark.createDataFrame([(day,) for day in AS_OF], "as_of DATE")
    asked = accounts_on(frames, days, SETTINGS).withColumn("stage", F.lit(False))
    # Midnight of the day after, as the zone counts in summer.
    given = frames | {"watermark": watermark(spark, f"{AS_OF[-1]} 22:00:00")}
    of_stage = STAGE.transform(given, Context(SETTINGS, ""))["accounts"].withColumn("stage", F.lit(True))
    found = {(row.stage, row.as_of, row.account_id): plain(row) for row in asked.unionAll(of_stage).collect()}
    seen = 0
    for name in sorted({row["account_id"] for row in activity} - {None}):
        for day in AS_OF:
            expected = account(activity, sessions, name, day)
            rows_found = [found.pop((False, day, name), None)]
            if day == AS_OF[-1]:
                rows_found.append(found.pop((True, day, name), None))
            for row in rows_found:
                if row is not None:
                    row.pop("stage")
                assert row == expected, f"{name} as of {day}"
            seen += expected is not None
    assert not found
    assert seen > 200
