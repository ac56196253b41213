"""Forms and their fields: a case a rule, and random worlds against plain Python."""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from scipy.stats import binomtest

from tests.factories import rows
from trailhouse.questions.forms import fields, form_events, forms
from trailhouse.settings import Project
from trailhouse.tables import TABLES

Event = tuple[str, str | None, int]
"""Kind (start, change, submit, abandon), field, second."""
ALL = ("all", "all")


def events(case: str, told: Sequence[Event], view: str = "v", **more: Any) -> list[dict[str, Any]]:
    """Form events of one view of the session of this name; the case is the form's id, too."""
    return [
        {
            "session_id": case,
            "view_id": view,
            "event_name": f"form_{kind}",
            "event_number": number,
            "event_time": f"2026-03-02 12:{second // 60:02d}:{second % 60:02d}",
            "form": {"id": case.split(".")[0], "field": field},
            "page_group": "/form",
            **more,
        }
        for number, (kind, field, second) in enumerate(told, start=1)
    ]


def found(
    spark: SparkSession, activity: Sequence[Mapping[str, Any]], sessions: Sequence[Mapping[str, Any]] = ()
) -> tuple[dict[Any, Row], dict[Any, Row]]:
    """`forms` by (form, device, period), `form_fields` by (form, field) over all of them."""
    named = {session["session_id"] for session in sessions}
    others = sorted({event["session_id"] for event in activity} - named)
    known = rows(spark, "sessions", [*sessions, *({"session_id": s, "person_id": s} for s in others)])
    told = form_events(rows(spark, "activity", activity), known, Project())
    by_form = TABLES["forms"].select(forms(told)).collect()
    by_field = TABLES["form_fields"].select(fields(told)).where("device_type = 'all' AND period = 'all'")
    return (
        {(row["form_id"], row["device_type"], row["period"]): row for row in by_form},
        {(row["form_id"], row["field"]): row for row in by_field.collect()},
    )


@pytest.fixture(scope="module")
def cases(spark: SparkSession) -> tuple[dict[Any, Row], dict[Any, Row]]:
    """All cases in one run, each a form of its own."""
    phone = {"device": {"type": "mobile"}, "session_date": "2026-03-09"}
    sessions = [
        {"session_id": "sent.2", "person_id": "sent.1", **phone},
        {"session_id": "bot", "is_bot": True},
        {"session_id": "staff", "internal": True},
    ]
    given = [
        *events("sent.1", [("start", None, 0), ("change", "a", 4), ("submit", None, 10)]),
        *events("sent.1", [("start", None, 100), ("change", "a", 101)], view="again"),
        *events("sent.2", [("start", None, 0), ("submit", None, 30), ("submit", None, 50)]),
        *events("sent.3", [("start", None, 0), ("abandon", "a", 30)]),
        *events("late", [("start", None, 0), ("abandon", "a", 5), ("submit", None, 9)]),
        *events("mute", [("submit", None, 0)]),
        *events("half.1", [("submit", None, 7)]),
        *events("half.2", [("start", None, 0)]),
        *events("times", [("start", None, 0), ("change", "a", 1), ("change", "a", 3), ("change", "b", 7),
                          ("change", "c", 20)]),
        # twice in a row is a correction; b after a is not, a again after b is
        *events("fixes", [("change", "a", 0), ("change", "a", 1), ("change", "b", 2), ("change", "a", 3)]),
        # focus, then its change; back to a after b: the first change of a, and yet a correction
        *events("focus", [("start", "a", 0), ("change", "a", 1), ("start", "b", 2), ("change", "b", 3)]),
        *events("back", [("start", "a", 0), ("start", "b", 1), ("start", "a", 2), ("change", "a", 3)]),
        *events("order.1", [("change", "b", 0), ("change", "a", 1)]),
        *events("order.2", [("change", "a", 0), ("change", "b", 1)]),
        *events("order.3", [("change", "b", 0), ("change", "a", 1), ("submit", None, 2)]),
        *events("named", [("change", "a", 0), ("abandon", "z", 9)]),
        *events("silent", [("change", "a", 0), ("change", "b", 2), ("abandon", None, 9)]),
        *events("bot", [("start", None, 0)]),
        *events("staff", [("start", None, 0)]),
        *events("row", [("start", None, 0)], is_bot=True),
        *events("nowhere", [("start", None, 0)], view_id=None),
        *events("bare", [("start", "a", 0)], form={"field": "a"}, page_group=None),
    ]  # fmt: skip
    return found(spark, given, sessions)


