"""Rules of segments: since when each person is a member."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows, watermark
from tests.segments.oracle import stretches
from trailhouse.segments.rules import members
from trailhouse.settings import Profiles, Project, Segment

ZONE = ZoneInfo("America/New_York")
START = date(2026, 3, 2)
LAST = date(2026, 3, 15)
"""Clocks are set forward on 8 March."""


def drawn(draw: random.Random, named: list[str], depth: int = 2) -> dict[str, Any]:
    """A rule of any kind, that may name the segments `named`."""
    kinds = ["did"] * 3 + ["did_not", "field"] + ["in_sequence"] * 3 + ["segment"] * 4 * bool(named)
    kind = draw.choice(kinds + ["all", "any", "not"] * depth)
    if kind in ("all", "any"):
        return {kind: [drawn(draw, named, depth - 1) for _ in range(draw.randint(1, 3))]}
    if kind == "not":
        return {kind: drawn(draw, named, depth - 1)}
    if kind == "segment":
        return {kind: draw.choice(named[-6:])}
    if kind == "field":
        return draw.choice(
            [{"field": "profile.country", "value": "DE"}, {"field": "trait.plan", "value": "pro"}]
        )
    rule: dict[str, Any] = draw.choice(
        [
            {},
            {"within": timedelta(days=draw.randint(1, 5))},
            {"from_day": START + timedelta(days=3)},
            {"to_day": START + timedelta(days=8)},
            {"from_day": START + timedelta(days=2), "to_day": START + timedelta(days=7)},
        ]
    )
    if kind == "in_sequence":
        rule = {**rule, kind: [step(draw) for _ in range(draw.randint(2, 3))]}
        rule |= draw.choice([{}, {"window": timedelta(hours=draw.choice([0, 1, 24, 60]))}])
        return rule | draw.choice([{}, {}, {"ties": "strict"}])
    rule = {**rule, kind: step(draw)}
    if kind == "did_not":
        return rule
    number = draw.randint(1, 3)
    return rule | draw.choice(
        [
            {},
            {"at_least": number},
            {"at_most": number},
            {"exactly": number - 1},
            {"at_least": number, "at_most": number + 1},
            {"first_ever": True},
        ]
    )


def step(draw: random.Random) -> Any:
    return draw.choice(
        ["a", "b", "c", "*", {"event": "a", "where": [{"field": "properties.plan", "value": "x"}]}]
    )


def world(draw: random.Random) -> list[dict[str, Any]]:
    """A person's events in order; several share a time."""
    minutes = sorted(draw.randrange(14 * 96) * 15 for _ in range(draw.randint(1, 12)))
    for place in range(1, len(minutes)):
        if draw.random() < 0.3 and minutes[max(0, place - 3)] != minutes[place - 1]:
            minutes[place] = minutes[place - 1]
    begin = datetime(START.year, START.month, START.day, tzinfo=ZONE).astimezone(UTC)
    return [
        {
            "name": draw.choice("aabbcd"),
            "plan": draw.choice("xy"),
            "utc": begin + timedelta(minutes=minute),
            "at": (begin + timedelta(minutes=minute)).astimezone(ZONE).replace(tzinfo=None),
            "number": number,
        }
        for number, minute in enumerate(minutes)
    ]


def frames(
    spark: SparkSession,
    activity: list[dict[str, Any]],
    profiles: list[dict[str, Any]],
    sessions: list[dict[str, Any]] | None = None,
    at: str = "2026-03-16 16:00:00",
) -> Mapping[str, DataFrame]:
    return {
        "activity": rows(spark, "activity", activity),
        "sessions": rows(spark, "sessions", sessions or []),
        "profiles": rows(spark, "profiles", profiles),
        "watermark": watermark(spark, at),
    }


def test_memberships_are_those_of_a_day_by_day_judgement(spark: SparkSession) -> None:
    seed = 20260302
    draw = random.Random(seed)
    rules: dict[str, dict[str, Any]] = {}
    for number in range(50):
        rules[f"rule {number}"] = drawn(draw, list(rules))
    # That which is named may be declared later.
    rules = {name: rules[name] for name in draw.sample(list(rules), len(rules))}
    people = {f"p{number}": world(draw) for number in range(40)}
    profiles = {
        name: {"country": draw.choice(["DE", "FR", None]), "plan": draw.choice(["pro", "free", None])}
        for name in people
    }
    activity = [
        {
            "person_id": name,
            "event_id": f"{name}-{event['number']:02}",
            "event_name": event["name"],
            "event_time": event["utc"],
            "properties": f'{{"plan": "{event["plan"]}"}}',
        }
        for name, events in people.items()
        for event in events
    ]
    told = [
        {
            "person_id": name,
            "first_seen": events[0]["utc"],
            "country": profiles[name]["country"],
            "traits": f'{{"plan": "{profiles[name]["plan"]}"}}' if profiles[name]["plan"] else None,
        }
        for name, events in people.items()
    ]
    segments = {name: Segment.model_validate(rule) for name, rule in rules.items()}
    found: dict[tuple[str, str], list[tuple[date, date | None]]] = {}
    given = frames(spark, activity, told)
    for row in members(segments, given, Project(timezone=str(ZONE))).collect():
        found.setdefault((row.segment, row.person_id), []).append((row.valid_from, row.valid_to))
    seen = 0
    for name, rule in rules.items():
        for person, events in people.items():
            events = [event for event in events if event["at"].date() <= LAST]
            expected = stretches(rule, rules, profiles[person], events, LAST) if events else []
            seen += len(expected)
            assert sorted(found.get((name, person), [])) == expected, (
                f"seed {seed}: {name} {rule} of {person} {events} {profiles[person]}"
            )
    assert seen > 500, "hardly anybody is a member of anything: the test would say little"
    deepest = max(len(written(rule, rules)) for rule in rules.values())
    assert deepest > 3, "hardly any segment names others"


