"""One small Spark session for the whole test run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from trailhouse.packages import jar_paths
from trailhouse.settings import Settings
from trailhouse.spark import build_session

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"

os.environ["TZ"] = "UTC"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """local[2], two shuffle partitions, no UI, Delta and GraphFrames on the class path."""
    scratch = tmp_path_factory.mktemp("spark")
    settings = Settings.model_validate(
        {
            "spark": {
                "shuffle_partitions": 2,
                "conf": {
                    "spark.master": "local[2]",
                    "spark.driver.memory": "3g",
                    "spark.driver.bindAddress": "127.0.0.1",
                    "spark.driver.host": "127.0.0.1",
                    "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} -XX:+UseParallelGC",
                    "spark.sql.warehouse.dir": str(scratch / "warehouse"),
                    "spark.ui.enabled": "false",
                    "spark.default.parallelism": "2",
                },
            }
        }
    )
    session = build_session(settings, "trailhouse-tests", jars=",".join(map(str, jar_paths(ROOT))))
    yield session
    session.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the checkout; tests that need it skip where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real data for tests is absent: no folder {DATA.name} beside the checkout")
    return DATA
