"""Events of small worlds as a frame: random ones by seed, and a row's shortest spelling."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from tests.identity.oracle import Event

START = datetime(2024, 3, 1, 23, 0)
SCHEMA = (
    "event_id string, anonymous_id string, user_id string, identifiers map<string, string>, "
    "previous_id string, event_time timestamp, event_date date, source string"
)
_UNUSABLE = ("", " ", "null", "Anonymous", "00000000-0000-0000-0000-000000000000", "0", "N/A")


def frame(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    """The columns of `events` that identity reads, event_id being the place in the list."""
    rows = [
        (str(n), e.anonymous, e.user, e.others or None, e.previous, e.at, e.at.date(), e.source)
        for n, e in enumerate(events)
    ]
    return spark.createDataFrame(rows, SCHEMA)


def prefixed(events: Iterable[Event], prefix: str) -> list[Event]:
    """The events with every value put into a world of its own; unusable values stay as they are."""

    def put(value: str | None) -> str | None:
        return value if value is None or value in _UNUSABLE else f"{prefix}{value}"

    return [
        replace(
            e,
            anonymous=put(e.anonymous),
            user=put(e.user),
            previous=put(e.previous),
            others={name: put(value) or "" for name, value in e.others.items()},
        )
        for e in events
    ]


def random_world(seed: int) -> list[Event]:
    """A few people, devices, addresses; tablets that several share; aliases; values that name nobody."""
    rng = random.Random(seed)
    people = rng.randint(1, 5)
    devices = rng.randint(1, 7)
    addresses = rng.randint(1, 5)
    # Few instants, so that equal times come often.
    instants = rng.choice((2, 5, 40))

    def someone(letter: str, count: int, share: float) -> str | None:
        if rng.random() > share:
            return None
        return rng.choice(_UNUSABLE) if rng.random() < 0.05 else f"{letter}{rng.randint(1, count)}"

    events = []
    for _ in range(rng.randint(3, 30)):
        others = {}
        if address := someone("M", addresses, 0.35):
            # Spelled in many ways, one address all the same.
            others["email"] = rng.choice((address, address.lower(), f" {address}\t"))
        if phone := someone("p", 3, 0.1):
            others["phone"] = phone
        if rng.random() < 0.04:
            others["user_id"] = f"u{rng.randint(1, people)}"
        events.append(
            Event(
                at=START + timedelta(minutes=rng.randrange(instants) * 7),
                anonymous=someone("a", devices, 0.8),
                user=someone("u", people, 0.45),
                others=others,
                previous=someone("a", devices, 0.05),
                source=rng.choice(("segment", "snowplow")),
            )
        )
    return events
