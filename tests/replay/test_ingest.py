"""Recordings from raw records into `replay_chunks`: once each, within a limit, healed after a crash."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.ingest import crashes
from tests.ingest.crashes import Crash, Step, end
from tests.ingest.raw import World
from tests.replay.sample import recording
from tests.sources.reading import message
from trailhouse.ingest import origins
from trailhouse.ingest.origins import restore_origins
from trailhouse.ingest.requeue import Selection
from trailhouse.replay.rrweb import opened
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES
from trailhouse.stages.events import denied, prepare
from trailhouse.stages.replay_chunks import Rules, parted, taken

FIRST = 1_772_445_600_000
"""2026-03-02 10:00:00 UTC, in ms."""
EARLY, LATE = "2026-03-02T10:00:01.000Z", "2026-03-02T10:00:09.000Z"
MIB = 1024 * 1024
CONTEXT = {"sessionId": "c1", "tabId": "w1"}


def rrweb(*times: int, text: str = "", kind: int = 3) -> list[dict[str, Any]]:
    """rrweb events at these ms after ten o'clock."""
    return [{"type": kind, "data": {"text": text}, "timestamp": FIRST + at} for at in times]


def chunk(name: str, events: Any, /, **fields: Any) -> dict[str, Any]:
    """A track call that carries a chunk."""
    properties = {"events": events, **fields.pop("properties", {})}
    return message(name, event="Replay Chunk", properties=properties, context=CONTEXT, **fields)


def named(name: str, path: str) -> dict[str, Any]:
    """A track call that names a file of events."""
    return message(name, event="Replay Chunk", properties={"rrweb_path": path}, context=CONTEXT)


BAD = {
    "replay chunk's file is not there": named("absent", "_replays/absent.json"),
    "replay chunk's rrweb_path leads out of its folder": named("out", "_replays/../../secret.json"),
    "replay chunk not of rrweb events": chunk("bad", [{"kind": "click"}]),
    "replay chunk without rrweb events": message("none", event="Replay Chunk", properties={"page": 1}),
    "time out of bounds in a replay chunk": chunk("late", [{"type": 3, "data": {}, "timestamp": 1e17}]),
    f"replay chunk larger than {16 * MIB} bytes": chunk("huge", rrweb(0, text="x" * 17 * MIB)),
    f"record larger than {MIB} bytes": message(
        "no-chunk", event="Heartbeat", properties={"of": "replay_chunk", "x": "x" * 2 * MIB}
    ),
}
DELIVERIES = (
    (
        chunk("a", rrweb(0, 900), receivedAt=LATE, properties={"chunk_index": 7, "masked": True, "page": 1}),
        chunk("b", rrweb(100, 1000, kind=2), sentAt=None, receivedAt=LATE),
        chunk("large", rrweb(5, 6, text="x" * 2 * MIB)),
        chunk("other", rrweb(7)),
        named("named", "_replays/one [1].json.gz"),
        message("denied", event="replay_chunk", properties={"events": rrweb(1)}, context={
            **CONTEXT, "consent": {"status": "denied"}}),
        message("plain"),
        *BAD.values(),
    ),
    # Another content of `a` that came earlier, `b` once more; what `other` names is no recording.
    (
        chunk("a", rrweb(0, 901), receivedAt=EARLY, sentAt=EARLY),
        chunk("b", rrweb(100, 1000, kind=2), sentAt=None, receivedAt=LATE),
        message("other", receivedAt="2026-03-02T09:00:00.000Z", event="Heartbeat"),
    ),
)  # fmt: skip
FACTS = (
    "event_id", "client_session_id", "tab_id", "anonymous_id", "sequence", "events", "snapshots", "masked",
    "shift_us", "unix_micros(first_time) - 1772445600000000 AS first",
    "unix_micros(last_time) - 1772445600000000 AS last",
)  # fmt: skip
ROW = ("c1", "w1", "device-1")


def put_file(world: World) -> None:
    folder = world.raw / "_replays"
    folder.mkdir(parents=True)
    (folder / "one [1].json.gz").write_bytes(gzip.compress(json.dumps(rrweb(50, 60)).encode()))


