"""Detours: a case a rule, counts and intervals, and random worlds against a walk in plain Python."""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pyspark.sql import DataFrame, SparkSession
from scipy.stats import binomtest

from tests.factories import rows, watermark
from trailhouse.questions.attempts import attempts
from trailhouse.questions.tasks import described
from trailhouse.settings import Project, Step, Task
from trailhouse.tables import TABLES
from trailhouse.why.detour_counts import detours
from trailhouse.why.detours import HALF, RETURNING, with_departures, with_detours
from trailhouse.why.evidence import differences

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = 1_000_000
Event = tuple[str, int, str | None]
"""Name, second, page."""


def task(name: str = "buy", **more: Any) -> Task:
    """From `begin` by `mid` to `done`, each with the task's name before it."""
    told = {"start": f"{name} begin", "steps": [f"{name} mid"], "end": f"{name} done", "time_limit": "10m"}
    return Task.model_validate({"name": name, **told, **more})


def events(case: str, told: Sequence[Event], **more: Any) -> list[dict[str, Any]]:
    return [
        {
            **{"person_id": case, "session_id": case, "event_id": f"{case}-{number:02d}"},
            **{"event_name": name, "page_group": page, **more},
            "event_time": str((START + timedelta(seconds=second)).replace(tzinfo=None)),
        }
        for number, (name, second, page) in enumerate(told)
    ]


def found(
    spark: SparkSession,
    activity: Sequence[Mapping[str, Any]],
    tasks: Sequence[Task],
    sessions: Sequence[Mapping[str, Any]] = (),
    features: Mapping[str, Sequence[Step]] | None = None,
) -> DataFrame:
    known = rows(spark, "sessions", sessions)
    made = attempts(
        rows(spark, "activity", activity), known, watermark(spark, "2026-04-01 00:00:00"), tasks, features
    )
    way = with_detours(with_departures(made, tasks))
    return described(way, known, rows(spark, "signals"), Project())


class Told(NamedTuple):
    """Of an attempt: seconds by leg, where its first detour went, how many, back, seconds lost, left for."""

    legs: list[int]
    detour: str | None = None
    detours: int = 0
    returned: bool | None = None
    away: int = 0
    left_for: str | None = None