def test_a_form_is_submitted_or_abandoned_in_the_view_it_was_started_in(cases: Any) -> None:
    form = cases[0]["sent", *ALL]
    assert (form["persons"], form["started"], form["submitted"], form["abandoned"]) == (2, 4, 2, 2)
    assert form["told_abandoned"] == 1  # the other one is told by nothing
    assert (form["median_us"], form["p90_us"]) == (20_000_000, 28_000_000)  # 10 s and 30 s
    interval = binomtest(2, 4).proportion_ci(method="wilson")
    assert (form["submission_rate"], form["page_group"]) == (Decimal("0.5"), "/form")
    assert [float(form["low"]), float(form["high"])] == pytest.approx(list(interval), abs=1e-6)
    assert {key[1:]: row["started"] for key, row in cases[0].items() if key[0] == "sent"} == {
        ALL: 4,
        ("all", "2026-03-02"): 3,
        ("all", "2026-03-09"): 1,
        ("unknown", "all"): 3,
        ("unknown", "2026-03-02"): 3,
        ("mobile", "all"): 1,
        ("mobile", "2026-03-09"): 1,
    }


def test_who_gives_up_and_then_sends_it_has_sent_it(cases: Any) -> None:
    form = cases[0]["late", *ALL]
    assert (form["submitted"], form["abandoned"], form["told_abandoned"]) == (1, 0, 0)
    assert ("late", "a") not in cases[1]


def test_where_nothing_but_submits_comes_starts_are_not_collected(cases: Any) -> None:
    mute, half = cases[0]["mute", *ALL], cases[0]["half", *ALL]
    assert (mute["started"], mute["abandoned"], mute["submission_rate"], mute["submitted"]) == (
        None,
        None,
        None,
        1,
    )
    # A submit alone counts as started where the form's other views tell of starts; its time is unknown.
    assert (half["started"], half["submitted"], half["median_us"]) == (2, 1, None)


def test_bots_own_staff_and_events_on_no_view_are_left_out(cases: Any) -> None:
    assert not {"bot", "staff", "row", "nowhere"} & {key[0] for key in cases[0]}
    bare = cases[0]["unknown", *ALL]
    assert (bare["page_group"], bare["started"]) == ("unknown", 1)
    assert cases[1]["unknown", "a"]["views"] == 1


def test_the_time_in_a_field_runs_to_the_next_event_of_the_form(cases: Any) -> None:
    spent = {field: cases[1]["times", field]["median_us"] for field in "abc"}
    assert spent == {"a": 6_000_000, "b": 13_000_000, "c": None}  # nothing came after c


def test_a_correction_is_a_change_of_what_was_done_already(cases: Any) -> None:
    def told(case: str, field: str) -> tuple[int, int, int]:
        row = cases[1][case, field]
        return row["changes"], row["corrections"], row["corrected_views"]

    assert {field: told("fixes", field) for field in "ab"} == {"a": (3, 2, 1), "b": (1, 0, 0)}
    assert {field: told("focus", field) for field in "ab"} == {"a": (1, 0, 0), "b": (1, 0, 0)}
    assert {field: told("back", field) for field in "ab"} == {"a": (1, 1, 1), "b": (0, 0, 0)}
    assert told("times", "a") == (2, 1, 1)


def test_fields_are_ordered_by_their_first_touch(cases: Any) -> None:
    a, b = cases[1]["order", "a"], cases[1]["order", "b"]
    assert (a["mean_position"], a["usual_position"], a["views"], a["persons"]) == (Decimal("1.6667"), 2, 3, 3)
    assert (b["mean_position"], b["usual_position"]) == (Decimal("1.3333"), 1)


