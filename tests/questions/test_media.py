"""Media: which parts were watched, a case a rule, and random plays against a walk by milliseconds."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from scipy.stats import binomtest

from tests.factories import rows
from trailhouse.questions.media import media
from trailhouse.settings import Project
from trailhouse.tables import TABLES

Event = tuple[str, float | None, float]
"""Kind (play, pause, progress, complete), position and clock in seconds."""
ALL = ("all", "all")


def events(
    case: str, told: Sequence[Event], length: float | None = 100, view: str = "v", **more: Any
) -> list[dict[str, Any]]:
    """Events of one view of the session of this name; the case, up to a dot, is the medium's id."""
    return [
        {
            "session_id": case,
            "view_id": view,
            "event_name": f"media_{kind}",
            "event_number": number,
            "event_time": f"2026-03-02 12:{int(clock) // 60:02d}:{clock % 60:09.6f}",
            "media": {"id": case.split(".")[0], "position": _float(position), "length": _float(length)},
            **more,
        }
        for number, (kind, position, clock) in enumerate(told, start=1)
    ]


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def found(
    spark: SparkSession, activity: Sequence[Mapping[str, Any]], sessions: Sequence[Mapping[str, Any]] = ()
) -> dict[Any, Row]:
    named = {session["session_id"] for session in sessions}
    others = sorted({event["session_id"] for event in activity} - named)
    known = rows(spark, "sessions", [*sessions, *({"session_id": s, "person_id": s} for s in others)])
    made = TABLES["media"].select(media(rows(spark, "activity", activity), known, Project()))
    return {(row["media_id"], row["device_type"], row["period"]): row for row in made.collect()}


