"""A held batch stops its stream until a person releases or rejects it; both are told, and last."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console
from typer.testing import CliRunner

from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse import __main__ as terminal
from trailhouse.commands import opening
from trailhouse.errors import GateFailed, SettingsError
from trailhouse.ingest.held import held_batches
from trailhouse.progress import Progress
from trailhouse.rehearsal import rehearse

BAD = "gates.max_quarantine_share=0.5"


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Files are read one by one; one that is mostly unreadable is held."""
    world = World(spark, tmp_path / "raw", tmp_path / "lake", (BAD, "raw.files_per_batch=1"))
    monkeypatch.setattr(opening, "session", lambda *_: _Session(world))
    return world


def write_bad(world: World, name: str) -> None:
    """A file with one event and three records that are none."""
    world.write(f"{name}.json", message(name), *(f"{{broken {name} {number}" for number in range(3)))


class _Session:
    """The test's session where a command would start its own."""

    def __init__(self, world: World) -> None:
        self.given = (world.spark, world.settings)

    def __enter__(self) -> object:
        return self.given

    def __exit__(self, *_: object) -> None:
        return None


def held(*arguments: str) -> str:
    """What `python -m trailhouse held` prints."""
    done = CliRunner().invoke(terminal.app, ["held", *arguments], terminal_width=1_000)
    if done.exception:
        raise done.exception
    return done.stdout


def events(world: World) -> list[str]:
    return [event for (event,) in world.rows("events", "event_id")]


def to_read(world: World) -> list[str]:
    """Names of the files that a dry run says would be read."""
    quiet = Progress(Console(file=io.StringIO()))
    found = rehearse(world.spark, world.settings, quiet, "events")
    return [Path(name).name for one in found.days for name in one.names]


@pytest.mark.parametrize("rebuilt", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_batch_is_held_then_rejected_or_released_and_a_rebuild_keeps_to_what_was_decided(
    world: World, rebuilt: bool
) -> None:
    write_bad(world, "b")
    with pytest.raises(GateFailed, match="quarantine_share"):
        world.run()
    assert events(world) == []
    [batch] = held_batches(world.lake)
    assert (batch.number, batch.state, batch.checks) == (0, "held", ("events.quarantine_share",))
    shown = held()
    assert f"{batch} held" in shown
    assert "1 file: file:" in shown
    assert "b.json" in shown
    assert "events.quarantine_share: At most 50% of a batch's records are unreadable." in shown
    assert "75.0% (3 of 4)" in shown
    for name in ("0", "nobody/0", f"{batch.stream}/1"):
        with pytest.raises(SettingsError, match="is no held batch"):
            held("--reject", name)
    with pytest.raises(SettingsError, match="named twice"):
        held("--reject", str(batch), "--release", str(batch))

    # The stream goes on behind a rejected batch, to the next one that is held.
    held("--reject", f"{batch.stream[:8]}/0")
    write_bad(world, "d")
    with pytest.raises(GateFailed, match="quarantine_share"):
        world.run()
    states = {str(one): one.state for one in held_batches(world.lake)}
    assert states == {f"{batch.stream}/0": "rejected", f"{batch.stream}/1": "held"}

    assert "the next run publishes it" in held("--release", f"{batch.stream}/1")
    shown = world.run()
    assert "At most 50% of a batch's records are unreadable" in shown, "what was accepted warns"
    assert events(world) == ["d"], "the stream, which hands d out again, does not hold it again"
    assert world.lake.read("events_quarantine").count() == 3
    if rebuilt:  # d stays accepted and b rejected when all is read anew
        world.run(rebuild=True)
    assert events(world) == ["d"]
    assert world.balance() == 1
    assert f"{batch.stream}/0 rejected" in held()

    assert to_read(world) == []
    held("--release", f"{batch.stream}/0")
    assert to_read(world) == ["b.json"], "a rejected batch is released after all"
    told = world.lake.read("ledger").where("stage = 'held'").orderBy("at").collect()
    assert [(row.action, row.batch) for row in told] == [("rejected", 0), ("released", 1), ("released", 0)]
    assert all("1 file; events.quarantine_share" in row.note for row in told)
    known = world.lake.read("raw_files").where("file LIKE '%d.json'").orderBy("read_time").collect()
    assert [row.state for row in known] == ["held", "released", "read", *(["read"] if rebuilt else [])]
