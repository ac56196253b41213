"""After log-in: first actions, sequences, searches and goals, by hand and against a walk in plain Python."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from scipy.stats import binomtest

from tests.factories import rows
from tests.gates_of import failed_checks
from trailhouse.errors import SettingsError
from trailhouse.settings import Arrivals, Project, load_settings
from trailhouse.stages.arrivals import STAGE, declared
from trailhouse.tables import TABLES
from trailhouse.why.arrivals import PLACES, arrived, first_actions, ranked
from trailhouse.why.searches import looked_for

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday."""
ASKED = Arrivals.model_validate(
    {
        "login": "login",
        "opened": "Result Opened",
        "goal": {"survey": "why", "found": {"Send mail": "Sent", "prices": {"page_group": "/prices"}}},
    }
)
THEMES = {"prices": ("price*", "cost*"), "unasked": ("mail",)}

Told = tuple[str, dict[str, Any]]


def page(group: str | None) -> Told:
    return "page_view", {"page_group": group}


def click(text: str | None, selector: str | None = None) -> Told:
    return "click", {"element": {"text": text, "selector": selector}}


def search(term: str | None, results: int | None = None) -> Told:
    return "search", {"search": {"term": term, "results": results}}


def answer(text: str, survey: str = "why") -> Told:
    return "survey_response", {"survey": {"id": survey, "answer": text}}


LOGIN: Told = ("login", {})
OPENED: Told = ("Result Opened", {})
SENT: Told = ("Sent", {})


def events(case: str, told: Sequence[Told], person: str | None = None, day: int = 0) -> list[dict[str, Any]]:
    """Events of the session and person of this name, a second apart."""
    return [
        {
            "person_id": person or case,
            "session_id": case,
            "event_id": f"{case}-{number:02d}",
            "event_number": number + 1,
            "event_name": name,
            "event_time": str((START + timedelta(days=day, seconds=number)).replace(tzinfo=None)),
            **more,
        }
        for number, (name, more) in enumerate(told)
    ]


CASES: dict[str, tuple[list[Told], list[list[str]]]] = {
    "what is before log-in is none of it": ([page("/a"), LOGIN, page("/b")], [["/b"]]),
    "repeats are merged": (
        [LOGIN, page("/a"), page("/a"), ("scroll", {}), page("/a"), click("Go"), click("Go"), page("/a")],
        [["/a", "Go", "/a"]],
    ),
    "an element by its text, else its selector": (
        [LOGIN, click("  Go \n now "), click(None, "b.x"), click("", "b.y"), click(None)],
        [["Go now", "b.x", "b.y", "(no name)"]],
    ),
    "the first five": ([LOGIN, *(page(f"/{n}") for n in range(9))], [[f"/{n}" for n in range(5)]]),
    "each log-in": ([LOGIN, page("/a"), LOGIN, page("/a"), SENT], [["/a"], ["/a", "Sent"]]),
    "a log-in twice": ([LOGIN, ("heartbeat", {}), LOGIN, page("/a")], [["/a"]]),
    "nothing": ([page("/a"), LOGIN], [[]]),
    "what people do not do": (
        [LOGIN, ("identify", {}), ("error", {}), ("paid", {"platform": "server"}), page(None), search("x")],
        [["search"]],
    ),
    "an event and a page of one name": ([LOGIN, page("x"), ("x", {})], [["x", "x"]]),
    "never": ([page("/a"), search("x")], []),
}
HAPPENS = ("scroll", "heartbeat", "error")


def by_hand(told: Sequence[Told]) -> list[list[tuple[str, str, int]]]:
    """Kind, action and second (since log-in) of each arrival of a session."""
    found: list[list[tuple[str, str, int]]] = []
    begin, done = 0, True  # whether anything was done since the last log-in
    for second, (name, more) in enumerate(told):
        if name == "login":
            if done:
                begin = second
                found.append([])
            done = False
            continue
        if name in HAPPENS:
            continue
        done = True
        if not found:
            continue
        kind = {"page_view": "page", "click": "click"}.get(name, "event")
        action = (
            more["page_group"] if kind == "page" else more["element"]["text"] if kind == "click" else name
        )
        if not found[-1] or found[-1][-1][:2] != (kind, action):
            found[-1].append((kind, action, second - begin))
    return found


