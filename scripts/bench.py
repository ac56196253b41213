"""Times stages beside what a user would otherwise pick, on the same data in the same run.

    python scripts/bench.py --events 1000000 --only sessions

A row = ours, a peer, and the ratio of their best wall times, with the CPU seconds and the peak memory of
each: this process and the JVM below it, or this process alone for a peer that needs no JVM. The JVM gives
no memory back: its peak is that of all that ran before. A machine that does other things meanwhile
changes both times: read the ratio.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Annotated

import psutil
import typer
from benchmark import (
    Row,
    attribution,
    events,
    funnels,
    identities,
    maps,
    pages,
    profiles,
    reasons,
    restating,
    returns,
    segments,
    sessions,
    signals,
    tasks,
    ways,
)
from rich.console import Console
from rich.table import Table

from trailhouse.settings import load_settings
from trailhouse.spark import build_session, session_jars

ROOT = Path(__file__).resolve().parents[1]
_JAVA = {
    "spark.driver.memory": "4g",
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=512m",
}
"""As scripts/run starts Java. By its defaults, 1 GB and G1, garbage took a fifth of the time of parsing."""


@dataclass(frozen=True)
class Timing:
    """The best of several runs: seconds by the clock, CPU seconds and peak bytes of that run, its rows."""

    wall: float
    cpu: float
    memory: int
    rows: int

    def __str__(self) -> str:
        return f"{self.wall:.1f} ({self.cpu:.1f}), {self.memory / 2**30:.1f}, {self.rows:,}"


@dataclass
class Peak:
    """The most resident memory that was seen, in bytes."""

    bytes: int = field(default=0)


def timed(work: Callable[[], int], runs: int, *, jvm: bool) -> Timing:
    """Run `work` several times; `jvm` tells whether the JVM's memory is its own."""
    found = []
    for _ in range(runs):
        with watched(jvm) as peak:
            cpu, started = cpu_seconds(), time.perf_counter()
            rows = work()
            wall, cpu = time.perf_counter() - started, cpu_seconds() - cpu
        found.append(Timing(wall, cpu, peak.bytes, rows))
    return min(found, key=lambda timing: timing.wall)


@contextmanager
def watched(jvm: bool) -> Iterator[Peak]:
    """Looks at the memory of this process, and of those below it if the JVM counts, ten times a second."""
    peak, done, me = Peak(), threading.Event(), psutil.Process()

    def look() -> None:
        while True:
            total = 0
            for process in (me, *(me.children(recursive=True) if jvm else ())):
                with suppress(psutil.NoSuchProcess):  # a worker that has ended meanwhile
                    total += process.memory_info().rss
            peak.bytes = max(peak.bytes, total)
            if done.wait(0.1):
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def cpu_seconds() -> float:
    """What this process and those below it, the JVM among them, have used so far."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def main(
    raw_events: Annotated[int, typer.Option(help="Raw events to read, about.")] = 100_000,
    session_events: Annotated[int, typer.Option("--events", help="Events to sessionize.")] = 1_000_000,
    signal_events: Annotated[int, typer.Option(help="Events to find signals in.")] = 1_000_000,
    activity_rows: Annotated[int, typer.Option(help="Rows of activity to ask questions of.")] = 1_000_000,
    links: Annotated[int, typer.Option(help="Links to resolve identities of.")] = 100_000,
    a_day: Annotated[
        int, typer.Option(help="Raw events of a day that is added to a history, about.")
    ] = 2_000,
    runs: Annotated[int, typer.Option(help="Runs of each; the best counts.")] = 2,
    only: Annotated[
        list[str] | None, typer.Option(help="A file of scripts/benchmark; may be given several times.")
    ] = None,
) -> None:
    """Print a row a stage: ours, the peer, the ratio."""
    settings = load_settings(ROOT / "conf" / "local.yaml")
    started = settings.spark.model_copy(update={"conf": {**settings.spark.conf, **_JAVA}})
    spark = build_session(settings.model_copy(update={"spark": started}), "trailhouse-bench", session_jars())
    shown = Table(title="Seconds (CPU seconds), peak GiB, rows; best of runs")
    for header in ("stage", "trailhouse", "peer", "", "ratio"):
        shown.add_column(header, no_wrap=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Each makes its data when it is asked for, and may take that of the one before away.
        benches: dict[str, Callable[[], Iterator[Row]]] = {
            "events": lambda: events.rows(spark, folder, settings, raw_events, a_day),
            "sessions": lambda: sessions.rows(spark, folder, session_events),
            "signals": lambda: signals.rows(spark, folder, signal_events),
            "pages": lambda: pages.rows(spark, folder, session_events),
            "maps": lambda: maps.rows(spark, folder, session_events),
            "attribution": lambda: attribution.rows(spark, folder, session_events),
            "returns": lambda: returns.rows(spark, folder, session_events),
            "profiles": lambda: profiles.rows(spark, folder, settings, session_events),
            "segments": lambda: segments.rows(spark, folder, session_events),
            "funnels": lambda: funnels.rows(spark, folder, activity_rows),
            "reasons": lambda: reasons.rows(spark, folder, activity_rows),
            "tasks": lambda: tasks.rows(spark, folder, activity_rows),
            "ways": lambda: ways.rows(spark, folder, session_events),
            "restating": lambda: restating.rows(spark, folder, settings, session_events // 4, a_day),
            "identities": lambda: identities.rows(spark, folder, settings, links),
        }
        unknown = sorted({*(only or ())} - {*benches})
        if unknown:
            raise typer.BadParameter(f"no {', '.join(unknown)}; there are {', '.join(benches)}")
        rows = chain.from_iterable(bench() for name, bench in benches.items() if name in (only or benches))
        for row in rows:
            ours, peer = timed(row.ours, runs, jvm=True), timed(row.peer, runs, jvm=row.peer_in_jvm)
            shown.add_row(row.stage, str(ours), row.peer_name, str(peer), f"{ours.wall / peer.wall:.2f}")
    Console(width=120).print(shown)
    spark.stop()


if __name__ == "__main__":
    typer.run(main)
