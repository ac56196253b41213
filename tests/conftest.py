"""One small Spark session for the whole test run."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from pyspark.sql import SparkSession
from rich.console import Console

from trailhouse.packages import jar_paths
from trailhouse.progress import Progress
from trailhouse.run import open_run
from trailhouse.settings import Settings, load_settings
from trailhouse.spark import build_session
from trailhouse.suite import run_job

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"

os.environ["TZ"] = "UTC"


LONG = (
    "pipeline/test_reruns.py",
    "ingest/test_crashes.py",
    "identity/test_incremental.py",
    "touched/test_incremental.py",
    "ingest/test_maintain.py",
    "identity/test_who.py",
    "pipeline/test_snowplow.py",
    "sources/test_template.py",
    "gates/test_runner.py",
    "identity/test_engines.py",
    "test_sessionize.py",
    "stages/test_question_checks.py",
    "stages/test_questions.py",
    "stages/test_identities.py",
    "test_storage.py",
)
"""The first file builds the shop's lake; the others, which do not need it, keep other processes busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, then those that need the shop's lake: at the end no process waits for another."""
    using = {item.path for item in items if "shop_lake" in getattr(item, "fixturenames", ())}
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG)}
    rest = len(LONG)
    items.sort(key=lambda item: places.get(item.path, rest if item.path in using else rest + 1))


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made once for all processes of a run (`-n 2`); the others wait for it."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    folder = (factory.getbasetemp() if alone else factory.getbasetemp().parent) / name
    with FileLock(f"{folder}.lock"):
        ready = folder.parent / f"{name}.ready"
        if not ready.exists():
            make(folder)
            ready.touch()
    return folder


INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
"""A plan is run as it stands: to make Java of it and to compile that, and to plan anew behind each of its
stages, takes longer than some hundred rows."""
ADAPTED = {"spark.sql.adaptive.enabled": "true"}
"""Without it Spark passes over what a writer asks for: one file a day."""
COMPILED = {
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    **ADAPTED,
}
"""As everywhere else: Spark's own values."""


@contextmanager
def compiled(spark: SparkSession, values: Mapping[str, str] = COMPILED) -> Iterator[None]:
    """Plans are compiled and adapted, as in a job: all stages make the shop's lake so; so are soak tests."""
    before = {key: str(spark.conf.get(key)) for key in values}
    for key, value in values.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[SparkSession]:
    """conf/local.yaml on local[2] with two shuffle partitions; Delta and GraphFrames on the class path."""
    scratch = tmp_path_factory.mktemp("spark")
    local = load_settings(ROOT / "conf" / "local.yaml", ["spark.shuffle_partitions=2"])
    soak = pytestconfig.getoption("markexpr") == "soak"
    conf = {
        **local.spark.conf,
        **(COMPILED if soak else INTERPRETED),
        "spark.master": "local[2]",
        "spark.default.parallelism": "2",
        # Tiny frames: each further task of a scan is code and closures once more, and no row less to read.
        "spark.sql.files.minPartitionNum": "1",
        "spark.sql.leafNodeDefaultParallelism": "1",
        # One process goes through a thousand tests: late ones ran out of 2g, which ends the JVM silently.
        "spark.driver.memory": "5g",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} -XX:+UseParallelGC "
        # Short runs of many plans: compiling each thoroughly never pays.
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m "
        # What it comes to anyhow: each step on the way there is a collection of all that lives.
        "-Xms1g -XX:NewSize=512m -XX:MetaspaceSize=256m "
        # GraphFrames asks for one at each of its steps.
        "-XX:+DisableExplicitGC",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    settings = local.model_copy(update={"spark": local.spark.model_copy(update={"conf": conf})})
    session = build_session(settings, "trailhouse-tests", jars=",".join(map(str, jar_paths(ROOT))))
    yield session
    session.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the checkout; tests that need it skip where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real data for tests is absent: no folder {DATA.name} beside the checkout")
    return DATA


@dataclass(frozen=True)
class Shop:
    """A simulated shop: raw files, what is true of them, and (once built) its lake."""

    raw: Path
    truth: Path

    def settings(self, lake: Path, *overrides: str) -> Settings:
        """The settings of conf/local.yaml over this shop and a lake."""
        return load_settings(
            ROOT / "conf" / "local.yaml",
            [f"raw.path={self.raw}", f"lake.root={lake}", "spark.shuffle_partitions=2", *overrides],
        )


SHOP = ("--people", "100", "--days", "10", "--seed", "20", "--split", "3")
"""The shop of the tests, as the simulator's arguments: small, and every kind of signal is in it."""


def simulate(folder: Path, *arguments: str) -> Shop:
    """A small shop below `folder`, by the simulator's own command line."""
    shop = Shop(folder / "raw", folder / "truth")
    command = [
        sys.executable,
        str(ROOT / "scripts" / "simulate.py"),
        "--out",
        str(shop.raw),
        "--truth",
        str(shop.truth),
    ]
    subprocess.run([*command, *arguments], check=True, capture_output=True)
    return shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Ten days of a shop of a hundred people, faults and all, in a folder for each of three deliveries."""
    folder = once(tmp_path_factory, "shop", lambda path: simulate(path, *SHOP))
    return Shop(folder / "raw", folder / "truth")


def run_suite(spark: SparkSession, settings: Settings, *jobs: str, rebuild: bool = False) -> None:
    """Run jobs (all, when none is named) in this session, without a terminal."""
    quiet = Progress(Console(file=io.StringIO()))
    with open_run(spark, settings, quiet) as run:
        for job in jobs or ("run_all",):
            run_job(job)(run, rebuild)


@pytest.fixture(scope="session")
def shop_lake(spark: SparkSession, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's lake, built once by the whole suite; tests only read it.

    Its events came in three runs: the last delivery, the first, and what is left.
    """

    def build(path: Path) -> None:
        first, *_, last = sorted(shop.raw.iterdir())
        with compiled(spark):
            for delivery in (last, first):
                run_suite(spark, shop.settings(path, f"raw.path={delivery}"), "events")
            run_suite(spark, shop.settings(path))

    return once(tmp_path_factory, "lake", build)


@pytest.fixture
def copy(shop_lake: Path, tmp_path: Path) -> Path:
    """The shop's lake, to run into: other tests read the one that it is a copy of."""
    return Path(shutil.copytree(shop_lake, tmp_path / "copy"))
