"""What people say, with the behaviour around it; who answers; tickets by the page before."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from scipy import stats

from tests.factories import rows
from trailhouse.questions.respondents import respondents, tickets
from trailhouse.questions.voices import (
    answers,
    of_people,
    voices,
    with_display,
    with_page_before,
    with_person,
    with_rage,
)
from trailhouse.settings import Feedback, Project
from trailhouse.tables import TABLES

Given = Sequence[Mapping[str, Any]]
THEMES = {"delivery": ("deliver*",), "price": ("cheap", "高い")}


def event(id_: str, name: str, at: str, **more: Any) -> dict[str, Any]:
    return {"event_id": id_, "event_name": name, "event_time": f"2026-03-02 {at}", **more}


def said(spark: SparkSession, events: Given, sessions: Given = ()) -> DataFrame:
    return voices(rows(spark, "activity", events), rows(spark, "sessions", sessions))


def given(
    spark: SparkSession,
    events: Given,
    sessions: Given,
    signals: Given,
    views: Given,
    days: Given,
    members: Given,
) -> DataFrame:
    people = rows(spark, "person_days", days), rows(spark, "segment_members", members)
    known = with_person(said(spark, events, sessions), *people, Project(timezone="Asia/Tokyo"))
    frame = with_display(with_rage(known, rows(spark, "signals", signals)))
    return answers(with_page_before(frame, rows(spark, "page_views", views)), Feedback(themes=THEMES))


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, Row]:
    """Every case in one run, by event."""
    place = {"person_id": "p", "session_id": "s", "session_start": "2026-03-02 10:00:00"}
    nps = {"id": "n", "kind": "NPS", "score": 2}
    shown = {**place, "survey": {"id": "n"}}

    def seen(view: str, number: int, at: str, page: str | None) -> dict[str, Any]:
        whose = {"person_id": "p", "session_id": "s", "view_id": view, "view_number": number}
        return {**whose, "page_group": page, "start_time": f"2026-03-02 {at}"}

    result = given(
        spark,
        [
            event("show-1", "survey_shown", "10:00:01", **shown),
            event("show-2", "survey_shown", "10:05:00", **shown),
            event("show-3", "survey_shown", "10:05:01", **{**shown, "person_id": "q"}),
            event("nps", "survey_response", "10:05:02", **place,
                  survey={**nps, "answer": "not cheap, delivered late"},
                  event_number=9, view_number=3, view_id="v",
                  page_group="/cart", language="en-GB",
                  device={"type": "mobile"}, experiments=[{"name": "e", "variant": "b"}]),
            event("early", "survey_response", "10:00:00.5", **place, survey=nps),
            event("other", "survey_response", "10:06:00", **place,
                  survey={"id": "m", "kind": "csat", "score": 5}),
            event("pinned", "feedback", "10:02:00", **place, language="de",
                  survey={"kind": "feedback", "score": 1, "answer": "高い"}, properties='{"trigger":"exit"}',
                  element={"selector": "#buy", "x": 5, "y": 9,
                           "box": {"x": 1, "y": 2, "width": 3, "height": 4}}),
            event("said", "feedback", "10:02:00", survey={"kind": "feedback", "answer": "<script>"}),
            event("odd", "survey_response", "10:02:00", survey={"kind": "emoji", "score": 3}),
            event("ticket", "support_ticket", "11:00:00", **place, properties='{"subject":"no parcel"}'),
            event("server", "support_ticket", "23:00:00", person_id="p"),
            event("late", "support_ticket", "23:59:00", person_id="q"),
            event("nobody", "support_ticket", "10:00:00"),
            event("bot", "survey_response", "10:00:00", survey=nps, session_id="bot"),
            event("staff", "survey_response", "10:00:00", survey=nps, internal=True),
            event("else", "click", "10:00:00"),
        ],
        sessions=[{"session_id": "s", "channel": "Email"}, {"session_id": "bot", "is_bot": True}],
        signals=[
            {"kind": "rage_click", "session_id": "s", "start_time": f"2026-03-02 {at}"}
            for at in ("10:01:00", "10:03:00", "10:05:02")
        ] + [{"kind": "u_turn", "session_id": "s", "start_time": "2026-03-02 10:01:00"}],
        views=[
            seen("a", 1, "10:00:00", "/"),
            seen("b", 2, "11:00:00", "/help"),
            seen("c", 3, "11:00:01", "/after"),
            seen("d", 4, "12:00:00", None),  # no page is told
            {"person_id": "q", "page_group": "/old", "start_time": "2026-03-01 23:58:59"},
        ],
        days=[{"person_id": "p", "day": day} for day in ("2026-03-02", "2026-02-28")],
        members=[
            {"segment": segment, "person_id": "p", "valid_from": since, "valid_to": until}
            for segment, since, until in (
                ("then", "2026-03-01", "2026-03-03"),
                ("later", "2026-03-03", None),
                ("always", "2026-02-28", None),
            )
        ],
    )  # fmt: skip
    return {row.event_id: row for row in TABLES["feedback_answers"].select(result).collect()}


def test_an_answer_stands_with_what_was_around_it(found: dict[str, Row]) -> None:
    row = found["nps"]
    assert (row.survey_id, row.kind, row.score, row.text) == ("n", "nps", 2, "not cheap, delivered late")
    assert (row.event_number, row.view_number, row.views_before, row.page_group) == (9, 3, 2, "/cart")
    assert (row.since_start_us, row.channel, row.device_type) == (302_000_000, "Email", "mobile")
    assert (str(row.shown_at), row.rage_before) == ("2026-03-02 10:05:00", 2), (
        "a rage as it is given is not before"
    )
    assert (row.themes, row.sentiment) == (["delivery", "price"], "neutral")
    assert [e.asDict() for e in row.experiments] == [{"name": "e", "variant": "b"}]
    assert (found["early"].shown_at, found["early"].rage_before) == (None, 0)
    assert found["other"].shown_at is None, "another survey was shown"


def test_an_answer_tells_its_persons_cohort_and_the_segments_of_that_project_day(
    found: dict[str, Row],
) -> None:
    assert (found["nps"].cohort, found["nps"].segments) == ("2026-02", ["always", "then"])
    # 23:00 is 08:00 of the next day in Tokyo.
    assert found["server"].segments == ["always", "later"]
    assert (found["late"].cohort, found["late"].segments) == (None, [])
    assert (found["nobody"].cohort, found["nobody"].segments) == (None, [])


def test_every_answer_has_a_kind_and_only_answers_are_rows(found: dict[str, Row]) -> None:
    assert {id_: (row.kind, row.score) for id_, row in found.items()} == {
        "nps": ("nps", 2), "early": ("nps", 2), "bot": ("nps", 2), "staff": ("nps", 2), "other": ("csat", 5),
        "pinned": ("rating", 1), "said": ("text", None), "odd": ("rating", 3),
        "ticket": ("ticket", None), "server": ("ticket", None), "late": ("ticket", None),
        "nobody": ("ticket", None),
    }  # fmt: skip
    assert (found["nps"].on_scale, found["odd"].on_scale, found["said"].on_scale) == (True, True, None)
    assert [id_ for id_, row in found.items() if row.is_bot] == ["bot"]
    assert [id_ for id_, row in found.items() if row.internal] == ["staff"]


def test_feedback_may_be_pinned_to_an_element_and_tell_what_brought_it_up(found: dict[str, Row]) -> None:
    row = found["pinned"]
    assert (row.selector, row.x, row.y, row.box.width, row.trigger) == ("#buy", 5, 9, 3, "exit")
    assert (row.themes, row.sentiment, row.sentiment_score) == (["price"], None, None), "German is not judged"
    assert (found["said"].text, found["said"].rage_before, found["said"].survey_id) == (
        "<script>",
        None,
        "all",
    )


def test_the_page_before_a_ticket_was_seen_in_its_session_or_within_a_day(found: dict[str, Row]) -> None:
    assert {id_: row.page_before for id_, row in found.items() if row.kind == "ticket"} == {
        "ticket": "/help",  # it began as the ticket was written
        "server": "/after",
        "late": None,  # a day and a second
        "nobody": None,
    }
    assert found["ticket"].text == "no parcel"


def _views(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Tickets and views of a few people over some days, many at one time."""
    draw = random.Random(seed)

    def at() -> str:
        moment = datetime(2026, 3, 2) + timedelta(hours=6 * draw.randrange(16), seconds=draw.randrange(2))
        return str(moment)

    views = [
        {
            "person_id": draw.choice("pqr"),
            "session_id": draw.choice("stu"),
            "view_id": f"v{number:02}",
            "view_number": draw.randrange(1, 4),
            "page_group": draw.choice(("/a", "/b", "/contact", None)),
            "start_time": at(),
            "is_bot": draw.random() < 0.1,
            "continued": draw.random() < 0.1,
        }
        for number in range(60)
    ]
    written = [
        {
            "event_id": f"t{number:02}",
            "event_name": "support_ticket",
            "event_time": at(),
            "person_id": draw.choice(("p", "q", "r", None)),
            "session_id": draw.choice(("s", "t", "u", None)),
        }
        for number in range(40)
    ]
    draw.shuffle(views)
    return views, written


