"""Times stages beside what a user would otherwise pick, on the same data in the same run.

    python scripts/bench.py --events 1000000

A row = ours, a peer, and the ratio of their best wall times. A machine that does other things
meanwhile changes both: read the ratio.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from trailhouse.columns import with_place
from trailhouse.identity.components import connected_components
from trailhouse.sessionize import with_sessions
from trailhouse.settings import Sessions, Settings, load_settings
from trailhouse.spark import build_session, session_jars

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Row:
    """One comparison: two functions without arguments that do the same work."""

    stage: str
    ours: Callable[[], object]
    peer_name: str
    peer: Callable[[], object]


def sessions_row(spark: SparkSession, folder: Path, events: int) -> Row:
    """Sessions by the 30-minute gap, from resolved events in Parquet."""
    path = str(folder / "events")
    person = F.concat(F.lit("p"), F.pmod(F.xxhash64("id"), F.lit(max(events // 40, 1))).cast("string"))
    micros = F.lit(1_767_225_600_000_000) + F.pmod(F.xxhash64("id", F.lit(1)), F.lit(30 * 86_400_000_000))
    spark.range(events).select(
        F.concat(F.lit("e"), F.col("id").cast("string")).alias("event_id"),
        person.alias("person_id"),
        F.timestamp_micros(micros).alias("event_time"),
        F.lit("click").alias("event_name"),
        F.lit("web").alias("platform"),
        F.lit(None).cast("bigint").alias("sequence"),
    ).write.mode("overwrite").parquet(path)

    def ours() -> None:
        placed = with_sessions(with_place(spark.read.parquet(path)), Sessions(max_length=None), "UTC")
        placed.groupBy("session_id").count().write.format("noop").mode("overwrite").save()

    def peer() -> None:
        duckdb.sql(f"""
            WITH gaps AS (
                SELECT *, event_time - lag(event_time) OVER w > INTERVAL 30 MINUTE AS cut
                FROM read_parquet('{path}/*.parquet')
                WINDOW w AS (PARTITION BY person_id ORDER BY event_time, event_id)
            ), numbered AS (
                SELECT *, sum(coalesce(cut, true)::INT) OVER (
                    PARTITION BY person_id ORDER BY event_time, event_id
                ) AS number FROM gaps
            )
            SELECT person_id, number, count(*) FROM numbered GROUP BY ALL
        """).fetchall()

    return Row(f"sessions, {events:,} events", ours, "DuckDB SQL", peer)


def components_row(spark: SparkSession, folder: Path, settings: Settings, links: int) -> Row:
    """Connected components of random links: the local engine beside GraphFrames."""
    path = str(folder / "links")

    def node(salt: int) -> Column:
        return F.concat(F.lit("n"), F.pmod(F.xxhash64("id", F.lit(salt)), F.lit(links)).cast("string"))

    spark.range(links).select(node(1).alias("a"), node(2).alias("b")).where("a <> b").write.mode(
        "overwrite"
    ).parquet(path)

    def run(engine: str) -> Callable[[], None]:
        chosen = settings.model_copy(
            update={"identity": settings.identity.model_copy(update={"engine": engine})}
        )

        def go() -> None:
            labels = connected_components(spark.read.parquet(path), chosen, str(folder / "scratch"))
            labels.write.format("noop").mode("overwrite").save()

        return go

    return Row(f"components, {links:,} links", run("local"), "GraphFrames", run("graphframes"))


def seconds(work: Callable[[], object], runs: int) -> float:
    """The best wall time of `runs`."""
    best = float("inf")
    for _ in range(runs):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def main(
    events: Annotated[int, typer.Option(help="Events to sessionize.")] = 1_000_000,
    links: Annotated[int, typer.Option(help="Links to find components of.")] = 20_000,
    runs: Annotated[int, typer.Option(help="Runs of each; the best counts.")] = 2,
) -> None:
    """Print a row a stage: ours, the peer, the ratio."""
    settings = load_settings(ROOT / "conf" / "local.yaml")
    spark = build_session(settings, "trailhouse-bench", session_jars())
    shown = Table(title="Seconds, best of runs")
    for header in ("stage", "trailhouse", "peer", "seconds", "ratio"):
        shown.add_column(header)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for row in (sessions_row(spark, folder, events), components_row(spark, folder, settings, links)):
            ours, peer = seconds(row.ours, runs), seconds(row.peer, runs)
            shown.add_row(row.stage, f"{ours:.1f}", row.peer_name, f"{peer:.1f}", f"{ours / peer:.2f}")
    Console().print(shown)
    spark.stop()


if __name__ == "__main__":
    typer.run(main)
