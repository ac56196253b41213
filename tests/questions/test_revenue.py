"""Revenue, churn and trials: golden cases, and random worlds against histories by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, Row, SparkSession

from tests.factories import rows, watermark
from trailhouse.gates.counting import count_offending
from trailhouse.questions import churn, revenue, trials
from trailhouse.questions.asked import Asked
from trailhouse.settings import Churn, Revenue, Trials
from trailhouse.tables import TABLES

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = "2026-06-10 00:00:00"


def event(unit: str, name: str, on: str, **more: Any) -> dict[str, Any]:
    return {"person_id": unit, "event_name": name, "event_time": f"2026-{on}", "currency": "EUR", **more}


def asked(
    spark: SparkSession, events: Sequence[Mapping[str, Any]], days: Sequence[Mapping[str, Any]] = ()
) -> Asked:
    frames: dict[str, DataFrame] = {
        "activity": rows(spark, "activity", events),
        "sessions": rows(spark, "sessions"),
        "person_days": rows(spark, "person_days", days),
        "watermark": watermark(spark, UNTIL),
    }
    return Asked(frames)


def months(found: Sequence[Row], **of: str) -> dict[str, Row]:
    return {
        str(row["period"])[:7]: row for row in found if all(row[name] == value for name, value in of.items())
    }


def test_a_year_is_twelve_months_and_what_goes_and_returns_is_told_apart(spark: SparkSession) -> None:
    yearly = {"properties": '{"interval": "annual"}'}
    events = [
        event("a", "subscription_start", "01-05 10:00:00", value="10"),
        event("a", "subscription_change", "02-05 10:00:00", value="30"),
        event("a", "subscription_change", "02-06 10:00:00"),  # tells no price: nothing changes
        event("a", "subscription_cancel", "03-05 10:00:00"),
        event("a", "subscription_start", "05-01 00:00:00", value="5"),
        event("b", "subscription_start", "02-01 10:00:00", value="100", **yearly),
        event("b", "subscription_start", "02-28 10:00:00", value="100", internal=True),
        event("c", "subscription_start", "02-01 10:00:00", value="7"),
        event("c", "subscription_cancel", "02-20 10:00:00"),  # never paid at a month's end
    ]
    found = revenue.answer(Revenue(name="r"), asked(spark, events)).collect()
    moves = {
        month: " ".join(f"{move} {row[move].normalize():f}" for move in revenue.MOVES if row[move])
        for month, row in months(found, breakdown_by="all").items()
    }
    assert moves == {
        "2026-01": "new 10",
        "2026-02": "new 8.3333 expansion 20",
        "2026-03": "churn 30",
        "2026-04": "",
        "2026-05": "reactivation 5",
        "2026-06": "",
    }
    told = months(found, breakdown_by="all")
    assert [str(row["mrr"]) for row in told.values()] == [
        "10.0000", "38.3333", "8.3333", "8.3333", "13.3333", "13.3333",
    ]  # fmt: skip
    assert [row["units"] for row in told.values()] == [1, 2, 1, 1, 2, 2]
    assert str(told["2026-02"]["arpu"]) == "19.1667"
    assert str(told["2026-02"]["ltv"]) == "24.1667"  # 10 + 38.3333, of two that ever paid
    assert [row["complete"] for row in told.values()] == [True] * 5 + [False]
    cohort = months(found, breakdown="2026-01-01")
    assert {month: str(row["ltv"]) for month, row in cohort.items()}["2026-06"] == "50.0000"


INTERVALS = {None: (1, 1), "month": (1, 1), "year": (1, 12), "weekly": (52, 12), "quarter": (1, 3)}


def test_random_subscriptions_move_as_month_by_month_by_hand(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    kinds = ("subscription_start", "subscription_change", "subscription_cancel")
    events: list[dict[str, Any]] = []
    for _ in range(400):
        at = FIRST + timedelta(hours=chance.randrange(24 * 150))
        interval, plan = chance.choice(list(INTERVALS)), chance.choice(["basic", "pro", None])
        told = {"s": chance.choice("12"), "interval": interval, "plan": plan}
        pairs = ", ".join(f'"{name}": "{value}"' for name, value in told.items() if value)
        events.append(
            event(
                f"u{chance.randrange(50)}",
                chance.choice(kinds),
                at.strftime("%m-%d %H:00:00"),
                value=chance.choice([None, "0", "-3", "10", f"{chance.randrange(10**5)}.37"]),
                currency=chance.choice(["EUR", "EUR", "usd", None]),
                properties=f"{{{pairs}}}",
                sequence=chance.randrange(3),
                event_id=f"{chance.randrange(10**9)}",
                told=told,
            )
        )
    question = Revenue(
        name="r", subscription="properties.s", breakdowns=("properties.plan",), from_day=date(2026, 2, 10)
    )
    expected = by_hand(events)
    given = [{name: value for name, value in one.items() if name != "told"} for one in events]
    got = {
        (row["breakdown_by"], row["breakdown"], row["currency"], str(row["period"])): tuple(
            row[name] for name in ("mrr_start", *revenue.MOVES, "mrr", "units")
        )
        for row in revenue.answer(question, asked(spark, given)).collect()
    }
    wrong = {key: (got.get(key), one) for key, one in expected.items() if got.get(key) != one}
    assert not wrong, f"seed {seed}"
    assert not {key for key in got.keys() - expected.keys() if any(got[key])}, f"seed {seed}"


def by_hand(events: Sequence[dict[str, Any]]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """Prices at each month's end, and how they differ from the end before."""
    own: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(events, key=lambda e: (e["event_time"], e["sequence"], e["event_id"])):
        if one["event_name"] == "subscription_cancel" or one["value"] is not None:
            own[one["person_id"]].append(one)
    months_ = [f"2026-{month:02d}-01" for month in range(1, 7)]
    names = ("mrr_start", *revenue.MOVES, "mrr", "units")
    found: dict[tuple[str, ...], dict[str, Any]] = defaultdict(lambda: dict.fromkeys(names, Decimal(0)))
    for told in own.values():
        plan = told[0]["told"]["plan"] or "unknown"
        ever: dict[str, str] = {}
        prices: dict[str, Decimal] = {}
        for month in months_:
            subscriptions: dict[str, tuple[str, Decimal]] = {}
            for one in told:
                if one["event_time"][:7] <= month[:7]:
                    times, by = INTERVALS[one["told"]["interval"]]
                    price = max(Decimal(one["value"] or 0), Decimal(0)) * times / by
                    price = price.quantize(Decimal("0.0001"), ROUND_HALF_UP)
                    ends = one["event_name"] == "subscription_cancel"
                    of = (one["currency"] or "XXX").upper()
                    subscriptions[one["told"]["s"]] = (of, Decimal(0) if ends else price)
            now: dict[str, Decimal] = defaultdict(Decimal)
            for currency, price in subscriptions.values():
                now[currency] += price
            for currency in {*now, *prices}:
                before, after = prices.get(currency, Decimal(0)), now.get(currency, Decimal(0))
                if not before and not after:
                    continue
                known = currency in ever
                ever.setdefault(currency, month)
                move = (
                    ("reactivation" if known else "new") if not before
                    else "churn" if not after
                    else "expansion" if after > before else "contraction"
                )  # fmt: skip
                for by_, value in (("all", "all"), ("cohort", ever[currency]), ("properties.plan", plan)):
                    row = found[by_, value, currency, month]
                    row["mrr_start"] += before
                    row["mrr"] += after
                    row["units"] += after > 0
                    row[move] += abs(after - before)
            prices = now
    asked_ = {key: one for key, one in found.items() if key[3] >= "2026-02-01"}
    return {key: tuple(one[name] for name in names) for key, one in asked_.items()}


