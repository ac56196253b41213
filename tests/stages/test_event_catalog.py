"""Catalogs of random small worlds beside those that plain Python makes, and the plan drafted from them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.plan.infer import as_yaml, drafts
from trailhouse.plan.paths import child
from trailhouse.settings import PlannedEvent, Settings
from trailhouse.stage import Context
from trailhouse.stages import event_catalog, plan_violations
from trailhouse.tables.event_catalog import TABLE

STRINGS = {
    "2026-03-02": "date",
    "2026-03-02T10:00:00.5Z": "date-time",
    "2026-03-02 10:00": "date-time",
    "0f8fad5b-d9cb-469f-a165-70867728950e": "uuid",
    "https://shop.example/a?b=c": "uri",
    "mia@mail.example": "email",
    "2026-03-02\n": None,
    "two words@mail.example": None,
    "mia@mail.example" * 20: None,
    "": None,
    "1": None,
    "<script>": None,
}
NAMES = ("a", "b", "c", "a.b", "x[]", "", "back\\slash", "é", "long" * 100)
SCALARS = (0, -1, 2**63, 10**37, 10**40, 0.5, 21.65, 1.0, 0.0, True, False, None, *STRINGS)
WORLDS = 40
START = datetime(2026, 3, 2, tzinfo=UTC)

Event = dict[str, Any]


def document(draw: random.Random, depth: int = 0) -> Any:
    """A value as JSON has it, objects and arrays up to five deep."""
    kind = draw.random()
    if depth == 0 or (kind < 0.2 and depth < 5):
        return {name: document(draw, depth + 1) for name in draw.sample(NAMES, draw.randint(0, 4))}
    if kind < 0.4 and depth < 5:
        return [document(draw, depth + 1) for _ in range(draw.randint(0, 3))]
    return draw.choice(SCALARS)


def world(seed: int) -> list[Event]:
    """Events of two names and sources, their texts now and then none, no object or no JSON."""
    draw = random.Random(seed)
    return [
        {
            "event_name": f"w{seed} {draw.choice('ab')}",
            "source": draw.choice(["segment", "posthog"]),
            "event_time": START + timedelta(minutes=draw.randint(0, 999)),
            "release": draw.choice([None, "1", "2"]),
            "app_id": draw.choice([None, "shop", "app"]),
            "value": draw.choice([None, Decimal(1)]),
            "identifiers": draw.choice([None, {}, {"email": "x"}]),
            "page": draw.choice([None, {"url": "/"}]),
            "properties": draw.choice([None, "nope", "[1]", '{"a":1,"a":2}'])
            if draw.random() < 0.1
            else json.dumps(document(draw), ensure_ascii=draw.random() < 0.5),
            "traits": json.dumps(document(draw)) if draw.random() < 0.1 else None,
        }
        for _ in range(draw.randint(1, 12))
    ]


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def types(text: str | None, depth: int) -> set[tuple[str, str, str | None]]:
    """Place, type and format of everything in a JSON text."""
    if text is None:
        return {("", "null", None)}
    try:
        value = json.loads(text, parse_float=Decimal, object_pairs_hook=once)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {("", "unreadable", None)}
    return {("", "object", None), *inside("", value, depth)}


def inside(path: str, value: Any, depth: int) -> Iterable[tuple[str, str, str | None]]:
    if depth == 0:
        return
    members = value.items() if isinstance(value, dict) else [(None, v) for v in value]
    for name, member in members:
        at = f"{path}[]" if name is None else child(path, name)
        yield (at, *typed(member))
        if isinstance(member, dict | list):
            yield from inside(at, member, depth - 1)


def typed(value: Any) -> tuple[str, str | None]:
    match value:
        case None:
            return "null", None
        case bool():
            return "boolean", None
        case str():
            return "string", STRINGS[value]
        case int():
            return ("integer" if len(str(value)) <= 38 else "number"), None
        case Decimal():
            return ("integer" if value == int(value) else "number"), None
    return ("object" if isinstance(value, dict) else "array"), None


def expected(events: list[Event], depth: int, limit: int) -> dict[tuple[str, ...], dict[str, Any]]:
    """The catalog by grain, event by event and place by place."""
    seen: dict[tuple[str, ...], list[tuple[Event, set[str], set[str]]]] = defaultdict(list)
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for event in events:
        own = event["event_name"], event["source"]
        totals[own] += 1
        found: dict[tuple[str, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for column, kind in (("properties", "property"), ("traits", "trait")):
            if column == "traits" and event["traits"] is None:
                continue
            for path, word, form in types(event[column], depth):
                place = found[kind if path or kind == "trait" else "event", path]
                place[0].add(word)
                place[1].update({form} - {None})
        for column, word in (("value", "number"), ("identifiers", "object"), ("page", "object")):
            if event[column]:
                found["column", column][0].add(word)
        for column in ("release", "app_id"):
            if event[column]:
                found["column", column][0].add("string")
        for (kind, path), (words, forms) in found.items():
            seen[*own, kind, path].append((event, words, forms))
    result = {key: told(having, totals[key[0], key[1]]) for key, having in seen.items()}
    for own, _ in totals.items():
        ranked = sorted(
            (key for key in result if key[:2] == own and key[2] in ("property", "trait")),
            key=lambda key: (-result[key]["filled"], key[2], key[3].encode()),
        )
        result[*own, "event", ""]["left_out"] = max(0, len(ranked) - limit)
        for key in ranked[limit:]:
            del result[key]
    return result


def told(having: list[tuple[Event, set[str], set[str]]], total: int) -> dict[str, Any]:
    filled = sum(bool(words - {"null"}) for _, words, _ in having)
    times = [event["event_time"] for event, *_ in having]
    return {
        "rows": total,
        "filled": filled,
        "fill_rate": (Decimal(filled) / total).quantize(Decimal("0.000001"), "ROUND_HALF_UP"),
        "types": counted(words for _, words, _ in having),
        "formats": counted(forms for *_, forms in having),
        "apps": sorted({event["app_id"] for event, *_ in having} - {None}),
        "releases": len({event["release"] for event, *_ in having} - {None}),
        "first_seen": min(times),
        "last_seen": max(times),
        "left_out": None,
    }


def counted(sets: Iterable[set[str]]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for words in sets:
        for word in words:
            counts[word] += 1
    return dict(counts)


def catalog(events: DataFrame, **limits: int) -> DataFrame:
    settings = Settings.model_validate({"catalog": limits})
    return event_catalog.transform({"events": events}, Context(settings, ""))["event_catalog"]


def by_grain(found: list[Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    result = {}
    for row in found:
        told = row.asDict(recursive=True)
        for name in ("types", "formats"):
            told[name] = {each["type"]: each["rows"] for each in told[name]}
        for name in ("first_seen", "last_seen"):
            told[name] = told[name].replace(tzinfo=UTC)
        result[tuple(told.pop(name) for name in TABLE.grain)] = told
    return result


@pytest.fixture(scope="module")
def worlds() -> list[Event]:
    return [event for seed in range(WORLDS) for event in world(seed)]


@pytest.fixture(scope="module")
def events(spark: SparkSession, worlds: list[Event]) -> DataFrame:
    return rows(spark, "events", worlds).localCheckpoint()


@pytest.fixture(scope="module")
def found(events: DataFrame) -> DataFrame:
    return catalog(events).localCheckpoint()


def test_the_catalog_is_what_plain_python_counts(found: DataFrame, worlds: list[Event]) -> None:
    result, true = by_grain(found.collect()), expected(worlds, 4, 300)
    for key in true.keys() | result.keys():
        assert result.get(key) == true.get(key), key


def test_its_gate_passes_and_tells_of_an_event_that_was_not_counted(
    found: DataFrame, events: DataFrame
) -> None:
    checks = [*checks_of(TABLE), *event_catalog.STAGE.checks]
    held = {"event_catalog": found, "events": events}
    assert count_offending(held, checks) == [0] * len(checks)
    short = {**held, "event_catalog": found.where("event_name <> 'w1 a'")}
    broken = [check.name for check, n in zip(checks, count_offending(short, checks), strict=True) if n]
    assert broken == ["every_event_counted"]


def test_beyond_depth_and_limit_the_most_filled_places_stay_and_the_event_says_how_many_went(
    events: DataFrame, worlds: list[Event]
) -> None:
    result, true = by_grain(catalog(events, depth=2, paths=3).collect()), expected(worlds, 2, 3)
    assert any(row["left_out"] for row in true.values())
    for key in true.keys() | result.keys():
        assert result.get(key) == true.get(key), key


def test_events_keep_to_the_plan_that_is_drafted_from_them(found: DataFrame, events: DataFrame) -> None:
    files = drafts(row.asDict(recursive=True) for row in found.collect())
    planned = {
        name: PlannedEvent.model_validate(event)
        for draft in files.values()
        for name, event in draft["events"].items()
    }
    assert all("mail.example" not in as_yaml(draft) for draft in files.values()), "no value is in a plan"
    settings = Settings()
    plan = settings.plan.model_copy(update={"path": "plan", "events": planned})
    context = Context(settings.model_copy(update={"plan": plan}), "")
    wrong = plan_violations.transform({"events": events}, context)["plan_violations"].collect()
    # What no JSON Schema speaks of, the draft can not allow.
    assert {row["kind"] for row in wrong} == {"unreadable"}
