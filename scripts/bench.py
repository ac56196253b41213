"""Times stages beside what a user would otherwise pick, on the same data in the same run.

    python scripts/bench.py --events 1000000

A row = ours, a peer, and the ratio of their best wall times, with the CPU seconds of each: this process
and the JVM below it. A machine that does other things meanwhile changes both: read the ratio.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer
from benchmark import components, events, sessions
from rich.console import Console
from rich.table import Table

from trailhouse.settings import load_settings
from trailhouse.spark import build_session, session_jars

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Timing:
    """The best of several runs: seconds by the clock, CPU seconds of that run, rows that came of it."""

    wall: float
    cpu: float
    rows: int


def timed(work: Callable[[], int], runs: int) -> Timing:
    """Run `work` several times."""
    found = []
    for _ in range(runs):
        cpu, started = cpu_seconds(), time.perf_counter()
        rows = work()
        found.append(Timing(time.perf_counter() - started, cpu_seconds() - cpu, rows))
    return min(found, key=lambda timing: timing.wall)


def cpu_seconds() -> float:
    """What this process and those below it, the JVM among them, have used so far."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def main(
    raw_events: Annotated[int, typer.Option(help="Raw events to read, about.")] = 100_000,
    session_events: Annotated[int, typer.Option("--events", help="Events to sessionize.")] = 1_000_000,
    links: Annotated[int, typer.Option(help="Links to find components of.")] = 20_000,
    runs: Annotated[int, typer.Option(help="Runs of each; the best counts.")] = 2,
) -> None:
    """Print a row a stage: ours, the peer, the ratio."""
    settings = load_settings(ROOT / "conf" / "local.yaml")
    spark = build_session(settings, "trailhouse-bench", session_jars())
    shown = Table(title="Seconds (CPU seconds), rows; best of runs")
    for header in ("stage", "trailhouse", "peer", "", "ratio"):
        shown.add_column(header, no_wrap=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = (
            events.row(spark, folder, settings, raw_events),
            sessions.row(spark, folder, session_events),
            components.row(spark, folder, settings, links),
        )
        for row in rows:
            ours, peer = timed(row.ours, runs), timed(row.peer, runs)
            told = [f"{t.wall:.1f} ({t.cpu:.1f}), {t.rows:,}" for t in (ours, peer)]
            shown.add_row(row.stage, told[0], row.peer_name, told[1], f"{ours.wall / peer.wall:.2f}")
    Console(width=120).print(shown)
    spark.stop()


if __name__ == "__main__":
    typer.run(main)
