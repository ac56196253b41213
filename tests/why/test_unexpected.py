"""Ways that few go, what precedes them, and sections that hold people."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.stats import fisher_exact, ttest_1samp

from tests.factories import rows
from trailhouse.questions.map_views import views_of_people
from trailhouse.settings import Arrivals, Project
from trailhouse.tables import TABLES
from trailhouse.why.page_sections import held
from trailhouse.why.unexpected import unexpected

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def visit(session: str, pages: str, **more: Any) -> list[dict[str, Any]]:
    """Views of pages of one letter."""
    return [
        {
            "session_id": session,
            "person_id": f"p{session}",
            "view_id": f"{session}-{n}",
            "view_number": n,
            "page_group": page,
            **more,
        }
        for n, page in enumerate(pages, start=1)
    ]


def test_ways_under_the_share_are_told_with_what_precedes_them(spark: SparkSession) -> None:
    """Of 400 ways from /a three lead to /z: under 1 %; two of three times after an error."""
    views, events, signals = [], [], []
    for n in range(397):
        views += visit(f"usual{n}", "aab" if n % 2 else "abab"[: 2 + n % 3])
    for n in range(6):
        # A stay of two views is one; the second time they come back to it.
        session = f"rare{n}"
        views += visit(session, "aaz" + ("a" if n < 2 else ""))
        error = {"session_id": session, "event_name": "error", "view_id": f"{session}-{1 + n % 2}"}
        if n < 5:
            events += [error | {"properties": f'{{"message": "row {n} is bad"}}'}] * 2
        signals.append({"session_id": session, "view_id": f"{session}-3", "kind": "rage_click"})
    for n in range(9):
        told = {"session_id": f"usual{n}", "view_id": f"usual{n}-1"}
        events.append(told | {"event_name": "click", "element": {"selector": "b.go"}})
        signals.append(told | {"kind": "dead_click", "extra": n > 6})
    events.append({"session_id": "usual1", "event_name": "error", "view_id": "usual1-1", "properties": "{}"})
    views += visit("bot", "azazazazaz")
    for n in range(4):
        views += visit(f"seldom{n}", "ay")
    given = [{**one, "event_id": f"e{n}", "person_id": "p"} for n, one in enumerate(events)]
    sessions = [{"session_id": s} for s in sorted({view["session_id"] for view in views} - {"bot"})]
    made = unexpected(
        rows(spark, "page_views", views),
        rows(spark, "activity", given),
        rows(spark, "signals", [{**one, "signal_id": f"s{n}"} for n, one in enumerate(signals)]),
        rows(spark, "sessions", [*sessions, {"session_id": "bot", "is_bot": True}]),
        Arrivals.model_validate({"login": "login", "rare_share": 0.02}),
    )
    table = {(r["page_group"], r["next_page_group"]): r for r in made.collect()}
    # /y is gone to four times only; back from /z twice.
    assert sorted(table) == [("a", "z")]
    row = table["a", "z"]
    ways = sum(
        one == "a" and other != "a"
        for case in _sequences(views).values()
        for one, other in zip(case, case[1:], strict=False)
    )
    assert (row["times"], row["persons"], row["all_times"], row["returned"]) == (6, 6, ways, 2)
    assert (row["sessions"], row["all_sessions"], row["rare"]) == (6, len(sessions), "both")
    (before,) = row["before"]  # the signals are of the page after, or of others, or extra
    assert (before["what"], before["value"], before["times"]) == ("error", "row # is bad", 5)
    stays = sum(case.count("a") for case in _sequences(views).values())
    assert float(before["share_in"]) == pytest.approx(5 / 6, abs=1e-6)
    assert before["share_out"] == 0
    assert float(before["p"]) == pytest.approx(fisher_exact([[5, 1], [0, stays - 6]]).pvalue, abs=1e-8)
    assert before["low"] < before["lift"] < before["high"]
    # b.go, dead_click and that error are compared, each once with what is not before it.
    assert float(before["q"]) == pytest.approx(float(before["p"]) * 3, abs=1e-8)
    assert before["too_few"]


def _sequences(views: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Pages of each session of people, repeats merged."""
    found: dict[str, list[str]] = defaultdict(list)
    for view in views:
        own = found[view["session_id"]]
        if view["session_id"] != "bot" and (not own or own[-1] != view["page_group"]):
            own.append(view["page_group"])
    return found


