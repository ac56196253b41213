"""Every option of retention, together, against plain Python; and a shop's real orders."""

from __future__ import annotations

import csv
import gzip
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.conftest import DATA
from tests.factories import rows, watermark
from tests.questions import returns_world as w
from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.questions.asked import Asked
from trailhouse.questions.retention import CHECKS, answer
from trailhouse.settings import Project, Retention
from trailhouse.tables import TABLES

TABLE = TABLES["retention"]
_HOURS = {"day": 24, "week": 168, "month": 720}


def draw(chance: random.Random, number: int) -> Retention:
    """A question of random options; by its number each kind of count, interval and start comes up."""
    counted = ("on", "on_or_after", "on_or_before", "brackets", "streak")[number % 5]
    given: dict[str, Any] = {
        "name": f"q{number}",
        "counted": counted,
        "brackets": chance.choice(("1, 2-3, 4-7", "1-2, 4", [3])) if counted == "brackets" else (),
        "interval": ("day", "week", "month")[number % 3],
        "starts": ("first_ever", "first_in_range", "recurring")[number // 2 % 3],
        "clock": ("calendar", "rolling")[number // 3 % 2],
        "start": chance.choice((None, "*", "order", {"any_of": ["order", "use"]})),
        "event": chance.choice((None, "order", "use")),
        "unit": chance.choice(("person", "person", "account", "device")),
        "minimum": chance.choice((1, 1, 2, 3)),
        "base": chance.choice(("total", "previous")),
        "periods": chance.choice((1, 4, 9)),
        "breakdowns": chance.choice(((), ("country",), ("country", "event_name"))),
        "breakdown_limit": chance.choice((1, 2, 25)),
        "segment": chance.choice((None, None, "best")),
        "where": chance.choice(((), (), ({"field": "country", "value": ["DE", "FR"]},))),
        "from_day": chance.choice((None, "2026-03-04")),
        "to_day": chance.choice((None, "2026-03-25")),
    }
    return Retention.model_validate(given)


def expected(question: Retention, events: list[w.Event], project: Project) -> set[tuple[Any, ...]]:
    """The rows of `retention` that sets and loops give."""
    cohorts: dict[Any, list[tuple[set[int], tuple[str, ...]]]] = {}
    found = itertools.groupby(
        sorted(w.counted_events(question, events), key=lambda one: one[0]), lambda o: o[0]
    )
    for _, own in found:
        mine = [event for _, event in own]  # sorting by unit is stable: in order
        for start in _starts(question, mine, project):
            cohort = w.period_of(w.day_of(start.at, project), question.interval, project)
            values = tuple(getattr(start, name) or "unknown" for name in question.breakdowns)
            cohorts.setdefault(cohort, []).append((_returned(question, start, cohort, mine, project), values))
    lines: set[tuple[Any, ...]] = set()
    for cohort, members in cohorts.items():
        for (by, value), own_members in _spread(question, members):
            before = len(own_members)
            for first, last in question.lines:
                if question.clock == "calendar":
                    begins = w.begin_of(w.later(cohort, first, question.interval), project)
                    ends = w.begin_of(w.later(cohort, last + 1, question.interval), project)
                else:
                    hours = timedelta(hours=_HOURS[question.interval])
                    begins = w.begin_of(cohort, project) + first * hours
                    ends = w.begin_of(w.later(cohort, 1, question.interval), project) + (last + 1) * hours
                if begins > w.NOW:
                    break
                units = sum(_counts(question, returned, first, last) for returned in own_members)
                unbounded = sum(any(n >= first for n in returned) for returned in own_members)
                whole = before if question.base == "previous" else len(own_members)
                rate = round(units / whole, 4) if whole else None
                complete = ends <= w.NOW
                lines.add(
                    (by, value, cohort, first, last, len(own_members), units, unbounded, rate, complete)
                )
                before = units
    return lines


def _starts(question: Retention, mine: list[w.Event], project: Project) -> Iterator[w.Event]:
    starts = [one for one in mine if w.is_step(question.start)(one)]
    inside = [one for one in starts if w.in_range(question, w.day_of(one.at, project))]
    if question.starts == "first_ever":
        yield from (one for one in starts[:1] if one in inside)
    elif question.starts == "first_in_range":
        yield from inside[:1]
    else:
        periods = set()
        for one in inside:
            period = w.period_of(w.day_of(one.at, project), question.interval, project)
            if period not in periods:
                periods.add(period)
                yield one


def _returned(
    question: Retention, start: w.Event, cohort: Any, mine: list[w.Event], project: Project
) -> set[int]:
    times: Counter[int] = Counter()
    for one in mine:
        if not w.is_step(question.event)(one) or one.at < start.at:
            continue
        if question.clock == "rolling":
            times[(one.at - start.at) // timedelta(hours=_HOURS[question.interval])] += 1
        else:
            period = w.period_of(w.day_of(one.at, project), question.interval, project)
            times[w.apart(cohort, period, question.interval)] += 1
    return {n for n, many in times.items() if many >= question.minimum}


def _counts(question: Retention, returned: set[int], first: int, last: int) -> bool:
    match question.counted:
        case "on":
            return first in returned
        case "on_or_after":
            return any(n >= first for n in returned)
        case "on_or_before":
            return 0 in returned if first == 0 else any(0 < n <= first for n in returned)
        case "brackets":
            return any(first <= n <= last for n in returned)
        case "streak":
            return 0 in returned if first == 0 else all(n in returned for n in range(1, first + 1))


def _spread(
    question: Retention, members: list[tuple[set[int], tuple[str, ...]]]
) -> Iterator[tuple[tuple[str, str], list[set[int]]]]:
    yield ("all", "all"), [returned for returned, _ in members]
    for place, name in enumerate(question.breakdowns):
        shown = w.shown(Counter(values[place] for _, values in members), question.breakdown_limit)
        by_value: dict[str, list[set[int]]] = {}
        for returned, values in members:
            by_value.setdefault(shown[values[place]], []).append(returned)
        yield from (((name, value), own) for value, own in by_value.items())


def test_all_options_together_give_what_sets_and_loops_give(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    events = w.world(chance)
    lakes = {project: w.asked(spark, events, project) for project in (w.NEW_YORK, w.BERLIN)}
    questions = [(draw(chance, number), chance.choice((w.NEW_YORK, w.BERLIN))) for number in range(6)]
    answers = [TABLE.select(answer(question, lakes[project])) for question, project in questions]
    found = reduce(DataFrame.unionByName, answers).collect()
    assert found, f"seed {seed}"
    for question, project in questions:
        got = {
            (
                *(row[name] for name in ("breakdown_by", "breakdown", "cohort", "period", "period_end")),
                *(row[name] for name in ("cohort_size", "units", "unbounded")),
                None if row["rate"] is None else round(float(row["rate"]), 4),
                row["complete"],
            )
            for row in found
            if row["question"] == question.name
        }
        want = expected(question, events, project)
        assert (got - want, want - got) == (set(), set()), f"seed {seed}, {question!r}"
    answered = spark.createDataFrame(found, TABLE.schema)
    checks = [*checks_of(TABLE), *CHECKS]
    broken = count_offending({"retention": answered}, checks)
    assert [check.name for check, many in zip(checks, broken, strict=True) if many] == [], f"seed {seed}"


def test_nobody_gives_no_rows_and_one_person_a_triangle_of_one(spark: SparkSession) -> None:
    def frames(events: list[w.Event]) -> Asked:
        return w.asked(spark, events, w.BERLIN)

    one = w.Event("e", w.FIRST, None, "order", "DE", "p1", "a1", "d1", False)
    question = Retention(name="r", start="order", event="use", interval="month", periods=5)
    nobody = answer(question.model_copy(update={"name": "nobody"}), frames([]))
    (row, *more) = answer(question, frames([one])).unionByName(nobody).orderBy("period").collect()
    assert (str(row["cohort"]), row["cohort_size"], row["units"], row["unbounded"], row["rate"]) == (
        "2026-02-01",
        1,
        0,
        0,
        0,
    )
    assert [line["period"] for line in more] == [1, 2]  # April has begun


def test_the_orders_of_a_real_shop_come_back_as_was_counted_elsewhere(spark: SparkSession) -> None:
    folder = DATA / "retail_online"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    orders = set()
    for file in sorted(folder.glob("*.csv.gz")):
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                if line["CustomerID"]:
                    name = "refund" if line["InvoiceNo"].startswith("C") else "order"
                    orders.add((line["CustomerID"], line["InvoiceDate"], line["InvoiceNo"], name))
    given = spark.createDataFrame(
        sorted(orders), "person_id STRING, at STRING, event_id STRING, event_name STRING"
    ).withColumns(
        {
            "event_time": F.col("at").cast("TIMESTAMP"),
            "event_date": F.to_date("at"),
            "is_bot": F.lit(False),
            "internal": F.lit(False),
        }
    )
    known = set(given.columns)
    activity = given.select(
        *(
            F.col(c.name) if c.name in known else F.lit(None).cast(c.type).alias(c.name)
            for c in TABLES["activity"].columns
        )
    )
    frames = {
        "activity": activity,
        "sessions": rows(spark, "sessions"),
        "watermark": watermark(spark, "2011-04-01 00:00:00"),
    }
    monthly = {"interval": "month", "periods": 3}
    either = {"any_of": ["order", "refund"]}
    questions = [
        Retention(name="orders", start="order", event="order", **monthly),
        Retention.model_validate({"name": "all", "start": either, "event": either, **monthly}),
    ]
    answers = [answer(question, Asked(frames)) for question in questions]
    found = reduce(DataFrame.unionByName, answers).where("cohort = '2010-12-01' AND complete").collect()
    triangle = {(row["question"], row["period"]): row["units"] for row in found}
    assert {row["question"]: row["cohort_size"] for row in found} == {"orders": 885, "all": 948}
    assert [triangle["orders", month] for month in (1, 2, 3)] == [324, 286, 340]
    assert [triangle["all", month] for month in (1, 2, 3)] == [362, 317, 367]