def facts(world: World) -> dict[str, tuple[Any, ...]]:
    rows = world.lake.read("replay_chunks").selectExpr(*FACTS).collect()
    assert len({row.event_id for row in rows}) == len(rows)
    return {row.event_id: tuple(row)[1:] for row in rows}


@pytest.fixture(scope="module")
def delivered(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """A lake after the first delivery, and one after the second, whose run died, and a run behind it."""
    folder = tmp_path_factory.mktemp("recordings")
    first = World(spark, folder / "raw", folder / "first")
    first.write("1.json", *DELIVERIES[0])
    put_file(first)
    first.run()
    both = first.copy(folder / "both")
    both.write("2.json", *DELIVERIES[1])
    # Between the commit of events and that of the recordings of these events.
    end(both, Crash(crashes.ORIGINS, dead=True))
    assert facts(both) == facts(first)
    both.run()
    return first, both


def test_chunks_lie_in_a_table_of_their_own_by_session_and_window(delivered: tuple[World, World]) -> None:
    found = facts(delivered[0])
    # Sent at 10:00:01 and received at 10:00:09: eight seconds are added to the client's clock.
    late = 8_000_000
    assert found == {
        "a": (*ROW, 7, 2, 0, True, late, late, late + 900_000),
        "b": (*ROW, None, 2, 2, None, 0, 100_000, 1_000_000),
        "large": (*ROW, None, 2, 0, None, 0, 5_000, 6_000),
        "other": (*ROW, None, 1, 0, None, 0, 7_000, 7_000),
        "named": (*ROW, None, 2, 0, None, 0, 50_000, 60_000),
    }


def test_the_payload_is_kept_as_it_came_and_is_in_no_property(delivered: tuple[World, World]) -> None:
    world = delivered[0]
    data = {row.event_id: opened(bytes(row.data)) for row in world.lake.read("replay_chunks").collect()}
    assert data["a"] == rrweb(0, 900)
    assert data["large"] == rrweb(5, 6, text="x" * 2 * MIB)
    rows = world.lake.read("events").select("event_id", "event_name", "properties").collect()
    assert {row.event_id: row.event_name for row in rows} == {
        **dict.fromkeys(("a", "b", "large", "other", "named", "denied"), "replay_chunk"),
        "plain": "heartbeat",
    }
    told = {row.event_id: row.properties and json.loads(row.properties) for row in rows}
    assert told["a"] == {"chunk_index": 7, "masked": True, "page": 1}
    assert told["named"] == {"rrweb_path": "_replays/one [1].json.gz"}
    assert sorted(name for name, properties in told.items() if properties) == ["a", "named"]


def test_what_is_no_recording_or_too_large_for_one_is_quarantined_with_its_reason(
    delivered: tuple[World, World],
) -> None:
    rows = delivered[0].lake.read("events_quarantine").collect()
    assert sorted(row.reasons[0] for row in rows) == sorted(BAD)
    assert all(len(row.reasons) == 1 for row in rows)
    whole = {row.reasons[0]: row.length for row in rows}
    assert whole[f"replay chunk larger than {16 * MIB} bytes"] > 17 * MIB
    assert all(len(row.raw) <= 65_536 for row in rows)
    assert delivered[0].balance() == delivered[0].lake.read("events").count()


def test_nothing_recorded_is_kept_of_who_does_not_consent(delivered: tuple[World, World]) -> None:
    world = delivered[0]
    assert "denied" not in facts(world)
    [row] = world.lake.read("events").where("event_id = 'denied'").collect()
    assert (row.anonymous_id, row.client_session_id, row.properties) == (None, None, None)


def test_a_run_that_died_before_its_recordings_is_healed_by_the_next_one(
    delivered: tuple[World, World],
) -> None:
    first, both = delivered
    before, found = facts(first), facts(both)
    # The earlier delivery of `a` won; `other` is no recording any more.
    assert set(found) == {"a", "b", "large", "named"}
    assert found["a"] == (*ROW, None, 2, 0, None, 0, 0, 901_000)
    assert (found["b"], found["large"]) == (before["b"], before["large"])
    assert both.balance() == both.lake.read("events").count() == 7


def test_any_batching_and_a_rebuild_give_the_same_chunks(
    delivered: tuple[World, World], tmp_path: Path
) -> None:
    _, both = delivered
    once = World(both.spark, tmp_path / "raw", tmp_path / "once")
    put_file(once)
    once.write("1.json", *DELIVERIES[1], *[record for record in DELIVERIES[0] if record not in BAD.values()])
    # And this one dies between its recordings and the origins.
    merged = Step("the merge of recordings", origins, "publish_chunks")
    end(once, Crash(merged, after=True, dead=True))
    once.during(restore_origins)
    columns = once.lake.read("replay_chunks").columns
    assert once.rows("replay_chunks", *columns) == both.rows("replay_chunks", *columns)
    version = both.lake.version("replay_chunks")
    both.run(rebuild=True)
    assert both.lake.version("replay_chunks") == version


def test_a_file_that_comes_later_is_read_when_its_record_is_sent_again(
    delivered: tuple[World, World], tmp_path: Path
) -> None:
    world = delivered[0].copy(tmp_path / "later")
    file = world.raw / "_replays" / "absent.json"
    file.write_text(json.dumps(rrweb(70)))
    counts, _ = world.requeue(Selection(reason="file is not there"))
    file.unlink()
    assert (counts.kept, counts.quarantined) == (1, 0)
    assert facts(world)["absent"] == (*ROW, None, 1, 0, None, 0, 70_000, 70_000)


def test_posthogs_snapshots_are_chunks(spark: SparkSession, tmp_path: Path) -> None:
    events = recording()
    properties = {
        "$snapshot_data": events, "$session_id": "c9", "$window_id": "w9", "$snapshot_bytes": 5000,
    }  # fmt: skip
    line = {
        "uuid": "p1",
        "event": "$snapshot",
        "timestamp": "2026-03-02T10:00:02+00:00",
        "created_at": "2026-03-02T10:00:05+00:00",
        "distinct_id": "0190a1b2-0000-7000-8000-00000000000d",
    }
    one = {**line, "uuid": "p2", "properties": json.dumps({**properties, "$snapshot_data": events[4]})}
    file = tmp_path / "1.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in ({**line, "properties": properties}, one)))
    source, rules = SOURCES["posthog"], Settings()
    prepare(source.read(spark, [str(file)], rules), source, rules).write.parquet(str(tmp_path / "prepared"))
    inline = spark.read.parquet(str(tmp_path / "prepared")).withColumns(
        {"content": F.lit(None).cast("binary"), "unread": F.lit(None).cast("string")}
    )
    found = {row.event_id: row for row in taken(inline, denied(), rules).collect()}
    assert {(row.client_session_id, row.tab_id, row.event_name) for row in found.values()} == {
        ("c9", "w9", "replay_chunk")
    }
    assert [(found[name].replay.events, found[name].replay.snapshots) for name in ("p1", "p2")] == [
        (len(events), 1), (1, 0)
    ]  # fmt: skip
    assert opened(bytes(found["p1"].replay.data)) == events
    assert json.loads(found["p1"].properties) == {"$snapshot_bytes": 5000}


@pytest.mark.parametrize(
    "payload, problem",
    [
        ([], "replay chunk not of rrweb events"),
        ("[]", "replay chunk not of rrweb events"),
        ("not JSON", "replay chunk not of rrweb events"),
        ([{"type": 7, "data": {}, "timestamp": FIRST}], "replay chunk not of rrweb events"),
        ([{"type": True, "data": {}, "timestamp": FIRST}], "replay chunk not of rrweb events"),
        ([{"type": 3, "timestamp": FIRST}], "replay chunk not of rrweb events"),
        ([{"type": 3, "data": {}, "timestamp": "1"}], "replay chunk not of rrweb events"),
        ([{"type": 3, "data": {}, "timestamp": 5}], "time out of bounds in a replay chunk"),
        ("packed by another tool", "replay chunk not of rrweb events"),
        (None, "replay chunk without rrweb events"),
        (rrweb(1), None),
        (json.dumps(rrweb(1, 2)), None),
        (rrweb(1)[0], None),
    ],
)
def test_a_payload_is_rrweb_events_or_has_a_problem(payload: Any, problem: str | None) -> None:
    found = parted(json.dumps({"events": payload}), None, None, Rules(FIRST - 1000, FIRST + 1000, 1000))
    assert found["problem"] == problem
    assert (found["data"] is None) == (problem is not None)
