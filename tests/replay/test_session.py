"""A lake with recordings: what is decoded becomes activity, and a session is played from the tables."""

from __future__ import annotations

import io
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from tests.conftest import run_suite
from tests.ingest.raw import World
from tests.replay.sample import browse, recording
from tests.sources.reading import message
from trailhouse.errors import StorageError
from trailhouse.progress import Progress
from trailhouse.replay.command import write_replay
from trailhouse.replay.rrweb import windows
from trailhouse.replay.session import read_session
from trailhouse.run import open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import page_views, replay_events, sessions, signals

AT = "2026-03-02T10:00:{:02d}.000Z"
CLOCK = {"sentAt": None, "receivedAt": None}


def sent(name: str, event: str, second: int, device: str, app: str, /, **properties: Any) -> dict[str, Any]:
    context = {
        "sessionId": f"c-{device}",
        "tabId": "w1",
        "page": {"url": "https://shop.example/plants/boston-fern"},
    }
    return message(
        name, event=event, originalTimestamp=AT.format(second), anonymousId=device, writeKey=app,
        properties=properties, context=context, **CLOCK,
    )  # fmt: skip


def chunk(name: str, part: slice, device: str, app: str) -> dict[str, Any]:
    return sent(name, "Replay Chunk", 5, device, app, events=recording()[part])


def page(name: str, second: int, device: str, app: str, path: str) -> dict[str, Any]:
    return {
        **sent(name, "", second, device, app),
        "type": "page",
        "properties": {"url": f"https://shop.example{path}", "title": path},
    }


def click(name: str, second: int, device: str, app: str, selector: str) -> dict[str, Any]:
    return sent(name, "Element Clicked", second, device, app, selector=selector, x=120, y=260, tag="button")


RAGE = [click(f"rage-{i}", 3, "drawn", "tracked", "button#buy") for i in range(4)]
RECORDS = (
    chunk("alone-2", slice(4, None), "alone", "recorded"),
    chunk("alone-1", slice(0, 4), "alone", "recorded"),
    chunk("both-1", slice(None), "both", "tracked"),
    page("both-page", 0, "both", "tracked", "/plants/boston-fern"),
    click("both-click", 1, "both", "tracked", "button#tracker"),
    page("drawn-page", 0, "drawn", "tracked", "/plants/boston-fern"),
    *RAGE,
    page("drawn-next", 8, "drawn", "tracked", "/basket"),
)


@pytest.fixture(scope="module")
def world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("recorded")
    made = World(spark, folder / "raw", folder / "lake", ("report.title=Replays",))
    made.write("1.json", *RECORDS)
    run_suite(spark, made.settings, "events", "identities", "activity")
    with open_run(spark, made.settings, Progress(Console(file=io.StringIO()))) as run:
        for stage in (page_views.STAGE, signals.STAGE, sessions.STAGE):
            run_stage(run, stage)
    return made


def acts(world: World, device: str) -> list[tuple[Any, ...]]:
    rows = world.lake.read("activity").where(f"anonymous_id = '{device}'").orderBy("event_number")
    return [tuple(row) for row in rows.select("event_name", "element.selector").collect()]


def session_of(world: World, device: str) -> Any:
    [row] = world.lake.read("sessions").where(f"anonymous_id = '{device}'").collect()
    return row


def test_what_was_recorded_is_activity_of_its_person_with_the_elements(
    world: World,
) -> None:
    found = acts(world, "alone")
    assert [row for row in found if row[0] in ("click", "form_change")] == [
        ("click", "button#buy-fern"), ("form_change", "input#code"), ("click", "div#long")
    ]  # fmt: skip
    names = Counter(name for name, _ in found)
    assert (names["page_view"], names["scroll"], names["mutation"], names["replay_chunk"]) == (1, 2, 2, 2)
    row = session_of(world, "alone")
    assert (row.views, row.clicks, row.entry_page) == (1, 2, "/plants/boston-fern")
    # Mutations are seen, so that a click may be told dead: the one on the empty part of the page is.
    signals = world.lake.read("signals").where(f"session_id = '{row.session_id}'").collect()
    assert [(signal.kind, signal.selector) for signal in signals] == [("dead_click", "div#long")]


