"""Experiments: random worlds against sums by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from tests.factories import rows, watermark
from trailhouse.questions.asked import Asked
from trailhouse.questions.experiments import answer
from trailhouse.questions.variants import Sums, adjusted, compared, ratio_p_value
from trailhouse.settings import Experiment

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUESTION = Experiment.model_validate(
    {
        "name": "e",
        "experiment": "pay_button",
        "breakdowns": ["device_type"],
        "window": "7d",
        "before": "3d",
        "from_day": "2026-03-05",
        "to_day": "2026-03-23",
        "expected": {"control": 2, "green": 1, "never shown": 1},
        "metrics": [
            {"name": "bought"},
            {"name": "orders", "measure": "count"},
            {"name": "euros", "measure": "value", "currency": "EUR"},
        ],
    }
)


def test_random_worlds_have_the_sums_and_figures_of_their_units(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    events: list[dict[str, Any]] = []
    for unit in range(150):
        variant = chance.choice(["control", "green"])
        for _ in range(chance.randrange(4)):
            other = chance.random() < 0.08
            experiments = [("another", "green"), ("pay_button", "blue" if other else variant)]
            events.append({
                **_at(unit, chance), "event_name": "experiment_exposure",
                "experiments": experiments if chance.random() < 0.95 else experiments[:1],
                "device": {"type": chance.choice(["mobile", "desktop", None])},
                "event_id": f"{len(events):04}",
            })  # fmt: skip
        for _ in range(chance.randrange(6)):
            events.append({
                **_at(unit, chance), "event_name": "order", "event_id": f"{len(events):04}",
                "value": chance.choice([None, "0.01", f"{chance.randrange(10**6)}.99"]),
                "currency": chance.choice(["EUR", "EUR", "USD", None]),
            })  # fmt: skip
    until = "2026-03-26 05:00:00"
    frames = {
        "activity": rows(spark, "activity", events),
        "sessions": rows(spark, "sessions"),
        "watermark": watermark(spark, until),
    }
    found = {
        (row["breakdown"], row["metric"], row["variant"]): row
        for row in answer(QUESTION, Asked(frames)).collect()
    }
    exposed, excluded, units = by_hand(events, datetime(2026, 3, 24, tzinfo=UTC))
    assert set(found) == {
        (value, metric.name, variant)
        for value in {value for value, _ in exposed}
        for metric in QUESTION.metrics
        for variant in {"control", "green", "never shown"} | {v for of, v in exposed if of == value}
    }, f"seed {seed}"
    for (value, metric, variant), row in found.items():
        told = f"seed {seed}, {value}, {metric}, {variant}"
        number = [one.name for one in QUESTION.metrics].index(metric)
        scale, share = (10_000, 1, 1)[number - 2], metric == "bought"
        own = {name: _sums(units[value, name], number) for name in ("control", "green", "blue")}
        of = own.get(variant, _sums([], number))
        assert row["exposed"] == exposed.get((value, variant), 0), told
        assert row["excluded"] == excluded[value], told
        assert row["units"] == of.n, told
        assert row["total"] == Decimal(of.x) / scale, told
        named = {name: exposed.get((value, name), 0) for name in ("control", "green", "never shown")}
        assert float(row["ratio_p_value"]) == pytest.approx(
            ratio_p_value(named, QUESTION.expected), abs=1e-8
        ), told
        if variant in ("control", "never shown") or not of.n or not own["control"].n:
            assert row["difference"] is None, told
            continue
        expected = dict(compared(of, own["control"], 0.95, share=share, planned=10_000))
        expected |= dict(adjusted(of, own["control"], list(own.values()), 0.95))
        for name, figure in expected.items():
            alike = name.endswith("p_value") or name in ("lift", "cuped_reduction")
            got = row[name] if row[name] is None else float(row[name])
            one = figure if figure is None or alike else figure / scale
            assert got == pytest.approx(one, abs=1e-6), f"{told}, {name}"


def _at(unit: int, chance: random.Random) -> dict[str, Any]:
    # whole hours: metrics at the instant of the exposure, and at both ends of windows
    at = FIRST + HOUR * chance.randrange(24 * 25)
    return {"person_id": f"u{unit}", "event_time": at.strftime("%Y-%m-%d %H:%M:%S")}


def by_hand(events: list[dict[str, Any]], until: datetime) -> tuple[Any, Any, Any]:
    """(value, variant) -> exposed, value -> excluded, (value, variant) -> metrics and their past by unit."""
    own: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in events:
        own[one["person_id"]].append(one)
    exposed: dict[Any, int] = defaultdict(int)
    excluded: dict[Any, int] = defaultdict(int)
    units: dict[Any, list[list[tuple[int, int]]]] = defaultdict(list)
    for done in own.values():
        shown = sorted(
            (one["event_time"], one["event_id"], names["pay_button"], one["device"]["type"])
            for one in done
            if (names := dict(one.get("experiments", ())))
            and "pay_button" in names
            and "2026-03-05" <= one["event_time"] < "2026-03-24"
        )  # fmt: skip
        if not shown:
            continue
        begin = datetime.fromisoformat(shown[0][0]).replace(tzinfo=UTC)
        values = ("all", shown[0][3] or "unknown")
        if len({one[2] for one in shown}) > 1:
            for value in values:
                excluded[value] += 1
            continue
        orders = [
            (datetime.fromisoformat(one["event_time"]).replace(tzinfo=UTC), one["value"], one["currency"])
            for one in done
            if one["event_name"] == "order" and one["event_time"] < "2026-03-24"
        ]
        after = [o for o in orders if begin <= o[0] <= begin + timedelta(days=7)]
        before = [o for o in orders if begin - timedelta(days=3) <= o[0] < begin]
        for value in values:
            exposed[value, shown[0][2]] += 1
            if until > begin + timedelta(days=7):
                units[value, shown[0][2]].append(list(zip(_metrics(after), _metrics(before), strict=True)))
    return exposed, excluded, units


def _metrics(orders: list[tuple[Any, str | None, str | None]]) -> tuple[int, int, int]:
    euros = sum(int(Decimal(value) * 10_000) for _, value, currency in orders if value and currency == "EUR")
    return int(bool(orders)), len(orders), euros


def _sums(units: list[list[tuple[int, int]]], number: int) -> Sums:
    pairs = [one[number] for one in units]
    x, y = sum(x for x, _ in pairs), sum(y for _, y in pairs)
    return Sums(
        len(pairs),
        x,
        sum(x * x for x, _ in pairs),
        y,
        sum(y * y for _, y in pairs),
        sum(x * y for x, y in pairs),
    )


def test_a_custom_event_can_expose_and_huge_values_have_no_figures(spark: SparkSession) -> None:
    def event(unit: str, name: str, minute: int, **more: Any) -> dict[str, Any]:
        return {"account_id": unit, "event_name": name, "event_time": f"2026-03-02 10:{minute:02}:00", **more}

    huge = {"value": "99999999999999.9999", "currency": "EUR"}
    events = [
        *(event(f"a{n}", "Saw it", 0, properties=f'{{"v": "{"ab"[n % 2]}"}}') for n in range(8)),
        *(event(f"a{n}", "order", 5, **huge) for n in range(2)),
        *(event("a3", "order", n, **huge) for n in range(2, 40)),
        event("never", "order", 1),
    ]
    question = Experiment.model_validate({
        "name": "e", "unit": "account", "experiment": "x", "exposure": "Saw it", "variant": "properties.v",
        "control": "a", "metrics": [{"name": "m", "measure": "value", "currency": "EUR"}],
    })  # fmt: skip
    frames = {"activity": rows(spark, "activity", events), "sessions": rows(spark, "sessions")}
    found = {row["variant"]: row for row in answer(question, Asked(frames)).collect()}
    assert {name: (row["exposed"], row["units"]) for name, row in found.items()} == {"a": (4, 4), "b": (4, 4)}
    assert found["a"]["mean"] == Decimal("24999999999999.999975")
    assert (found["b"]["mean"], found["b"]["total"], found["b"]["difference"]) == (None, None, None)


@pytest.mark.parametrize(
    "given, told",
    [
        ({"metrics": [{"name": "m"}, {"name": "m"}]}, "named twice"),
        ({"metrics": [{"name": "m", "measure": "value"}]}, "value takes a currency"),
        ({"expected": {"a": 1, "b": 1}}, "does not name the control"),
        ({"expected": {"control": 1, "b": 0}}, "1 part or more"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Experiment.model_validate({"name": "e", "experiment": "x", **given})
