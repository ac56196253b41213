"""Pages: counts, medians, struggle, and what is expected of exits and bounces."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from scipy.stats import binomtest

from tests.factories import rows
from trailhouse.questions.pages import pages
from trailhouse.settings import Project, Settings
from trailhouse.stage import Context
from trailhouse.stages.pages import STAGE
from trailhouse.tables.pages import TABLE
from trailhouse.tables.signals import KINDS

Key = tuple[str, str, str]
EVERYONE = "device_type = 'all' AND period = 'all'"
FURTHER = tuple(f"{kind}_sessions" for kind in KINDS if kind not in ("rage_click", "dead_click", "u_turn"))


def found(
    spark: SparkSession,
    sessions: Sequence[Mapping[str, Any]],
    views: Sequence[Mapping[str, Any]],
    signals: Sequence[Mapping[str, Any]] = (),
) -> dict[Key, Row]:
    frames = (
        rows(spark, name, given)
        for name, given in (("page_views", views), ("sessions", sessions), ("signals", signals))
    )
    made = TABLE.select(pages(*frames, Project(), KINDS))
    return {(row["page_group"], row["device_type"], row["period"]): row for row in made.collect()}


def test_a_page_counts_views_people_sessions_time_scroll_and_sessions_that_struggled(
    spark: SparkSession,
) -> None:
    phone = {"device": {"type": "mobile"}, "session_date": "2026-03-02"}
    sessions = [
        {**phone, "session_id": "s1", "person_id": "p", "dead_clicks": 1},
        {"session_id": "s2", "person_id": "p", "session_date": "2026-03-09", "is_bounce": True},
        {**phone, "session_id": "s3", "person_id": "q", "session_date": "2026-03-08", "is_bounce": True},
        {"session_id": "bot", "is_bot": True},
        {"session_id": "staff", "internal": True},
    ]
    home = {"page_group": "home"}
    views = [
        {**home, "session_id": "s1", "view_id": "a", "dwell_us": 10, "engaged_us": 5, "is_entry": True,
         "max_scroll_pct": 40},
        {"page_group": "cart", "session_id": "s1", "view_id": "b", "dwell_us": 7, "engaged_us": 7},
        {**home, "session_id": "s1", "view_id": "c", "dwell_us": 3, "engaged_us": 1, "is_exit": True,
         "max_scroll_pct": 81},
        {**home, "session_id": "s2", "view_id": "a", "dwell_us": 4, "is_entry": True},
        {"page_group": "help", "session_id": "s2", "view_id": "b", "is_exit": True},
        {**home, "session_id": "s3", "view_id": "a", "dwell_us": 8, "is_entry": True, "is_exit": True},
        {"page_group": None, "session_id": "s3", "view_id": "n"},
        {**home, "session_id": "bot", "view_id": "a"},
        {**home, "session_id": "staff", "view_id": "a"},
    ]  # fmt: skip
    signals = [
        {"session_id": "s1", "view_id": "a", "kind": "rage_click"},
        {"session_id": "s1", "view_id": "c", "kind": "rage_click"},
        {"session_id": "s1", "view_id": "a", "kind": "dead_click"},
        # the page of the view counts, whatever the click's own row says
        {"session_id": "s2", "view_id": "b", "kind": "u_turn", "page_group": "home"},
        {"session_id": "bot", "view_id": "a", "kind": "rage_click"},
    ]
    table = found(spark, sessions, views, signals)
    told = table["home", "all", "all"].asDict()
    assert not any(told[name] for name in FURTHER)
    counted = {
        name: value
        for name, value in told.items()
        if "expected" not in name and "excess_" not in name and name not in FURTHER
    }
    assert counted == {
        "page_group": "home", "device_type": "all", "period": "all",
        "views": 4, "persons": 2, "sessions": 3, "entries": 3, "exits": 2,
        "bounces": 2,  # s2 went on to help, but its bounce belongs to where it began
        "dwell_us": 25, "median_dwell_us": 6,  # 3, 4, 8, 10
        "engaged_us": 6,
        "scrolled_views": 2, "mean_scroll_pct": 61, "median_scroll_pct": 61,  # 60.5, half up
        "rage_click_sessions": 1, "dead_click_sessions": 1, "u_turn_sessions": 0,
        "friction_sessions": 1, "friction_rate": Decimal("0.333333"),
        "exit_rate": Decimal("0.666667"), "bounce_rate": Decimal("0.666667"),
    }  # fmt: skip
    weeks = {key[1:]: row["sessions"] for key, row in table.items() if key[0] == "home"}
    assert weeks == {
        ("all", "all"): 3,
        ("all", "2026-03-02"): 2,
        ("all", "2026-03-09"): 1,
        ("mobile", "all"): 2,
        ("mobile", "2026-03-02"): 2,
        ("unknown", "all"): 1,
        ("unknown", "2026-03-09"): 1,
    }
    help_page = table["help", "all", "all"]
    assert (help_page["dead_click_sessions"], help_page["u_turn_sessions"]) == (None, 1)  # nobody is judged
    assert (help_page["median_scroll_pct"], help_page["mean_scroll_pct"]) == (None, None)
    # no session began there
    assert (help_page["bounce_rate"], help_page["excess_bounce_low"], help_page["expected_bounces"]) == (
        None,
        None,
        0,
    )
    assert sorted({key[0] for key in table}) == ["cart", "help", "home"]


def test_signals_by_presets_that_stand_beside_the_first_do_not_count(spark: SparkSession) -> None:
    view = {"session_id": "s", "view_id": "v", "page_group": "home"}
    inputs = {
        "page_views": rows(spark, "page_views", [view]),
        "sessions": rows(spark, "sessions", [{"session_id": "s"}]),
        "signals": rows(spark, "signals", [{**view, "kind": "rage_click", "extra": True}]),
    }
    (found,) = STAGE.transform(inputs, Context(Settings(), ""))["pages"].where(EVERYONE).collect()
    assert (found["sessions"], found["rage_click_sessions"], found["friction_sessions"]) == (1, 0, 0)


def world(rng: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Sessions that walk over pages; some pages are ends by nature."""
    sessions, views = [], []
    for number in range(rng.randint(120, 250)):
        session = f"s{number}"
        sessions.append(
            {
                "session_id": session,
                "person_id": f"p{rng.randrange(60)}",
                "channel": rng.choice(("Direct", "Email")),
                "device": {"type": rng.choice(("desktop", "mobile", None))},
                "session_date": f"2026-03-{rng.choice(('03', '10', '17'))}",
                "is_bounce": rng.random() < 0.4,
            }
        )
        walk = [rng.choice(("home", "cart", "help", "blog", None)) for _ in range(rng.randint(1, 5))]
        for place, page in enumerate(walk):
            views.append(
                {
                    "session_id": session,
                    "view_id": f"v{place}",
                    "page_group": page,
                    "is_entry": place == 0,
                    "is_exit": place == len(walk) - 1,
                    "dwell_us": rng.randrange(50_000_000),
                    "max_scroll_pct": rng.choice((None, rng.randrange(101))),
                }
            )
    return sessions, views