def test_what_the_tracker_sends_itself_is_not_counted_twice(world: World) -> None:
    found = acts(world, "both")
    assert [row for row in found if row[0] == "click"] == [("click", "button#tracker")]
    names = Counter(name for name, _ in found)
    assert (names["page_view"], names["scroll"], names["mutation"]) == (1, 2, 2)
    decoded = world.lake.read("replay_events").where("app_id = 'tracked'").collect()
    assert {row.event_name for row in decoded} == {"mouse_move", "mutation", "scroll", "form_change"}


def test_another_run_changes_nothing(world: World) -> None:
    before = {name: world.lake.state(name).version for name in ("replay_events", "activity")}
    run_suite(world.spark, world.settings, "activity")
    assert {name: world.lake.state(name).version for name in before} == before


def test_a_late_snapshot_tells_the_elements_and_turned_off_nothing_is_decoded(world: World) -> None:
    inputs = {name: world.lake.read(name) for name in ("events", "replay_chunks")}
    late = {**inputs, "replay_chunks": inputs["replay_chunks"].where("event_id <> 'alone-1'")}
    # Without its snapshot nothing is known of what was clicked.
    found = replay_events.transform(late, Context(world.settings, ""))["replay_events"]
    clicks = found.where("event_name = 'click'").orderBy("event_time")
    told = clicks.select("element.selector", "element.x").collect()
    assert [tuple(row) for row in told] == [(None, 120), (None, 500)]
    off = Context(Settings.model_validate({"replay": {"decode": False}}), "")
    assert replay_events.transform(inputs, off)["replay_events"].isEmpty()


def test_a_session_is_played_from_the_tables(world: World, tmp_path: Path) -> None:
    row = session_of(world, "alone")
    found = read_session(world.lake, "c-alone")
    assert found.session_id == row.session_id
    [window] = windows(found.chunks)
    assert [event["type"] for event in window.events] == [event["type"] for event in recording()]
    out = tmp_path / "replay.html"
    told = write_replay(world.lake, world.settings, row.session_id, out)
    assert told == f"session {row.session_id}, 1 recorded window, 1 signal: {out}"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    shown, _ = browse(out.read_text(), tmp_path, 40_000)
    assert (shown["form"], shown["state"], shown["flags"]) == ("recorded", "finished", 1)
    assert "One Boston fern is in the basket." in shown["text"]


def test_a_session_without_a_recording_is_drawn_from_the_tables(world: World, tmp_path: Path) -> None:
    row = session_of(world, "drawn")
    found = read_session(world.lake, row.session_id)
    assert found.chunks == ()
    assert [view.path for view in found.views] == ["/plants/boston-fern", "/basket"]
    assert [(step.name, step.x) for step in found.steps][:2] == [("page_view", None), ("click", 120)]
    rage = [mark for mark in found.marks if mark.kind == "rage_click"]
    assert [(mark.text, mark.tab_id) for mark in rage] == [("button#buy (4 times)", "w1")]
    told = write_replay(world.lake, world.settings, row.session_id, tmp_path / "drawn.html")
    assert "not recorded, drawn from 6 events" in told
    assert 'data-form="drawn"' in (tmp_path / "drawn.html").read_text()


def test_a_session_that_is_not_there_is_one_sentence(world: World) -> None:
    with pytest.raises(StorageError, match=r"has no session no\\x1bne: name a session_id") as raised:
        read_session(world.lake, "no\x1bne")
    assert raised.value.exit_code == 2
    with pytest.raises(StorageError, match="cannot be written"):
        write_replay(world.lake, world.settings, "c-drawn", Path("/nowhere/there.html"))
