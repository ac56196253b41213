"""Attribution: golden cases, and random worlds against credits by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows
from tests.questions import money_oracle as oracle
from trailhouse.enrich.channels import DIRECT
from trailhouse.gates.counting import count_offending
from trailhouse.questions import markov
from trailhouse.questions.asked import Asked
from trailhouse.questions.attribution import CHECKS, answer
from trailhouse.questions.credit import apportioned, equal_part
from trailhouse.settings import Attribution
from trailhouse.tables import TABLES

GRAINS = {"EUR": 100, "JPY": 10_000, "KWD": 10, "XXX": 100}
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def at(micros: int) -> str:
    return (BEGIN + timedelta(microseconds=micros)).strftime("%Y-%m-%d %H:%M:%S.%f")


def visit(person: str, day: float, channel: str, **more: Any) -> dict[str, Any]:
    return {
        "person_id": person,
        "start_time": at(int(day * oracle.DAY)),
        "session_date": "2026-03-01",
        "channel": channel,
        **more,
    }


def order(
    person: str, day: float, value: str | None, currency: str | None = "EUR", **more: Any
) -> dict[str, Any]:
    return {
        "person_id": person,
        "event_name": "order",
        "event_time": at(int(day * oracle.DAY)),
        "value": value,
        "currency": currency,
        **more,
    }


def found(
    spark: SparkSession, question: Attribution, events: list[dict[str, Any]], visits: list[dict[str, Any]]
) -> Cells:
    """The cells of the answer; one with breakdowns passes its gate."""
    asked = Asked({"activity": rows(spark, "activity", events), "sessions": rows(spark, "sessions", visits)})
    told = TABLES["attribution"].select(answer(question, asked)).collect()
    if question.breakdowns:
        table = spark.createDataFrame(told, TABLES["attribution"].schema)
        assert count_offending({"attribution": table}, CHECKS) == [0] * len(CHECKS)
    return {
        (
            *(() if row["breakdown_by"] == "all" else (row["breakdown_by"], row["breakdown"])),
            *(row["model"], str(row["period"]), row["currency"], row["touch"]),
        ): (row["conversions"], row["value"], row["touches"])
        for row in told
    }


Cells = dict[tuple[str, ...], tuple[Decimal, Decimal | None, int]]
"""(model, period, currency, touch), after field and value of a breakdown -> conversions, value, touches."""


def test_ten_euros_over_three_visits_by_every_model(spark: SparkSession) -> None:
    visits = [
        visit("p", 0, "Email"),
        visit("p", 7, DIRECT),  # left out: there are others
        visit("p", 14, "Paid Search"),
        visit("p", 14, "Display", is_bot=True),
        visit("p", 21, "Email"),
        visit("p", 21.5, "Affiliates"),  # after the order
        visit("q", 1, "Email"),  # never orders
        visit("r", 20, DIRECT),  # has no other visit
    ]
    events = [
        order("p", 21, "10.00"),
        order("r", 21, "7.00"),
        order("nobody", 21, None, None),
        {**order("p", 21, "99.00"), "internal": True},
        {**order("p", 21, "99.00"), "event_name": "refund"},
    ]
    got = found(spark, Attribution(name="a"), events, visits)
    of_euros = {key[0::3]: value for key, value in got.items() if key[1:3] == ("2026-03-01", "EUR")}

    def told(model: str) -> dict[str, tuple[str, str]]:
        return {
            touch: (str(conversions), str(value))
            for (of, touch), (conversions, value, _) in of_euros.items()
            if of == model and touch != DIRECT
        }

    assert told("first") == {"Email": ("1.000000", "10.0000"), "Paid Search": ("0.000000", "0.0000")}
    assert told("last") == told("first")
    # 3.34 + 3.33 for the two of Email
    assert told("linear") == {"Email": ("0.666667", "6.6700"), "Paid Search": ("0.333333", "3.3300")}
    assert told("position") == {"Email": ("0.800000", "8.0000"), "Paid Search": ("0.200000", "2.0000")}
    # weights 1/8, 1/2, 1 of 13/8
    assert told("time_decay") == {"Email": ("0.692308", "6.9200"), "Paid Search": ("0.307692", "3.0800")}
    assert told("shapley") == {"Email": ("0.500000", "5.0000"), "Paid Search": ("0.500000", "5.0000")}
    # The chain: start to Email 2/3, to Direct 1/3; Email to Paid Search, the order and nothing 1/3 each;
    # Paid Search to Email. 2/3 convert; without Email, or Direct, 1/3, without Paid Search 5/9: the
    # effects 1/2, 1/2, 1/6 of all 17.00
    assert {touch: str(value[1]) for (of, touch), value in of_euros.items() if of == "markov"} == {
        "Email": "7.2800",
        "Paid Search": "2.4300",
        DIRECT: "7.2900",  # of equal remainders the first name's is rounded up
    }
    assert of_euros["last", DIRECT] == (1, 7, 1)
    assert of_euros["linear", "Email"][2] == 2
    assert got["markov", "2026-03-01", "XXX", "none"] == (1, None, 0)


def test_the_look_back_holds_both_its_ends_and_units_have_visits_of_their_own(spark: SparkSession) -> None:
    visits = [
        visit("early", 0, "Email"),
        visit("too early", 1 - 1e-9, "Email"),
        visit("same time", 31, "Email"),
        visit("p", 1, "Email", session_id="s1", anonymous_id="d1"),
        visit("q", 2, "Display", session_id="s2", anonymous_id="d2"),
    ]
    events = [
        order("early", 30, "1"),
        order("too early", 31, "1"),
        order("same time", 31, "1"),
        {**order("r", 3, "1"), "account_id": "a", "session_id": "s1", "anonymous_id": "d2"},
        *({"event_name": "page_view", "account_id": "a", "session_id": one} for one in ("s1", "s2")),
    ]
    units: list[Any] = ["person", "account", "device", "session"]
    asked = Asked({"activity": rows(spark, "activity", events), "sessions": rows(spark, "sessions", visits)})
    questions = [Attribution(name=unit, unit=unit, models=("last",), interval="day") for unit in units]
    answers = reduce(DataFrame.unionByName, (answer(question, asked) for question in questions)).collect()
    got = {
        (row["question"], str(row["period"])[5:], row["touch"]): int(row["conversions"]) for row in answers
    }
    assert got == {
        ("person", "03-31", "Email"): 1,
        ("person", "04-01", "Email"): 1,
        ("person", "04-01", "none"): 1,
        ("person", "03-04", "none"): 1,
        ("account", "03-04", "Display"): 1,  # the last of its people's visits
        ("account", "03-04", "Email"): 0,
        ("device", "03-04", "Display"): 1,
        ("session", "03-04", "Email"): 1,
    }


@pytest.mark.parametrize("direct, by", [("ignore", "channel"), ("count", "campaign")])
def test_random_worlds_are_credited_as_by_hand(spark: SparkSession, direct: Any, by: Any) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    names = ["Email", "Paid Search", "Display", DIRECT] if by == "channel" else [f"c{n}" for n in range(6)]
    visits: dict[str, list[oracle.Visit]] = {}
    for unit in range(40):
        visits[f"u{unit}"] = [
            # whole days: many visits and conversions at one time
            (day * oracle.DAY, touch, (touch == DIRECT) if by == "channel" else chance.random() < 0.3)
            for day, touch in zip(
                [chance.randrange(40) for _ in range(chance.randrange(8))],
                chance.choices(names, k=8),
                strict=False,
            )
        ]
    conversions: list[oracle.Conversion] = [
        (
            f"u{chance.randrange(45)}",
            chance.randrange(40) * oracle.DAY,
            chance.choice(["EUR", "JPY", "KWD"]),
            chance.choice([None, 0, -12_300, chance.randrange(10**7), chance.randrange(10**4) * 10_000]),
        )
        for _ in range(80)
    ]
    devices = [chance.choice(["mobile", "mobile", "desktop", "tv", "car", None]) for _ in conversions]
    limit = 25 if by == "channel" else 3
    question = Attribution(
        name="a",
        by=by,
        direct=direct,
        look_back=timedelta(days=10),
        half_life=timedelta(days=3),
        breakdown_limit=limit,
        breakdowns=("device_type",),
    )
    sessions = [
        visit(
            unit, t / oracle.DAY, DIRECT if is_direct else "Email" if by == "campaign" else touch,
            campaign={"name": touch},
        )
        for unit, own in visits.items()
        for t, touch, is_direct in own
    ]  # fmt: skip
    events = [
        order(
            unit, t / oracle.DAY, None if value is None else str(Decimal(value) / 10_000), currency,
            device={"type": device},
        )
        for (unit, t, currency, value), device in zip(conversions, devices, strict=True)
    ]  # fmt: skip
    expected = by_hand(question, visits, conversions, [one or "unknown" for one in devices], limit)
    got = found(spark, question, events, sessions)
    assert got == expected, f"seed {seed}"


def by_hand(
    question: Attribution,
    visits: dict[str, list[oracle.Visit]],
    conversions: list[oracle.Conversion],
    devices: list[str],
    limit: int,
) -> Cells:
    back = 10 * oracle.DAY
    counts = question.direct == "count"
    paths = [
        oracle.path_of(visits.get(unit, []), t - back, t, direct=counts) for unit, t, _, _ in conversions
    ]
    seen: dict[str, int] = defaultdict(int)
    for path in paths:
        for touch in {one[1] for one in path}:
            seen[touch] += 1
    kept = sorted(seen, key=lambda touch: (-seen[touch], touch))[:limit]
    named = lambda touch: touch if touch in kept or touch == "none" else "other"  # noqa: E731
    converted = {unit for unit, _, _, _ in conversions}
    left = [
        oracle.path_of(own, max(own)[0] - back, max(own)[0], direct=counts)
        for unit, own in visits.items()
        if own and unit not in converted
    ]
    walks = [([named(one[1]) for one in path], True) for path in paths if path]
    walks += [([named(one[1]) for one in path], False) for path in left]
    effects = {touch: round(one * 10**9) for touch, one in sorted(oracle.removal(walks).items())}
    effects = {touch: weight for touch, weight in effects.items() if weight}

    # Everyone; and each conversion under its device, or 'other', of the units of its month.
    units: dict[Any, set[str]] = defaultdict(set)
    for (unit, t, _, _), device in zip(conversions, devices, strict=True):
        units[at(t)[:7], device].add(unit)

    def shown(month: str, device: str) -> str:
        line = sorted((-len(own), one) for (of, one), own in units.items() if of == month)
        return device if device in [one for _, one in line[:limit]] else "other"

    parts: dict[tuple[str, ...], list[Any]] = {(): list(zip(conversions, paths, strict=True))}
    for one, device, path in zip(conversions, devices, paths, strict=True):
        parts.setdefault(("device_type", shown(at(one[1])[:7], device)), []).append((one, path))
    return {
        (*of, *key): cell
        for of, part in parts.items()
        for key, cell in credited(question, part, named, effects).items()
    }


def credited(
    question: Attribution,
    conversions: list[tuple[oracle.Conversion, list[oracle.Visit]]],
    named: Callable[[str], str],
    effects: dict[str, int],
) -> Cells:
    """What the models credit some conversions with: those of all, or of a breakdown's value."""
    half_life = 3 * oracle.DAY
    conv: dict[Any, int] = defaultdict(int)
    money: dict[Any, int | None] = {}
    touches: dict[Any, int] = defaultdict(int)
    totals: dict[Any, list[Any]] = defaultdict(lambda: [0, None])

    def add(key: Any, shares: dict[str, int], values: dict[str, int] | None) -> None:
        for touch, part in shares.items():
            conv[(*key, named(touch))] += part
            money.setdefault((*key, named(touch)), None)
        for touch, part in (values or {}).items():
            money[(*key, named(touch))] = (money[(*key, named(touch))] or 0) + part

    for (_, t, currency, value), path in conversions:
        period = at(t)[:10]
        period = period[:8] + "01"
        for touch in path:
            touches[period, currency, named(touch[1])] += 1
        if path:
            total = totals[period, currency]
            total[0] += 1
            total[1] = total[1] if value is None else (total[1] or 0) + value
        for model in question.models:
            key = (model, period, currency)
            if model == "markov":
                for one in path:
                    add(key, {one[1]: 0}, None)
                if path:
                    continue
            real = path or [(0, "none", False)]
            of = "last" if model == "markov" else model
            values = (
                None
                if value is None
                else {
                    **dict.fromkeys((one[1] for one in real), 0),
                    **oracle.credits(of, real, value, GRAINS[currency], half_life),
                }
            )
            shares = {
                **dict.fromkeys((one[1] for one in real), 0),
                **oracle.credits(of, real, 10**6, 1, half_life),
            }
            add(key, shares, values)
    for (period, currency), (count, value) in totals.items():
        parts = oracle.shared(count * 10**6, 1, list(effects.values()))
        values = None if value is None else oracle.shared(value, GRAINS[currency], list(effects.values()))
        add(
            ("markov", period, currency),
            dict(zip(effects, parts, strict=True)),
            None if values is None else dict(zip(effects, values, strict=True)),
        )
    return {
        key: (
            Decimal(part) / 10**6,
            None if money[key] is None else Decimal(money[key] or 0) / 10_000,
            touches[key[1:]],
        )
        for key, part in conv.items()
    }


