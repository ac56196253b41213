"""rrweb's events in order: chunks of a window in any order of arrival, packed parts, damage."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import pytest

from tests.replay.sample import chunk, recording
from trailhouse.replay import rrweb
from trailhouse.replay.rrweb import Chunk, Damaged, Event, opened, packed, whole, windows


def zipped(value: Any) -> str:
    """As PostHog's library packs a part of an event."""
    return gzip.compress(json.dumps(value).encode()).decode("latin-1")


def test_chunks_in_any_order_and_overlapping_give_one_recording() -> None:
    events = recording()
    draw = random.Random(7)
    for _ in range(20):
        cuts = sorted(draw.sample(range(1, len(events)), 3))
        parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
        numbered = draw.random() < 0.5
        chunks = [chunk(part, f"chunk-{n}", sequence=n if numbered else None) for n, part in enumerate(parts)]
        chunks.append(chunk(events[2:9], "again", sequence=2 if numbered else None))
        draw.shuffle(chunks)
        [window] = windows(chunks)
        assert list(window.events) == events, "seed 7"
        assert (window.playable, window.damaged) == (True, 0)


def test_windows_are_apart_and_each_is_moved_by_its_least_shift() -> None:
    events = recording()
    chunks = [
        chunk(events[:5], "a", shift_us=250_000),
        chunk(events[5:], "b", shift_us=200_400),
        chunk(events, "c", tab_id="w2", shift_us=-5_000_000),
        chunk(events[:1], "d", tab_id=None),
    ]
    found = windows(chunks)
    assert [window.tab_id for window in found] == ["w2", None, "w1"]
    moved = [
        event["timestamp"] - known["timestamp"] for event, known in zip(found[2].events, events, strict=True)
    ]
    assert set(moved) == {200}
    assert not found[1].playable, "one event is nothing to play"


def test_what_posthogs_library_packs_is_unpacked() -> None:
    snapshot: Event = {"type": 2, "timestamp": 1, "data": {"node": {"id": 1}}}
    mutation: Event = {
        "type": 3, "timestamp": 2,
        "data": {"source": 0, "adds": [1], "removes": [2], "texts": [], "attributes": [{"é": "\u2028"}]},
    }  # fmt: skip
    parts = {key: zipped(value) for key, value in mutation["data"].items() if key != "source"}
    assert whole({**snapshot, "data": zipped(snapshot["data"]), "cv": "2024-10"}) == snapshot
    assert whole({**mutation, "data": {"source": 0, **parts}, "cv": "2024-10"}) == mutation
    assert whole(mutation) is mutation
    broken = {**snapshot, "data": zipped(snapshot["data"])[:-9], "cv": "2024-10"}
    [window] = windows([chunk([*recording(), {**broken, "timestamp": recording()[-1]["timestamp"]}])])
    assert (list(window.events), window.damaged) == (recording(), 1)


def test_packing_is_the_same_each_time_and_survives_any_text() -> None:
    events: list[Event] = [{"type": 3, "timestamp": 1, "data": {"text": "\ud83d </script>\u2028 \x00 é"}}]
    assert packed(events) == packed(json.loads(json.dumps(events)))
    assert opened(packed(events)) == events


def test_what_claims_to_hold_too_much_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rrweb, "MOST_BYTES", 1000)
    with pytest.raises(Damaged):
        opened(gzip.compress(b"[" + b" " * 5000 + b"]"))


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"{}"), gzip.compress(b"[1"), packed([])[:-3]],
    ids=["empty", "no gzip", "an object", "cut JSON", "cut gzip"],
)
def test_a_chunk_that_cannot_be_opened_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        opened(data)
    assert windows([Chunk("a", None, None, None, 0, 0, 0, data)]) == []