def by_hand(
    sessions: Sequence[Mapping[str, Any]], views: Sequence[Mapping[str, Any]]
) -> dict[Key, dict[str, Any]]:
    """The table's figures from sets and fractions; weeks are those of the world."""
    of = {session["session_id"]: session for session in sessions}
    weeks = {"03": "2026-03-02", "10": "2026-03-09", "17": "2026-03-16"}

    def cells(view: Mapping[str, Any]) -> list[tuple[str, str]]:
        session = of[view["session_id"]]
        device = session["device"]["type"] or "unknown"
        week = weeks[session["session_date"][-2:]]
        return [(d, p) for d in ("all", device) for p in ("all", week)]

    members: dict[Key, list[Mapping[str, Any]]] = defaultdict(list)
    for view in views:
        if view["page_group"] is not None:
            for device, period in cells(view):
                members[view["page_group"], device, period].append(view)

    def sets(inside: Sequence[Mapping[str, Any]]) -> tuple[set[Any], set[Any], set[Any], set[Any]]:
        pairs = {(view["page_group"], view["session_id"]) for view in inside}
        entries = {(v["page_group"], v["session_id"]) for v in inside if v["is_entry"]}
        exits = {(v["page_group"], v["session_id"]) for v in inside if v["is_exit"]}
        return pairs, entries, exits, {pair for pair in entries if of[pair[1]]["is_bounce"]}

    def stratum(session: str) -> tuple[str, str]:
        return of[session]["device"]["type"] or "unknown", of[session]["channel"]

    def rates(period: str) -> dict[tuple[str, str], tuple[Fraction, Fraction]]:
        whole = sets([v for key, inside in members.items() if key[1:] == ("all", period) for v in inside])
        found = {}
        for one in {stratum(session) for _, session in whole[0]}:
            pairs, entries, exits, bounces = (
                sum(stratum(session) == one for _, session in part) for part in whole
            )
            found[one] = (
                Fraction(exits, pairs),
                Fraction(bounces, entries) if entries else Fraction(0),
            )
        return found

    by_period = {period: rates(period) for period in {key[2] for key in members}}
    table = {}
    for key, inside in members.items():
        pairs, entries, exits, bounces = sets(inside)
        rate = by_period[key[2]]
        depths = [v["max_scroll_pct"] for v in inside if v["max_scroll_pct"] is not None]
        table[key] = {
            "views": len(inside),
            "persons": len({of[session]["person_id"] for _, session in pairs}),
            "sessions": len(pairs),
            "entries": len(entries),
            "exits": len(exits),
            "bounces": len(bounces),
            "median_dwell_us": statistics.median(v["dwell_us"] for v in inside),
            "median_scroll_pct": statistics.median(depths) if depths else None,
            "expected_exits": float(sum(rate[stratum(session)][0] for _, session in pairs)),
            "expected_bounces": float(sum(rate[stratum(session)][1] for _, session in entries)),
        }
    return table