def written(rule: Any, rules: Mapping[str, Any]) -> set[str]:
    """The segments that a rule is made of in the end."""
    if isinstance(rule, list):
        return {name for one in rule for name in written(one, rules)}
    if not isinstance(rule, dict):
        return set()
    own = {rule["segment"]} | written(rules[rule["segment"]], rules) if "segment" in rule else set()
    return own | {name for one in rule.values() for name in written(one, rules)}


def stretches_of(
    spark: SparkSession,
    segments: Mapping[str, Any],
    given: Mapping[str, DataFrame],
    zone: str = "UTC",
    profiles: Profiles | None = None,
) -> dict[str, list[tuple[str, str, str | None]]]:
    """segment -> person, from, to."""
    rules = {name: Segment.model_validate(rule) for name, rule in segments.items()}
    found: dict[str, list[tuple[str, str, str | None]]] = {name: [] for name in segments}
    for row in members(rules, given, Project(timezone=zone), profiles).collect():
        found[row.segment].append((row.person_id, str(row.valid_from), row.valid_to and str(row.valid_to)))
    return {name: sorted(each) for name, each in found.items()}


def test_whose_events_count_and_when_a_day_is_over(spark: SparkSession) -> None:
    def event(person: str, at: str, name: str = "order", **more: Any) -> dict[str, Any]:
        return {"person_id": person, "event_time": at, "event_name": name, **more}

    activity = [
        event("p", "2026-03-02 10:00:00"),
        event("p", "2026-03-05 09:00:00"),  # on the last day, which is not over
        event("bot", "2026-03-02 10:00:00", is_bot=True),
        event("staff", "2026-03-02 10:00:00", internal=True),
        event("visit of a bot", "2026-03-02 10:00:00", session_id="bot"),
        event("no profile", "2026-03-05 09:00:00"),
        event("by channel", "2026-03-03 10:00:00", session_id="s"),
    ]
    computed = Profiles.model_validate({"traits": [{"name": "orders", "kind": "count", "event": "order"}]})
    people = ("p", "bot", "staff", "visit of a bot", "by channel")
    profiles: list[dict[str, Any]] = [
        {"person_id": name, "first_seen": "2026-03-02 10:00:00", "traits": '{"orders": 1}'} for name in people
    ]
    profiles[0]["computed_traits"] = [{"name": "orders", "number": 1}]
    sessions = [{"session_id": "bot", "is_bot": True}, {"session_id": "s", "channel": "Email"}]
    given = frames(spark, activity, profiles, sessions, at="2026-03-05 12:00:00")
    by_mail = {"event": "order", "where": [{"field": "session.channel", "value": "Email"}]}
    found = stretches_of(
        spark,
        {
            "bought": {"did": "order"},
            "twice": {"did": "order", "at_least": 2},
            "yesterday": {"did": "order", "within": "2d"},
            "by mail": {"did": by_mail},
            "nothing": {"did_not": "order"},
            "once by rule": {"field": "trait.orders", "value": 1},
            "Yesterday": {"all": [{"segment": "yesterday"}, {"not": {"segment": "once by rule"}}]},
        },
        given,
        profiles=computed,
    )
    assert found == {
        "bought": [("by channel", "2026-03-03", None), ("p", "2026-03-02", None)],
        "twice": [],
        "yesterday": [("by channel", "2026-03-03", None), ("p", "2026-03-02", "2026-03-04")],
        "by mail": [("by channel", "2026-03-03", None)],
        "nothing": [
            ("bot", "2026-03-02", None),
            ("by channel", "2026-03-02", "2026-03-03"),
            ("staff", "2026-03-02", None),
            ("visit of a bot", "2026-03-02", None),
        ],
        "once by rule": [("p", "2026-03-02", None)],  # what the others were told is hidden by the rule
        "Yesterday": [("by channel", "2026-03-03", None)],  # its name differs from another by case alone
    }


def test_nobody_is_a_member_where_nobody_is_and_no_rule_is_no_question(spark: SparkSession) -> None:
    assert stretches_of(spark, {"a": {"did_not": "x"}}, frames(spark, [], [], at=None)) == {"a": []}  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no segment"):
        members({}, frames(spark, [], []), Project())