def test_sections_hold_the_time_in_the_middle_of_what_is_seen(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    asked = Arrivals.model_validate(
        {
            "login": "login",
            "band_px": 500,
            "sections": [
                {"name": "top", "page_group": "/", "to_px": 900},
                {"name": "mid", "page_group": "/", "from_px": 900, "to_px": 1_500},
                {"name": "end", "page_group": "/", "from_px": 1_500},
            ],
        }
    )
    views, events = [], []
    ms: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    heights: dict[str, tuple[int, int]] = {}
    for n in range(60):
        session, page = f"s{n}", rng.choice(["/", "/p"])
        screen, height = rng.choice([600, 800]), rng.choice([700, 3000])
        views.append(
            {
                **visit(session, "x", page_group=page, device_type=rng.choice(["mobile", "desktop"]))[0],
                "viewport_height": screen,
                "document_height": height,
                "max_scroll_pct": None if n == 0 else 80,
                "start_time": str(START.replace(tzinfo=None)),
            }
        )
        heights[session] = screen, height
        at, offset = 0, 0
        for number in range(1, rng.randrange(2, 8)):
            sent = rng.choice([None, 0, 300, 650, 800, 2500])
            events.append(
                {
                    **{"session_id": session, "view_id": f"{session}-1", "event_number": number},
                    **{"event_id": f"{session}-{number}", "scroll_offset": sent},
                    "event_time": str((START + timedelta(milliseconds=at)).replace(tzinfo=None)),
                    "event_name": "scroll" if sent is not None else "click",
                }
            )
            offset = offset if sent is None else sent
            last, wait = number, rng.choice([0, 1500, 4000, 45_000])
            at += wait
            if n == 0:
                continue
            middle = min(max(offset, 0), max(height - screen, 0)) + min(screen, height) // 2
            band = middle // 500 * 500
            name = (
                ("top" if middle < 900 else "mid" if middle < 1500 else "end")
                if page == "/"
                else f"{band} to {band + 500} px"
            )
            ms[session, page][name] += min(wait, 30_000)
            over = (name, min(wait, 30_000))
        if n:
            name, wait = over  # nothing follows the last event
            ms[session, page][name] -= wait
            assert last
    sessions = rows(spark, "sessions", [{"session_id": f"s{n}"} for n in range(60)])
    people = views_of_people(rows(spark, "page_views", views), sessions, Project())
    made = TABLES["page_sections"].select(
        held(rows(spark, "activity", events), people, asked, Project(), 30_000_000)
    )
    table = {
        (r["page_group"], r["section"]): r
        for r in made.collect()
        if (r["device_type"], r["period"]) == ("all", "all")
    }
    expected: dict[tuple[str, str], list[int]] = defaultdict(list)
    apart: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (session, page), own in ms.items():
        for name, one in own.items():
            if one > 0:
                expected[page, name].append(one)
        screen, height = heights[session]
        band = min(screen, height) // 2 // 500 * 500
        first = "top" if page == "/" else f"{band} to {band + 500} px"  # that of the first screen
        whole = {name: one for name, one in own.items() if one > 0 and name != first}
        for name, one in whole.items():
            if len(whole) > 1:
                others = (sum(whole.values()) - one) / (len(whole) - 1)
                apart[page, name].append(one - int(others + 0.5))
    assert set(table) == set(expected), seed
    for key, values in expected.items():
        row = table[key]
        assert (row["held_views"], row["total_ms"], row["pairs"]) == (
            len(values),
            sum(values),
            len(apart[key]),
        )
        assert float(row["seconds"]) == pytest.approx(np.mean(values) / 1000, abs=6e-4), (seed, key)
        if len(apart[key]) > 1 and np.std(apart[key]):
            test = ttest_1samp(apart[key], 0)
            low, high = test.confidence_interval()
            assert float(row["p"]) == pytest.approx(test.pvalue, abs=1e-7), (seed, key)
            ends = float(row["difference_low"]), float(row["difference_high"])
            assert ends == pytest.approx((low / 1000, high / 1000), abs=1e-3), (seed, key)
        assert row["too_few"] == (len(apart[key]) < 30)
