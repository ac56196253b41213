"""A store that fails: a run outlasts what passes, and ends in one sentence where it lasts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import run_suite
from tests.objectstore import raw
from tests.objectstore.conftest import Reach, Store
from tests.objectstore.faults import DOWN, SLOW_DOWN, Drop, Fault, Proxy, Request, Rule, Wait
from trailhouse.errors import StorageError

FAULTS = (DOWN, Drop(), Wait(0.2), SLOW_DOWN, Drop(after=True))


def now_and_then(request: Request) -> Fault:
    """Every seventh request fails, in turns of all ways."""
    turn, rest = divmod(request.number, 7)
    return None if rest else FAULTS[turn % len(FAULTS)]


def from_(begins: Rule) -> Rule:
    """Down for good from the first request for which `begins` says so."""
    down: list[bool] = []

    def rule(request: Request) -> Fault:
        if not down and begins(request) is not None:
            down.append(True)
        return DOWN if down else None

    return rule


def writes(part: str) -> Rule:
    """Begins with the first write whose path holds this."""
    return lambda request: DOWN if request.method == "PUT" and part in request.path else None


@pytest.mark.soak
def test_a_store_that_stays_down_ends_a_run_in_a_sentence_and_one_that_recovers_is_outlasted(
    spark: SparkSession,
    store: Store,
    reach: Reach,
    front: Proxy,
    files: Path,
    local: dict[str, tuple[object, ...]],
) -> None:
    bucket = reach(front.url, attempts_maximum="1")
    store.put(bucket, files, "raw")
    lake = f"s3a://{bucket}/lake"
    there = raw.settings(f"s3a://{bucket}/raw", lake)
    one = f"_delta_log/{1:020}.json"
    points: dict[str, tuple[Rule, dict[str, int]]] = {
        "the first word": (lambda _: DOWN, {}),
        "the lease": (writes("/_lease/"), {}),
        "the checkpoint": (writes("/_streams/"), {"events": 0}),
        "the commit": (writes(f"/events/{one}"), {"events": 0}),
        "after it": (writes(f"/events_quarantine/{one}"), {"events": 9, "events_quarantine": 0}),
    }
    for name, (begins, rows) in points.items():
        started = time.monotonic()
        with front.failing(from_(begins)), pytest.raises(StorageError) as told:
            run_suite(spark, there, "events")
        assert time.monotonic() - started < 60, name
        assert told.value.exit_code == 2
        assert "503" in str(told.value), name
        assert [word for word in ("\n", store.key, store.secret) if word in str(told.value)] == []
        seen = raw.contents(spark, lake)
        assert {table: seen[table][0] for table in rows} == rows, name
        # Its process would be gone; here it is this one.
        store.client.delete_object(Bucket=bucket, Key="lake/_lease/current")

    with front.failing(now_and_then) as requests:
        run_suite(spark, there, *raw.JOBS)
    assert len(requests) > 7 * len(FAULTS)
    assert raw.contents(spark, lake) == local


def test_a_store_that_never_answers_is_waited_for_at_most_five_minutes(spark: SparkSession) -> None:
    conf = spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[attr-defined]

    def seconds(name: str) -> float:
        return float(conf.getTimeDuration(f"fs.s3a.{name}", 0, conf_unit) / 1000)

    conf_unit = spark._jvm.java.util.concurrent.TimeUnit.MILLISECONDS  # type: ignore[union-attr]
    for kind, limit, answer in (
        ("retry", "retry.limit", seconds("connection.request.timeout")),
        ("retry.throttle", "retry.throttle.limit", 0.0),
    ):
        tries = int(conf.get(f"fs.s3a.{limit}"))
        # Hadoop doubles the pause from twice its first length on, and adds up to half of it at random.
        pauses = sum(1.5 * seconds(f"{kind}.interval") * 2 ** (one + 1) for one in range(tries))
        assert answer * (tries + 1) + pauses < 300
