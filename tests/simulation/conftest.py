"""One small simulated world for all tests of this folder, and its raw files read by an independent reader."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.simulation.reading import Raw, read

ROOT = Path(__file__).resolve().parents[2]
SEED, PEOPLE, DAYS = 11, 350, 21


def simulate(folder: Path, *more: str, seed: int = SEED, people: int = PEOPLE, days: int = DAYS) -> Path:
    """Run the command as a user does; returns `folder`, which then holds raw/ and truth/."""
    arguments = ["--out", f"{folder}/raw", "--truth", f"{folder}/truth", "--seed", str(seed)]
    arguments += ["--people", str(people), "--days", str(days), *more]
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "simulate.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@dataclass
class Case:
    """A simulated world as it lies on disk."""

    folder: Path
    raw: Raw
    summary: dict[str, Any]

    def truth(self, table: str) -> list[dict[str, Any]]:
        """The rows of one of the truth's tables."""
        rows: list[dict[str, Any]] = pq.read_table(self.folder / "truth" / f"{table}.parquet").to_pylist()
        return rows


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The world of SEED."""
    folder = simulate(tmp_path_factory.mktemp("world"))
    return Case(folder, read(folder / "raw"), json.loads((folder / "truth" / "truth.json").read_text()))
