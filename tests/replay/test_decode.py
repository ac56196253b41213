"""What a recording is decoded into, each rule by a small case, and a real recording as a whole."""

from __future__ import annotations

from typing import Any

from tests.replay.sample import START_US, recording
from trailhouse.replay.decode import Decoded, Recorded, decode

AT = 1_000_000


def recorded(events: list[dict[str, Any]], chunk: str = "c") -> list[Recorded]:
    return [
        Recorded(chunk, index, round(event["timestamp"] * 1000), event) for index, event in enumerate(events)
    ]


def event(ms: int, kind: int = 3, **data: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": ms, "data": data}


def told(found: list[Decoded], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(one, name) for name in names) for one in found]


def node(number: int, tag: str, *children: Any, **attributes: str) -> dict[str, Any]:
    inner = [
        {"type": 3, "id": number * 100 + i, "textContent": child} if isinstance(child, str) else child
        for i, child in enumerate(children)
    ]
    return {"type": 2, "id": number, "tagName": tag, "attributes": attributes, "childNodes": inner}


def snapshot(ms: int, *children: Any) -> dict[str, Any]:
    return event(ms, 2, node={"type": 0, "id": 1, "childNodes": [node(2, "body", *children)]})


def click(ms: int, number: int, x: float = 10, y: float = 20, **data: Any) -> dict[str, Any]:
    return event(ms, source=2, type=2, id=number, x=x, y=y, **data)


def test_a_real_recording_gives_what_was_done() -> None:
    found = [one for one in decode(recorded(recording())) if one.name not in ("mouse_move", "mutation")]
    assert told(found, "name", "x", "y", "selector", "text", "interactive", "offset", "form", "field") == [
        ("page_view", None, None, None, None, None, None, None, None),
        ("click", 120, 262, "button#buy-fern", "Add to basket", True, None, None, None),
        ("form_change", None, None, "input#code", None, None, None, "voucher", "code"),
        ("scroll", None, None, None, None, None, 400, None, None),
        ("scroll", None, None, None, None, None, 900, None, None),
        # 300 px below the top of what was seen, which was scrolled by 900.
        ("click", 500, 1200, "div#long", None, None, None, None, None),
    ]
    assert {one.url for one in found} == {"https://shop.example/plants/boston-fern"}
    assert {(one.width, one.height) for one in found} == {(1000, 557)}
    assert found[0].at_us - START_US < 10_000
    # The mask of what was typed is no news either.
    assert not any("*" in str(one) or "SECRET" in str(one) for one in found)


def test_an_element_is_told_by_the_snapshot_and_the_changes_since() -> None:
    shop = node(
        3, "div", node(4, "a", node(5, "b", "Go"), href="/go", **{"class": "btn big"}), **{"class": "bar"}
    )
    events = [
        click(0, 5),
        snapshot(1, shop),
        click(2, 5),
        event(3, source=0, adds=[{"parentId": 3, "node": node(6, "span", "New", id="new")}], removes=[],
              attributes=[{"id": 4, "attributes": {"id": "go", "class": None}}],
              texts=[{"id": 500, "value": "Stay"}]),
        click(4, 5),
        click(5, 6, pointerType=2),
        event(6, source=0, adds=[{"parentId": 3, "node": node(5, "i", "x")}],
              removes=[{"parentId": 4, "id": 5}], attributes=[], texts=[]),
        click(7, 5),
        snapshot(8, node(5, "p", "gone")),
        click(9, 5),
    ]  # fmt: skip
    found = [one for one in decode(recorded(events)) if one.name == "click"]
    assert told(found, "selector", "text", "tag", "href", "interactive", "pointer") == [
        (None, None, None, None, None, None),  # nothing is known of the page yet
        ("body > div.bar > a.btn.big > b", "Go", "b", "/go", True, None),
        ("a#go > b", "Stay", "b", "/go", True, None),
        ("span#new", "New", "span", None, None, "touch"),
        ("body > div.bar > i", "x", "i", None, None, None),
        ("body > p", "gone", "p", None, None, None),
    ]