def test_churn_by_hand_day_after_day(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    limit = 7
    days: dict[str, list[int]] = {}
    for unit in range(40):
        pace = chance.choice([1, 4, 12, 60])
        day, own = chance.randrange(60), []
        while day < 160:  # until 2026-06-09, the day before the watermark
            own.append(day)
            day += 1 + chance.randrange(pace)
        days[f"u{unit}"] = own
    events = []
    for unit in range(40):
        for _ in range(chance.randrange(6)):
            name = chance.choice(["subscription_start", "subscription_change", "subscription_cancel"])
            hour = FIRST + timedelta(hours=chance.randrange(24 * 160))
            events.append(event(f"u{unit}", name, hour.strftime("%m-%d %H:00:00"), sequence=len(events)))
            days[f"u{unit}"] = sorted({*days[f"u{unit}"], (hour - FIRST).days})
    for unit, own in days.items():
        events += [
            event(unit, "page_view", f"{FIRST + timedelta(days=day):%m-%d} 12:00:00", sequence=0)
            for day in own
        ]
    for one in events:
        one["platform"] = chance.choice(["web", "web", "ios", "android", None])
    given = [
        {"person_id": unit, "day": str((FIRST + timedelta(days=day)).date())}
        for unit, own in days.items()
        for day in own
    ]
    plain = Churn(name="plain", inactive_days=limit)
    # Days of persons are those of person_days; with a breakdown, those of all events.
    by_platform = plain.model_copy(update={"name": "by", "breakdowns": ("platform",), "breakdown_limit": 2})
    of = asked(spark, events, given)
    answers = churn.answer(plain, of).unionByName(churn.answer(by_platform, of))
    found = TABLES["churn"].select(answers).collect()
    table = spark.createDataFrame(found, TABLES["churn"].schema)
    assert count_offending({"churn": table}, churn.CHECKS) == [0] * len(churn.CHECKS), f"seed {seed}"
    got: dict[str, dict[Any, Any]] = {"plain": {}, "by": {}}
    for row in found:
        got[row["question"]][row["rule"], row["breakdown_by"], row["breakdown"], str(row["period"])] = tuple(
            row[name]
            for name in ("units_start", "new", "returned", "churned", "units_end", "churned_from_start")
        )
    stays = {("inactive", unit): _stays_by_days(own, limit, 160) for unit, own in days.items()}
    for unit in days:
        own_events = sorted(
            (e for e in events if e["person_id"] == unit and e["event_name"] != "page_view"),
            key=lambda e: (e["event_time"], e["sequence"]),
        )
        stays["cancelled", unit] = _stays_by_events(own_events)
    first = {}  # of each unit and rule the first event
    for one in sorted(events, key=lambda e: (e["event_time"], e["sequence"]), reverse=True):
        first["inactive", one["person_id"]] = one["platform"] or "unknown"
        if one["event_name"] != "page_view":
            first["cancelled", one["person_id"]] = one["platform"] or "unknown"
    units: dict[str, set[str]] = defaultdict(set)
    for (rule, unit), own_stays in stays.items():
        if own_stays:
            units[first[rule, unit]].add(unit)
    kept = sorted(units, key=lambda value: (-len(units[value]), value))[:2]
    expected: dict[Any, list[int]] = {}
    for (rule, unit), own_stays in stays.items():
        for n, (came, went) in enumerate(own_stays):
            own_platform = first[rule, unit] if first[rule, unit] in kept else "other"
            for of_ in (
                ("all", "all"), ("cohort", f"{own_stays[0][0]:%Y-%m}-01"), ("platform", own_platform),
            ):  # fmt: skip
                for month in range(1, 7):
                    begin, end = date(2026, month, 1), date(2026, month + 1, 1)
                    row = expected.setdefault((rule, *of_, str(begin)), [0] * 6)
                    gone = went is not None and begin <= went < end
                    row[0] += came < begin and (went is None or went >= begin)
                    row[1] += n == 0 and begin <= came < end
                    row[2] += n > 0 and begin <= came < end
                    row[3] += gone
                    row[4] += came < end and (went is None or went >= end)
                    row[5] += gone and came < begin
    for question, cells in got.items():
        assert {
            key: tuple(row)
            for key, row in expected.items()
            if any(row) and (question == "by" or key[1] != "platform")
        } == {key: row for key, row in cells.items() if any(row)}, f"{question}, seed {seed}"
    gaps = sorted(b - a for own in days.values() for a, b in zip(own, own[1:], strict=False))
    learned = {row["learned_days"] for row in found if row["rule"] == "inactive"}
    place = 0.95 * (len(gaps) - 1)
    low = gaps[int(place)]
    high = gaps[min(int(place) + 1, len(gaps) - 1)]
    (days_,) = learned
    assert low <= days_ <= high, f"seed {seed}"


def _stays_by_days(own: list[int], limit: int, end: int) -> list[tuple[date, date | None]]:
    """From the first day of a stay to the day with which it has ended, looking at each day."""
    stays: list[tuple[date, date | None]] = []
    since, idle = None, 0
    for day in range(end + 1):
        on = FIRST.date() + timedelta(days=day)
        if day in own:
            since, idle = (on if since is None else since), 0
        elif since is not None:
            idle += 1
            if idle == limit and day < end:  # the day of the watermark is not over
                stays.append((since, on))
                since = None
    return stays if since is None else [*stays, (since, None)]


def _stays_by_events(own: Sequence[Mapping[str, Any]]) -> list[tuple[date, date | None]]:
    stays: list[tuple[date, date | None]] = []
    since: date | None = None
    for one in own:
        on = date.fromisoformat(one["event_time"][:10])
        if one["event_name"] == "subscription_cancel":
            stays += [(since, on)] if since else []
            since = None
        else:
            since = since or on
    return stays if since is None else [*stays, (since, None)]


def test_trials_convert_until_the_grace_ends_and_only_ended_ones_count(spark: SparkSession) -> None:
    def trial(unit: str, on: str, **more: Any) -> dict[str, Any]:
        return event(unit, "trial_start", on, **more)

    def pays(unit: str, on: str) -> dict[str, Any]:
        return event(unit, "subscription_start", on)

    planned = {"properties": '{"trial_end": "2026-01-31T00:00:00Z"}'}
    events = [
        trial("in time", "01-01 00:00:00"), pays("in time", "01-16 00:00:00"),  # 14 days and the grace
        trial("late", "01-01 00:00:00"), pays("late", "01-16 00:00:01"),
        trial("longer", "01-01 00:00:00", **planned), pays("longer", "01-30 00:00:00"),
        trial("cut short", "01-01 00:00:00", **planned), event("cut short", "trial_end", "01-05 00:00:00"),
        pays("cut short", "01-30 00:00:00"),
        trial("again", "01-01 00:00:00"), trial("again", "01-08 00:00:00"), pays("again", "01-09 00:00:00"),
        trial("before", "01-10 00:00:00"), pays("before", "01-09 00:00:00"),
        trial("running, paid", "06-01 00:00:00"), pays("running, paid", "06-02 00:00:00"),
        trial("over at the watermark", "05-26 00:00:00", device={"type": "mobile"}),
        trial("a bot's", "01-01 00:00:00", is_bot=True),
        trial("broken", "01-01 00:00:00", properties='{"trial_end": "soon"}'),
    ]  # fmt: skip
    question = Trials(name="t", breakdowns=("device_type",))
    early = Trials(name="early", to_day=date(2026, 1, 16))
    of = asked(spark, events)
    answers = trials.answer(question, of).unionByName(trials.answer(early, of)).collect()
    # known until the end of that day: in time, late, cut short, broken and the first of `again` have ended
    (row,) = (row for row in answers if row["question"] == "early")
    assert (row["trials"], row["ended"], row["converted"]) == (8, 5, 1)
    found = {(row["breakdown"], str(row["cohort"])[:7]): row for row in answers if row["question"] == "t"}
    told = {
        key: (row["trials"], row["ended"], row["converted"], row["rate"], row["complete"])
        for key, row in found.items()
    }
    assert told == {
        # in time, longer and the second of `again` convert
        ("all", "2026-01"): (8, 8, 3, Decimal("0.375000"), True),
        ("all", "2026-05"): (1, 1, 0, Decimal("0.000000"), True),
        ("all", "2026-06"): (1, 0, 0, None, False),
        ("unknown", "2026-01"): (8, 8, 3, Decimal("0.375000"), True),
        ("mobile", "2026-05"): (1, 1, 0, Decimal("0.000000"), True),
        ("unknown", "2026-06"): (1, 0, 0, None, False),
    }
    assert found["all", "2026-01"]["median_us"] == 15 * 86_400_000_000


@pytest.mark.parametrize(
    "model, given, told",
    [
        (Revenue, {"unit": "session"}, "persons, accounts or devices"),
        (Churn, {"unit": "session"}, "persons, accounts or devices"),
        (Trials, {"unit": "session"}, "persons, accounts or devices"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(model: Any, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        model.model_validate({"name": "a", **given})
