"""The cluster that all tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.dist import build
from tests.cluster.standalone import StandaloneCluster
from trailhouse.packages import jar_paths

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneCluster]:
    """A master and two workers of one core and 1 GiB, with the zip that `make dist` builds."""
    folder = tmp_path_factory.mktemp("cluster")
    archive = build(ROOT / "lib", folder / "dist")
    with StandaloneCluster(folder / "spark", archive, jar_paths(ROOT)) as running:
        yield running
