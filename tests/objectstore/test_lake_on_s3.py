"""Raw files and lake on S3: the tables of a local run, once, and no credential in any of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import ROOT, run_suite
from tests.objectstore import raw
from tests.objectstore.conftest import Reach, Store
from trailhouse.errors import SourceError, StorageError
from trailhouse.files import Files
from trailhouse.run import open_run
from trailhouse.storage import Lake


def submitted(store: Store, log: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    """The events job in a process of its own, with credentials in its environment."""
    conf = {"endpoint": store.url, "endpoint.region": "us-east-1", "path.style.access": "true"}
    given = [*(f"spark.conf.spark.hadoop.fs.s3a.{name}={value}" for name, value in conf.items()), *overrides]
    return subprocess.run(
        [
            sys.executable,
            str(ROOT / "jobs" / "events.py"),
            "--settings=conf/local.yaml",
            *(f"--set={one}" for one in given),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": store.key,
            "AWS_SECRET_ACCESS_KEY": store.secret,
            "LOG4J_CONFIGURATION_FILE": str(ROOT / "conf" / "log4j2.properties"),
            "TRAILHOUSE_SPARK_LOG": str(log),
        },
    )


@pytest.mark.soak
def test_a_job_on_s3_has_the_tables_of_a_local_one_tells_no_credential_and_changes_none_the_second_time(
    spark: SparkSession,
    store: Store,
    reach: Reach,
    files: Path,
    local: dict[str, tuple[object, ...]],
    tmp_path: Path,
) -> None:
    bucket, log = reach(), tmp_path / "spark.log"
    store.put(bucket, files, "raw")
    raw_url, lake_url = f"s3a://{bucket}/raw", f"s3a://{bucket}/lake"
    done = submitted(store, log, *raw.SETTINGS, f"raw.path={raw_url}", f"lake.root={lake_url}")
    assert done.returncode == 0, done.stdout + done.stderr

    lake = Lake(spark, lake_url)
    told = [done.stdout, done.stderr, log.read_text()]
    told += [str(row) for table in ("ledger", "gate_results") for row in lake.read(table).collect()]
    # Commits, the stream's checkpoint and the lease.
    told += [store.text(bucket, key) for key in store.keys(bucket, "lake/") if not key.endswith(".parquet")]
    assert sum("9 kept, 1 duplicate, 1 quarantined" in text for text in told) == 1
    assert [text for text in told if store.key in text or store.secret in text] == []

    there = raw.settings(raw_url, lake_url)
    tables = {name: store.keys(bucket, f"lake/{name}/") for name in ("events", "events_quarantine")}
    run_suite(spark, there, *raw.JOBS)
    assert {name: store.keys(bucket, f"lake/{name}/") for name in tables} == tables
    assert set(local) == set(raw.LAWFUL)
    assert raw.contents(spark, lake_url) == local
    aside = [key for part in ("_staging", "_scratch") for key in store.keys(bucket, f"lake/{part}/")]
    assert [key for key in aside if not key.endswith("/")] == []


def test_a_second_run_over_s3_at_once_ends_with_a_sentence(
    spark: SparkSession, reach: Reach, files: Path
) -> None:
    there = raw.settings(str(files), f"s3a://{reach()}/lake")
    with (
        open_run(spark, there),
        pytest.raises(StorageError, match="is being written by run") as told,
        open_run(spark, there),
    ):
        pass
    assert told.value.exit_code == 2


def test_what_is_not_on_s3_or_closed_to_us_is_told_by_its_url(
    spark: SparkSession, store: Store, reach: Reach, tmp_path: Path
) -> None:
    bucket = reach()
    with pytest.raises(SourceError, match=f"raw input s3a://{bucket}/nowhere does not exist"):
        run_suite(spark, raw.settings(f"s3a://{bucket}/nowhere", str(tmp_path / "lake")), "events")
    store.client.delete_bucket(Bucket=bucket)
    with pytest.raises(StorageError, match=f"lake s3a://{bucket}/lake cannot be .*bucket does not exist"):
        run_suite(spark, raw.settings(str(tmp_path), f"s3a://{bucket}/lake"), "events")


def test_a_bucket_without_a_path_is_its_top(spark: SparkSession, store: Store, reach: Reach) -> None:
    bucket = reach()
    Files(spark).write_text(f"s3a://{bucket}/a.json", "{}")
    given = raw.settings(f"s3a://{bucket}", f"s3a://{bucket}")
    assert Files(spark).some_files(given.raw.path, 1) == [f"s3a://{bucket}/a.json"]
    Lake(spark, given.lake.root).check()
    assert store.keys(bucket) == ["a.json"]
