"""Lifecycle and stickiness, with all options, against plain Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from tests.questions import returns_world as w
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.questions import lifecycle, stickiness
from trailhouse.settings import Lifecycle, Project, Question, Stickiness
from trailhouse.settings.questions.intervals import Returning
from trailhouse.stage import Check
from trailhouse.tables import TABLES

STATES = ("new", "returning", "resurrecting", "dormant")
EVENTS: tuple[Any, ...] = (None, "order", {"any_of": ["order", "use"]})
COMMON = {
    "unit": ("person", "person", "account", "device"),
    "event": EVENTS,
    "breakdowns": ((), ("country",), ("country", "event_name")),
    "breakdown_limit": (1, 2, 25),
    "segment": (None, None, "best"),
    "where": ((), ({"field": "country", "value": ["DE", "FR"]},)),
}


def draw(chance: random.Random, **more: Any) -> dict[str, Any]:
    return {name: chance.choice(values) for name, values in COMMON.items()} | more


def firsts(question: Returning, events: list[w.Event], project: Project) -> list[tuple[str, date, w.Event]]:
    """Units, days and events that count, in order."""
    return [
        (unit, w.day_of(event.at, project), event)
        for unit, event in w.counted_events(question, events)
        if w.is_step(question.event)(event)
    ]


def groups(question: Question, first: dict[Any, w.Event]) -> dict[tuple[str, str], set[Any]]:
    """(field, value as shown) -> the keys of `first` whose first event has it."""
    found = {("all", "all"): set(first)}
    for name in question.breakdowns:
        values = {key: getattr(event, name) or "unknown" for key, event in first.items()}
        shown = w.shown(Counter(values.values()), question.breakdown_limit)
        for key, value in values.items():
            found.setdefault((name, shown[value]), set()).add(key)
    return found


def lives(question: Lifecycle, events: list[w.Event], project: Project) -> set[tuple[Any, ...]]:
    """The rows of `lifecycle` that sets and loops give."""
    active: dict[str, set[date]] = {}
    first: dict[str, w.Event] = {}
    for unit, day, event in firsts(question, events, project):
        first.setdefault(unit, event)
        active.setdefault(unit, set()).add(w.period_of(day, question.interval, project))
    if not active:
        return set()
    rows: set[tuple[Any, ...]] = set()
    period = min(min(own) for own in active.values())
    while w.begin_of(period, project) <= w.NOW:
        before, after = (w.later(period, step, question.interval) for step in (-1, 1))
        inside = [question.from_day, question.to_day]
        shown = [day and w.period_of(day, question.interval, project) for day in inside]
        if (shown[0] is None or period >= shown[0]) and (shown[1] is None or period <= shown[1]):
            for (by, value), units in groups(question, first).items():
                counts = Counter[str]()
                for unit in units:
                    own = active[unit]
                    if period in own:
                        back = "returning" if before in own else "resurrecting"
                        counts["new" if period == min(own) else back] += 1
                    elif before in own:
                        counts["dormant"] += 1
                complete = w.begin_of(after, project) <= w.NOW
                rows.add((period, by, value, *(counts[state] for state in STATES), complete))
        period = after
    return rows


def bars(question: Stickiness, events: list[w.Event], project: Project) -> set[tuple[Any, ...]]:
    """The rows of `stickiness` that sets and loops give."""
    ranges: dict[date, dict[str, set[date]]] = {}
    first: dict[date, dict[str, w.Event]] = {}
    for unit, day, event in firsts(question, events, project):
        if question.within == "range":
            if not w.in_range(question, day):
                continue
            assert question.from_day
            own = question.from_day
        else:
            own = w.period_of(day, question.within, project)
            ends = [one and w.period_of(one, question.within, project) for one in _days(question)]
            if (ends[0] and own < ends[0]) or (ends[1] and own > ends[1]):
                continue
        period = w.period_of(day, question.interval, project)
        ranges.setdefault(own, {}).setdefault(unit, set()).add(period)
        first.setdefault(own, {}).setdefault(unit, event)
    rows: set[tuple[Any, ...]] = set()
    for own, units in ranges.items():
        if question.within == "range":
            complete = question.to_day is not None and (
                w.begin_of(w.later(question.to_day, 1, "day"), project) <= w.NOW
            )
        else:
            complete = w.begin_of(w.later(own, 1, question.within), project) <= w.NOW
        for (by, value), members in groups(question, first[own]).items():
            counts = [len(units[unit]) for unit in members]
            for k in range(1, max(counts) + 1):
                least = sum(count >= k for count in counts)
                share = round(least / len(counts), 4)
                rows.add((own, by, value, k, counts.count(k), least, share, complete))
    return rows


def _days(question: Question) -> Sequence[date | None]:
    return question.from_day, question.to_day


def laws_hold(spark: SparkSession, table: str, found: list[Row], checks: Sequence[Check], seed: int) -> None:
    every = [*checks_of(TABLES[table]), *checks]
    broken = count_offending({table: spark.createDataFrame(found, TABLES[table].schema)}, every)
    assert [one.name for one, many in zip(every, broken, strict=True) if many] == [], f"seed {seed}"


def test_lifecycle_is_what_sets_of_periods_give(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    events = w.world(chance)
    lakes = {project: w.asked(spark, events, project) for project in (w.NEW_YORK, w.BERLIN)}
    questions = []
    for number in range(3):
        ends = {
            "from_day": chance.choice((None, "2026-03-04")),
            "to_day": chance.choice((None, "2026-03-25")),
        }
        given = draw(chance, name=f"q{number}", interval=("day", "week", "month")[number % 3], **ends)
        questions.append((Lifecycle.model_validate(given), (w.NEW_YORK, w.BERLIN)[number % 2]))
    questions.append((Lifecycle(name="any"), w.BERLIN))  # of person_days
    answers = [
        TABLES["lifecycle"].select(lifecycle.answer(one, lakes[project])) for one, project in questions
    ]
    found = reduce(DataFrame.unionByName, answers).collect()
    for question, project in questions:
        got = {
            tuple(row[name] for name in ("date", "breakdown_by", "breakdown", *STATES, "complete"))
            for row in found
            if row["question"] == question.name
        }
        want = lives(question, events, project)
        assert (got - want, want - got) == (set(), set()), f"seed {seed}, {question!r}"
    laws_hold(spark, "lifecycle", found, lifecycle.CHECKS, seed)


def test_stickiness_is_what_counting_periods_gives(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    events = w.world(chance)
    lakes = {project: w.asked(spark, events, project) for project in (w.NEW_YORK, w.BERLIN)}
    questions = []
    for number in range(3):
        within = ("month", "range", "week")[number % 3]
        interval = chance.choice(("day", "week", "month")) if within == "range" else "day"
        first = "2026-03-04" if within == "range" else chance.choice((None, "2026-03-04"))
        ends = {"from_day": first, "to_day": chance.choice((None, "2026-03-25"))}
        given = draw(chance, name=f"q{number}", within=within, interval=interval, **ends)
        questions.append((Stickiness.model_validate(given), (w.NEW_YORK, w.BERLIN)[number % 2]))
    questions.append((Stickiness(name="any"), w.NEW_YORK))  # of person_days
    answers = [
        TABLES["stickiness"].select(stickiness.answer(one, lakes[project])) for one, project in questions
    ]
    found = reduce(DataFrame.unionByName, answers).collect()
    names = ("date", "breakdown_by", "breakdown", "periods", "units", "at_least")
    for question, project in questions:
        got = {
            (*(row[name] for name in names), round(float(row["share"]), 4), row["complete"])
            for row in found
            if row["question"] == question.name
        }
        want = bars(question, events, project)
        assert (got - want, want - got) == (set(), set()), f"seed {seed}, {question!r}"
    laws_hold(spark, "stickiness", found, stickiness.CHECKS, seed)


def test_nobody_gives_no_rows(spark: SparkSession) -> None:
    nobody = w.asked(spark, [], w.BERLIN)
    answers = (lifecycle.answer(Lifecycle(), nobody), stickiness.answer(Stickiness(), nobody))
    assert reduce(DataFrame.unionByName, (one.select("question") for one in answers)).count() == 0