def _page_before(ticket: Mapping[str, Any], views: Given) -> str:
    day = str(datetime.fromisoformat(ticket["event_time"]) - timedelta(days=1))
    near = [
        view
        for view in views
        if view["person_id"] == ticket["person_id"]
        and view["start_time"] <= ticket["event_time"]
        and (view["session_id"] == ticket["session_id"] or view["start_time"] >= day)
        and view["page_group"] not in (None, "/contact")
        and not view["continued"]
    ]
    near.sort(key=lambda v: (v["start_time"], v["view_number"], v["session_id"], v["view_id"]))
    return near[-1]["page_group"] if near else "unknown"


def test_tickets_by_the_page_before_are_those_that_a_plain_walk_finds(spark: SparkSession) -> None:
    seed = 11
    views, written = _views(seed)
    sessions = rows(spark, "sessions", [{"session_id": "u", "internal": True}])
    frame = rows(spark, "page_views", views)
    people = of_people(voices(rows(spark, "activity", written), sessions))
    result = tickets(with_page_before(people, frame, ("/contact",)), frame, sessions).collect()
    counted = [ticket for ticket in written if ticket["session_id"] != "u"]
    pages = [_page_before(ticket, views) for ticket in counted]
    assert {row.page_group: row.tickets for row in result} == {p: pages.count(p) for p in set(pages)}, seed
    assert len(set(pages)) == 3, seed
    for row in result:
        saw = {
            v["person_id"]
            for v in views
            if v["page_group"] == row.page_group and not v["is_bot"] and v["session_id"] != "u"
        }
        assert row.persons == (len(saw) or None)
        if row.page_group == "unknown":
            assert (row.per_thousand, row.low, row.high) == (None, None, None)
        else:
            assert row.per_thousand == round(Decimal(1000 * row.tickets) / len(saw), 4)
            exact = [
                stats.chi2.ppf(0.025, 2 * row.tickets) / 2,
                stats.chi2.ppf(0.975, 2 * row.tickets + 2) / 2,
            ]
            assert [float(row.low), float(row.high)] == pytest.approx(
                [1000 * e / len(saw) for e in exact], rel=0.2
            )


