"""Paths, against the same told in plain Python."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.conftest import ROOT
from tests.factories import rows
from trailhouse.gates.counting import count_offending
from trailhouse.questions.asked import Asked
from trailhouse.questions.paths import CHECKS, answer
from trailhouse.questions.spread import OTHER
from trailhouse.questions.ways import BETWEEN
from trailhouse.settings import Step
from trailhouse.settings.questions import Paths, Questions
from trailhouse.tables import TABLES

Event = dict[str, Any]
Cells = dict[tuple[Any, ...], tuple[Any, ...]]


def found(
    spark: SparkSession, questions: list[Paths], events: list[Event]
) -> tuple[DataFrame, dict[str, Cells]]:
    """The rows of all questions, and by `name_of` (kind, step, source, target, path) -> figures."""
    given = [{name: value for name, value in one.items() if name != "t"} for one in events]
    activity = rows(spark, "activity", given).coalesce(1)
    sessions = rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}])
    frames = {"activity": activity, "sessions": sessions}
    # One by one: adaptive execution plans the rest of a query anew after each of its stages.
    told = [row for one in questions for row in TABLES["paths"].select(answer(one, Asked(frames))).collect()]
    cells: dict[str, Cells] = defaultdict(dict)
    for row in told:
        key = (row["kind"], row["step"], row["source"], row["target"], tuple(row["path"] or ()))
        name = name_of(row["question"], row["breakdown_by"], row["breakdown"])
        assert key not in cells[name], key
        cells[name][key] = (
            row["units"], row["paths"], row["loops"], row["u_turns"], row["median_us"],
        )  # fmt: skip
    return spark.createDataFrame(told, TABLES["paths"].schema), cells


def name_of(question: str, by: str, value: str) -> str:
    """A question, and what of it a value of a breakdown is."""
    return question if (by, value) == ("all", "all") else f"{question}, {by} {value}"


def is_step(event: Event, step: Step) -> bool:
    """What the tests' steps ask for: an event's name and its page."""
    if step.any_of and not any(is_step(event, one) for one in step.any_of):
        return False
    if step.event is not None and step.event != event["event_name"]:
        return False
    return all(event[one.field] in one.values for one in step.where)


def node_of(event: Event, question: Paths) -> str:
    for group in question.groups:
        if is_step(event, group):
            return group.label
    name = event["event_name"]
    if question.node == "event":
        return str(name)
    page = event["page_path" if question.node == "page_path" else "page_group"]
    if question.node == "event_and_page":
        return f"{name} {page}" if page else str(name)
    return str(page or "unknown") if name in ("page_view", "screen_view") else str(name)


Way = tuple[str, list[tuple[str, int]], bool, list[str]]
"""Unit, nodes with times, whether it goes on unseen, and values of breakdowns."""
VALUES = {"device_type": lambda event: event["device"]["type"], "platform": lambda event: event["platform"]}


def ways(question: Paths, events: list[Event]) -> list[Way]:
    """The rules, one after the other."""
    column = {
        "person": "person_id",
        "account": "account_id",
        "session": "session_id",
        "device": "anonymous_id",
    }
    anchors = [one for one in (question.start, question.end) if one]
    runs: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in events:
        unit = event[column[question.unit]]
        if unit is None or event.get("is_bot") or event.get("session_id") == "bot":
            continue
        anchor = any(is_step(event, one) for one in anchors)
        node = any(is_step(event, one) for one in question.looked_at)
        if not anchor and (not node or any(is_step(event, one) for one in question.exclude)):
            continue
        walk = event["session_id"] if question.cut == "session" else event["person_id"]
        if walk is not None:
            runs[unit, walk].append(event)
    paths: list[Way] = []
    for (unit, _), run in runs.items():
        run.sort(
            key=lambda e: (
                e["t"],
                e["sequence"] is None,
                e["sequence"] or 0,
                e["event_name"] not in ("page_view", "screen_view"),
                e["event_id"],
            )
        )
        parts: list[list[Event]] = [[]]
        for event in run:
            gap = event["t"] - parts[-1][-1]["t"] if parts[-1] else 0
            if question.cut == "inactivity" and gap > question.inactivity / timedelta(microseconds=1):
                parts.append([])
            parts[-1].append(event)
        for part in parts:
            if question.start:
                at = next((i for i, e in enumerate(part) if is_step(e, question.start)), None)
                if at is None:
                    continue
                part = part[at:]
            if question.end:
                first = 1 if question.start else 0
                at = next((i for i, e in enumerate(part) if i >= first and is_step(e, question.end)), None)
                if at is None:
                    continue
                part = part[: at + 1]
            nodes: list[tuple[str, int]] = []
            for event in part:
                node_name = node_of(event, question)
                if not (question.merge_repeats and nodes and nodes[-1][0] == node_name):
                    nodes.append((node_name, event["t"]))
            more = len(nodes) > question.steps
            if more and question.start and question.end:
                left_out = (BETWEEN, nodes[question.steps - 2][1])
                nodes, more = [*nodes[: question.steps - 2], left_out, nodes[-1]], False
            elif question.end:
                nodes = nodes[-question.steps :]
            else:
                nodes = nodes[: question.steps]
            own = [VALUES[name](part[0]) or "unknown" for name in question.breakdowns]
            paths.append((unit, nodes, more, own))
    return paths


def expected(question: Paths, events: list[Event]) -> dict[str, Cells]:
    """The cells of everyone, and of each value of each breakdown, by `name_of`."""
    paths = ways(question, events)
    backwards = question.end is not None and question.start is None
    at_number: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for unit, nodes, _, _ in paths:
        for number, (node, _) in enumerate(nodes, start=1 - len(nodes) if backwards else 1):
            if node != BETWEEN:
                at_number[number][node].add(unit)
    top = {
        number: set(sorted(units, key=lambda node: (-len(units[node]), node))[: question.node_limit])
        for number, units in at_number.items()
    }
    found = {question.name: cells_of(question, paths, top)}
    for place, by in enumerate(question.breakdowns):
        units_of: dict[str, set[str]] = defaultdict(set)
        for unit, _, _, values in paths:
            units_of[values[place]].add(unit)
        kept = sorted(units_of, key=lambda value: (-len(units_of[value]), value))[: question.breakdown_limit]
        parts: dict[str, list[Way]] = defaultdict(list)
        for way in paths:
            parts[way[3][place] if way[3][place] in kept else OTHER].append(way)
        found |= {
            name_of(question.name, by, value): cells_of(question, own, top) for value, own in parts.items()
        }
    return found


def cells_of(question: Paths, paths: list[Way], top: dict[int, set[str]]) -> Cells:
    """Links of the paths, where the nodes of `top` keep their names."""
    backwards = question.end is not None and question.start is None
    cells: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    whole: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for unit, nodes, more, _ in paths:
        first = 1 - len(nodes) if backwards else 1
        names = [name for name, _ in nodes]
        shown = [n if n == BETWEEN or n in top[first + i] else OTHER for i, n in enumerate(names)]
        cells[("cut" if backwards and more else "begin", first - 1, None, shown[0], ())].append(
            (unit, 0, 0, None)
        )
        ended = "cut" if more and not backwards else "end"
        cells[ended, first + len(names) - 1, shown[-1], None, ()].append((unit, 0, 0, None))
        turned = False
        for i, ((source, left), (target, came)) in enumerate(pairwise(nodes), start=1):
            loop = target != BETWEEN and target in names[:i]
            turn = i >= 2 and names[i - 2] == target and BETWEEN not in (source, target) and source != target
            turned |= turn
            key = ("edge", first + i - 1, shown[i - 1], shown[i], ())
            cells[key].append((unit, loop, turn, came - left))
        own = [name for name in names if name != BETWEEN]
        whole["path", None, None, None, tuple(names)].append(
            (unit, len(set(own)) < len(own), turned, nodes[-1][1] - nodes[0][1])
        )
    ranked = sorted(whole, key=lambda key: (-len({one[0] for one in whole[key]}), -len(whole[key]), key[4]))
    cells.update({key: whole[key] for key in ranked[: question.path_limit]})
    return {
        key: (
            len({one[0] for one in entries}),
            len(entries),
            sum(one[1] for one in entries),
            sum(one[2] for one in entries),
            None if entries[0][3] is None else int(median(one[3] for one in entries) + 0.5),
        )
        for key, entries in cells.items()
    }


def world(chance: random.Random, count: int) -> list[Event]:
    """Units with a few sessions each, among pages that they come back to, with ties and gaps."""
    events: list[Event] = []
    begin = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for person in range(count):
        at = begin + timedelta(minutes=chance.randrange(600))
        for visit in range(chance.randint(1, 3)):
            at += timedelta(minutes=chance.choice((5, 31, 200)))
            for _ in range(chance.randint(1, 9)):
                at += timedelta(seconds=chance.choice((0, 0, 1, 20, 1800, 1801)))
                name = chance.choice(("page_view",) * 5 + ("screen_view", "order", "click"))
                page = chance.choice(("/a", "/a", "/b", "/c", "/d", None))
                session = f"s{person}-{visit}" if chance.random() < 0.95 else None
                events.append({
                    "event_id": f"e{chance.randrange(10**9):09d}-{len(events)}",
                    "person_id": f"p{person}" if chance.random() < 0.97 else None,
                    "account_id": chance.choice((f"a{person % 4}", None)),
                    "anonymous_id": f"d{person}-{visit % 2}",
                    "session_id": "bot" if person == 0 else session,
                    "event_time": at.strftime("%Y-%m-%d %H:%M:%S"),
                    "sequence": chance.choice((None, 1, 2)),
                    "event_name": name,
                    "page_group": page,
                    "page_path": page and f"{page}/{chance.randint(1, 2)}",
                    "device": {"type": chance.choice(("mobile", "mobile", "desktop", "tv", None))},
                    "platform": chance.choice(("web", "ios")),
                    "t": int(at.timestamp()) * 10**6,
                    **({"is_bot": True} if chance.random() < 0.02 else {}),
                })  # fmt: skip
    return events


PAGE_B = {"event": "page_view", "where": [{"field": "page_group", "value": "/b"}]}
VIEW_OR_CLICK = {"any_of": [{"event": "page_view"}, {"event": "click"}], "name": "view or click"}
QUESTIONS: list[dict[str, Any]] = [
    {"name": "plain", "node_limit": 2, "steps": 4, "path_limit": 5},
    {
        "name": "of a session, after a start",
        "unit": "session",
        "start": PAGE_B,
        "node": "page_path",
        "steps": 3,
        "node_limit": 3,
    },
    {
        "name": "before an end, cut soon",
        "end": "order",
        "cut": "inactivity",
        "inactivity": "20s",
        "steps": 3,
        "merge_repeats": False,
        "node_limit": 2,
        "breakdowns": ["device_type"],
        "path_limit": 2,
    },
    {
        "name": "between",
        "start": "/a/1",
        "end": VIEW_OR_CLICK,
        "node": "event_and_page",
        "unit": "device",
        "steps": 3,
        "node_limit": 3,
        "exclude": ["click", "screen_view"],
        "merge_repeats": False,
    },
    {
        "name": "of an account, cut at inactivity",
        "unit": "account",
        "cut": "inactivity",
        "node": "event",
        "steps": 10,
        "node_limit": 3,
        "events": ["page_view", "order", "click"],
        "groups": [{**PAGE_B, "name": "Basket"}, {"event": "order", "name": "Bought"}],
        "path_limit": 0,
        "breakdowns": ["platform", "device_type"],
        "breakdown_limit": 2,
    },
]


def test_random_worlds_give_the_edges_that_walking_every_path_gives(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    events = world(random.Random(seed), 60)
    questions = [Paths.model_validate(given) for given in QUESTIONS]
    told, cells = found(spark, questions, events)
    for question in questions:
        for name, wanted in expected(question, events).items():
            got = cells.pop(name, {})
            assert wanted, f"{name}, seed {seed}"
            differing = {key: (got.get(key), wanted.get(key))
                         for key in {*wanted, *got} if got.get(key) != wanted.get(key)}  # fmt: skip
            assert not differing, f"{name}, seed {seed}"
    assert not cells, f"seed {seed}"
    assert count_offending({"paths": told}, CHECKS) == [0] * len(CHECKS), f"seed {seed}"
    broken = told.withColumn("paths", F.col("paths") + F.when(F.col("kind") == "edge", 1).otherwise(0))
    assert [n > 0 for n in count_offending({"paths": broken}, CHECKS)][:1] == [True]


def view(person: str, page: str | None, second: int, **more: Any) -> Event:
    return {
        "person_id": person,
        "session_id": f"s-{person}",
        "event_name": "page_view",
        "page_group": page,
        "event_time": f"2026-03-02 10:{second // 60:02d}:{second % 60:02d}",
        **more,
    }


def test_a_way_back_is_a_u_turn_and_a_page_seen_before_a_loop(spark: SparkSession) -> None:
    events = [
        *(view("p", page, 10 * i) for i, page in enumerate(("/", "/a", "/a", "/", "/b", "/a"))),
        *(view("q", page, i) for i, page in enumerate(("/", "/a"))),
    ]
    _, cells = found(
        spark, [Paths(name="w", steps=10, path_limit=1), Paths(name="none", start=Step(event="no"))], events
    )
    assert cells["w"] == {
        ("begin", 0, None, "/", ()): (2, 2, 0, 0, None),
        ("edge", 1, "/", "/a", ()): (2, 2, 0, 0, 5_500_000),  # 10 s and 1 s
        ("edge", 2, "/a", "/", ()): (1, 1, 1, 1, 20_000_000),
        ("edge", 3, "/", "/b", ()): (1, 1, 0, 0, 10_000_000),
        ("edge", 4, "/b", "/a", ()): (1, 1, 1, 0, 10_000_000),
        ("end", 2, "/a", None, ()): (1, 1, 0, 0, None),
        ("end", 5, "/a", None, ()): (1, 1, 0, 0, None),
        ("path", None, None, None, ("/", "/a")): (1, 1, 0, 0, 1_000_000),
    }
    assert "none" not in cells


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"groups": [{"event": "order"}]}, "needs a name"),
        ({"start": "a", "end": "b", "steps": 2}, "at least 3"),
        ({"steps": 11}, "less than or equal to 10"),
    ],
)
def test_what_no_path_can_be_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Paths.model_validate(given)


def test_the_example_of_the_docs_and_the_shops_own_are_questions() -> None:
    page = (ROOT / "docs" / "questions" / "paths.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    for told in (example, (ROOT / "conf" / "questions" / "paths.yaml").read_text(encoding="utf-8")):
        assert len(Questions.model_validate(yaml.safe_load(told)).paths) == 1