def worlds(rng: random.Random) -> dict[str, list[Told]]:
    known = [
        *(page("/a"), page("/b"), click("Go"), search("x", 0), search("X ", 2), OPENED, SENT, LOGIN, LOGIN),
        *(("scroll", {}), ("error", {}), answer("send  MAIL"), answer("the costs"), answer("hi")),
    ]
    return {f"w{n}": rng.choices(known, k=rng.randrange(16)) for n in range(80)}


def test_first_actions_are_those_of_a_walk_through_the_events(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    random_worlds = worlds(random.Random(seed))
    given = [
        *(event for case, (told, _) in CASES.items() for event in events(case, told)),
        *(event for case, told in random_worlds.items() for event in events(case, told)),
        *events("bot", [LOGIN, page("/a")]),
        *({**event, "internal": True} for event in events("staff", [LOGIN, page("/a")])),
    ]
    sessions = rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}])
    firsts = first_actions(arrived(rows(spark, "activity", given), sessions, ASKED)).persist()
    table: dict[str, list[list[tuple[str, str, int]]]] = defaultdict(list)
    for row in sorted(firsts.collect(), key=lambda row: (row["session_id"], row["arrival"])):
        table[row["session_id"]].append(
            [(one["kind"], one["action"], (one["t"] - row["login_t"]) // 10**6) for one in row["actions"]]
        )
    for case, (_, expected) in CASES.items():
        assert [[action for _, action, _ in each] for each in table.get(case, [])] == expected, case
    walked = {case: by_hand(told) for case, told in random_worlds.items()}
    for case, expected_actions in walked.items():
        assert table.get(case, []) == [one[:PLACES] for one in expected_actions], (seed, case)

    counted = TABLES["arrivals"].select(ranked(firsts)).collect()
    firsts.unpersist()
    every = [one for each in table.values() for one in each]
    assert {row["all_logins"] for row in counted} == {len(every)}
    for position in range(1, PLACES + 1):
        actions = Counter(
            one[position - 1][:2] if len(one) >= position else ("left", "left") for one in every
        )
        own = [row for row in counted if (row["what"], row["position"]) == ("action", position)]
        assert {(row["kind"], row["action"]): row["logins"] for row in own} == dict(
            sorted(actions.items(), key=lambda item: (-item[1], item[0]))[:15]
        ), (seed, position)
        sequences = Counter(
            " > ".join(action for _, action, _ in one[:position]) for one in every if len(one) >= position
        )
        own = [row for row in counted if (row["what"], row["position"]) == ("sequence", position)]
        expected_sequences = sorted(sequences.items(), key=lambda item: (-item[1], item[0]))[:15]
        if position > 1:
            assert [(row["action"], row["logins"]) for row in sorted(own, key=lambda row: row["rank"])] == (
                expected_sequences
            ), (seed, position)
    first = next(row for row in counted if row["rank"] == 1)
    interval = binomtest(first["logins"], len(every)).proportion_ci(method="wilson")
    assert [float(first["low"]), float(first["high"])] == pytest.approx(list(interval), abs=1e-6)


def looked(told: Sequence[Told], device: str, week: str, session: str) -> list[dict[str, Any]]:
    """Searches and goals of a session, by walking forwards from each."""
    found = []
    arrivals: list[list[Told]] = []
    fresh = True
    for one in told:
        if one[0] == "login":
            if fresh or not arrivals:
                arrivals.append([])
            fresh = False
            continue
        fresh = fresh or one[0] not in HAPPENS
        if arrivals:
            arrivals[-1].append(one)
    for number, own in enumerate(arrivals):
        for place, (name, more) in enumerate(own):
            names = [each for each, _ in own[place + 1 :]]
            base = {"device_type": device, "week": week, "arrival": (session, number)}
            if name == "search":
                until = names.index("search") if "search" in names else len(names)
                results = more["search"]["results"]
                found.append(
                    {
                        **base,
                        "what": "search",
                        "term": more["search"]["term"].strip().lower(),
                        "first": "search" not in [each for each, _ in own[:place]],
                        "empty": None if results is None else results == 0,
                        "again": "search" in names,
                        "opened": "Result Opened" in names[:until],
                        "found": "Result Opened" in names,
                    }
                )
            if name == "survey_response":
                text = " ".join(more["survey"]["answer"].lower().split())
                goal = {"send mail": "Send mail", "the costs": "prices"}.get(text, "other")
                pages = [each.get("page_group") for _, each in own[place + 1 :]]
                reached = {"Send mail": "Sent" in names, "prices": "/prices" in pages, "other": None}[goal]
                found.append({**base, "what": "goal", "term": goal, "first": False, "found": reached})
    return found


def test_searches_and_goals_are_told_by_query_device_and_week(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    told = worlds(rng)
    told["in the end"] = [LOGIN, answer("the costs"), search("x", 0), search("y"), OPENED, page("/prices")]
    devices = {case: rng.choice(["mobile", "desktop", None]) for case in told}
    later = {case: rng.choice([0, 7]) for case in told}
    given = [event for case, one in told.items() for event in events(case, one, day=later[case])]
    sessions = rows(
        spark, "sessions", [{"session_id": case, "device": {"type": one}} for case, one in devices.items()]
    )
    found = arrived(rows(spark, "activity", given), sessions, ASKED)
    table = TABLES["arrival_searches"].select(looked_for(found, sessions, ASKED, THEMES, Project()))
    kept = table.collect()
    weeks = {0: "2026-03-02", 7: "2026-03-09"}
    expected = [
        one
        for case, each in told.items()
        for one in looked(each, devices[case] or "unknown", weeks[later[case]], case)
    ]
    logins = sum(len(by_hand(each)) for each in told.values())
    keys: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in expected:
        for breakdown, value in (("all", "all"), ("device_type", one["device_type"]), ("week", one["week"])):
            keys[one["what"], one["term"], breakdown, value].append(one)
            keys[f"{one['what']}_all", "all", breakdown, value].append(one)
    assert {(r["what"], r["term"], r["breakdown"], r["value"]) for r in kept} == set(keys), seed

    def count(own: Sequence[Mapping[str, Any]], name: str) -> int | None:
        known = [one[name] for one in own if one.get(name) is not None]
        return sum(known) if known else None

    for row in kept:
        own = keys[row["what"], row["term"], row["breakdown"], row["value"]]
        names = ("empty", "again", "opened", "found")
        assert (row["times"], row["arrivals"], row["logins"]) == (
            len(own),
            len({one["arrival"] for one in own}),
            logins,
        ), (seed, row)
        assert {name: row[name] for name in names} == {name: count(own, name) for name in names}, (seed, row)
        firsts = [one for one in own if one["first"]]
        assert row["first_empty"] == count(firsts, "empty"), (seed, row)
        if row["found"] is not None:
            findable = sum(one["found"] is not None for one in own)
            assert row["found_share"] == Decimal(row["found"] / findable).quantize(Decimal("0.000001"))
    (name, *others) = ("arrival_searches", *(one for one in STAGE.writes if one != "arrival_searches"))
    again = {name: spark.createDataFrame(kept, TABLES[name].schema)}
    assert failed_checks(STAGE, again | {other: rows(spark, other) for other in others}) == [], seed


def test_what_is_wrongly_declared_is_told() -> None:
    for override, told in (
        (
            "arrivals={login: login, sections: [{name: a, page_group: /, from_px: 9, to_px: 9}]}",
            "has not begun",
        ),
        ("arrivals={login: login, query: profile.country}", "only fields of the event itself"),
        (
            "arrivals={login: x, sections: [{name: a, page_group: /}, {name: b, page_group: /, from_px: 9}]}",
            "sections a and b of / overlap",
        ),
        ("arrivals={log_in: login}", "did you mean arrivals.login"),
        ("onboarding=[{name: x, funnel: y}]", "funnel 'y' is not declared"),
    ):
        with pytest.raises(SettingsError, match=told):
            load_settings(None, [override])
    assert not declared(load_settings(None))