def test_amounts_are_shared_to_the_last_grain(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    cases = []
    for _ in range(300):
        weights = [chance.choice([0, 1, chance.randrange(2**30)]) for _ in range(chance.randrange(1, 7))]
        amount = chance.choice([0, 1, 7, chance.randrange(10**6), chance.randrange(10**18)])
        cases.append((amount, chance.choice([1, 10, 100, 10_000]), [*weights, 1]))
    frame = spark.createDataFrame(cases, "amount BIGINT, grain BIGINT, weights ARRAY<BIGINT>")
    amount_, grain_, parts = F.col("amount"), F.col("grain"), F.size("weights")
    equal = F.transform("weights", lambda _, place: equal_part(amount_, grain_, parts, place))
    by_weight = apportioned(amount_, grain_, F.col("weights"))
    got = frame.select("*", by_weight.alias("by_weight"), equal.alias("equal")).collect()
    for row in got:
        amount, grain, weights = row["amount"], row["grain"], row["weights"]
        told = f"seed {seed}: {amount} in grains of {grain} by {weights}"
        assert [int(part) for part in row["by_weight"]] == oracle.shared(amount, grain, weights), told
        assert row["equal"] == oracle.shared(amount, grain, [1] * len(weights)), told


def test_shapley_of_every_order_is_what_different_touches_get_alike() -> None:
    chance = random.Random(7)
    paths = [
        (frozenset(chance.sample("abcde", chance.randrange(1, 5))), Fraction(chance.randrange(1, 90)))
        for _ in range(12)
    ]
    alike: dict[str, Fraction] = defaultdict(Fraction)
    for touches, amount in paths:
        for touch in touches:
            alike[touch] += amount / len(touches)
    assert oracle.shapley(paths) == alike


def test_removal_effects_are_those_of_chains_without_the_touch() -> None:
    for seed in range(40):
        chance = random.Random(seed)
        walks = [
            (chance.choices("abcdef", k=chance.randrange(1, 6)), chance.random() < 0.5) for _ in range(25)
        ]
        steps: dict[tuple[markov.State, markov.State], int] = defaultdict(int)
        for touches, converts in walks:
            states = [(markov.START, ""), *((markov.TOUCH, one) for one in touches)]
            states.append((markov.CONVERSION if converts else markov.NOTHING, ""))
            for pair in zip(states, states[1:], strict=False):
                steps[pair] += 1
        expected = {name: round(effect * 10**9) for name, effect in oracle.removal(walks).items()}
        assert markov.weights(steps) == pytest.approx(expected, abs=1), f"seed {seed}"
    only = {((markov.START, ""), (markov.TOUCH, "a")): 1, ((markov.TOUCH, "a"), (markov.NOTHING, "")): 1}
    assert markov.weights(only) == {}


@pytest.mark.parametrize(
    "given, told",
    [
        ({"models": ["last", "last"]}, "named twice"),
        ({"models": ["lats"]}, "time_decay"),
        ({"breakdowns": ["contry"]}, "did you mean country?"),
        ({"half_life": "0s"}, "longer than 0"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Attribution.model_validate({"name": "a", **given})
