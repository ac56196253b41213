"""Raw files that changed after they were read, and files that cannot be read to their end."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.ingest.raw import World
from tests.sources.reading import line, message
from trailhouse.ingest import batch
from trailhouse.ingest.readings import Compared, compare
from trailhouse.progress import Progress
from trailhouse.run import Run

WHOLE = gzip.compress(b"".join(line(message(f"z-{n}")) + b"\n" for n in range(40)), mtime=0)


def events(world: World) -> set[str]:
    return {event for (event,) in world.rows("events", "event_id")}


def notes(world: World) -> list[tuple[str, int, str]]:
    """What the ledger tells of raw files, the newest last."""
    told = world.lake.read("ledger").where("table_name = 'raw_files'").orderBy("at")
    return [(row.stage, row.batch, row.note) for row in told.collect()]


def compare_only(world: World) -> Compared:
    """What a run would tell of the folder."""
    return compare(Run(world.lake, world.settings, Progress()))


def crash(*_: object) -> None:
    raise RuntimeError("power cut")


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str]:
    """A lake of three whole files and half a gzip, read in one batch, and what the terminal showed.

    A fifth file was empty as yet.

    The run died behind its commit of events. When its batch was replayed, the gzip was whole, but the
    batch had been published without it. Another file had been extended meanwhile.
    """
    folder = tmp_path_factory.mktemp("readings")
    world = World(spark, folder / "raw", folder / "lake")
    for name in ("a", "b", "c d"):
        world.write(f"{name}.json", message(f"{name}-1"), message(f"{name}-2"), "{broken " + name)
    world.write("late.json")
    half = world.raw / "half.json.gz"
    half.write_bytes(WHOLE[: len(WHOLE) // 2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "publish_quarantine", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            world.run()
    half.write_bytes(WHOLE)
    a = world.raw / "a.json"
    content, modified = a.read_bytes(), a.stat().st_mtime
    a.write_bytes(content + line(message("a-3")))
    shown = world.run()
    a.write_bytes(content)
    os.utime(a, (modified, modified))
    half.write_bytes(WHOLE[: len(WHOLE) // 2])
    return world, shown


@pytest.fixture
def world(read: tuple[World, str], tmp_path: Path) -> World:
    """A copy of that lake with its raw files."""
    return read[0].copy(tmp_path / "lake")


def test_half_a_gzip_is_left_out_whole_and_told_and_stops_nothing_else(read: tuple[World, str]) -> None:
    world, shown = read
    assert events(world) == {f"{name}-{n}" for name in ("a", "b", "c d") for n in (1, 2)}
    assert {
        Path(file).name: (state, reason)
        for file, state, reason in world.rows("raw_files", "file", "state", "reason")
    } == {
        "a.json": ("read", None),
        "b.json": ("read", None),
        "c%20d.json": ("read", None),
        "half.json.gz": ("unreadable", "Unexpected end of input stream"),
    }
    sizes = {Path(file).name: size for file, size in world.rows("raw_files", "file", "size")}
    assert sizes["a.json"] == (world.raw / "a.json").stat().st_size, "its size when its events were published"
    [(stage, number, note)] = notes(world)
    assert (stage, number) == ("events", 0)
    for told in (note, shown):
        assert "half.json.gz (Unexpected end of input stream)" in told
        assert "1 raw file of 4" in told
    assert world.balance() == 6


def test_a_file_of_another_size_or_time_is_told_and_one_that_is_gone_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: (path.read_bytes(), path.stat().st_mtime) for path in world.raw.iterdir()}
    a, b, c, half, late = sorted(files)
    try:
        # The stream knows its name by now, and would never hand it out.
        late.write_bytes(line(message("late")))
        a.write_bytes(files[a][0][:-30] + b"\n")
        os.utime(b, (0, files[b][1] - 60))
        c.unlink()
        shown = world.run()
        sizes = f"{a} ({len(files[a][0])} bytes then, {len(files[a][0]) - 29} now)"
        changed, broken = notes(world)[1:]
        for told in (shown, changed[2]):
            assert "2 raw files changed after being read" in told
            assert sizes in told.replace("file:", "")
            assert "b.json (" in told
            assert "written again" in told
            assert "c d.json" not in told
            assert "--rebuild" in told
        assert broken[:2] == ("retry", 0), "what was broken is tried again, and told again"
        assert "half.json.gz (Unexpected end" in shown
        assert len(events(world)) == 7
        assert "late" in events(world)

        half.write_bytes(WHOLE)
        monkeypatch.setattr(batch, "record", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            world.run()
        monkeypatch.undo()
        assert [Path(file.path) for file in compare_only(world).again] == [Path(f"file:{half}")]
        world.run(rebuild=True)
        assert {event for event in events(world) if event.startswith("z")} == {f"z-{n}" for n in range(40)}
        assert world.balance() == 47, "a retry that died counts once"
        compared = compare_only(world)
        assert (compared.changed, compared.again) == (0, ())
    finally:
        for path, (content, modified) in files.items():
            path.write_bytes(content)
            os.utime(path, (modified, modified))