def test_those_who_answer_are_told_apart_from_those_who_do_not(spark: SparkSession) -> None:
    def show(person: str | None, name: str = "survey_shown", survey: str = "n") -> dict[str, Any]:
        return {"event_name": name, "person_id": person, "survey": {"id": survey, "kind": "nps", "score": 9}}

    events = [
        *(show(person) for person in ("a", "b", "c", "c", None)),
        show("a", "survey_response"), show("d", "survey_response"),  # d was never shown it
        show("b", "survey_response", "m"),
    ]  # fmt: skip
    visits = [
        {"session_id": "1", "person_id": "a", "engaged_us": 5, "converted": True, "rage_clicks": 1},
        {"session_id": "2", "person_id": "a", "engaged_us": 2},
        {"session_id": "3", "person_id": "b", "engaged_us": 3, "dead_clicks": 1},
        {"session_id": "4", "person_id": "b", "engaged_us": 100, "converted": True, "is_bot": True},
        {"session_id": "5", "person_id": "d", "converted": True},
    ]
    result = respondents(of_people(said(spark, events, visits)), rows(spark, "sessions", visits))
    by = {
        (row.survey_id, row.answered): row for row in TABLES["feedback_respondents"].select(result).collect()
    }
    assert sorted(by) == [("n", False), ("n", True)]
    did, didnt = by["n", True], by["n", False]
    assert (did.persons, did.sessions, did.engaged_us_per_person, did.conversion, did.friction) == (
        1,
        2,
        7,
        1,
        1,
    )
    assert (didnt.persons, didnt.sessions, didnt.engaged_us_per_person) == (2, 1, 2)  # 1.5, rounded
    assert (didnt.sessions_per_person, didnt.conversion, didnt.friction) == (
        Decimal("0.5"),
        0,
        Decimal("0.5"),
    )
    expected = stats.binomtest(1, 2).proportion_ci(method="wilson")
    assert [float(didnt.friction_low), float(didnt.friction_high)] == pytest.approx(
        [expected.low, expected.high], abs=1e-6
    )
