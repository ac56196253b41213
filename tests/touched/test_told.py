"""What late data did to published sessions, in numbers."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.touched.told import restated, split_and_joined


def test_sessions_that_fall_apart_or_become_one_are_counted(spark: SparkSession) -> None:
    def events(*of: tuple[str, str | None]):
        return rows(spark, "activity", [{"event_id": event, "session_id": session} for event, session in of])

    before = events(("a", "s"), ("b", "s"), ("c", "t"), ("d", "u"), ("e", "v"), ("gone", "v"), ("f", None))
    now = events(("a", "s"), ("b", "w"), ("c", "t"), ("d", "t"), ("e", "v"), ("new", "v"), ("f", "v"))
    assert split_and_joined(before, now) == {"split": 1, "joined": 1}
    assert split_and_joined(before, before) == {"split": 0, "joined": 0}


def test_closed_sessions_that_change_or_go_are_restated_and_open_ones_are_not(spark: SparkSession) -> None:
    def sessions(*of: dict[str, object]):
        return rows(spark, "sessions", [{"start_time": "2026-03-02 10:00:00", **row} for row in of])

    before = sessions(
        {"session_id": "same", "closed": True},
        {"session_id": "other", "closed": True, "clicks": 1},
        {"session_id": "gone", "closed": True},
        {"session_id": "open", "closed": False, "clicks": 1},
    )
    now = sessions(
        {"session_id": "same", "closed": True},
        {"session_id": "other", "closed": True, "clicks": 2},
        {"session_id": "open", "closed": True, "clicks": 5},
        {"session_id": "new", "closed": True},
    )
    assert restated(before, now) == {"restated": 2}
    assert restated(before.drop("last_channel"), now) == {"restated": 2}
