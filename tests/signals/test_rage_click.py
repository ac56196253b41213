"""Rage clicks, by each preset."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.settings import Signals
from trailhouse.signals.rage_click import PRESETS, Preset, find


def click(
    ms: int, x: int | None = 0, y: int | None = 0, selector: str | None = "button", **more: Any
) -> dict[str, Any]:
    at = f"2026-03-02 10:{ms // 60000:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
    element = {"x": x, "y": y, "selector": selector}
    placed = {"person_id": "p", "session_id": "s", "view_id": "v"}
    return {"event_name": "click", "event_time": at, "element": element, **placed, **more}


def sizes(spark: SparkSession, clicks: Sequence[Mapping[str, Any]], **settings: Any) -> list[int]:
    found = find(rows(spark, "activity", clicks), Signals(**settings))
    return [row["size"] for row in found.orderBy("start_time", "first_event_id").collect()]


def test_three_clicks_each_within_a_second_and_thirty_pixels_of_the_one_before_are_one_signal(
    spark: SparkSession,
) -> None:
    # 15 + 15 px and 1000 ms are still within; the third lies 60 px from the first, which does not matter
    clicks = [
        click(0, 0, 0, event_id="c"),
        click(1000, 15, 15, event_id="a"),
        click(2000, 30, 30, event_id="b"),
    ]
    (signal,) = find(rows(spark, "activity", clicks), Signals()).collect()
    assert (signal["size"], signal["first_event_id"], signal["selector"]) == (3, "c", "button")
    assert (signal["end_time"] - signal["start_time"]).total_seconds() == 2


def test_a_third_click_that_is_not_close_makes_no_signal(spark: SparkSession) -> None:
    thirds = {
        "a millisecond too late": click(2001, 30, 30),
        "a pixel too far": click(2000, 30, 31),
        "on another view": click(1500, 15, 15, view_id="w"),
        "close": click(2000, 30, 30),
    }
    clicks = [
        {**row, "session_id": why}
        for why, third in thirds.items()
        for row in (click(0), click(1000, 15, 15), third)
    ] + [click(0), click(500), click(900, session_id="another")]
    found = find(rows(spark, "activity", clicks), Signals()).collect()
    assert [row["session_id"] for row in found] == ["close"]


def test_a_burst_is_told_once_with_its_final_length_and_a_pause_begins_another(spark: SparkSession) -> None:
    first = [click(ms) for ms in (0, 400, 800, 1200, 1600)]
    second = [click(ms) for ms in (9000, 9100, 9200)]
    assert sizes(spark, first + second) == [5, 3]


def test_clicks_on_what_is_made_for_quick_clicking_are_no_rage(spark: SparkSession) -> None:
    clicks = [click(ms, selector="div.Carousel-next") for ms in (0, 100, 200)]
    assert sizes(spark, clicks) == []
    assert sizes(spark, clicks, allowed_selectors=("stepper",)) == [3]


def test_without_coordinates_one_element_stands_in_for_one_place(spark: SparkSession) -> None:
    on_one = [click(ms, None, None, "a.tile", view_id="one") for ms in (0, 300, 600)]
    on_two = [click(ms, None, None, f"a.tile{ms}", view_id="two") for ms in (0, 300, 600)]
    nameless = [click(ms, None, None, None, view_id="three") for ms in (0, 300, 600)]
    assert sizes(spark, on_one + on_two + nameless) == [3]


def test_other_events_and_clicks_of_nobody_are_not_looked_at(spark: SparkSession) -> None:
    others = [click(ms, event_name="mouse_move") for ms in (0, 100, 200)]
    nobody = [click(ms, person_id=None, session_id=None, view_id=None) for ms in (0, 100, 200)]
    assert sizes(spark, others + nobody) == []


def test_preset_highlight_wants_five_in_two_seconds_all_near_each_other(spark: SparkSession) -> None:
    near = [click(500 * i, x=7 * i, view_id="near") for i in range(5)]  # 28 px and 2000 ms in all
    drifting = [click(400 * i, x=8 * i, view_id="drift") for i in range(5)]  # 32 px from first to last
    slow = [click(501 * i, view_id="slow") for i in range(5)]
    assert sizes(spark, near + drifting + slow, rage_click="highlight") == [5]


def bursts_by_hand(preset: Preset, clicks: Sequence[tuple[int, int, int, str]]) -> list[tuple[int, int]]:
    """(start ms, size) of the bursts among clicks (ms, x, y, selector) in order, by plain loops."""

    def near(a: tuple[int, int, int, str], b: tuple[int, int, int, str]) -> bool:
        return abs(a[1] - b[1]) + abs(a[2] - b[2]) <= preset.px

    together: set[int] = set()  # i is together with i - 1
    for i in range(1, len(clicks)):
        soon = clicks[i][0] - clicks[i - 1][0] <= preset.ms
        if preset.mode == "chain" and soon and near(clicks[i - 1], clicks[i]):
            together.add(i)
        if preset.mode == "element" and soon and clicks[i][3] == clicks[i - 1][3]:
            together.add(i)
    if preset.mode == "window":
        for i in range(len(clicks) - preset.clicks + 1):
            part = clicks[i : i + preset.clicks]
            if part[-1][0] - part[0][0] <= preset.ms and all(near(a, b) for a in part for b in part):
                together.update(range(i + 1, i + preset.clicks))
    found, start = [], 0
    for i in range(1, len(clicks) + 1):
        if i not in together:
            if i - start >= preset.clicks:
                found.append((clicks[start][0], i - start))
            start = i
    return found


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_bursts_of_random_clicks_are_those_found_by_plain_loops(spark: SparkSession, name: str) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    worlds: dict[str, list[tuple[int, int, int, str]]] = {}
    for number in range(150):
        time, clicks = 0, []
        for _ in range(chance.randrange(3, 16)):
            time += chance.choice((1, 200, 400, 600, 999, 1000, 1001, 2500))
            clicks.append(
                (time, chance.choice((0, 10, 20, 40)), chance.choice((0, 10, 20)), chance.choice("ab"))
            )
        worlds[f"{seed}-{number}"] = clicks
    activity = [
        click(ms, x, y, selector, session_id=world, event_id=f"{world}-{ms}")
        for world, clicks in worlds.items()
        for ms, x, y, selector in clicks
    ]
    chance.shuffle(activity)
    found: dict[str, list[tuple[int, int]]] = {world: [] for world in worlds}
    for row in find(rows(spark, "activity", activity), Signals(rage_click=name)).collect():
        found[row["session_id"]].append((int(row["first_event_id"].rsplit("-", 1)[1]), row["size"]))
    for world, clicks in worlds.items():
        expected = bursts_by_hand(PRESETS[name], clicks)
        assert sorted(found[world]) == expected, f"seed {seed}, preset {name}, clicks {clicks}"
