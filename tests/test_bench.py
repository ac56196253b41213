"""The bench at a size at which its figures say nothing: that each row runs, and that both sides agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_SMALL = {
    "raw-events": 1000,
    # Of fewer some day has no visitor of a device, and DuckDB no row of it.
    "events": 40_000,
    "signal-events": 4000,
    # Of fewer rows no reason is told, as they are too few.
    "activity-rows": 100_000,
    "links": 300,
    "a-day": 20,
    "runs": 1,
}


@pytest.mark.soak
def test_every_row_of_the_bench_runs_and_agrees_with_its_peer() -> None:
    sizes = [word for name, size in _SMALL.items() for word in (f"--{name}", str(size))]
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench.py"), *sizes],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    benches = len([*(ROOT / "scripts" / "benchmark").glob("*.py")])
    ratios = re.findall(r"│\s+\d+\.\d\d │$", done.stdout, re.MULTILINE)
    assert len(ratios) > benches, done.stdout
