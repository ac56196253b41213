"""The `events` job beside DuckDB, beside parsing alone, and a day onto a long history beside a short one."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from benchmark import Row
from trailhouse.progress import Progress
from trailhouse.run import open_run
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES
from trailhouse.suite import run_job
from trailhouse.tables import TABLES

_TEXTS = ("messageId", "type", "event", "anonymousId", "userId", "previousId", "receivedAt", "sentAt")
_COLUMNS = {
    **dict.fromkeys(_TEXTS, "VARCHAR"),
    "originalTimestamp": "TIMESTAMPTZ",
    **dict.fromkeys(("properties", "context", "traits"), "JSON"),
}
_SIMULATE = Path(__file__).resolve().parents[1] / "simulate.py"
_LONG, _SHORT = 100, 10


def rows(spark: SparkSession, folder: Path, settings: Settings, events: int, a_day: int) -> Iterator[Row]:
    """The rows of the job, over about `events` raw events, and over days of about `a_day` of them."""
    raw = folder / "raw"
    _simulated(raw, events)
    whole = _whole(spark, folder, settings, raw)
    told = f"events, about {events:,} raw"
    yield Row(told, whole, "DuckDB to Parquet", _duckdb(raw, folder / "parquet"))
    # What a bare Spark job takes for no more than DuckDB does: no plan of ours can take less.
    yield Row(
        told, whole, "Spark's JSON, distinct", _bare_spark(spark, raw, folder / "bare"), peer_in_jvm=True
    )
    # What is more than this is quarantine, duplicates, enrichment, gate and commit.
    yield Row(told, whole, "parse, append", _parsing(spark, folder, settings, raw), peer_in_jvm=True)
    shutil.rmtree(raw)
    _simulated(raw, a_day * (_LONG + 1), "--days", str(_LONG + 1))
    onto = [_one_day_more(spark, folder, settings, raw, days) for days in (_LONG, _SHORT)]
    yield Row(
        f"events, a day of {a_day:,} onto {_LONG}", onto[0], f"onto {_SHORT} days", onto[1], peer_in_jvm=True
    )


def _simulated(raw: Path, events: int, *more: str) -> None:
    """A shop's raw events, in `raw`, with quarantine, duplicates and late files among them."""
    arguments = ["--out", str(raw), "--truth", str(raw.parent / "truth"), "--events", str(events), *more]
    subprocess.run([sys.executable, str(_SIMULATE), *arguments], check=True, capture_output=True)


def _run(spark: SparkSession, settings: Settings, raw: Path, lake: Path) -> int:
    paths = {
        "raw": settings.raw.model_copy(update={"path": str(raw), "format": "segment"}),
        "lake": settings.lake.model_copy(update={"root": str(lake)}),
    }
    quiet = Progress(Console(file=io.StringIO()))
    with open_run(spark, settings.model_copy(update=paths), quiet) as run:
        run_job("events")(run, False)
        return run.lake.read("events").count()


def _whole(spark: SparkSession, folder: Path, settings: Settings, raw: Path) -> Callable[[], int]:
    def ours() -> int:
        lake = folder / "lake"
        shutil.rmtree(lake, ignore_errors=True)
        return _run(spark, settings, raw, lake)

    return ours


def _duckdb(raw: Path, out: Path) -> Callable[[], int]:
    """Read, distinct ids, Parquet by day."""

    def peer() -> int:
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

    return peer


def _bare_spark(spark: SparkSession, raw: Path, out: Path) -> Callable[[], int]:
    """The same as DuckDB's by Spark's own reader: the same columns, distinct ids, a Delta table by day."""
    types = {"TIMESTAMPTZ": "TIMESTAMP", "VARCHAR": "STRING", "JSON": "STRING"}
    schema = ", ".join(f"{name} {types[kind]}" for name, kind in _COLUMNS.items())

    def peer() -> int:
        shutil.rmtree(out, ignore_errors=True)
        read = spark.read.schema(schema).json([str(path) for path in _files(raw)])
        good = read.where("originalTimestamp IS NOT NULL AND type IS NOT NULL")
        dated = good.dropDuplicates(["messageId"]).withColumn("event_date", F.to_date("originalTimestamp"))
        dated.hint("rebalance", "event_date").write.format("delta").partitionBy("event_date").save(str(out))
        return spark.read.format("delta").load(str(out)).count()

    return peer


def _parsing(spark: SparkSession, folder: Path, settings: Settings, raw: Path) -> Callable[[], int]:
    """Canonical columns as the tracker sent them, to a table by day; nothing asked of them."""
    source, out = SOURCES["segment"], folder / "parsed"

    def peer() -> int:
        shutil.rmtree(out, ignore_errors=True)
        parsed = source.parse(source.read(spark, [str(path) for path in _files(raw)], settings), settings)
        names = [name for name in TABLES["events"].schema.names if name in parsed.columns]
        dated = parsed.select(*names, F.to_date("client_time").alias("event_date"))
        dated.hint("rebalance", "event_date").write.format("delta").partitionBy("event_date").save(str(out))
        return spark.read.format("delta").load(str(out)).count()

    return peer


def _one_day_more(
    spark: SparkSession, folder: Path, settings: Settings, raw: Path, days: int
) -> Callable[[], int]:
    """A run that finds the last day's files beside those of so many days that it has read."""
    *before, last = sorted(raw.iterdir())
    found = folder / f"raw-{days}"
    _linked(before[-days:], found)
    history, lake = folder / f"history-{days}", folder / "lake"
    _run(spark, settings, found, history)
    _linked([last], found)

    def run() -> int:
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(history, lake, copy_function=os.link)  # a lake's files are never changed in place
        return _run(spark, settings, found, lake)

    return run


def _files(raw: Path) -> list[Path]:
    return sorted(path for path in raw.rglob("*") if path.is_file())


def _linked(folders: Sequence[Path], target: Path) -> None:
    for folder in folders:
        shutil.copytree(folder, target / folder.name, copy_function=os.link)
