"""Every event is followed to its raw file and line, whatever happened on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse import __main__ as terminal
from trailhouse.commands import opening
from trailhouse.errors import StorageError
from trailhouse.ingest import batch
from trailhouse.trace import Origin, Place, origin, told

EARLY, LATE = "2026-03-02T10:00:01.000Z", "2026-03-02T10:00:09.000Z"


def origins(world: World) -> dict[str, str]:
    """The name of each event's file; fails when an event has several."""
    found = [
        (event, Path(unquote(file)).name) for event, file in world.rows("event_origins", "event_id", "file")
    ]
    assert len(dict(found)) == len(found)
    assert len(found) == world.lake.read("events").count()
    return dict(found)


FOUND = {"m-1": "a.json", "m-2": "c.json", "m-3": "b 50%.json", "m-4": "c.json"}


@pytest.fixture(scope="module")
def first(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two files, read at once; an event of one came again in the other."""
    folder = tmp_path_factory.mktemp("origins")
    world = World(spark, folder / "raw", folder / "first")
    world.write("a.json", message("m-1"), "{broken", message("m-2", receivedAt=LATE))
    world.write("b 50%.json", "", message("m-3"), message("m-1"))
    world.run()
    return world


@pytest.fixture(scope="module")
def second(first: World) -> World:
    """A further file for a copy of the lake: an earlier arrival of an event, a copy, and a new one."""
    world = first.copy(first.root.with_name("second"))
    world.write("c.json", message("m-3"), message("m-2", receivedAt=EARLY, event="Other"), message("m-4"))
    world.run()
    return world


def test_an_origin_is_that_of_the_record_that_won(second: World) -> None:
    assert origins(second) == FOUND
    runs = {row.file.rsplit("/", 1)[1]: row for row in second.lake.read("event_origins").collect()}
    batches = second.lake.read("ledger").where("kept IS NOT NULL").orderBy("at").collect()
    assert (runs["a.json"].run_id, runs["a.json"].batch) == (batches[0].run_id, batches[0].batch)
    assert (runs["c.json"].run_id, runs["c.json"].batch) == (batches[1].run_id, batches[1].batch)


def test_a_run_that_died_behind_its_events_leaves_their_origins_to_the_next(
    first: World, second: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = first.copy(tmp_path / "lake")

    def crash(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(batch, "publish_origins", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        world.run()
    monkeypatch.undo()
    assert "m-4" not in dict(world.rows("event_origins", "event_id", "file")), "the crash came too late"
    # The worst that can follow: progress is forgotten, but for a rest, and all files are read in one batch.
    world.lake.clear("_streams/events-segment/metadata")
    world.run()
    assert origins(world) == FOUND
    assert world.balance() == 4


def test_a_rebuild_finds_origins_that_were_never_written(second: World, tmp_path: Path) -> None:
    world = second.copy(tmp_path / "lake")
    world.lake.clear("event_origins")
    world.run(rebuild=True)
    assert origins(world) == FOUND


def test_the_line_is_found_in_the_file_that_is_named(second: World) -> None:
    found = origin(second.lake, second.settings, "m-3")
    assert Path(found.file).name == "b 50%.json"
    [place] = found.places
    assert (place.line, place.won) == (2, True)
    assert place.raw == Path(found.file.removeprefix("file:")).read_bytes().splitlines()[1]


@pytest.mark.parametrize(
    ("event_id", "content", "sentence"),
    [
        ("m-9", None, "has no event 'm-9'"),
        ("m-1", None, "is not there any more"),
        ("m-1", b'{"messageId": "m-1", "type": "page"}\n', "was changed after it was read"),
    ],
)
def test_an_origin_that_cannot_be_shown_is_told_in_a_sentence(
    second: World, event_id: str, content: bytes | None, sentence: str
) -> None:
    file = second.raw / "a.json"
    whole = file.read_bytes()
    try:
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(StorageError, match=sentence) as raised:
            origin(second.lake, second.settings, event_id)
        assert raised.value.exit_code == 2
    finally:
        file.write_bytes(whole)


def test_the_command_shows_file_line_and_run(second: World, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def session(*_: Any) -> Iterator[tuple[SparkSession, object]]:
        yield second.spark, second.settings

    monkeypatch.setattr(opening, "session", session)
    shown = CliRunner().invoke(terminal.app, ["origin", "m-2"]).output
    assert "c.json" in shown
    assert "line   2\n" in shown
    assert "Other" not in shown, "a record is shown to those alone who ask for it"


def test_a_record_shown_cannot_steer_the_terminal() -> None:
    place = Place(None, b'{"a": "\x1b[2J\n\xff"}', True)
    lines = told(Origin("m", "segment", "/raw/\x1b.json", "r", 0, (place,)), show=True)
    assert not any("\x1b" in line or "\n" in line for line in lines)
    assert lines[-1].strip() == '{"a": "\\x1b[2J\\n\\xff"}'
