"""A few raw files with every fate of a record, and what a lake holds of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from pyspark.sql import SparkSession

from tests.sources.reading import message
from trailhouse.difference import fingerprint
from trailhouse.settings import Settings, load_settings
from trailhouse.storage import Lake

SETTINGS = ("raw.format=segment", "spark.shuffle_partitions=2", "gates.max_quarantine_share=0.9")
JOBS = ("events", "identities")
"""A stream that appends, and a stage that publishes by difference: between them every way to write."""
LAWFUL = ("events", "events_quarantine", "identity_links", "identities", "identity_conflicts")
ARRIVAL = ("file", "line", "first_batch", "quarantined_time")


def write(folder: Path) -> Path:
    """Three files: plain, gzipped, and one whose name needs care in a URL."""
    views = [
        message(
            f"m-{number}", type="page", event=None, anonymousId=f"d-{number % 3}", userId=f"u-{number % 3}"
        )
        for number in range(9)
    ]
    lines = [json.dumps(view) for view in views]
    day = folder / "2026-03-02"
    day.mkdir(parents=True)
    (day / "plain.json").write_text("\n".join([*lines[:3], "no json"]) + "\n")
    (day / "packed.json.gz").write_bytes(gzip.compress(("\n".join([*lines[3:6], lines[0]]) + "\n").encode()))
    (folder / "a b+c%20d=e.json").write_text("\n".join(lines[6:]) + "\n")
    return folder


def settings(raw: str, lake: str) -> Settings:
    """Settings of a run over these files."""
    return load_settings(None, [f"raw.path={raw}", f"lake.root={lake}", *SETTINGS])


def contents(spark: SparkSession, root: str) -> dict[str, tuple[object, ...]]:
    """An order-free fingerprint of the rows of each lawful table that is there."""
    lake = Lake(spark, root)
    return {
        name: tuple(fingerprint(lake.read(name).drop(*ARRIVAL)).first() or ())
        for name in LAWFUL
        if lake.exists(name)
    }
