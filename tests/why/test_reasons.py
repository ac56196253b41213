"""Reasons over frames: what is asked, which stretch is looked at, what is found there, and the plan."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows, watermark
from tests.signals.test_one_pass import paths
from trailhouse.errors import SettingsError
from trailhouse.questions.asked import Asked
from trailhouse.settings import Feature, Funnel, KeyElement, Retention, Settings, Step, Stickiness, Task
from trailhouse.why import asked as number
from trailhouse.why.answer import Wanted, checked, funnel_numbers, named
from trailhouse.why.causes import Given, causes
from trailhouse.why.feature_asked import Offered
from trailhouse.why.feature_asked import number as of_feature
from trailhouse.why.gaps import retention_gap
from trailhouse.why.reasons import counted, frame_of, reasons
from trailhouse.why.stretch import stretched, with_views
from trailhouse.why.weighed import CLAIMED

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFERED = Feature.model_validate({"use": ["c"], "exposed": ["b"]})
FUNNEL = Funnel.model_validate({"name": "pay", "steps": ["a", "b", "c"], "window": "7d"})
TASK = Task.model_validate({"name": "buy", "start": {"event": "a"}, "end": {"event": "c"}})
NEXT = KeyElement(name="Next", page_group="/b", selector="b.next")
SEED = 20260302
SCHEMA = (
    "number STRING, unit STRING, person_id STRING, session_id STRING, from_us BIGINT, done_us BIGINT, "
    "until_us BIGINT, before_us BIGINT, failed BOOLEAN, now BOOLEAN, device STRING, browser STRING, "
    "country STRING, channel STRING"
)
"""Of units."""


def at(second: float) -> str:
    return str((START + timedelta(seconds=second)).replace(tzinfo=None))


def us(second: float) -> int:
    return int((START + timedelta(seconds=second)).timestamp() * 1_000_000)


def event(person: str, second: float, name: str, **more: Any) -> dict[str, Any]:
    told = {"person_id": person, "session_id": person, "event_name": name, "event_time": at(second)}
    return {**told, "page_group": "/b", "event_number": 2, **more}


def session(person: str, until: float, **more: Any) -> dict[str, Any]:
    told = {"person_id": person, "session_id": person, "start_time": at(0), "end_time": at(until)}
    return {**told, "closed": True, "device": {"type": "desktop"}, "channel": "Direct", **more}


def view(person: str, second: float, page: str, number_: int = 1) -> dict[str, Any]:
    told = {"person_id": person, "session_id": person, "start_time": at(second), "page_group": page}
    return {**told, "view_number": number_}


def frames(spark: SparkSession, **given: Sequence[Mapping[str, Any]]) -> dict[str, DataFrame]:
    names = (
        "activity",
        "sessions",
        "page_views",
        "signals",
        "feedback_answers",
        "segment_members",
        "person_days",
    )
    made = {name: rows(spark, name, given.get(name, ())) for name in names}
    return {**made, "watermark": watermark(spark, "2026-06-01")}


def keep(frame: DataFrame) -> DataFrame:
    return frame.localCheckpoint()


UNITS: list[dict[str, Any]] = [
    # Funnel: stops after b; goes on; goes on in a later session; its session may go on; never came to b.
    *(event("stops", s, name) for s, name in ((0, "a"), (10, "b"))),
    *(event("goes", s, name) for s, name in ((0, "a"), (20, "b"), (60, "c"))),
    *(event("later", s, name) for s, name in ((0, "a"), (10, "b"))),
    event("later", 90_000, "c", session_id="later-2"),
    *(event("open", s, name) for s, name in ((0, "a"), (10, "b"))),
    event("early", 0, "a"),
    *(event("bot", s, name) for s, name in ((0, "a"), (10, "b"))),
    # Task: a try that fails, and ends where the next one begins, which is completed.
    *(event("twice", s, name) for s, name in ((0, "a"), (30, "a"), (40, "c"))),
]


def test_units_of_each_kind_of_number(spark: SparkSession) -> None:
    sessions = [
        *(session(name, 100) for name in ("stops", "goes", "later", "early", "twice")),
        session("open", 100, closed=False),
        session("bot", 100, is_bot=True),
        {**session("later", 90_100), "session_id": "later-2", "start_time": at(89_000)},
    ]
    views = [
        *(view("stops", s, page, n) for n, (s, page) in enumerate(((0, "/a"), (30, "/p"), (50, "/p")), 1)),
        *(view("goes", s, page, n) for n, (s, page) in enumerate(((5, "/p"), (30, "/next")), 1)),
        view("bot", 0, "/p"),
    ]
    given = frames(spark, activity=UNITS, sessions=sessions, page_views=views)
    asked = Asked(given)
    of_frame = rows(spark, "activity", [event("stops", 15, "x")]).selectExpr(
        "'u1' AS unit", "person_id", f"{us(15)} AS from_us", "CAST(NULL AS BIGINT) AS done_us"
    )
    asked_for = [
        *number.funnel_steps(FUNNEL, asked, [2, 3]),
        number.task(TASK, asked),
        number.page("/p", asked),
        number.page("/p", asked, "/next"),
        number.given("mail", "did not try it", of_frame, asked),
        of_feature(Offered("c", OFFERED, Step(event="a")), asked, lambda frame: frame),
    ]
    every = [one.units for one in asked_for if one.units is not None]
    found = reduce(DataFrame.unionByName, every).collect()
    told = {
        (row["number"], row["person_id"], row["from_us"] - us(0)): (
            row["failed"],
            row["done_us"] and (row["done_us"] - us(0)) // 1_000_000,
            (row["until_us"] - us(0)) // 1_000_000,
            row["before_us"] and row["before_us"] // 1_000_000,
        )
        for row in found
    }
    second = 1_000_000
    assert told == {
        ("pay:2", "stops", 0): (False, 10, 100, None),
        ("pay:2", "goes", 0): (False, 20, 100, None),
        ("pay:2", "later", 0): (False, 10, 100, None),
        # Its session may go on, but b was done: that is known.
        ("pay:2", "open", 0): (False, 10, 100, None),
        ("pay:2", "early", 0): (True, None, 100, None),
        ("pay:2", "twice", 0): (True, None, 100, None),
        ("pay:3", "stops", 10 * second): (True, None, 100, 10),
        ("pay:3", "goes", 20 * second): (False, 60, 100, 20),
        # It went on, though not in this session, of which all may be looked at.
        ("pay:3", "later", 10 * second): (False, None, 100, 10),
        ("buy", "stops", 0): (True, None, 100, None),
        ("buy", "goes", 0): (False, 60, 100, None),
        ("buy", "later", 0): (True, None, 100, None),
        ("buy", "early", 0): (True, None, 100, None),
        # It ends before the next try begins.
        ("buy", "twice", 0): (True, None, 29, None),
        ("buy", "twice", 30 * second): (False, 40, 100, None),
        # The last view of the page counts.
        ("/p", "stops", 50 * second): (True, None, 100, None),
        ("/p", "goes", 5 * second): (False, 30, 30, None),
        ("/p > /next", "stops", 50 * second): (False, None, 100, None),
        ("/p > /next", "goes", 5 * second): (True, None, 30, None),
        ("mail", "stops", 15 * second): (True, None, 100, None),
        ("c", "stops", 10 * second): (True, None, 100, None),
        ("c", "goes", 20 * second): (False, 60, 100, None),
        ("c", "later", 10 * second): (False, None, 100, None),
        # Its use is its first offer; who was never offered it, or is a bot, is no unit.
        ("c", "twice", 40 * second): (False, 40, 100, None),
    }


def test_a_retention_gap_is_asked_of_those_whose_period_is_over(spark: SparkSession) -> None:
    def day(person: str, day_: str) -> dict[str, Any]:
        times = {"first_time": f"{day_} 12:00:00", "last_time": f"{day_} 12:01:00"}
        return {"person_id": person, "day": day_, **times}

    days = [
        *(day("back", one) for one in ("2026-03-02", "2026-03-10")),
        *(day("gone", one) for one in ("2026-03-02", "2026-03-20")),
        day("new", "2026-05-30"),
    ]
    sessions = [session(name, 60) for name in ("back", "gone", "new")]
    activity = [
        {"person_id": one["person_id"], "session_id": one["person_id"], "event_time": one["first_time"]}
        for one in days
    ]
    asked = Asked(frames(spark, person_days=days, sessions=sessions, activity=activity))
    gap = retention_gap(Retention(name="weekly"), 1, asked)
    assert gap.units is not None
    assert {(row["person_id"], row["failed"]) for row in gap.units.collect()} == {
        ("back", False),
        ("gone", True),
    }
    with pytest.raises(SettingsError, match="calendar periods"):
        retention_gap(Retention(name="weekly", clock="rolling"), 1, asked)


def unit(person: str, failed: bool, **more: Any) -> dict[str, Any]:
    """Came to the point at second 10; went on at 60, if it did; its session ends at 100."""
    told = {"number": "n", "unit": person, "person_id": person, "session_id": person, "from_us": us(10)}
    done = None if failed else us(60)
    return {
        **told,
        "done_us": done,
        "until_us": us(100),
        "before_us": us(1),
        "failed": failed,
        "now": failed,
        **more,
    }


def test_only_what_lies_in_the_stretch_of_a_unit_is_a_reason(spark: SparkSession) -> None:
    units = [unit(name, name.startswith("f")) for name in ("f1", "f2", "w1", "w2")]
    broke = {"properties": '{"message":"Row 12 of 3f2504e0-4f89-11d3-9a0c-0305e82c3301 failed"}'}
    activity = [
        event("f1", 5, "error", **broke),  # before it came there
        event("f1", 30, "error", **broke),
        event("f1", 31, "error", **broke),  # again: once a unit
        event("f2", 45, "error", **broke),  # after it left the way
        event("w1", 70, "error", **broke),  # after it went on
        event("w2", 60, "error", **broke),  # as it went on
        event("f1", 0, "page_view", event_number=1, release="2.1", page_group="/a"),
        event("f1", 20, "scroll", scroll_offset=100, viewport={"width": 9, "height": 700}),
        event("w1", 55, "click", viewport={"width": 9, "height": 700}, scroll_offset=500,
              element={"selector": "b.next", "box": {"x": 0, "y": 1000, "width": 9, "height": 9}}),
    ]  # fmt: skip
    views = [
        *(
            view(name, second, page)
            for name in ("w1", "w2")
            for second, page in ((0, "/a"), (20, "/b"), (70, "/c"))
        ),
        *(view("f1", second, page) for second, page in ((0, "/a"), (20, "/b"))),
        *(view("f2", second, page) for second, page in ((0, "/a"), (20, "/b"), (40, "/help"), (50, "/b"))),
    ]
    signals = [
        {"person_id": "f1", "session_id": "f1", "kind": "rage_click", "page_group": "/b",
         "selector": "b.next", "start_time": at(15), "end_time": at(16)},
        {"person_id": "f1", "session_id": "f1", "kind": "dead_click", "page_group": "/b",
         "selector": "b.next", "start_time": at(15), "end_time": at(16), "extra": True},
        {"person_id": "f2", "session_id": "f2", "kind": "u_turn", "page_group": "/help", "start_time": at(41),
         "end_time": at(42)},
    ]  # fmt: skip
    answers = [
        {"session_id": "f2", "person_id": "f2", "answer_time": at(80), "text": "It does not work",
         "themes": ["broken"], "kind": "text"},
        {"session_id": "f2", "person_id": "f2", "answer_time": at(85), "text": "Later words", "kind": "text"},
    ]  # fmt: skip
    members = [
        {"segment": "payers", "person_id": "w1", "valid_from": "2026-03-01"},
        # By what it did on the day itself, or after it: no reason.
        {"segment": "stuck", "person_id": "f1", "valid_from": "2026-03-02"},
        {"segment": "old", "person_id": "f1", "valid_from": "2026-01-01", "valid_to": "2026-03-01"},
    ]
    given = frames(
        spark,
        activity=activity,
        page_views=views,
        signals=signals,
        feedback_answers=answers,
        segment_members=members,
    )
    mix = {"device": "mobile", "browser": None, "country": "NL", "channel": "Direct"}
    frame = spark.createDataFrame([tuple({**one, **mix}.values()) for one in units], SCHEMA)
    asked = number.Number("n", "task", "n", "stopped", frame)
    kept = with_views([asked], given)
    cut = stretched(kept, {"n": ["/b"]}, {"n": us(0)}, lambda _: "9 s")
    units_of = defaultdict(set)
    for row in causes(cut, given, Given((NEXT,))).selectExpr("unit", "comment", "inline(found)").collect():
        units_of[row["kind"], row["value"], row["page_group"], row["element"]].add(row["unit"])
        if row["kind"] == "element":
            units_of["reached", row["bottom"], row["y"], row["touched"]].add(row["unit"])
        if row["comment"]:
            units_of["comment", row["comment"]].add(row["unit"])
    everyone = {"f1", "f2", "w1", "w2"}
    assert dict(units_of) == {
        ("error", "Row # of <id> failed", "/b", None): {"f1", "w2"},
        ("signal", "rage_click", "/b", "b.next"): {"f1"},
        ("element", "Next", "/b", "b.next"): {"f1", "w1", "w2"},
        ("reached", 800, None, False): {"f1"},
        ("reached", 1200, 1000, True): {"w1"},
        ("reached", None, None, False): {"w2"},
        # Those who went on go to /c after it: the rule is the same for both.
        ("detour", "/c", None, None): {"w1", "w2"},
        ("detour", "/help", None, None): {"f2"},
        ("theme", "broken", None, None): {"f2"},
        ("comment", "It does not work"): {"f2"},
        ("slow", "9 s", None, None): everyone,
        ("release", "2.1", None, None): {"f1"},
        ("segment", "payers", None, None): {"w1"},
        ("device", "mobile", None, None): everyone,
        ("country", "NL", None, None): everyone,
        ("channel", "Direct", None, None): everyone,
    }


def world(seed: int, persons: int) -> dict[str, list[dict[str, Any]]]:
    """A third stops at c; of these three in five had an error, of the others one in twenty."""
    draw = random.Random(seed)
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for place in range(persons):
        name = f"p{place:04d}"
        stops = draw.random() < 0.33
        made["sessions"].append(session(name, 100, device={"type": draw.choice(("desktop", "mobile"))}))
        made["page_views"] += [view(name, 0, "/b")]
        made["activity"] += [
            event(name, 0, "a", event_number=1, release=draw.choice(("1", "2"))),
            event(name, 10, "b"),
        ]
        if draw.random() < (0.6 if stops else 0.05):
            made["activity"].append(event(name, 20, "error", properties='{"message":"boom"}'))
        if stops and draw.random() < 0.3:
            made["feedback_answers"].append(
                {
                    "session_id": name,
                    "person_id": name,
                    "answer_time": at(50),
                    "text": f"broken {place % 4}",
                    "kind": "text",
                }
            )
        if not stops:
            made["activity"].append(event(name, 60, "c"))
    return made


@pytest.fixture(scope="module")
def answered(spark: SparkSession) -> tuple[pd.DataFrame, dict[str, list[dict[str, Any]]]]:
    made = world(SEED, 300)
    given = frames(spark, **made)
    found = reasons(funnel_numbers(FUNNEL, None, Asked(given)), given, [NEXT], keep)
    return found, made


def test_the_planted_error_comes_first_and_alone_with_words_and_sessions(
    answered: tuple[pd.DataFrame, dict[str, list[dict[str, Any]]]], spark: SparkSession
) -> None:
    found, made = answered
    names = [one["event_name"] for one in made["activity"]]
    stopped = names.count("b") - names.count("c")
    first = found.iloc[0]
    # Of both steps the worst is asked for: nobody stops at b.
    assert set(found["step"]) == {3}
    assert (first["kind"], first["value"], first["units"]) == ("error", "boom", stopped)
    went_on = {one["person_id"] for one in made["activity"] if one["event_name"] == "c"}
    failed_with = {one["person_id"] for one in made["activity"] if one["event_name"] == "error"} - went_on
    assert first["with_it"] == len(failed_with)
    assert [row["value"] for _, row in found.iterrows() if row["verdict"] == CLAIMED] == ["boom"]
    assert set(first["comments"]) <= {f"broken {n}" for n in range(4)}
    assert 1 <= len(first["comments"]) <= 3
    assert {name for name, _ in first["sessions"]} <= failed_with
    assert len(first["sessions"]) == 5
    as_frame = frame_of(spark, found).limit(1).collect()[0]
    assert as_frame["sentence"] == first["sentence"]


@pytest.mark.soak
def test_a_hundred_worlds_find_what_is_planted_and_nothing_else(spark: SparkSession) -> None:
    """Sixty persons a group; a planted error in every other world; each world is a number of its own."""
    draw = random.Random(SEED)
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    units = []
    for place in range(100):
        for person in range(120):
            name, failed = f"w{place:02d}-{person:03d}", person % 2 == 0
            units.append(
                {
                    **unit(name, failed),
                    "number": f"w{place:02d}",
                    **dict.fromkeys(("browser", "country", "channel")),
                }
                | {"device": draw.choice(("desktop", "mobile"))}
            )
            planted = place % 2 == 0 and failed
            for kind in range(8):
                share = 0.5 if planted and kind == 0 else 0.2
                if draw.random() < share:
                    told = {"properties": f'{{"message":"{"abcdefgh"[kind]} broke"}}'}
                    made["activity"].append(event(name, 20, "error", **told))
    order = ("number", "unit", "person_id", "session_id", "from_us", "done_us", "until_us", "before_us")
    names = (*order, "failed", "now", "device", "browser", "country", "channel")
    frame = spark.createDataFrame([tuple(one[name] for name in names) for one in units], SCHEMA)
    numbers = [number.Number(f"w{n:02d}", "task", f"w{n:02d}", "stopped", None) for n in range(1, 100)]
    first = number.Number("w00", "task", "w00", "stopped", frame)
    found = reasons([first, *numbers], frames(spark, **made), [], keep)
    claimed = found[found["verdict"] == CLAIMED]
    planted = [f"w{n:02d}" for n in range(0, 100, 2)]
    right = claimed[(claimed["value"] == "a broke") & claimed["question"].isin(planted)]
    held = sum(
        float(low) <= 2.5 <= float(high) for low, high in zip(right["low"], right["high"], strict=True)
    )
    wrong = claimed.drop(right.index)
    assert (right["rank"] == 1).sum() >= 30, "few of fifty are found"
    assert held >= 0.9 * len(right), f"{held} of {len(right)}"
    # Nothing is planted in fifty worlds, of which one in twenty may claim something.
    assert wrong["question"].nunique() <= 6, wrong["sentence"].tolist()


def test_activity_is_read_once_for_all_reasons(spark: SparkSession, tmp_path: Path) -> None:
    made = frames(spark, activity=[event("p", 0, "a")], sessions=[session("p", 9)])
    path = str(tmp_path / "activity")
    made["activity"].write.parquet(path)
    given = {**made, "activity": spark.read.parquet(path)}
    [asked] = number.funnel_steps(FUNNEL, Asked(made), [3])
    cut = stretched(with_views([asked], made), {asked.key: []}, {}, str)
    made_of = counted(cut, given, Given((NEXT,)), clustered=True)
    plan = made_of._jdf.queryExecution().executedPlan()
    from_activity = [way for way in paths(plan) if "parquet" in way[-1].nodeName().lower()]
    assert len(from_activity) == 1, "activity is read more than once"
    names = Counter(str(node.nodeName()) for node in from_activity[0])
    # To the units by session, and then to the counts by person, by reason, and over both groups.
    assert names["Exchange"] <= 5, names


def test_what_has_no_reasons_is_told_in_a_sentence() -> None:
    settings = Settings()
    for wanted, told in (
        (Wanted(FUNNEL, 4), "steps 2 to 3"),
        (Wanted(Retention(name="r")), "which period"),
        (Wanted("/p", 2), "--step is of funnels"),
        (Wanted(FUNNEL, next_page="/x"), "--next is of pages"),
        (Wanted(TASK, segment="payers"), "are of funnels and retention"),
        (Wanted(FUNNEL, 3, against=(START.date(), None)), "--against-from and --against-to"),
        (Wanted(Stickiness(name="s")), "not of stickiness"),
        (Wanted(Offered("tags", OFFERED), 2), "--step is of funnels"),
        (Wanted(Offered("tags", OFFERED), days=(START.date(), None)), "are of funnels and retention"),
    ):
        with pytest.raises(SettingsError, match=told):
            checked(wanted)
    features = Settings.model_validate({"features": {"declared": {"plan view": OFFERED.model_dump()}}})
    for text, said in (
        ("feature plan views", "no feature 'plan views' is declared; did you mean plan view?"),
        ("feature", "which feature? there are plan view"),
        ("plan-view", "no question or task 'plan-view' is declared; there are weekly_return"),
    ):
        with pytest.raises(SettingsError) as caught:
            named(text, features)
        assert str(caught.value) == said
    tags = Settings.model_validate({"features": {"declared": {"tags": OFFERED.model_dump()}}})
    with pytest.raises(SettingsError, match="tags is a feature: ask for 'feature tags'"):
        named("tags", tags)
    asked = named("feature plan view", features)
    assert asked == Offered("plan view", OFFERED)
    assert checked(Wanted(asked)).of is asked
    assert checked(Wanted(named("/p", settings))).of == "/p"