def test_the_last_field_is_the_one_that_the_abandoning_names_else_the_last_touched(cases: Any) -> None:
    last = {
        key: (row["left_last"], row["left_last_share"], row["views"])
        for key, row in cases[1].items()
        if key[0] in ("named", "silent", "order", "sent")
    }
    assert last == {
        ("named", "a"): (0, 0, 1),
        ("named", "z"): (1, 1, 0),  # never touched, and yet the last
        ("silent", "a"): (0, 0, 1),
        ("silent", "b"): (1, 1, 1),
        ("order", "a"): (1, Decimal("0.5"), 3),  # of two that were abandoned; the third was sent
        ("order", "b"): (1, Decimal("0.5"), 3),
        ("sent", "a"): (2, 1, 2),
    }
    assert cases[1]["named", "z"]["usual_position"] is None


def by_hand(views: Mapping[Any, Sequence[Event]]) -> tuple[dict[str, Any], dict[Any, dict[str, Any]]]:
    """Figures by form, and by form and field, walking each view's events once."""
    by_form: dict[str, Any] = defaultdict(lambda: Counter())
    times = defaultdict(list)
    by_field: dict[Any, dict[str, Any]] = defaultdict(
        lambda: {"views": 0, "ranks": [], "us": [], "changes": 0, "corrections": 0, "left_last": 0}
    )
    for (form, _), told in views.items():
        sends = [second for kind, _, second in told if kind == "submit"]
        by_form[form].update(started=1, submitted=bool(sends))
        if sends and told[0][0] != "submit":
            times[form].append((sends[0] - told[0][2]) * 1_000_000)
        order: list[str] = []
        touches: list[str] = []
        changed: set[str] = set()
        spent: dict[str, int | None] = {}
        for place, (kind, field, second) in enumerate(told):
            if kind not in ("start", "change") or field is None:
                continue
            row = by_field[form, field]
            if field not in order:
                order.append(field)
                row["views"] += 1
                row["ranks"].append(len(order))
                spent[field] = None
            if kind == "change":
                since = touches[touches.index(field) :] if field in touches else []
                row["changes"] += 1
                row["corrections"] += field in changed or any(other != field for other in since)
                changed.add(field)
            touches.append(field)
            if place + 1 < len(told):
                spent[field] = (spent[field] or 0) + (told[place + 1][2] - second) * 1_000_000
        for field, us in spent.items():
            by_field[form, field]["us"] += [us] if us is not None else []
        if not sends:
            named = [field for kind, field, _ in told if kind == "abandon" and field]
            if last := (named or touches):
                by_field[form, last[-1]]["left_last"] += 1
    return {form: (dict(counts), times[form]) for form, counts in by_form.items()}, dict(by_field)


def test_random_forms_are_counted_as_a_walk_through_each_view_counts_them(spark: SparkSession) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    views: dict[Any, list[Event]] = {}
    for number in range(120):
        second = 0
        told: list[Event] = [("start", rng.choice((None, "a")), 0)]
        for _ in range(rng.randint(0, 8)):
            second += rng.randint(0, 40)
            kind = rng.choices(("start", "change", "submit", "abandon"), (3, 8, 1, 1))[0]
            told.append((kind, rng.choice((None, "a", "b", "c", "d")), second))
        views[f"f{number % 3}", number] = told
    given = [event for (form, number), told in views.items() for event in events(f"{form}.{number}", told)]
    by_form, by_field = found(spark, given)
    forms_expected, fields_expected = by_hand(views)
    for form, (counts, times) in forms_expected.items():
        row = by_form[form, *ALL]
        assert (row["started"], row["submitted"]) == (counts["started"], counts["submitted"]), (seed, form)
        assert row["median_us"] == pytest.approx(statistics.median(times), abs=0.5), (seed, form)
    assert by_field.keys() == fields_expected.keys(), seed
    for key, expected in fields_expected.items():
        row = by_field[key]
        for name in ("views", "changes", "corrections", "left_last"):
            assert row[name] == expected[name], (seed, key, name)
        if expected["ranks"]:
            assert float(row["mean_position"]) == pytest.approx(
                statistics.mean(expected["ranks"]), abs=1e-4
            ), seed
            ranks = Counter(expected["ranks"])
            assert row["usual_position"] == min(ranks, key=lambda rank: (-ranks[rank], rank)), (seed, key)
        if expected["us"]:
            assert row["median_us"] == pytest.approx(statistics.median(expected["us"]), abs=0.5), (seed, key)
