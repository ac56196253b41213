"""Quarantined records reach events after a fix, once, and the ledger balances."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from tests.ingest.raw import World
from tests.sources.reading import line, message
from tests.sources.samples import DELIVERED, written
from trailhouse import __main__ as terminal
from trailhouse.errors import SettingsError, SourceError
from trailhouse.ingest import requeue
from trailhouse.ingest.requeue import Selection
from trailhouse.progress import Progress
from trailhouse.run import Run
from trailhouse.settings import load_settings
from trailhouse.sources import SOURCES
from trailhouse.storage import Lake

SMALL = "raw.max_record_bytes=1024"
"""The setting that was wrong."""
WIDE = message("wide", properties={"note": "x" * 2_000})
LONG = message("long", properties={"note": "x" * 100_000})
"""Longer than what quarantine keeps of a record."""
NOBODY = message("nobody", anonymousId=None, properties={"note": "x" * 2_000})
COPY = message("good", properties={"note": "x" * 2_000})
OLD = message("old", originalTimestamp="1980-03-02T10:00:00.000Z")


def code(record: object) -> str:
    """The content hash of a record's line."""
    return hashlib.sha256(line(record)).hexdigest()  # type: ignore[arg-type]


def still(world: World) -> dict[str, list[str]]:
    """Reasons of what is in quarantine, by hash."""
    rows = world.lake.read("events_quarantine").where("released_run IS NULL").collect()
    return {row.content_hash: row.reasons for row in rows}


@pytest.fixture(scope="module")
def bad(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A lake with one event and six quarantined records, four of them for a setting."""
    folder = tmp_path_factory.mktemp("requeue")
    world = World(spark, folder / "raw", folder / "lake", (SMALL,))
    world.write("a.json", message("good"), WIDE, LONG, "{broken")
    world.write("b c.json", NOBODY, COPY, OLD)
    world.run()
    assert len(still(world)) == 6
    return world


def test_records_that_parse_now_become_events_and_the_others_keep_todays_reasons(
    bad: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bad.copy(tmp_path / "lake")

    def crash(*_: object) -> None:
        raise RuntimeError("power cut")

    # Behind the commit of events, before anything is marked.
    monkeypatch.setattr(requeue, "_mark", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        world.requeue(Selection(reason="larger than"))
    monkeypatch.undo()
    assert len(still(world)) == 6
    counts, shown = replace(world, overrides=("events.earliest=1970-01-01",)).requeue(Selection())
    assert (counts.records_in, counts.kept, counts.duplicate, counts.quarantined) == (6, 1, 3, 2)
    assert "6 records: 1 kept, 3 duplicate, 0 refused, 2 still quarantined" in shown
    assert [event for (event,) in world.rows("events", "event_id")] == ["good", "long", "old", "wide"]
    assert world.balance() == 4
    told = world.lake.read("ledger").where("stage = 'requeue' AND kept IS NOT NULL").orderBy("at").collect()
    assert [(row.kept, row.duplicate, row.quarantined) for row in told] == [(2, 1, 1), (1, 3, 2)]
    assert still(world) == {
        code("{broken"): ["not a JSON object"],
        code(NOBODY): ["no identifier"],
    }
    marked = world.lake.read("events_quarantine").where("requeued_run IS NOT NULL").collect()
    assert len(marked) == 6
    origins = {event: Path(file).name for event, file in world.rows("event_origins", "event_id", "file")}
    assert origins == {"good": "a.json", "long": "a.json", "wide": "a.json", "old": "b%20c.json"}


def test_a_record_of_which_a_part_is_kept_needs_its_file(bad: World, tmp_path: Path) -> None:
    world = bad.copy(tmp_path / "lake")
    file = world.raw / "a.json"
    aside = file.rename(tmp_path / "aside")
    try:
        with pytest.raises(SourceError, match=r"1 quarantined record cannot be sent again.*a\.json is gone"):
            world.requeue(Selection(hashes=(code(LONG),)))
        counts, shown = world.requeue(Selection(hashes=(code(LONG)[:12], code(WIDE)[:12])))
    finally:
        aside.rename(file)
    assert (counts.records_in, counts.kept) == (1, 1)
    assert "1 quarantined record cannot be sent again" in shown
    assert code(LONG) in still(world)
    assert code(WIDE) not in still(world)


def test_what_is_given_must_hold_together(bad: World) -> None:
    rows = bad.lake.read("events_quarantine")
    [first] = rows.where(f"content_hash = '{code(WIDE)}'").collect()
    now = datetime.now(UTC)

    def picked(selection: Selection) -> set[str]:
        return {row.content_hash for row in rows.where(selection.condition()).collect()}

    assert len(picked(Selection())) == 6
    assert picked(Selection(file="b c.json")) == {code(NOBODY), code(COPY), code(OLD)}
    assert picked(Selection(file="b c.json", reason="larger than")) == {code(NOBODY), code(COPY)}
    assert picked(Selection(reason="larger than 1024 bytes", hashes=(code(OLD)[:9],))) == set()
    assert len(picked(Selection(since=now - timedelta(hours=1)))) == 6
    assert picked(Selection(since=now + timedelta(hours=1))) == set()
    assert first.requeued_run is None


def test_records_that_are_no_lines_are_read_again_from_their_file(
    spark: SparkSession, tmp_path: Path
) -> None:
    source, settings = SOURCES["snowplow"], load_settings(None, [f"lake.root={tmp_path}/lake"])
    good = DELIVERED["snowplow"]
    file = tmp_path / "x y.csv"
    file.write_bytes(written("snowplow", good, {**good, "event_id": "e-2"}, {**good, "event_id": "e-3"}))
    records = source.read(spark, [str(file)], settings).where("cells.event_id <> 'e-1'")
    columns = ("content_hash STRING", "source STRING", "file STRING", "raw BINARY", "length BIGINT")
    bad = [
        (hashlib.sha256(row.raw).hexdigest(), "snowplow", row.file, row.raw, len(row.raw))
        for row in records.collect()
    ]
    chosen = spark.createDataFrame([bad[0], ("0" * 64, *bad[1][1:])], ", ".join(columns))
    run = Run(Lake(spark, settings.lake.root), settings, Progress())
    found, missing = requeue._records(run, source, chosen)
    assert found is not None
    [row] = source.parse(found, settings).select("event_id", "content_hash", "reasons").collect()
    assert (row.event_id, row.reasons) == ("e-2", [])
    assert [text.split(" cannot")[0] for text in missing] == ["1 quarantined record"]


@pytest.mark.parametrize("arguments", [[], ["--all", "--reason", "no name"]])
def test_the_command_wants_to_know_which_records(arguments: list[str]) -> None:
    done = CliRunner().invoke(terminal.app, ["requeue", *arguments])
    assert isinstance(done.exception, SettingsError)
    assert "--all alone" in str(done.exception)
