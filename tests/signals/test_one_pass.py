"""All kinds at once: random worlds against plain loops, and the plan that finds them."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.signals.oracle import RULES
from tests.signals.staging import EVERYTHING, activity, found, session_rows, told
from trailhouse.settings import Settings
from trailhouse.signals.kind import Happening
from trailhouse.signals.registry import BY_NAME
from trailhouse.stage import Context
from trailhouse.stages import signals

STEPS = (0, 1, 100, 101, 200, 299, 300, 400, 500, 999, 1000, 1001, 1234, 1235, 2500, 2750, 2751, 5000, 7000)
NAMES = {
    "clicks": ("click",) * 8 + ("mutation", "error", "scroll", "heartbeat", "text_selected", "page_view"),
    "moves": ("mouse_move",) * 9 + ("click", "heartbeat"),
    "pages": ("page_view",) * 6 + ("click", "scroll", "mutation"),
    "forms": ("form_start", "form_change", "form_submit", "form_abandon", "page_view", "heartbeat"),
}


def random_world(seed: int) -> list[Happening]:
    """A session of some minutes: clicks, moves, pages or forms above all, on two devices with two tabs."""
    draw = random.Random(seed)
    names = NAMES[draw.choice(tuple(NAMES))]
    devices = draw.choice((("d",), ("d", "e")))
    steps = STEPS if draw.random() < 0.6 else (0, 1, 100, 200, 299, 300, 400, 500)
    at, events = 0, []
    for _ in range(draw.randint(3, 25)):
        at += draw.choice(steps)
        name = draw.choice(names)
        fields: dict[str, Any] = {"device": draw.choice(devices), "tab": draw.choice(("t", "t", "t", "u"))}
        if name == "click":
            fields |= {
                "x": draw.choice((0, 10, 20, 30, 31, None)),
                "y": draw.choice((0, 0, 20)),
                "selector": draw.choice(("a", "a", "a", "b", None, "div.Carousel")),
                "text": draw.choice(("Buy", None, None)),
                "tag": draw.choice(("button", "button", "input")),
                "interactive": draw.choice((True, True, False, None)),
                "pointer": draw.choice(("mouse", "touch", None)),
            }
        if name == "mouse_move":
            fields |= {
                "x": draw.choice((0, 50, 50, 100, None)),
                "y": draw.choice((0, 0, 50)),
                "selector": "m",
            }
        if name == "page_view":
            fields |= {
                "path": draw.choice(("/a", "/a", "/b")),
                "navigation": draw.choice((None, "link", "back_forward", "reload", "reload")),
                # Now and then a view comes again, with another page_view.
                "view": f"v{draw.randrange(40)}",
            }
        if name == "scroll":
            fields |= {"scroll": draw.choice((0, 0, 300))}
        if name.startswith("form"):
            fields |= {"form": draw.choice("fg")}
        events.append(Happening(at, name, fields))
    return events


def compare_with_oracle(spark: SparkSession, seeds: range) -> Counter[str]:
    """Holds what is found in worlds against plain loops; gives how many signals of each preset there are."""
    worlds = {f"w{seed}": random_world(seed) for seed in seeds}
    chance = random.Random(seeds[0])
    chosen = {**EVERYTHING, "thrashed_turns": 3}
    shuffled = chance.sample(sorted(worlds), len(worlds))
    of_all = found(spark, {world: worlds[world] for world in shuffled}, chosen)
    seen: Counter[str] = Counter()
    for kind, rule in RULES.items():
        for preset in BY_NAME[kind].presets:
            if kind == "thrashed_cursor":
                preset = type(preset)(**{**vars(preset), "count": 3})
            by_world = told(of_all, kind, preset.name)
            for world, events in worlds.items():
                expected = rule(session_rows(world, events), preset)
                seen[f"{kind}/{preset.name}"] += len(expected)
                assert by_world[world] == expected, f"seed {world}, {kind} {preset.name}: {events}"
    return seen


def test_signals_of_random_worlds_are_those_that_plain_loops_find(spark: SparkSession) -> None:
    # Of the worlds from any seed some have no signal of a rare preset; thousands of others are for the soak.
    seen = compare_with_oracle(spark, range(822_076, 822_576))
    assert min(seen.values()) > 0, f"the worlds say nothing of some preset: {seen}"


@pytest.mark.soak
def test_signals_of_thousands_of_random_worlds_are_those_that_plain_loops_find(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    compare_with_oracle(spark, range(seed, seed + 6_000))


def test_excessive_scrolling_is_beyond_the_pages_own_week(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    draw = random.Random(seed)
    views, expected = [], set()
    for page in range(12):
        for week in ("2026-03-01 12:00", "2026-03-01 23:30", "2026-03-09 12:00"):
            number = draw.choice((29, 30, 31, 60))
            turns = [draw.choice((0, 1, 1, 2, 3)) for _ in range(number - 2)] + [
                draw.randint(0, 12) for _ in "ab"
            ]
            bots = [draw.randint(0, 50) for _ in range(3)]
            mean, sd = statistics.mean(turns), statistics.pstdev(turns)
            for place, (changes, is_bot) in enumerate(
                [(changes, False) for changes in turns] + [(changes, True) for changes in bots]
            ):
                view = f"{page} {week} {place}"
                views.append(
                    {
                        "view_id": view,
                        "session_id": "s",
                        "page_group": f"/{page}",
                        "start_time": f"{week}:00",
                        "direction_changes": changes,
                        "max_scroll_pct": 50,
                        "is_bot": is_bot,
                    }
                )
                # Bots make no baseline, and are told like others.
                if number >= 30 and changes > mean + 3 * sd:
                    expected.add((view, changes))
        # Where depth is not collected there is nothing to judge, nor a baseline.
        views += [{**views[-1], "view_id": f"{page} {n}", "max_scroll_pct": None} for n in range(60)]
    inputs = {
        "activity": rows(spark, "activity"),
        "page_views": rows(spark, "page_views", views),
        "capabilities": rows(spark, "capabilities"),
    }
    # 23:30 UTC on Sunday is Monday in Berlin.
    context = Context(Settings.model_validate({"project": {"timezone": "Europe/Berlin"}}), "")
    of_weeks = signals.transform(inputs, context)["signals"].collect()
    assert {(row.view_id, row.size) for row in of_weeks} == expected, f"seed {seed}"
    assert expected, f"the views of seed {seed} say nothing"


def paths(node: Any) -> Iterator[list[Any]]:
    """The operators from the top of a physical plan down to each of its leaves."""
    children = node.children()
    if not children.size():
        yield [node]
    for place in range(children.size()):
        for path in paths(children.apply(place)):
            yield [node, *path]


def test_activity_is_shuffled_once_and_sorted_once(spark: SparkSession) -> None:
    inputs = {
        "activity": activity(spark, {"s": [Happening(0, "click")]}).localCheckpoint(),
        "page_views": rows(spark, "page_views").localCheckpoint(),
        "capabilities": rows(spark, "capabilities").localCheckpoint(),
    }
    context = Context(Settings.model_validate({"signals": EVERYTHING}), "")
    made = signals.transform(inputs, context)["signals"]
    plan = made._jdf.queryExecution().executedPlan()
    from_activity = [path for path in paths(plan) if "event_number" in path[-1].toString()]
    assert len(from_activity) == 1, "activity is read more than once"
    names = Counter(str(node.nodeName()) for node in from_activity[0])
    assert (names["Exchange"], names["Sort"]) == (1, 1), names
    # What comes next, and turns; then closeness, windows of several, ends of bursts.
    assert names["Window"] == 5, names
    assert not any("Join" in name and "Broadcast" not in name for name in names), names
    assert not any("Aggregate" in name for name in names), names
