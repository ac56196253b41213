"""An S3 server for the tests: moto's on the loopback address, or the one that the environment names.

    TRAILHOUSE_TEST_S3_ENDPOINT=http://127.0.0.1:7070 AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... \
        ./scripts/test tests/objectstore

Every test has buckets of its own, and its endpoint is a setting of the bucket, so that one Spark session
serves all of them.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.conftest import ROOT, once, run_suite
from tests.objectstore import raw
from tests.objectstore.faults import Proxy, proxy
from trailhouse.packages import has_group

ENDPOINT = "TRAILHOUSE_TEST_S3_ENDPOINT"


@dataclass(frozen=True)
class Store:
    """An S3 server and who we are there. `client` is boto3's."""

    url: str
    key: str
    secret: str
    client: Any

    def bucket(self) -> str:
        """A new bucket."""
        name = f"trailhouse-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, folder: Path, prefix: str) -> None:
        """Upload the files below a folder."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.client.upload_file(str(file), bucket, f"{prefix}/{file.relative_to(folder)}")

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The objects below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def text(self, bucket: str, key: str) -> str:
        """An object's text."""
        return str(self.client.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """The S3 server, for the whole run."""
    boto3 = pytest.importorskip("boto3", reason="boto3 is absent: pip install the extra dev")
    if not has_group(ROOT, "s3"):
        pytest.skip("the Spark package s3 is absent: run scripts/setup")
    key, secret = f"key{secrets.token_hex(8)}", f"secret{secrets.token_hex(16)}"
    with _server(os.environ.get(ENDPOINT)) as url:
        if ENDPOINT in os.environ:
            key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )
        yield Store(url, key, secret, client)


@contextmanager
def _server(given: str | None) -> Iterator[str]:
    if given:
        yield given
        return
    pytest.importorskip("moto.server", reason="moto is absent: pip install the extra dev")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/moto-api/", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"moto's server did not answer at {url} (its exit code: {process.poll()})")


@pytest.fixture
def front(store: Store) -> Iterator[Proxy]:
    """A proxy before the server, which fails on demand."""
    with proxy(store.url) as made:
        yield made


Reach = Callable[..., str]


@pytest.fixture
def reach(spark: SparkSession, store: Store) -> Reach:
    """Makes a bucket that the session reaches at a URL (the server's or a proxy's), with these settings."""

    def made(url: str = store.url, **options: str) -> str:
        bucket = store.bucket()
        conf = spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
        given = {
            "endpoint": url,
            "endpoint.region": "us-east-1",
            "path.style.access": "true",
            "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
            # Of the session, not of the settings, which hold no credentials: a JVM's environment is fixed.
            "access.key": store.key,
            "secret.key": store.secret,
            # Tests wait shorter, not less often.
            "retry.interval": "20ms",
            "retry.throttle.interval": "20ms",
            **{name.replace("_", "."): value for name, value in options.items()},
        }
        for name, value in given.items():
            conf.set(f"fs.s3a.bucket.{bucket}.{name}", value)
        return bucket

    return made


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw files, on the local disk."""
    return once(tmp_path_factory, "objectstore-raw", raw.write)


@pytest.fixture(scope="session")
def local(
    spark: SparkSession, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[object, ...]]:
    """What a local run makes of them."""
    lake = once(
        tmp_path_factory,
        "objectstore-local",
        lambda path: run_suite(spark, raw.settings(str(files), str(path)), *raw.JOBS),
    )
    return raw.contents(spark, str(lake))
