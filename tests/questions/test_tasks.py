"""Tasks: a case a rule, what precedes failure, and random worlds against a walk in plain Python."""

from __future__ import annotations

import json
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.stats import binomtest

from tests.factories import rows, watermark
from trailhouse.errors import SettingsError
from trailhouse.questions.attempts import attempts
from trailhouse.questions.tasks import completion, described
from trailhouse.settings import Project, Settings, Task, load_settings
from trailhouse.tables import TABLES
from trailhouse.why.detours import with_departures, with_detours
from trailhouse.why.evidence import lifts
from trailhouse.why.failures import TOP, failures

Event = tuple[str, int]
"""Name and minute."""
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def task(name: str = "buy", **more: Any) -> Task:
    told = {
        "start": {"event": "begin"},
        "steps": [{"event": "one"}, {"event": "two"}],
        "end": {"event": "done"},
        "time_limit": "30m",
    }
    return Task.model_validate({"name": name, **told, **more})


def events(case: str, told: Sequence[Event | tuple[str, int, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Events of the session and person of this name."""
    return [
        {
            "person_id": case,
            "session_id": case,
            "event_id": f"{case}-{number:02d}",
            "event_name": name,
            "event_time": str((START + timedelta(minutes=minute)).replace(tzinfo=None)),
            **(more[0] if more else {}),
        }
        for number, (name, minute, *more) in enumerate(told)
    ]


def found(
    spark: SparkSession,
    activity: Sequence[Mapping[str, Any]],
    tasks: Sequence[Task],
    until: str = "2026-04-01",
) -> dict[Any, list[tuple[int, bool, int, int]]]:
    """By task and unit: minute of the start, completed, steps done, minutes from start to last event."""
    sessions = rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}])
    made = attempts(rows(spark, "activity", activity), sessions, watermark(spark, f"{until} 00:00:00"), tasks)
    table = defaultdict(list)
    for row in sorted(made.collect(), key=lambda row: row["start_us"]):
        start = row["start_us"] // 60_000_000 - int(START.timestamp()) // 60
        length = (row["last_us"] - row["start_us"]) // 60_000_000
        table[row["task"], row["unit_id"]].append((start, row["completed"], row["furthest"], length))
    return dict(table)


CASES: dict[str, tuple[list[Event], list[tuple[int, bool, int, int]]]] = {
    "done": ([("begin", 0), ("one", 1), ("two", 2), ("done", 3)], [(0, True, 2, 3)]),
    "no step is required": ([("begin", 0), ("done", 3)], [(0, True, 0, 3)]),
    "steps count in order": ([("begin", 0), ("two", 1), ("one", 2), ("x", 9)], [(0, False, 1, 9)]),
    "a step before the start": ([("one", 0), ("begin", 1), ("two", 2)], [(1, False, 0, 1)]),
    "what follows the end": ([("begin", 0), ("done", 3), ("one", 4), ("x", 5)], [(0, True, 0, 3)]),
    "done twice": ([("begin", 0), ("done", 3), ("done", 4)], [(0, True, 0, 3)]),
    "begun again": ([("begin", 0), ("one", 1), ("begin", 5), ("done", 6)],
                    [(0, False, 1, 1), (5, True, 0, 1)]),
    "twice": ([("begin", 0), ("done", 1), ("begin", 2), ("done", 4)], [(0, True, 0, 1), (2, True, 0, 2)]),
    "at the limit": ([("begin", 0), ("done", 30)], [(0, True, 0, 30)]),
    "too late": ([("begin", 0), ("one", 5), ("done", 31)], [(0, False, 1, 5)]),
    "left": ([("begin", 0)], [(0, False, 0, 0)]),
    "never begun": ([("one", 0), ("done", 1)], []),
}  # fmt: skip


def test_an_attempt_runs_from_its_start_to_the_end_another_start_or_the_limit(spark: SparkSession) -> None:
    given = [event for case, (told, _) in CASES.items() for event in events(case, told)]
    others = [
        *events("bot", [("begin", 0)]),
        *events("staff", [("begin", 0, {"internal": True})]),
        *events("nobody", [("begin", 0, {"person_id": None})]),
        *events("nowhere", [("begin", 0, {"session_id": None})]),
        # the sequence decides between events of one time: the end came first
        *events("tie", [("begin", 0, {"sequence": 2}), ("done", 0, {"sequence": 1})]),
        # from one session to the next
        *events("split", [("begin", 0), ("done", 5, {"session_id": "split.2"})]),
    ]
    across = task("across", unit="person")
    table = found(spark, [*given, *others], [task(), across])
    expected: dict[Any, Any] = {("buy", case): done for case, (_, done) in CASES.items() if done}
    assert {key: value for key, value in table.items() if key[0] == "buy"} == expected | {
        ("buy", "tie"): [(0, False, 0, 0)],
        ("buy", "split"): [(0, False, 0, 0)],
    }
    assert {key[1]: value for key, value in table.items() if key[0] == "across"} == {
        **{key[1]: value for key, value in expected.items()},
        "tie": [(0, False, 0, 0)],
        "split": [(0, True, 0, 5)],
        "nowhere": [(0, False, 0, 0)],
    }


def test_an_attempt_that_may_go_on_is_not_counted_yet(spark: SparkSession) -> None:
    limit = task(time_limit="12h")  # midnight of the watermark, to the second
    open_, over = events("open", [("begin", 0)]), events("over", [("begin", -1)])
    again = events("again", [("begin", 0), ("begin", 1), ("done", 2)])
    table = found(spark, [*open_, *over, *again], [limit], until="2026-03-03")
    assert sorted(case for _, case in table) == ["again", "over"]


def told(
    spark: SparkSession,
    activity: Sequence[Mapping[str, Any]],
    tasks: Sequence[Task],
    sessions: Sequence[Mapping[str, Any]] = (),
    signals: Sequence[Mapping[str, Any]] = (),
    members: Sequence[Mapping[str, Any]] | None = None,
) -> DataFrame:
    known = rows(spark, "sessions", sessions)
    made = attempts(rows(spark, "activity", activity), known, watermark(spark, "2026-04-01 00:00:00"), tasks)
    made = with_detours(with_departures(made, tasks))
    in_segments = None if members is None else rows(spark, "segment_members", members)
    return described(made, known, rows(spark, "signals", signals), Project(), in_segments)


def test_rates_times_and_steps_are_told_by_what_attempts_are_like(spark: SparkSession) -> None:
    known = [
        {"session_id": "a", "device": {"type": "mobile"}, "channel": "Email"},
        {"session_id": "b", "device": {"type": "desktop"}, "channel": "Email"},
    ]
    later, new = 7 * 24 * 60, {"release": "2.0"}
    given = [
        *events("a", [("begin", 0), ("one", 1), ("done", 10, new),
                      ("begin", 20, new), ("one", 21), ("two", 22)]),
        *events("b", [("begin", 0), ("done", 4)]),
        *events("c", [("begin", later), ("two", later + 1)]),
    ]  # fmt: skip
    # START is the second of March; of "late" it is the first day at whose end the rule holds.
    members = [
        {"segment": "big", "person_id": "a", "valid_from": "2026-01-01"},
        {"segment": "big", "person_id": "b", "valid_from": "2026-01-01", "valid_to": "2026-03-02"},
        {"segment": "small", "person_id": "a", "valid_from": "2026-01-01", "valid_to": "2026-03-03"},
        {"segment": "late", "person_id": "a", "valid_from": "2026-03-02"},
        {"segment": "past", "person_id": "a", "valid_from": "2026-01-01", "valid_to": "2026-03-01"},
    ]
    other = task("idle", steps=[])
    found = told(spark, given, [other, task()], known, members=members)
    found_rows = TABLES["tasks"].select(completion(found, Project(), [other, task()])).collect()
    table = {(r["task"], r["breakdown"], r["value"], r["period"]): r for r in found_rows}
    row = table["buy", "all", "all", "all"]
    assert row["definition"] == "begin > one > two > done; within 0:30:00, in one session"
    assert (row["attempts"], row["persons"], row["attempts_per_person"]) == (4, 3, Decimal("1.3333"))
    assert (row["completed"], row["completion_rate"]) == (2, Decimal("0.5"))
    interval = binomtest(2, 4).proportion_ci(method="wilson")
    assert [float(row["low"]), float(row["high"])] == pytest.approx(list(interval), abs=1e-6)
    # 4 and 10 minutes
    assert (row["median_us"], row["p90_us"]) == (420_000_000, 564_000_000)
    assert [tuple(step) for step in row["steps"]] == [("one", 2), ("two", 1)]
    first, second = "2026-03-02", "2026-03-09"
    expected = {
        ("all", "all"): (4, 3, 1),
        ("device_type", "mobile"): (2, 2, None),
        ("device_type", "desktop"): (1, 1, None),
        ("device_type", "unknown"): (1, None, 1),
        ("channel", "Email"): (3, 3, None),
        ("channel", "unknown"): (1, None, 1),
        ("release", "2.0"): (1, 1, None),
        ("release", "unknown"): (3, 2, 1),
        ("segment", "big"): (3, 3, None),
        ("segment", "small"): (2, 2, None),
    }
    assert {key[1:]: r["attempts"] for key, r in table.items() if key[0] == "buy"} == {
        (*of, period): count
        for of, counts in expected.items()
        for period, count in zip(("all", first, second), counts, strict=True)
        if count
    }
    assert table["idle", "all", "all", "all"]["steps"] == []
    assert table["buy", "all", "all", second]["median_us"] is None


def test_what_precedes_failure_is_the_attempts_last_page_signal_and_element(spark: SparkSession) -> None:
    def click(on: str | None) -> dict[str, Any]:
        return {"element": {"selector": on}}

    cart, pay, faq = {"page_group": "/cart"}, {"page_group": "/pay"}, {"page_group": "/faq"}
    given = [
        *events("a", [("begin", 0, cart), ("click", 1, {**pay, **click("b.pay")}), ("click", 2, click(None)),
                      ("x", 29, {"element": {"selector": "no click"}}), ("x", 40, {"page_group": "/late"})]),
        *events("b", [("begin", 0, pay), ("x", 9)]),
        *events("c", [("begin", 0, cart), ("click", 1, click("b.pay")), ("done", 2)]),
        *events("d", [("begin", 0, cart)]),
        *events("back", [("begin", 0, cart), ("x", 1, faq), ("x", 2, cart), ("done", 3)]),
        *(event for lost in ("lost", "astray")
          for event in events(lost, [("begin", 0, cart), ("x", 1, faq), ("x", 3, {"page_group": "/news"})])),
        # went on to something else, whatever happened there
        *events("gone", [("begin", 0, cart), ("click", 2, {"page_group": "/news", **click("a.news")})]),
        *(event for n in range(TOP + 2)
          for event in events(f"n{n:02d}", [("begin", 0, {"page_group": f"/{n:02d}"})])),
    ]  # fmt: skip

    def signal(session: str, kind: str, minute: int) -> dict[str, Any]:
        at = START + timedelta(minutes=minute)
        return {"session_id": session, "kind": kind, "start_time": at, "end_time": at}

    signals = [
        signal("a", "rage_click", 1),
        signal("a", "dead_click", 2),
        signal("a", "u_turn", 35),  # after the limit
        signal("b", "rage_click", -1),  # before the start
        signal("c", "rage_click", 1),
        signal("gone", "u_turn", 2),
        signal("lost", "u_turn", 3),  # beyond the page of the detour that it did not come back from
    ]
    shop = task(pages=["/cart", "/pay"])
    found = told(spark, given, [shop], signals=signals)
    table = TABLES["task_failures"].select(failures(found)).collect()
    last = defaultdict(list)
    for row in sorted(table, key=lambda row: row["rank"]):
        last[row["what"]].append((row["value"], row["failures"], row["completions"]))
    assert last["page_group"][:4] == [("/cart", 2, 2), ("/faq", 2, 0), ("/pay", 2, 0), ("/00", 1, 0)]
    assert len(last["page_group"]) == TOP  # of fourteen
    assert last["signal"] == [("dead_click", 1, 0)]
    assert last["element"] == [("b.pay", 1, 1)]
    (element,) = [row for row in table if row["what"] == "element"]
    assert (element["share"], element["share_of_completed"]) == (
        Decimal("0.055556"),
        Decimal("0.5"),
    )  # of 18, 2
    theirs = lifts(1, 18, 1, 2).iloc[0]
    assert [float(element[name]) for name in ("lift", "low", "high", "p")] == pytest.approx(
        [theirs[name] for name in ("lift", "low", "high", "p")], abs=1e-4
    )
    assert element["too_few"]
    assert element["p"] < element["q"] <= 1
    (signal_,) = [row for row in table if row["what"] == "signal"]
    assert (signal_["failures_with"], signal_["completions_with"]) == (1, 0)
    # Two failed on /cart; it was a page of five, and of the two that were completed.
    (cart_,) = [row for row in table if row["value"] == "/cart"]
    assert (cart_["failures_with"], cart_["completions_with"]) == (5, 2)


def by_hand(told: Sequence[Event], limit: int) -> list[tuple[int, bool, int, int]]:
    """The attempts of one unit, by walking its events once."""
    done: list[tuple[int, bool, int, int]] = []
    start, steps, last, ended = None, 0, 0, True

    def close() -> None:
        if start is not None and not ended:
            done.append((start, False, steps, last - start))

    for name, minute in told:
        if name == "begin":
            close()
            start, steps, last, ended = minute, 0, minute, False
        elif start is None or ended or minute - start > limit:
            continue
        elif name == "done":
            done.append((start, True, steps, minute - start))
            ended = True
        else:
            last = minute
            steps += steps < 2 and name == ("one", "two")[steps]
    close()
    return done


def test_random_attempts_are_those_of_a_walk_through_the_events(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    names = ("begin", "done", "one", "two", "x", "x")
    worlds = {
        f"w{number}": list(
            zip(
                [rng.choice(names) for _ in range(14)],
                sorted(rng.randrange(90) for _ in range(14)),
                strict=True,
            )
        )
        for number in range(80)
    }
    given = [event for case, told in worlds.items() for event in events(case, told)]
    table = found(spark, given, [task()])
    for case, told in worlds.items():
        assert table.get(("buy", case), []) == by_hand(told, 30), (seed, case, told)
    lengths = [len(done) for done in table.values()]
    assert statistics.mean(lengths) > 1.5, "the worlds would say little"


def test_tasks_are_declared_once_by_name_in_the_settings() -> None:
    assert Settings().tasks == ()
    told = "[{name: a, start: {event: x}, end: {event: y}}, {name: a, start: {event: x}, end: {event: z}}]"
    with pytest.raises(SettingsError, match="task names must be unique, found twice: a"):
        load_settings(None, [f"tasks={told}"])
    with pytest.raises(SettingsError, match="tasks.0.ending"):
        load_settings(None, ["tasks=[{name: a, start: {event: x}, end: {event: y}, ending: 3}]"])


KEY = {"name": "Buy", "page_group": "/shop", "selector": "a.buy"}


def settings(*more: str) -> Settings:
    return load_settings(None, [f"elements.key=[{json.dumps({**KEY, 'outcome': 'order'})}]", *more])


def test_a_key_element_with_an_outcome_is_a_task_from_a_click_to_it(spark: SparkSession) -> None:
    assert Settings.model_validate({"elements": {"key": [KEY]}}).every_task == ()
    (made,) = settings().every_task
    assert (made.name, made.time_limit) == ("Buy of /shop", timedelta(minutes=30))

    def click(page: str, selector: str) -> dict[str, Any]:
        return {"page_group": page, "element": {"selector": selector}}

    given = [
        *events("on", [("click", 0, click("/shop", "a.buy")), ("order", 3)]),
        *events("elsewhere", [("click", 0, click("/", "a.buy")), ("order", 3)]),
        *events("beside", [("click", 0, click("/shop", "a.look")), ("order", 3)]),
        *events("moved", [("mouse_move", 0, click("/shop", "a.buy")), ("order", 3)]),
    ]
    assert found(spark, given, [made]) == {("Buy of /shop", "on"): [(0, True, 0, 3)]}
    declared = "tasks=[{name: Buy of /shop, start: {event: a}, end: {event: b}}]"
    with pytest.raises(SettingsError, match="found twice: Buy of /shop; a key element with an outcome makes"):
        settings(declared)


def test_steps_ask_for_events_and_sessions_and_not_for_what_persons_are_like_today() -> None:
    for name in ("profile.country", "trait.plan"):
        given = {"event": "begin", "where": [{"field": name, "value": "x"}]}
        with pytest.raises(ValidationError, match=f"not by {name}, which is as of today: declare a segment"):
            task(start={"any_of": [given, {"event": "other"}]})
    told = "{name: a, start: {event: x, where: [{field: profile.country, value: x}]}, end: {event: y}}"
    with pytest.raises(
        SettingsError, match="tasks.0 = .*told by events and sessions, not by profile.country"
    ):
        load_settings(None, [f"tasks=[{told}]"])


def test_a_step_may_ask_for_what_its_session_is_like(spark: SparkSession) -> None:
    by_mail = task(start={"event": "begin", "where": [{"field": "channel", "value": "Email"}]})
    known = [{"session_id": "a", "channel": "Email"}, {"session_id": "b", "channel": "Direct"}]
    given = [*events("a", [("begin", 0), ("done", 1)]), *events("b", [("begin", 0), ("done", 1)])]
    assert [row["session_id"] for row in told(spark, given, [by_mail], known).collect()] == ["a"]


def paths(node: Any) -> Iterator[list[Any]]:
    """The operators from the top of a physical plan down to each of its leaves."""
    children = node.children()
    if not children.size():
        yield [node]
    for place in range(children.size()):
        for path in paths(children.apply(place)):
            yield [node, *path]


def test_all_tasks_are_found_in_one_pass_over_activity(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "activity")
    rows(spark, "activity").write.parquet(path)
    activity = spark.read.schema(TABLES["activity"].schema).parquet(path)
    sessions = F.broadcast(rows(spark, "sessions"))
    several = [task(), task("again", unit="person"), *(task(f"t{n}", steps=[f"s{n}"]) for n in range(8))]
    for tasks in ([task()], several):
        made = attempts(activity, sessions, watermark(spark, None), tasks)
        plan = made._jdf.queryExecution().executedPlan()
        read = [way for way in paths(plan) if "parquet" in str(way[-1].nodeName())]
        assert len(read) == 1, "activity is read more than once"
        names = Counter(str(node.nodeName()) for node in read[0])
        # Events are sorted once; the other sort is of attempts, to see which is followed by another.
        assert (names["Exchange"], names["Sort"]) == (1, 2), names
        assert not any("Join" in name and "Broadcast" not in name for name in names), names
