"""A folder of lines, packed lines and Parquet: recognised, read once, and refused where a file is damaged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from tests.conftest import ROOT, run_suite
from trailhouse.settings import Settings, load_settings


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content))


def record(uuid: str) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "event": "$pageview",
        "distinct_id": "d-1",
        "timestamp": "2026-03-02 10:00:00.000000",
        "properties": json.dumps({"$current_url": "https://s.example/a"}),
    }


def lines(*uuids: str) -> bytes:
    return b"".join(json.dumps(record(uuid)).encode() + b"\n" for uuid in uuids)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    overrides = [
        f"raw.path={tmp_path / 'raw'}",
        f"lake.root={tmp_path / 'lake'}",
        "spark.shuffle_partitions=2",
    ]
    return load_settings(ROOT / "conf" / "local.yaml", [*overrides, "gates.max_quarantine_share=0.5"])


def test_a_folder_may_mix_lines_packed_lines_and_parquet(
    spark: SparkSession, tmp_path: Path, settings: Settings
) -> None:
    raw = tmp_path / "raw"
    (raw / "dt=2026-03-02").mkdir(parents=True)
    pq.write_table(
        pa.Table.from_pylist([record("in parquet"), {**record("bad"), "timestamp": "soon"}]),
        raw / "a.parquet",
    )
    (raw / "b.json").write_bytes(lines("plain", "in parquet"))
    (raw / "dt=2026-03-02" / "c.json.gz").write_bytes(gzip.compress(lines("gzip")))
    (raw / "dt=2026-03-02" / "d.json.zst").write_bytes(zstd(lines("zstd") + b"\n{cut\n"))
    half = raw / "e.json.zst"
    half.write_bytes(zstd(lines(*map(str, range(999))))[:300])
    run_suite(spark, settings, "events")

    lake = tmp_path / "lake"
    events = spark.read.format("delta").load(str(lake / "events")).select("event_id").collect()
    assert sorted(row.event_id for row in events) == ["gzip", "in parquet", "plain", "zstd"]
    quarantine = spark.read.format("delta").load(str(lake / "events_quarantine")).collect()
    told = {Path(row.file).name: (list(row.reasons), row.line) for row in quarantine}
    assert told == {
        "a.parquet": (["time not readable: timestamp"], None),
        "d.json.zst": (["not a JSON object"], 3),
    }
    [bad] = [row.raw for row in quarantine if row.line is None]
    assert json.loads(bytes(bad))["uuid"] == "bad"

    # Tried again at the next run, as any file: tests/ingest/test_readings.py.
    files = spark.read.format("delta").load(str(lake / "raw_files")).collect()
    assert {Path(row.file).name for row in files if row.state == "unreadable"} == {"e.json.zst"}
    assert len(files) == 5