def test_a_random_world_is_counted_as_sets_count_it(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    sessions, views = world(random.Random(seed))
    table, expected = found(spark, sessions, views), by_hand(sessions, views)
    assert table.keys() == expected.keys(), seed
    for key, row in table.items():
        for name, value in expected[key].items():
            close = 1e-4 if name.startswith("expected") else 0.5 if name.startswith("median") else 0
            shown = None if row[name] is None else float(row[name])
            assert shown == (value if value is None else pytest.approx(value, abs=close)), (seed, key, name)
        if row["entries"]:
            interval = binomtest(row["bounces"], row["entries"]).proportion_ci(method="wilson")
            rate = expected[key]["expected_bounces"] / row["entries"]
            assert [float(row["excess_bounce_low"]), float(row["excess_bounce_high"])] == pytest.approx(
                [interval.low - rate, interval.high - rate], abs=1e-5
            ), (seed, key)
        interval = binomtest(row["exits"], row["sessions"]).proportion_ci(method="wilson")
        rate = expected[key]["expected_exits"] / row["sessions"]
        assert [float(row[f"excess_exit_{end}"]) for end in ("rate", "low", "high")] == pytest.approx(
            [row["exits"] / row["sessions"] - rate, interval.low - rate, interval.high - rate], abs=1e-5
        ), (seed, key)


def test_a_page_that_only_a_hurried_channel_sees_is_judged_by_that_channel(spark: SparkSession) -> None:
    sessions, views = [], []
    for number in range(100):
        # Half of the people come by an advertisement to one of two pages, and four of five leave there.
        hurried, session = number % 2 == 0, f"s{number}"
        sessions.append({"session_id": session, "channel": "Paid" if hurried else "Direct"})
        page = ("landing", "other")[number // 2 % 2] if hurried else "shop"
        leaves = hurried and number % 10 < 8
        first = {"session_id": session, "view_id": "1", "page_group": page, "is_entry": True}
        views.append({**first, "is_exit": leaves})
        if not leaves:
            views.append({"session_id": session, "view_id": "2", "page_group": "end", "is_exit": True})
    # one session saw the rare page, and left from it
    sessions.append({"session_id": "lone", "channel": "Paid"})
    views.append({"session_id": "lone", "page_group": "rare", "is_entry": True, "is_exit": True})
    table = found(spark, sessions, views)
    landing, end, rare = (table[name, "all", "all"] for name in ("landing", "end", "rare"))
    assert landing["exit_rate"] > Decimal("0.7")
    assert landing["excess_exit_low"] < 0 < landing["excess_exit_high"]
    assert abs(landing["excess_exit_rate"]) < Decimal("0.2")
    assert end["excess_exit_low"] > 0
    assert rare["exit_rate"] == 1
    assert rare["excess_exit_low"] < 0 < rare["excess_exit_rate"]