def by_case(frame: DataFrame) -> dict[tuple[str, str], list[Told]]:
    table = defaultdict(list)
    for row in sorted(frame.collect(), key=lambda row: row["start_us"]):
        detour, left = (row[name] and row[name]["name"] for name in ("detour", "left_for"))
        legs = [us // SECOND for us in row["leg_us"]]
        told = Told(legs, detour, row["detours"], row["returned"], row["away_us"] // SECOND, left)
        table[row["task"], row["person_id"]].append(told)
    return dict(table)


def way(*stops: tuple[int, str | None], mid: int | None = None, done: int | None = None) -> list[Event]:
    """Begun on /shop, views of pages, the step and the end where they are."""
    told: list[Event] = [("buy begin", 0, "/shop"), *(("page_view", at, page) for at, page in stops)]
    told += [("buy mid", mid, None)] if mid is not None else []
    told += [("buy done", done, "/thanks")] if done is not None else []
    return sorted(told, key=lambda event: event[1])


CASES: dict[str, tuple[list[Event], Told]] = {
    "straight": (way((5, "/pay"), mid=7, done=10), Told([7, 3])),
    "there and back": (
        way((3, "/help"), (5, "/help"), (8, "/pay"), mid=9, done=10),
        Told([4, 1], "/help", 1, True, 5),
    ),
    # What lies between two pages of the way is one detour, by its first page; a pause is no place.
    "over two pages": (
        way((3, "/help"), (4, "/faq"), (5, None), (8, "/shop"), done=12),
        Told([0, 7], "/help", 1, True, 5),
    ),
    "by the end itself": (way((5, "/pay"), (6, "/help"), done=10), Told([0, 6], "/help", 1, True, 4)),
    "twice": (
        way((1, "/help"), (2, "/pay"), (4, "/faq"), (7, "/pay"), done=9),
        Told([0, 5], "/help", 2, True, 4),
    ),
    # Four of six departures to /help come back; of two to /blog none.
    "never back": (way((3, "/help"), (5, "/blog")), Told([3, 0], "/help", 1, False, 0)),
    "given up": (way((3, "/pay"), (5, "/blog"), (6, "/help"), mid=None), Told([5, 0], left_for="/blog")),
    "back once, then gone": (
        way((1, "/faq"), (3, "/shop"), (5, "/blog")),
        Told([3, 0], "/faq", 1, True, 2, "/blog"),
    ),
    "back once, and not again": (
        way((1, "/faq"), (3, "/shop"), (5, "/help")),
        Told([3, 0], "/faq", 2, True, 2),
    ),
    # /thanks is where half of the completed end, /rare only where this one did its step.
    "on its own page": (
        [*way((3, "/rare"), (5, "/shop"), (6, "/rare"), done=9), ("buy mid", 4, "/rare")],
        Told([4, 5]),
    ),
    "on another's page": (way((3, "/rare"), (5, "/shop"), done=9), Told([0, 7], "/rare", 1, True, 2)),
    "nothing known": ([("buy begin", 0, None), ("buy mid", 4, None)], Told([4, 0])),
}


def test_a_detour_leaves_the_tasks_own_pages_and_comes_back_or_could(spark: SparkSession) -> None:
    given = [event for case, (told, _) in CASES.items() for event in events(case, told)]
    # Most of the completed come by /pay, fewer than half by /help.
    given += [event for case in ("x", "y") for event in events(case, CASES["straight"][0])]
    strict = task(name="buy strict", start="buy begin", steps=["buy mid"], end="buy done", pages=["/shop"])
    # A feature is a place of its own, on whatever page it is used; what ends a task is on its way.
    more = [
        *events("f", [("buy begin", 0, "/shop"), ("find", 2, "/shop"), ("click", 3, "/shop"),
                      ("buy done", 9, "/thanks")]),
        # The step tells no page: it was done on the last one, not in the search.
        *events("g", [("buy begin", 0, "/shop"), ("find", 2, "/shop"), ("buy mid", 5, None),
                      ("buy done", 9, "/thanks")]),
        *events("h", way((2, "/guide"), (5, "/pay"), done=9)),
    ]  # fmt: skip
    features = {
        "search": [Step(event="find")],
        "buying": [Step(event="buy done")],
        "guide": [Step(event="page_view", page_group="/guide")],
        # To view a page of the task is on its way, feature or not: nothing of the cases changes.
        "shop": [Step(event="page_view", page_group="/shop")],
    }
    # What is an event of this one is a use of a feature to the others.
    finding = task(name="finding", start="find", steps=[], end="never")
    table = by_case(found(spark, [*given, *more], [task(), strict, finding], features=features))
    assert {case: table["buy", case] for case in CASES} == {case: [told] for case, (_, told) in CASES.items()}
    assert [table["buy", case] for case in "fgh"] == [
        [Told([0, 8], "search", 1, True, 1)],
        [Told([2, 4], "search", 1, True, 3)],
        [Told([0, 6], "guide", 1, True, 3)],
    ]
    # The step was done on /pay, so it is a page of this attempt; of the other it is none.
    assert table["buy strict", "straight"] == [Told([7, 3])]
    assert table["buy strict", "by the end itself"] == [Told([0, 5], "/pay", 1, True, 5)]


def test_a_click_leads_away_from_its_page(spark: SparkSession) -> None:
    def told(*stops: tuple[int, str]) -> list[Event]:
        return [("click", 0, "/hub"), *(("page_view", at, page) for at, page in stops)]

    given = [
        *(event for case in "abc" for event in events(case, [*told((1, "/form")), ("sent", 9, "/form")])),
        # Back on the hub is not back on the way.
        *events("hub", told((1, "/form"), (4, "/news"), (6, "/hub"))),
        *events("back", [*told((1, "/form"), (4, "/hub"), (6, "/form")), ("sent", 9, "/form")]),
        # The outcome comes on the page of the click.
        *events("stayed", [("click", 0, "/hub"), ("page_view", 2, "/help"), ("sent", 5, "/hub")]),
    ]
    made = task(start={"event": "click", "page_group": "/hub"}, steps=[], end="sent")
    table = by_case(found(spark, given, [made]))
    assert {case: told for (_, case), (told,) in table.items()} == {
        **dict.fromkeys("abc", Told([9])),
        "hub": Told([4], left_for="/news"),
        "back": Told([7], "/hub", 1, True, 2),
        "stayed": Told([2], "/help", 1, True, 3),
    }


def test_detours_are_counted_by_place_device_and_release(spark: SparkSession) -> None:
    out_and_back, straight = way((2, "/help"), (5, "/pay"), done=9), way((3, "/pay"), done=6)
    lost, stayed = way((2, "/help")), way((2, "/pay"))
    faq = way((2, "/faq"), (9, "/pay"), done=12)
    plan = [(out_and_back, 3, "desktop"), (lost, 2, "mobile"), (faq, 1, "mobile"), (straight, 8, "desktop"),
            (stayed, 2, "desktop")]  # fmt: skip
    given, sessions = [], []
    for number, (told, times, device) in enumerate(plan):
        for each in range(times):
            case = f"{number}.{each}"
            given += events(case, told, release="2.0" if device == "mobile" else None)
            sessions.append({"session_id": case, "device": {"type": device}})
    table = TABLES["task_detours"].select(detours(found(spark, given, [task()], sessions))).collect()
    by = {(row["breakdown"], row["value"], row["what"], row["place"]): row for row in table}
    every = by["all", "all", "all", "all"]
    assert (every["attempts"], every["detours"], every["returned"], every["without"]) == (16, 6, 4, 10)
    assert (every["rank"], by["all", "all", "page", "/help"]["rank"]) == (0, 1)
    for share, (hits, of) in {"share": (6, 16), "returned_share": (4, 6)}.items():
        ends = binomtest(hits, of).proportion_ci(method="wilson")
        assert [float(every[f"{share}{end}"]) for end in ("", "_low", "_high")] == pytest.approx(
            [hits / of, ends.low, ends.high], abs=1e-6
        )
    # 3, 3, 3 and 7 seconds away
    assert (every["median_us"], every["p90_us"], every["total_us"]) == (
        *(3 * SECOND, 5.8 * SECOND),
        16 * SECOND,
    )
    assert (every["completed"], every["completed_without"]) == (4, 8)
    theirs = differences(4, 6, 8, 10).iloc[0]
    told = [float(every[name]) for name in ("difference", "difference_low", "difference_high", "p")]
    assert told == pytest.approx([theirs[name] for name in ("difference", "low", "high", "p")], abs=1e-6)
    assert every["too_few"]
    assert {key: row["detours"] for key, row in by.items() if key[2] == "all"} == {
        ("all", "all", "all", "all"): 6,
        ("device_type", "desktop", "all", "all"): 3,
        ("device_type", "mobile", "all", "all"): 3,
        ("release", "2.0", "all", "all"): 3,
        ("release", "unknown", "all", "all"): 3,
    }
    assert by["device_type", "mobile", "page", "/faq"]["completion_rate"] == 1
    assert by["device_type", "mobile", "all", "all"]["completion_rate_without"] is None
    assert by["all", "all", "page", "/help"]["returned_share"] == Decimal("0.6")


def walked(told: Sequence[Event], of: Task, limit: int) -> list[dict[str, Any]]:
    """The attempts of one unit with the places they passed, event by event."""
    made: list[dict[str, Any]] = []
    now: dict[str, Any] | None = None
    page = None
    for name, second, new in told:
        page = new if new is not None else page
        kind = name.removeprefix(f"{of.name} ")
        if name == f"{of.name} begin":
            now = {"done": False, "trail": [], "mine": set(), "mids": 0}
            made.append(now)
        elif now is None or now["done"] or second - now["trail"][0][0] > limit:
            continue
        own = name.startswith(f"{of.name} ")
        now["mids"] += kind == "mid"
        if own:
            now["mine"].add(page)
        now["trail"].append((second, page, own, min(now["mids"], 1)))
        now["done"] = kind == "done"
    return made


def by_hand(units: Mapping[str, Sequence[Event]], of: Task, limit: int) -> dict[str, list[Told]]:
    """What is told of every attempt at one task."""
    walks = {unit: walked(told, of, limit) for unit, told in units.items()}
    each = [one for made in walks.values() for one in made]
    done = [one for one in each if one["done"]]
    passed = Counter(page for one in done for page in {page for _, page, *_ in one["trail"]})
    learned = {page for page, n in passed.items() if HALF * n >= len(done)} if not of.pages else set()
    for one in each:
        home = learned | set(of.pages) | one["mine"] | {None}
        one["runs"], one["legs"] = [], [0, 0]
        trail, away, before = one["trail"], False, None
        for (second, page, _, leg), following in zip(trail, [*trail[1:], trail[-1]], strict=True):
            if page not in home and not away:
                one["runs"].append([(before, page), second, None])
            elif page in home and away:
                one["runs"][-1][2] = second
            away, before = page not in home, page
            if not away:
                leg = 1 if one["done"] and one["mids"] == 0 else leg
                one["legs"][leg] += following[0] - second
    out, back = Counter(), Counter()
    for one in each:
        out.update(place for place, *_ in one["runs"])
        back.update(place for place, _, end in one["runs"] if end is not None)
    told = {}
    for unit, made in walks.items():
        told[unit] = []
        for one in made:
            counted = [
                run for run in one["runs"] if run[2] is not None or RETURNING * back[run[0]] >= out[run[0]]
            ]
            gone = [run[0] for run in one["runs"] if run not in counted]
            told[unit].append(
                Told(
                    one["legs"],
                    counted[0][0][1] if counted else None,
                    len(counted),
                    counted[0][2] is not None if counted else None,
                    sum(end - begin for _, begin, end in counted if end is not None),
                    gone[0][1] if gone else None,
                )
            )
    return told


def test_random_detours_are_those_of_a_walk_through_the_events(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    tasks, units = [], {}
    for number in range(10):
        name = f"w{number}"
        tasks.append(task(name, pages=rng.choice([[], [], ["/a", "/b"]])))
        pages = [None, "/a", "/b", *(f"/{letter}" for letter in "cdefg"[: rng.randint(1, 5)])]
        names = [*(f"{name} {kind}" for kind in ("begin", "mid", "done")), "page_view"]
        weights = [rng.choice([1, 2]), 1, 1, 8]
        units[name] = {
            f"{name}.{unit}": list(
                zip(
                    rng.choices(names, weights, k=16),
                    sorted(rng.sample(range(900), 16)),
                    rng.choices(pages, [1, 4, 3, *[2] * (len(pages) - 3)], k=16),
                    strict=True,
                )
            )
            for unit in range(25)
        }
        for told in list(units[name].values())[::3]:  # of whom nobody comes back
            told[-3:] = [("page_view", second, "/gone") for _, second, _ in told[-3:]]
    given = [
        event for world in units.values() for unit, told in world.items() for event in events(unit, told)
    ]
    table = by_case(found(spark, given, tasks))
    every = []
    for of in tasks:
        for unit, expected in by_hand(units[of.name], of, 600).items():
            assert table.get((of.name, unit), []) == expected, (seed, of, units[of.name][unit])
            every += expected
    assert statistics.mean(one.detours for one in every) > 0.2, "the worlds would say little"
    assert any(one.left_for for one in every)
