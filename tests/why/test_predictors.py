"""Counts of candidates: random worlds against a loop over units, and what must not leak into them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from tests.why.activation_oracle import counted, split
from trailhouse.questions.asked import Asked
from trailhouse.settings import Activation, Project
from trailhouse.why.activation import judged
from trailhouse.why.predictors import counts, definition

ZONE = "Europe/Berlin"
FIRST = datetime(2026, 3, 14, tzinfo=UTC)
"""Two weeks before the clocks change there."""
UNTIL = datetime(2026, 4, 24, 21, 59, 59, tzinfo=UTC)
"""A second before a day ends in Berlin."""
QUESTIONS = {
    "first": Activation.model_validate(
        {"name": "first", "days": [1, 3, 7], "times": [1, 2, 4], "outcome_days": "9-12",
         "from_day": "2026-03-16"}
    ),
    "left": Activation.model_validate(
        {"name": "left", "unit": "account", "start": "pay", "starts": "every", "days": [2, 5],
         "times": [1, 3], "outcome": "churn", "event": "leave", "outcome_days": "6-8",
         "adjust": ["device_type"], "actions": ["a", {"any_of": ["a", "b"], "name": "a or b"}, "leave"]}
    ),
    "gone": Activation.model_validate(
        {"name": "gone", "days": [2], "times": [1], "outcome": "churn", "outcome_days": "5-9", "adjust": []}
    ),
    "bought": Activation.model_validate(
        {"name": "bought", "start": "a", "days": [1, 4], "times": [1, 2], "outcome": "conversion",
         "event": "pay", "outcome_days": "4-11", "learn_share": 0.5}
    ),
}  # fmt: skip


def world(chance: random.Random) -> list[dict[str, Any]]:
    """Events of thirty people in a dozen accounts, at whole hours, so that some stand at midnight."""
    events = []
    names = ["a", "a", "b", "b", "c", "heartbeat", "pay", "leave"]
    for unit in range(30):
        begin = chance.randrange(24 * 20)
        for _ in range(chance.randrange(2, 25)):
            hour = begin + int(24 * 16 * chance.random() ** 2)
            events.append(
                {
                    "id": f"{len(events):04}",
                    "at": FIRST + timedelta(hours=hour, seconds=chance.choice([0, 0, 7])),
                    "name": chance.choice(names),
                    "person": f"p{unit}",
                    "account": f"c{unit % 12}" if chance.random() < 0.9 else None,
                    "device": chance.choice(["mobile", "desktop", None]),
                    "channel": chance.choice(["Email", "Direct"]),
                    "bot": chance.random() < 0.05,
                }
            )
    return events


def frames(spark: SparkSession, events: list[dict[str, Any]]) -> dict[str, DataFrame]:
    activity = [
        {
            "event_id": one["id"],
            "event_time": f"{one['at']:%Y-%m-%d %H:%M:%S}",
            "event_name": one["name"],
            "person_id": one["person"],
            "account_id": one["account"],
            "session_id": one["channel"] + str(one["bot"]),
            "device": {"type": one["device"]},
        }
        for one in events
    ]
    sessions = [
        {"session_id": f"{channel}{bot}", "channel": channel, "is_bot": bot}
        for channel in ("Email", "Direct")
        for bot in (True, False)
    ]
    return {
        "activity": rows(spark, "activity", activity),
        "sessions": rows(spark, "sessions", sessions),
        "watermark": watermark(spark, f"{UNTIL:%Y-%m-%d %H:%M:%S}"),
    }


def collected(spark: SparkSession, *asked_for: tuple[str, list[dict[str, Any]]]) -> list[pd.DataFrame]:
    """The counts of each question over its events, by one action."""
    every = [
        counts(QUESTIONS[name], Asked(frames(spark, events), Project(timezone=ZONE))).withColumn(
            "number", F.lit(number)
        )
        for number, (name, events) in enumerate(asked_for)
    ]
    found = reduce(DataFrame.unionByName, every).toPandas()
    return [found[found["number"] == n].drop(columns="number") for n in range(len(asked_for))]


def test_random_worlds_are_counted_as_by_hand(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    events = world(random.Random(seed))
    found = dict(zip(QUESTIONS, collected(spark, *((name, events) for name in QUESTIONS)), strict=True))
    for name, question in QUESTIONS.items():
        told = f"seed {seed}, {name}"
        unit = "person" if question.unit == "person" else "account"
        mine = [{**one, "unit": one[unit]} for one in events if not one["bot"]]
        expected = counted(question, mine, UNTIL, ZONE)
        assert strata(question, found[name]) == expected["strata"], told
        judged_ = {
            (row["action"], row["times"], row["days"]): row
            for row in judged(question, found[name])
            if row["cohort"] == "all"
        }
        reached = {key[0] for key, one in expected["figures"].items() if one["reached"]}
        assert {key[0] for key in judged_} >= reached, told
        for key, row in judged_.items():
            by_hand = expected["figures"][key]
            for column in ("entered", "reached", "units", "with_units", "outcomes_with", "outcomes_without"):
                assert row[column] == by_hand[column], f"{told}, {key}, {column}"
            if by_hand["median"] is None:
                assert row["median_us"] is None, told
            else:  # to less than one in a hundred, and never later
                assert row["median_us"] / 1e6 == pytest.approx(by_hand["median"], rel=0.01, abs=1), told
                assert row["median_us"] / 1e6 <= by_hand["median"], told
            assert row["split_day"] == split(expected["days"], question.learn_share), told


def strata(question: Activation, found: pd.DataFrame) -> Counter[Any]:
    """Of the rows `strata`, those who did it at least so often."""
    counter: Counter[Any] = Counter()
    for row in found[found["what"] == "strata"].to_dict("records"):
        levels = tuple(row["levels"])
        key = (int(row["band"]), levels, row["month"], bool(row["outcome"]))
        days = question.days[int(row["i"])]
        if row["action"] is None:
            counter[None, days, None, *key] += row["n"]
        else:
            for times in question.times[: int(row["j"]) + 1]:
                counter[row["action"], days, times, *key] += row["n"]
    return counter


def test_what_comes_later_changes_nothing_of_the_first_days(spark: SparkSession) -> None:
    """Candidates' actions between the first days and the outcome's, and after these, are seen by nobody."""
    day = timedelta(days=1)
    begun = datetime(2026, 3, 16, 9, tzinfo=UTC)
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)

    def event(person: int, at: datetime, name: str) -> dict[str, Any]:
        fixed = {"account": None, "device": "mobile", "channel": "Email", "bot": False}
        return {"id": f"{name}{person}{at}", "at": at, "name": name, "person": f"p{person}", **fixed}

    early = [event(p, begun, "a") for p in range(20)]
    early += [event(p, begun + day * chance.randrange(7), "b") for p in range(20) for _ in range(p % 5)]
    early += [event(p, begun + 10 * day, "c") for p in range(0, 20, 3)]
    later = [
        event(p, begun + day * chance.choice([7, 8, 13, 20, 35]), chance.choice(["a", "b", "new"]))
        for p in range(20)
        for _ in range(4)
    ]
    found = collected(spark, ("first", early), ("first", early + later))
    before, after = (judged(QUESTIONS["first"], one) for one in found)
    assert [row for row in after if row["action"] == "new"] == []
    assert repr(before) == repr(after), f"seed {seed}"
    assert any(row["with_units"] for row in before)


def test_a_question_is_told_in_words() -> None:
    assert definition(QUESTIONS["left"]) == (
        "churn: did leave on days 6 to 8 after every pay, by a | a or b | leave at least 1 | 3 times on the "
        "first 2 | 5 days; adjusted for active days, month, device_type; accounts"
    )
    assert "conversion: did pay on days 4 to 11 after first a, by each event" in definition(
        QUESTIONS["bought"]
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"unit": "session"}, "count persons, accounts or devices"),
        ({"breakdowns": ["country"]}, "declare one for a segment"),
        ({"days": [7, 3]}, "days are in order, each once"),
        ({"outcome_days": "5-9"}, "begin after the last of the actions' 7 days, which are 0-6"),
        ({"outcome_days": "soon"}, "is no span of days, such as 28-34"),
        ({"starts": "every"}, "every start needs a start"),
        ({"outcome": "conversion"}, "a conversion needs its event"),
        ({"actions": ["a", {"event": "b", "name": "a"}]}, "two actions have one name"),
    ],
)
def test_what_cannot_be_asked_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Activation.model_validate({"name": "q", **given})
