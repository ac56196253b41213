"""The timeline: pages in order, lines folded, signals where they belong, gaps and what is left out told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.journey.given import line, page, quiet, session, signal, us
from trailhouse.journey import words
from trailhouse.journey.head import Head
from trailhouse.journey.person import person
from trailhouse.journey.read import Visits
from trailhouse.journey.shapes import Line, Visit
from trailhouse.journey.timeline import outcome, timeline


def one(**found: list[dict[str, object]]) -> Visit:
    parts = {name: tuple(rows) for name, rows in found.items()}
    if "sessions" not in parts:
        parts["sessions"] = (session(events=sum(row["count"] for row in parts.get("lines", ()))),)  # type: ignore[misc]
    [visit] = timeline(Visits(**parts), "UTC")  # type: ignore[arg-type]
    return visit


def told(visit: Visit) -> list[str]:
    """The visit as text: a page a line, and what is on it below."""
    found = []
    for shown in visit.pages:
        if shown.gap:
            found.append(f"({shown.gap})")
        facts = [f"{name} {value}" for name, value in shown.facts]
        marks = [f"!{mark.name}" for mark in shown.marks]
        found.append(" | ".join([f"{shown.at} {shown.path}", *facts, *shown.notes, *marks]))
        found += [f"  {as_text(each)}" for each in shown.lines]
    return found


def as_text(each: Line) -> str:
    if each.kind == "gap":
        return f"({each.text})"
    marks = [f"!{mark.name} {mark.detail}" for mark in each.marks]
    said = " ".join(filter(None, [each.at, each.tag, each.text]))
    return " | ".join([said, *each.details, *marks])


BUTTON = {"selector": "button.pay", "text": "Pay", "interactive": True, "x": 10, "y": 1_200}


def test_a_visit_reads_as_it_went() -> None:
    visit = one(
        pages=[
            page("home", 0, 20, 1, max_scroll_pct=60, page_group="/*", page_title="Home"),
            page("pay", 75, 100, 2, form_outcome="abandoned", navigation_type="reload"),
        ],
        lines=[
            line("page_view", 0),
            quiet("mouse_move", 12, 1, 5),
            quiet("scroll", 3, 2, 6, scroll_offset=700, viewport_height=800, document_height=2_500),
            line("search", 8, search={"term": "red shoe", "results": 0, "rank": None}),
            quiet("heartbeat", 1, 10, 10),
            line("product_view", 20, value=Decimal("19.9000"), currency="EUR", properties='{"name":"Shoe"}'),
            line("page_view", 75, "pay"),
            line("form_change", 80, "pay", form={"id": "card", "field": "number"}),
            line("form_change", 82, "pay", form={"id": "card", "field": "cvc"}),
            line("form_change", 84, "pay", form={"id": "card", "field": "number"}),
            line("click", 90, "pay", element=BUTTON),
            quiet("mouse_move", 2, 90.1, 90.3, "pay"),
            line("click", 90.4, "pay", element=BUTTON),
            quiet("mouse_move", 1, 90.5, 90.5, "pay"),
            line("click", 90.8, "pay", element=BUTTON),
            line("error", 91, "pay", properties='{"message":"declined","code":4}'),
            line(
                "survey_response",
                95,
                "pay",
                survey={"id": "s1", "kind": "nps", "score": 2, "answer": "Broken!"},
            ),
            line("order", 100, None, platform="server", value=Decimal("5"), currency="EUR"),
        ],
        signals=[
            signal(
                "rage_click", "click 90", 90, "pay", size=3, end_us=us(90.8), presets=["mixpanel", "posthog"]
            ),
            signal("u_turn", "page_view 0", 0),
            signal("thrashed_cursor", "a folded one", 9, selector="main", size=5, end_us=us(10)),
        ],
    )
    assert told(visit) == [
        "09:00:00 /home | dwell 20 s | engaged 0 s | scroll 60 % | group /* | !U-turn",
        "  09:00:01 12 mouse moves, 3 scrolls (down to 60 %)",
        "  09:00:08 search Searched for “red shoe” | 0 results",
        "  09:00:09 | on main | !thrashed cursor 5 events in 1 s, by posthog",
        "  09:00:10 1 heartbeat",
        "  09:00:20 shop Looked at “Shoe” | EUR 19.90",
        "(55 s)",
        "09:01:15 /pay | dwell 25 s | engaged 0 s | form abandoned | reloaded",
        "  09:01:20 form Filled in the form card | fields number (2 ×), cvc",
        "  09:01:30 click 3 × clicked “Pay” | in 800 ms | button.pay"
        " | !rage click 3 events in 800 ms, by mixpanel, posthog",
        "  09:01:30 3 mouse moves",
        "  09:01:31 error Error: declined | code: 4",
        "  09:01:35 survey Answered NPS: 2 “Broken!” | survey s1",
        "  09:01:40 order Ordered | EUR 5.00",
    ]
    assert visit.pages[1].lines[-1].server
    assert visit.signals == (("U-turn", 1), ("rage click", 1), ("thrashed cursor", 1))
    assert visit.left_out == ()
    assert (visit.pages[0].share, visit.pages[1].share) == (0.8, 1.0)


def test_clicks_that_are_not_the_same_are_told_apart() -> None:
    visit = one(
        pages=[page("home", 0, 60)],
        lines=[
            line("click", 1, element=BUTTON),
            # Another element; one without a name; the first again, but too long after.
            line("click", 2, element={**BUTTON, "text": "Pay later"}),
            line("click", 3, element={"x": 1, "y": 2}),
            line("click", 4, element={"x": 1, "y": 2}),
            line("click", 5, element=BUTTON),
            line("click", 15.1, element=BUTTON),
            line("click", 60, element={**BUTTON, "interactive": False, "href": "javascript:alert(1)"}),
        ],
    )
    shown = [as_text(each) for each in visit.pages[0].lines]
    assert [text.split(" | ")[0][9:] for text in shown] == [
        "click Clicked “Pay”",
        "click Clicked “Pay later”",
        "click Clicked the page",
        "click Clicked the page",
        "click Clicked “Pay”",
        "click Clicked “Pay”",
        "(44 s)"[9:],
        "click Clicked “Pay”",
    ]
    assert visit.pages[0].lines[-2].text == "45 s"
    assert visit.pages[0].lines[-1].details == (
        "button.pay",
        "link to javascript:alert(1)",
        "at 10, 1,200 px",
        "not a control",
    )


def test_pages_of_two_tabs_lie_beside_each_other() -> None:
    visit = one(
        pages=[page("home", 0, 50, 1), page("help", 10, 20, 2, inferred=True), page("end", 50, 60, 3)],
        lines=[
            line("page_view", 0),
            line("click", 40, element=BUTTON),
            line("page_view", 50, "end"),
            # Of a page that was not read, and of none before the first.
            line("checkout", 55, "unread"),
        ],
    )
    assert told(visit) == [
        "09:00:00 /home | dwell 50 s | engaged 0 s",
        "  09:00:40 click Clicked “Pay” | button.pay | at 10, 1,200 px",
        "09:00:10 /help | dwell 10 s | engaged 0 s | beside page 1, in another tab or window"
        " | its page view never came",
        "09:00:50 /end | dwell 10 s | engaged 0 s",
        "  09:00:55 shop Began to check out",
    ]


def test_what_comes_before_the_first_page_has_a_place() -> None:
    visit = one(
        pages=[page("home", 40, 50)], lines=[line("login", 0, None, user_id="u1"), line("page_view", 40)]
    )
    assert told(visit) == [
        "09:00:00 Before the first page",
        "  09:00:00 account Logged in as u1",
        "(40 s)",
        "09:00:40 /home | dwell 10 s | engaged 0 s",
    ]


def test_a_visit_too_long_to_show_says_what_is_left_out() -> None:
    visit = one(
        sessions=[session(events=1_000_000, views=1_001, is_bot=True, bot_reasons=["speed"], closed=False)],
        pages=[page("home", 0, 10)],
        lines=[line("page_view", 0), quiet("mouse_move", 998_999, 1, 9)],
        signals=[signal("rage_click", "unread", 5, total=3)],
    )
    assert visit.left_out == ("1,000 pages", "1,000 events", "2 signals")
    assert visit.notes == (
        "Taken for a bot (speed)",
        "Not over yet: later events may still belong to it",
    )


def test_a_signal_without_a_page_that_is_shown_breaks_nothing() -> None:
    visit = one(lines=[], signals=[signal("rage_click", "unread", 5, "unread")])
    assert visit.pages == ()
    assert visit.signals == (("rage click", 1),)


def test_times_are_of_the_projects_zone_through_a_change_of_clocks() -> None:
    # 2026-03-29 00:59:50 UTC is 1:59:50 in Berlin; ten seconds later it is three o'clock there.
    night = 1_774_745_990 - us(0) / 1_000_000
    found = Visits(
        (session(night, night + 20),), (page("home", night, night + 20),), (line("page_view", night),)
    )
    [visit] = timeline(found, "Europe/Berlin")
    assert (visit.day, visit.at, visit.until, visit.duration) == (
        "Sun 29 Mar 2026",
        "01:59:50",
        "03:00:10",
        "20 s",
    )


def test_visits_tell_how_long_after_another_they_were_and_whether_they_are_recorded() -> None:
    new, old = session(90_000, 90_100), session(0, 100, session_id="6" * 32)
    found = timeline(Visits((new, old), recorded=frozenset({"6" * 32})), "UTC")
    assert [(visit.later, visit.recorded) for visit in found] == [("1 d 0 h", False), ("", True)]


@pytest.mark.parametrize(
    "named, expected",
    [
        (
            {
                "converted": True,
                "conversion_names": ["order"],
                "value": [{"currency": "EUR", "amount": Decimal(45)}],
            },
            ("converted: order, EUR 45.00", "good"),
        ),
        ({"is_bounce": True}, ("bounced", "warn")),
        ({}, ("left without converting", "")),
    ],
)
def test_outcomes_are_told(named: dict[str, object], expected: tuple[str, str]) -> None:
    assert outcome(session(**named)) == expected


EMPTY = {"survey": {}, "media": {}, "search": {}, "form": {}, "element": {}, "experiments": []}


@pytest.mark.parametrize("name", sorted(words.WORDS))
@pytest.mark.parametrize("named", [{}, EMPTY, {"properties": '{"cut', "traits": "[1]"}])
def test_every_event_has_words_even_when_it_tells_nothing(name: str, named: dict[str, object]) -> None:
    said = words.told(line(name, 0, **named))
    assert said.tag
    assert said.text
    assert "None" not in " ".join([said.text, *said.details])


def test_custom_events_and_long_properties_are_told_in_part() -> None:
    many = '{"a":"' + "x" * 200 + '","b":{"c":[1]},"d":null,"e":true,"f":1,"g":2,"h":3,"i":4}'
    said = words.told(line("Plan Chosen", 0, properties=many))
    assert said.text == "Plan Chosen"
    assert said.details[0] == f"a: {'x' * 119}…"
    assert said.details[1:] == ('b: {"c": [1]}', "e: true", "f: 1", "g: 2", "h: 3", "1 more")


def test_media_and_experiments_are_told() -> None:
    film = {"id": "f1", "title": "Tour", "position": 65.4, "length": 130.0}
    assert words.told(line("media_pause", 0, media=film)).text == "Paused “Tour” at 1:05 of 2:10"
    seen = [{"name": "price", "variant": "B"}]
    assert words.told(line("experiment_exposure", 0, experiments=seen)).text == "Saw experiment price: B"
    assert (
        words.quiet([line("media_progress", 0, count=4, media_position=70.0)])
        == "4 media progress marks at 1:10"
    )


def test_the_head_sums_up_and_says_who_was_merged() -> None:
    head = Head(
        "1" * 32,
        {
            "sessions": 2,
            "engaged_us": 61_000_000,
            "views": 3,
            "converted": 1,
            "value": [{"currency": "EUR", "amount": Decimal("12.5")}],
            "devices": ["mobile, Firefox", "desktop"],
            "places": [],
            "channels": ["Email"],
            "is_bot": None,
            "internal": True,
            "events": 1_234,
            "first_us": us(0),
            "last_us": us(100),
            "outside": 60,
        },
        ({"id_type": "user_id", "id_value": "u1", "status": "own", "first_seen": us(0)},),
        3,
        (
            {
                "at": us(0),
                "change": "merged",
                "id_type": "email",
                "id_value": "a@x",
                "person_before": "f" * 32,
                "person_after": "1" * 32,
                "cause": "events",
            },
        ),
        (line("refund", 0, None),),
        60,
    )
    made = person(head, "Europe/Berlin", ["Asked for as user_id:u1."])
    assert dict(made.facts) == {
        "First seen": "2026-03-02 10:00",
        "Last seen": "2026-03-02 10:01",
        "Visits": "2",
        "Pages": "3",
        "Events": "1,234",
        "Engaged": "1 m 01 s",
        "Converted": "in 1 visit",
        "Value": "EUR 12.50",
        "Channels": "Email",
        "Devices": "mobile, Firefox; desktop",
        "Left out of metrics": "own staff",
    }
    assert made.identifiers == (("user_id", "u1", "own", "2026-03-02 10:00"),)
    assert (made.more_identifiers, made.more_outside) == (2, 59)
    assert made.changes == (f"2026-03-02 10:00 email:a@x came from person {'f' * 32} (merged, events)",)
    assert [(each.at, each.text) for each in made.outside] == [("2026-03-02 10:00", "Was refunded")]