def test_pointer_and_changes_are_thinned_and_a_click_is_answered() -> None:
    places = [{"x": x, "y": 5, "id": 1, "timeOffset": -450 + 30 * x} for x in range(16)]
    change = {"source": 0, "adds": [], "removes": [], "texts": [], "attributes": []}
    events = [
        event(500, source=1, positions=places),
        event(1000, **change),
        event(1010, **change),
        click(1020, 1),
        event(1030, **change),
        event(1040, **change),
        event(1100, **change),
    ]
    found = decode(recorded(events))
    moves = [one for one in found if one.name == "mouse_move"]
    assert told(moves, "at_us", "x", "index", "pointer") == [
        (50_000, 0, "0.0", "mouse"),
        (110_000, 2, "0.2", "mouse"),
        (200_000, 5, "0.5", "mouse"),
        (320_000, 9, "0.9", "mouse"),
        (410_000, 12, "0.12", "mouse"),
        (500_000, 15, "0.15", "mouse"),
    ]
    rest = [one for one in found if one.name != "mouse_move"]
    assert told(rest, "name", "at_us") == [
        ("mutation", AT), ("click", AT + 20_000), ("mutation", AT + 30_000), ("mutation", AT + 100_000)
    ]  # fmt: skip


def test_pages_begin_with_another_address_and_scrolling_is_the_pages_own() -> None:
    events = [
        event(0, 4, href="https://s.example/a", width=800, height=600),
        snapshot(1, node(3, "div", "x")),
        event(2, source=3, id=3, x=0, y=50),
        event(3, source=3, id=1, x=5, y=70.4),
        click(4, 3),
        event(5, 4, href="https://s.example/a", width=900, height=600),
        event(6, source=4, width=400, height=300),
        event(7, 4, href="https://s.example/b", width=400, height=300),
        click(8, 3),
        event(9, 4, href=None, width=-1, height="x"),
        click(10, 3, x=float("1e12")),
    ]
    found = decode(recorded(events))
    assert told(found, "name", "url", "width", "x", "y", "offset") == [
        ("page_view", "https://s.example/a", 800, None, None, None),
        ("scroll", "https://s.example/a", 800, None, None, 70),
        ("click", "https://s.example/a", 800, 15, 90, None),
        ("page_view", "https://s.example/b", 400, None, None, None),
        ("click", "https://s.example/b", 400, 10, 20, None),
        ("click", "https://s.example/b", None, None, 20, None),
    ]


def test_what_is_typed_into_a_field_is_one_change_and_never_text() -> None:
    form = node(3, "form", node(4, "input", name="a"), node(5, "textarea", "note", id="b"), id="f")
    events = [
        snapshot(0, form),
        *[event(at, source=5, id=number, text="secret") for at, number in ((1, 4), (2, 4), (3, 5), (4, 4))],
        click(5, 5),
    ]
    found = decode(recorded(events))
    assert told(found, "name", "at_us", "form", "field", "text") == [
        ("form_change", 2000, "f", "a", None),
        ("form_change", 3000, "f", "b", None),
        ("form_change", 4000, "f", "a", None),
        ("click", 5000, None, None, None),
    ]


def test_what_is_no_event_of_rrwebs_is_passed_over() -> None:
    odd: list[dict[str, Any]] = [
        {"type": 3, "timestamp": 1, "data": None},
        {"type": 2, "timestamp": 1, "data": {"node": [1]}},
        {"type": 2, "timestamp": 1, "data": {"node": {"id": "x"}}},
        event(1, source=0, adds="x", removes=[1], texts=[{"id": []}], attributes=[{"id": 1}]),
        event(2, source=1, positions=[{"x": "a"}, 5, {"x": 1, "y": 2, "timeOffset": None}]),
        event(3, source=2, type=2, id=[1], x=None, y=True),
        event(4, source=5, id={}),
        event(5, source=3, id="1"),
        event(6, source=99),
        event(7, 5, tag="own", payload={}),
    ]
    found = decode(recorded(odd))
    assert told(found, "name", "x", "y", "selector") == [
        ("mutation", None, None, None), ("click", None, None, None), ("form_change", None, None, None)
    ]  # fmt: skip