# of 100 s, a bin is 5 s; what was watched, as bins from the first
CASES: dict[str, tuple[list[Event], list[int], int]] = {
    "through": ([("play", 0, 0), ("progress", 50, 50), ("complete", 100, 100)], [*range(20)], 100),
    # the middle of the third bin, 12.5 s, was not reached
    "middle": ([("play", 0, 0), ("pause", 12.4, 12.4)], [0, 1], 12.4),
    "reached": ([("play", 0, 0), ("pause", 12.6, 12.6)], [0, 1, 2], 12.6),
    "jump": ([("play", 0, 0), ("progress", 10, 10), ("progress", 60, 12), ("pause", 70, 22)],
             [0, 1, 12, 13], 20),
    "rewind": ([("play", 0, 0), ("progress", 10, 10), ("progress", 0, 11), ("pause", 10, 21)], [0, 1], 20),
    # what moves after a pause is the hand, not the player
    "paused": ([("play", 0, 0), ("pause", 10, 10), ("play", 30, 40), ("pause", 40, 50)], [0, 1, 6, 7], 20),
    "stalled": ([("play", 0, 0), ("progress", 10, 25)], [0, 1], 10),
    "slack": ([("play", 0, 0), ("progress", 12, 10)], [0, 1], 12),
    "fast": ([("play", 0, 0), ("progress", 12.1, 10)], [], 0),
    # by a tenth of the time where that is more than 2 s
    "tenth": ([("play", 0, 0), ("progress", 55, 50)], [*range(11)], 55),
    "no_end": ([("play", 40, 0), ("complete", None, 60)], [*range(8, 20)], 60),
    "beyond": ([("play", 90, 0), ("pause", 110, 20)], [18, 19], 20),
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(spark: SparkSession) -> dict[Any, Row]:
    odd: list[Event] = [
        ("play", math.nan, 0),
        ("progress", -5, 5),
        ("progress", math.inf, 9),
        ("pause", 9, 9),
    ]
    sessions = [
        {"session_id": "many.2", "person_id": "many.1", "device": {"type": "mobile"}},
        {"session_id": "bot", "is_bot": True},
        {"session_id": "staff", "internal": True},
    ]
    again: list[Event] = [("play", 0, 0), ("pause", 10, 10), ("play", 10, 20), ("complete", 100, 110)]
    play: list[Event] = [("play", 0, 0), ("pause", 20, 20)]
    given = [
        *(event for case, (told, _, _) in CASES.items() for event in events(case, told)),
        *events("many.1", play),
        *events("many.1", again, view="b"),
        *events("many.2", [("play", 0, 0), ("pause", 50, 50)]),
        *events("endless", play, length=None),
        *events("zero", play, length=0),
        *events("odd", odd),
        *events("titled", play, media={"title": "Talk", "position": 0.0, "length": 9.0}),
        *events("renamed.1", play, media={"id": "renamed", "title": "Old"}),
        *events("renamed.2", [("play", 0, 30)], media={"id": "renamed", "title": "New"}),
        *events("bot", play),
        *events("staff", play),
        *events("row", play, internal=True),
    ]  # fmt: skip
    return found(spark, given, sessions)


@pytest.mark.parametrize("case", CASES)
def test_what_was_watched_is_where_the_position_kept_step_with_the_clock(
    cases: Mapping[Any, Row], case: str
) -> None:
    row = cases[case, *ALL]
    assert [k for k, count in enumerate(row["watched"]) if count] == CASES[case][1]
    assert row["watched_us"] == row["median_watched_us"] == round(CASES[case][2] * 1_000_000)


def test_plays_views_people_and_completion_are_counted_apart(cases: Mapping[Any, Row]) -> None:
    row = cases["many", *ALL]
    assert (row["plays"], row["views"], row["persons"], row["completed"]) == (4, 3, 1, 1)
    interval = binomtest(1, 3).proportion_ci(method="wilson")
    assert row["completion_rate"] == Decimal("0.333333")
    assert [float(row["low"]), float(row["high"])] == pytest.approx(list(interval), abs=1e-6)
    assert row["watched"] == [3] * 4 + [2] * 6 + [1] * 10
    assert (row["watched_us"], row["median_watched_us"], row["length_us"]) == (
        170_000_000,
        50_000_000,
        100_000_000,
    )
    assert {key[1:]: row["views"] for key, row in cases.items() if key[0] == "many"} == {
        ALL: 3,
        ("all", "2026-03-02"): 3,
        ("unknown", "all"): 2,
        ("unknown", "2026-03-02"): 2,
        ("mobile", "all"): 1,
        ("mobile", "2026-03-02"): 1,
    }


@pytest.mark.parametrize("case", ["endless", "zero"])
def test_without_a_length_shares_are_not_collected_and_time_is(cases: Mapping[Any, Row], case: str) -> None:
    row = cases[case, *ALL]
    assert (row["watched"], row["length_us"], row["measured_views"]) == (None, None, 0)
    assert row["watched_us"] == 20_000_000


def test_positions_that_are_no_place_in_it_tell_nothing(cases: Mapping[Any, Row]) -> None:
    row = cases["odd", *ALL]
    assert (row["views"], row["measured_views"], row["watched"], row["watched_us"]) == (1, 0, None, None)


def test_a_medium_is_known_by_its_id_else_its_title_and_bears_its_last_title(
    cases: Mapping[Any, Row],
) -> None:
    assert cases["Talk", *ALL]["plays"] == 1
    assert cases["renamed", *ALL]["title"] == "New"
    assert not {"bot", "staff", "row"} & {key[0] for key in cases}


def by_hand(told: Sequence[Event], length: float) -> tuple[set[int], int]:
    """Bins whose middle was played over, and the time watched in microseconds."""
    bins, watched = set(), 0
    for (kind, position, clock), (_, to, then) in zip(told, told[1:], strict=False):
        moved, passed = round(to * 1000) - round(position * 1000), round((then - clock) * 1000)
        if kind in ("play", "progress") and 0 < moved <= passed + max(passed / 10, 2000):
            watched += moved * 1000
            bins |= {k for k in range(20) if position <= (2 * k + 1) * length / 40 < to}
    return bins, watched


def test_random_plays_are_watched_where_a_walk_says_so(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    given, expected = [], {}
    for number in range(60):
        length = rng.choice((30, 61, 97, 240))
        position, clock, told = 0.0, 0.0, []
        for _ in range(rng.randint(1, 9)):
            kind = rng.choices(("play", "progress", "pause"), (2, 6, 1))[0]
            told.append((kind, position, clock))
            step = rng.randint(1, 120) / 4
            clock += step
            position = min(
                float(length), rng.choice((position + step, position + step, rng.randint(0, 4 * length) / 4))
            )
        told.append(("pause", position, clock))
        given += events(f"m{number}", told, length=length)
        expected[f"m{number}"] = by_hand(told, length)
    table = found(spark, given)
    for name, (bins, watched) in expected.items():
        row = table[name, *ALL]
        assert {k for k, count in enumerate(row["watched"]) if count} == bins, (seed, name)
        assert row["watched_us"] == watched, (seed, name)
    assert statistics.mean(len(bins) for bins, _ in expected.values()) > 2, "the world would say little"
