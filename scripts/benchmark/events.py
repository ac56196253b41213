"""Raw gzipped JSON lines to the table of events, beside DuckDB: read, distinct ids, partitioned Parquet."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession
from rich.console import Console

from benchmark import Row
from trailhouse.progress import Progress
from trailhouse.run import open_run
from trailhouse.settings import Settings
from trailhouse.suite import run_job

_TEXTS = ("messageId", "type", "event", "anonymousId", "userId", "previousId", "receivedAt", "sentAt")
_COLUMNS = {
    **dict.fromkeys(_TEXTS, "VARCHAR"),
    "originalTimestamp": "TIMESTAMPTZ",
    **dict.fromkeys(("properties", "context", "traits"), "JSON"),
}


def row(spark: SparkSession, folder: Path, settings: Settings, events: int) -> Row:
    """The `events` job on a simulated shop, with quarantine, duplicates, enrichment, gate and commit."""
    raw = folder / "raw"
    simulate = Path(__file__).resolve().parents[1] / "simulate.py"
    arguments = ["--out", str(raw), "--truth", str(folder / "truth"), "--events", str(events)]
    subprocess.run([sys.executable, str(simulate), *arguments], check=True, capture_output=True)

    def ours() -> int:
        lake = folder / "lake"
        shutil.rmtree(lake, ignore_errors=True)
        paths = {
            "raw": settings.raw.model_copy(update={"path": str(raw), "format": "segment"}),
            "lake": settings.lake.model_copy(update={"root": str(lake)}),
        }
        quiet = Progress(Console(file=io.StringIO()))
        with open_run(spark, settings.model_copy(update=paths), quiet) as run:
            run_job("events")(run, False)
            return run.lake.read("events").count()

    def peer() -> int:
        out = folder / "parquet"
        shutil.rmtree(out, ignore_errors=True)
        connection = duckdb.connect()
        connection.execute(f"""
            COPY (
                SELECT DISTINCT ON (messageId) *, CAST(originalTimestamp AS DATE) AS event_date
                FROM read_json(
                    '{raw}/**/*.json.gz', format = 'newline_delimited', ignore_errors = true,
                    columns = {_COLUMNS}
                )
                WHERE originalTimestamp IS NOT NULL AND type IS NOT NULL
                ORDER BY messageId, receivedAt
            ) TO '{out}' (FORMAT parquet, PARTITION_BY (event_date))
        """)
        counted = f"SELECT count(*) FROM read_parquet('{out}/**/*.parquet')"
        found = connection.execute(counted).fetchone()
        return int(found[0]) if found else 0

    return Row(f"events, about {events:,} raw", ours, "DuckDB to Parquet", peer)
