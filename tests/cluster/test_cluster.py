"""The suite on a cluster: what a local run finds, executors find too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.cluster.standalone import StandaloneCluster
from tests.conftest import ROOT, Shop
from tests.pipeline.test_reruns import LAWFUL, contents
from trailhouse.storage import Lake

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

HERE = Path(__file__).parent

EARLY = ("events", "events_quarantine")


def test_each_executor_takes_the_package_from_the_zip_and_the_exit_code_comes_through(
    cluster: StandaloneCluster,
) -> None:
    done = cluster.submit(HERE / "smoke_job.py")

    assert done.returncode == 3, f"{done.stderr}\n{cluster.logs()}"
    executors = json.loads(done.stdout.splitlines()[-1])
    # The working folder is the executor's own: two executors, one on each worker.
    folders = {Path(folder).parts[-3] for folder, _ in executors}
    assert folders == {"worker-0", "worker-1"}
    # Relative to that folder: the zip that came with the job, not the package of this environment.
    modules = {module for _, module in executors}
    assert modules == {f"./{cluster.py_files.name}/trailhouse/errors.py"}


@pytest.mark.parametrize(
    ("until", "tables"),
    [
        # Python and SQL run on the executors; the other jobs go the same way.
        pytest.param("events", EARLY, id="events"),
        pytest.param("report", LAWFUL, id="report", marks=pytest.mark.soak),
    ],
)
def test_one_run_on_a_cluster_gives_the_tables_of_local_runs_over_deliveries_out_of_order(
    cluster: StandaloneCluster,
    spark: SparkSession,
    shop: Shop,
    shop_lake: Path,
    tmp_path: Path,
    until: str,
    tables: Sequence[str],
) -> None:
    lake = tmp_path / "lake"
    done = cluster.submit(
        ROOT / "jobs" / "run_all.py",
        *["--settings", str(ROOT / "conf" / "cluster.yaml"), "--until", until],
        *["--set", f"raw.path={shop.raw}", "--set", f"lake.root={lake}"],
        *["--set", "spark.shuffle_partitions=2"],
        timeout=900,
    )

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{cluster.logs()[-5000:]}"
    assert contents(Lake(spark, str(lake)), tables) == contents(Lake(spark, str(shop_lake)), tables)
