"""The lease on S3: conditional writes keep two runs apart, whatever comes in between."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.objectstore.conftest import Reach, Store
from tests.objectstore.faults import Drop, Fault, Proxy, Refuse, Request, Unconditional
from trailhouse.errors import StorageError
from trailhouse.files import Files
from trailhouse.lease import Lease

CURRENT = "lake/_lease/current"


def lease(spark: SparkSession, bucket: str, run: str = "mine", seconds: float = 60) -> Lease:
    return Lease(Files(spark), f"s3a://{bucket}/lake", run, seconds)


def left(store: Store, bucket: str, **told: Any) -> None:
    """A lease as some other run wrote it."""
    other = {"run": "other", "host": "elsewhere/-", "pid": 12, "since": "then", "token": "t", "renewed": 0.0}
    store.client.put_object(Bucket=bucket, Key=CURRENT, Body=json.dumps(other | told).encode())


def holder(store: Store, bucket: str) -> dict[str, Any]:
    return dict(json.loads(store.text(bucket, CURRENT)))


def takes(mine: Lease) -> bool:
    try:
        mine.acquire()
    except StorageError:
        return False
    return True


def test_a_second_run_on_s3_is_told_who_writes_till_the_first_has_ended(
    spark: SparkSession, store: Store, reach: Reach
) -> None:
    bucket = reach()
    first, second = lease(spark, bucket, "first"), lease(spark, bucket, "second")
    first.acquire()
    with pytest.raises(StorageError, match="is being written by run first") as told:
        second.acquire()
    assert told.value.exit_code == 2
    first.release()
    second.acquire()
    assert holder(store, bucket)["run"] == "second"
    second.release()


def test_of_many_that_find_a_dead_lease_on_s3_one_takes_it_and_keeps_it(
    spark: SparkSession, store: Store, reach: Reach, front: Proxy
) -> None:
    bucket = reach(front.url)
    for number in range(5):
        left(store, bucket, token=f"dead-{number}")
        leases = [lease(spark, bucket, f"run {one}") for one in range(6)]
        with ThreadPoolExecutor(len(leases)) as pool:
            won = [mine for mine, got in zip(leases, pool.map(takes, leases), strict=True) if got]
        assert [mine._own.run for mine in won] == [holder(store, bucket)["run"]]
        won[0].release()


def test_of_two_that_find_a_dead_lease_one_takes_it_whenever_the_other_comes_in_between(
    spark: SparkSession, store: Store, reach: Reach, front: Proxy
) -> None:
    bucket = reach(front.url)
    for place in range(1, 5):
        left(store, bucket, token=f"dead-{place}")
        slow, fast = lease(spark, bucket, "slow"), lease(spark, bucket, "fast")
        won: list[Lease] = []
        changes: list[Request] = []

        def interrupted(
            request: Request,
            changes: list[Request] = changes,
            won: list[Lease] = won,
            fast: Lease = fast,
            place: int = place,
        ) -> Fault:
            if request.method in ("PUT", "POST", "DELETE"):
                changes.append(request)
                if len(changes) == place:
                    front.rule = lambda _: None  # the other's own requests pass
                    won += [fast] if takes(fast) else []
            return None

        with front.failing(interrupted):
            won += [slow] if takes(slow) else []
        assert [mine._own.run for mine in won] == [holder(store, bucket)["run"]], changes
        won[0].release()


def test_a_run_that_was_cut_off_does_not_write_over_its_successors_lease(
    spark: SparkSession, store: Store, reach: Reach, front: Proxy
) -> None:
    bucket = reach(front.url)
    mine = lease(spark, bucket)
    mine.acquire()

    def succeeded(request: Request) -> Fault:
        if request.method == "PUT":  # it has just seen that the lease is its own
            left(store, bucket, run="successor", renewed=time.time())
        return None

    with front.failing(succeeded):
        mine._renew_once()
    assert holder(store, bucket)["run"] == "successor"
    mine._renew_once()
    with pytest.raises(StorageError, match="run successor has taken it over"):
        mine.require()
    mine.release()
    assert holder(store, bucket)["run"] == "successor"


def test_a_lease_that_is_renewed_while_another_run_reads_it_is_read_again(
    spark: SparkSession, store: Store, reach: Reach, front: Proxy
) -> None:
    bucket = reach(front.url)
    mine = lease(spark, bucket)
    mine.acquire()
    times = iter(range(2))

    def renewed(request: Request) -> Fault:
        if request.method == "GET" and request.path.endswith("/current") and next(times, None) is not None:
            store.client.put_object(Bucket=bucket, Key=CURRENT, Body=mine._text(time.time()).encode())
        return None

    with front.failing(renewed), pytest.raises(StorageError, match="is being written by run mine"):
        lease(spark, bucket, "second").acquire()
    assert next(times, None) is None
    mine.release()


def test_a_lease_on_s3_is_renewed(spark: SparkSession, store: Store, reach: Reach) -> None:
    bucket = reach()
    mine = lease(spark, bucket)
    mine.acquire()
    before = holder(store, bucket)["renewed"]
    mine._renew_once()
    assert holder(store, bucket)["renewed"] > before
    mine.require()
    mine.release()


@pytest.mark.parametrize(
    "fault", [Refuse(409, "ConditionalRequestConflict"), Refuse(412, "PreconditionFailed"), Drop(after=True)]
)
def test_a_conflict_or_a_lost_answer_is_no_failure_of_the_store(
    spark: SparkSession, store: Store, reach: Reach, front: Proxy, fault: Fault
) -> None:
    bucket = reach(front.url)
    for mine in (lease(spark, bucket, "first"), lease(spark, bucket, "second")):  # made anew, and taken over
        once: list[Request] = []

        def at_first(request: Request, once: list[Request] = once) -> Fault:
            if not request.conditional or once:
                return None
            once.append(request)
            return fault

        with front.failing(at_first):
            mine.acquire()
        assert once
        assert holder(store, bucket)["run"] == mine._own.run
        mine.release()


def test_a_store_that_ignores_conditions_is_refused(
    spark: SparkSession, store: Store, reach: Reach, front: Proxy
) -> None:
    bucket = reach(front.url)
    mine = lease(spark, bucket)
    with (
        front.failing(lambda request: Unconditional() if request.conditional else None),
        pytest.raises(StorageError, match="ignores conditional writes"),
    ):
        mine.acquire()
    assert holder(store, bucket)["renewed"] == 0  # nobody is locked out
