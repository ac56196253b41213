"""The page of a replay: it plays in a browser, loads nothing, and what was recorded never becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.replay.sample import SECOND, START_US, browse, chunk, recording, session
from trailhouse.errors import SettingsError
from trailhouse.replay.page import build_replay
from trailhouse.replay.rrweb import Event
from trailhouse.replay.session import Mark, Step

PLAYER = {
    "rrweb-player.min.js": "9015abec2bf35c6b990c84c1750a950f99479b06446bdec20ad139b98a5ccdfe",
    "rrweb-player.min.css": "ce5e96298e20e7262e317ef8d51aacd8e75cd14cfa66aaff43ceecbb7a3e132a",
}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = (
    """</script><script>document.title='taken'</script><!--<img src=x onerror="document.title='taken'">"""
)


def data_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert found
    return dict(json.loads(found[1]))


def hostile_recording() -> list[Event]:
    """The recording with an attack in its text, an attribute, a script and a frame of its page."""
    text = json.dumps(recording())
    events = list(json.loads(text.replace("Likes shade.", json.dumps(HOSTILE)[1:-1])))
    [snapshot] = [event for event in events if event["type"] == 2]
    body = snapshot["data"]["node"]["childNodes"][1]["childNodes"][-1]
    evil = "document.title='taken'; parent.document.title='taken'"
    body["childNodes"] += [
        {"type": 2, "tagName": "div", "attributes": {"onclick": evil}, "childNodes": [], "id": 901},
        {"type": 2, "tagName": "svg", "attributes": {"onload": evil}, "childNodes": [], "id": 902},
        {"type": 2, "tagName": "script", "attributes": {}, "id": 903, "childNodes": [
            {"type": 3, "textContent": evil, "id": 904}]},
        {"type": 2, "tagName": "a", "childNodes": [], "id": 905, "attributes": {
            "href": f"javascript:{evil}"}},
        {"type": 2, "tagName": "meta", "childNodes": [], "id": 906, "attributes": {
            "http-equiv": "refresh", "content": "0;url=http://127.0.0.1:9/"}},
    ]  # fmt: skip
    return events


def test_the_vendored_player_is_the_published_one_and_its_licence_lies_beside_it() -> None:
    folder = files("trailhouse.replay").joinpath("player")
    for name, digest in PLAYER.items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest
        assert digest in folder.joinpath("ORIGIN.txt").read_text()
    assert "MIT License" in folder.joinpath("LICENSE.txt").read_text()


def test_a_recording_plays_to_its_end_in_a_frame_without_scripts(tmp_path: Path) -> None:
    html = build_replay(session(chunks=(chunk(recording()),)))
    begun, _ = browse(html, tmp_path, 300)
    ended, log = browse(html, tmp_path, 15_000)
    assert "The basket is empty." in begun["text"]
    assert float(begun["progress"]) < 0.5
    assert "One Boston fern is in the basket." in ended["text"]
    assert "</script><b>not bold</b> <!-- &" in ended["text"]
    assert (ended["state"], ended["progress"]) == ("finished", "1.000")
    assert (ended["sandbox"], ended["scripts"]) == ("allow-same-origin", 0)
    # What was typed is masked in the recording, and stays so.
    assert (begun["typed"], ended["typed"]) == ("", "******")
    assert ended["flags"] == 1
    # The recorded page's remote picture is the one thing that the browser was asked to load.
    assert len(log) == 1
    assert "pixel.png' violates the following Content Security Policy" in log[0]


def test_what_was_recorded_never_runs_and_never_ends_the_page(tmp_path: Path) -> None:
    evil = tuple(
        Mark(mark.at_us, mark.kind, HOSTILE, mark.view_id, mark.tab_id, mark.is_signal)
        for mark in session().marks
    )
    html = build_replay(
        session(chunks=(chunk(hostile_recording()),), marks=evil, device=HOSTILE, person_id=HOSTILE)
    )
    assert html.count("</script>") == 3
    assert html.count(HOSTILE) == 0
    found, log = browse(html, tmp_path, 15_000)
    assert found["state"] == "finished"
    assert HOSTILE in found["text"]
    assert found["title"] == "Replay of session s1"
    assert not [line for line in log if "Uncaught" in line]


def test_windows_play_one_after_another_and_half_characters_do_no_harm(tmp_path: Path) -> None:
    later = [{**event, "timestamp": event["timestamp"] + 3000} for event in recording()]
    later.append(
        {"type": 5, "timestamp": later[-1]["timestamp"] + 1, "data": {"tag": "\ud83d", "payload": {}}}
    )
    text = json.dumps(later).replace("Likes shade.", "Likes \\ud83d shade.")
    chunks = (chunk(recording()), chunk(json.loads(text), "chunk-2", tab_id="w2"))
    html = build_replay(session(chunks=chunks))
    found, _ = browse(html, tmp_path, 30_000)
    assert found["seen"][-1] == "finished 1"
    assert "playing 0" in found["seen"]
    assert "Likes \ufffd shade." in found["text"]


def test_a_recording_without_a_whole_picture_is_drawn_and_damage_is_told() -> None:
    rest = [event for event in recording() if event["type"] != 2]
    html = build_replay(session(chunks=(chunk(rest),)))
    assert 'data-form="drawn"' in html
    assert "holds no whole picture of a page" in html
    broken = chunk(recording(), "chunk-2")
    cut = type(broken)(**{**broken.__dict__, "event_id": "chunk-3", "data": broken.data[:100]})
    html = build_replay(session(chunks=(broken, cut)))
    assert 'data-form="recorded"' in html
    assert "1 recorded event could not be read and is left out." in html


def test_without_a_recording_pointer_clicks_and_scrolling_are_drawn_in_time(tmp_path: Path) -> None:
    html = build_replay(session())
    begun, log = browse(html, tmp_path, 400)
    assert log == []
    assert begun["page"] == "/plants/boston-fern"
    assert (begun["state"], begun["clicks"], begun["offset"]) == ("playing", "0", "0")
    ended, _ = browse(html, tmp_path, 15_000)
    assert (ended["state"], ended["page"], ended["pointer"]) == ("finished", "/basket", "300,200")
    assert (ended["clicks"], ended["at"]) == ("1", "10000")
    # Two pages and two signals are marked on the time line.
    assert ended["flags"] == 4
    scrolled = session()
    steps = tuple(step for step in scrolled.steps if step.view_id == "v1")
    ended, _ = browse(build_replay(session(steps=steps)), tmp_path, 15_000)
    assert (ended["offset"], ended["clicks"]) == ("900", "5")


def test_hostile_texts_are_drawn_as_text(tmp_path: Path) -> None:
    box = (10, 10, 100, 30)
    steps = (Step(START_US + SECOND, "click", "v1", 20, 20, None, HOSTILE, box),)
    found, log = browse(build_replay(session(steps=steps, device=HOSTILE)), tmp_path, 15_000)
    assert (found["state"], found["title"], log) == ("finished", "Replay of session s1", [])


def test_a_screenshot_lies_beneath_and_one_that_is_none_is_told(tmp_path: Path) -> None:
    shot, text = tmp_path / "basket.png", tmp_path / "basket.txt"
    shot.write_bytes(PIXEL)
    text.write_text("no picture")
    # That of another page is not read.
    html = build_replay(session(), {"/basket": str(shot), "/other": "missing.png"})
    assert data_of(html)["pictures"] == {
        "/basket": "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    }
    with pytest.raises(SettingsError, match=r"page /basket: .*basket.txt is neither PNG nor JPEG"):
        build_replay(session(), {"/basket": str(text)})
    with pytest.raises(SettingsError, match=r"page /basket: missing.png can not be read"):
        build_replay(session(), {"/basket": "missing.png"})


def test_a_session_without_any_view_says_so(tmp_path: Path) -> None:
    html = build_replay(session(views=(), steps=(), marks=()))
    assert "no page or screen to draw on" in html
    found, log = browse(html, tmp_path, 1000)
    assert (found["state"], log) == ("finished", [])


def test_the_same_session_gives_the_same_page() -> None:
    one, two = (build_replay(session(chunks=(chunk(recording()),))) for _ in range(2))
    assert one == two
