"""The suite on a cluster: what a local run finds, executors find too."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pyspark.sql import SparkSession

from tests.cluster.standalone import StandaloneCluster
from tests.conftest import INTERPRETED, ROOT, Shop
from tests.pipeline.test_reruns import LAWFUL, contents
from trailhouse.storage import Lake

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

HERE = Path(__file__).parent

EARLY = ("events", "events_quarantine")


def arguments(shop: Shop, lake: Path, until: str) -> list[str]:
    """Of run_all on the cluster."""
    return [
        *["--settings", str(ROOT / "conf" / "cluster.yaml"), "--until", until],
        *["--set", f"raw.path={shop.raw}", "--set", f"lake.root={lake}"],
        *["--set", "spark.shuffle_partitions=2"],
    ]


@pytest.fixture(scope="module")
def submitted(
    cluster: StandaloneCluster, shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CompletedProcess[str], Path]:
    """run_all as far as its events, with a look at the executors, and its lake."""
    lake = tmp_path_factory.mktemp("submitted") / "lake"
    job = str(ROOT / "jobs" / "run_all.py")
    # Python and SQL run on the executors; the other jobs go the same way.
    given = (HERE / "smoke_job.py", job, *arguments(shop, lake, "events"))
    return cluster.submit(*given, conf=INTERPRETED, timeout=900), lake


def test_each_executor_takes_the_package_from_the_zip_and_the_exit_code_comes_through(
    cluster: StandaloneCluster, submitted: tuple[CompletedProcess[str], Path]
) -> None:
    done, _ = submitted
    assert done.returncode == 3, f"{done.stdout}\n{done.stderr}\n{cluster.logs()[-5000:]}"
    [line] = [line for line in done.stdout.splitlines() if line.startswith('{"executors"')]
    executors = json.loads(line)["executors"]
    # The working folder is the executor's own: two executors, one on each worker.
    folders = {Path(folder).parts[-3] for folder, _ in executors}
    assert folders == {"worker-0", "worker-1"}
    # Relative to that folder: the zip that came with the job, not the package of this environment.
    modules = {module for _, module in executors}
    assert modules == {f"./{cluster.py_files.name}/trailhouse/errors.py"}


def test_one_run_on_a_cluster_gives_the_tables_of_local_runs_over_three_deliveries(
    spark: SparkSession, shop_lake: Path, submitted: tuple[CompletedProcess[str], Path]
) -> None:
    _, lake = submitted
    assert contents(Lake(spark, str(lake)), EARLY) == contents(Lake(spark, str(shop_lake)), EARLY)


@pytest.mark.soak
def test_the_whole_suite_on_a_cluster_gives_the_tables_of_local_runs(
    cluster: StandaloneCluster, spark: SparkSession, shop: Shop, shop_lake: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    job = ROOT / "jobs" / "run_all.py"
    done = cluster.submit(job, *arguments(shop, lake, "report"), timeout=900)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{cluster.logs()[-5000:]}"
    assert contents(Lake(spark, str(lake)), LAWFUL) == contents(Lake(spark, str(shop_lake)), LAWFUL)
