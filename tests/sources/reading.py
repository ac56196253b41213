"""Records to prepared rows for tests: write files, read them, prepare, collect."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import Row, SparkSession

from trailhouse.enrich.places import Database
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES
from trailhouse.stages.events import prepare

RECEIVED = "2026-03-02T10:00:02.000Z"
SENT = "2026-03-02T10:00:01.000Z"


def message(message_id: str | None, /, **fields: Any) -> dict[str, Any]:
    """A good track call of ten o'clock that arrives without drift; a field given as None is left out."""
    whole = {
        "messageId": message_id,
        "type": "track",
        "event": "Heartbeat",
        "originalTimestamp": "2026-03-02T10:00:00.000Z",
        "sentAt": SENT,
        "receivedAt": SENT,
        "anonymousId": "device-1",
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not None}


def line(record: Mapping[str, Any] | str | bytes) -> bytes:
    """The record as a line without its end; text and bytes stay as they are."""
    if isinstance(record, bytes):
        return record
    return (record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)).encode()


def prepared(
    spark: SparkSession, folder: Path, records: Iterable[Any], settings: Settings | None = None
) -> list[Row]:
    """The prepared rows of these Segment messages, which lie in one file."""
    file = folder / "messages.json"
    file.write_bytes(b"".join(line(record) + b"\n" for record in records))
    return of_files(spark, "segment", [file], settings)


def of_files(
    spark: SparkSession,
    source: str,
    files: Iterable[Path],
    settings: Settings | None = None,
    geo: Database | None = None,
) -> list[Row]:
    """The prepared rows of these files."""
    chosen, rules = SOURCES[source], settings or Settings()
    records = chosen.read(spark, [str(file) for file in files], rules)
    return prepare(records, chosen, rules, geo).collect()


def by_name(rows: Iterable[Row], bad: Mapping[str, tuple[Any, list[str]]]) -> dict[str, list[Row]]:
    """The rows by their ids; those for quarantine by the names that their records have in `bad`."""
    names = {line(record): name for name, (record, _) in bad.items()}
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.event_id if row.raw is None else names[bytes(row.raw)], []).append(row)
    return found


def with_later(
    spark: SparkSession,
    source: str,
    file: Path,
    lines: Iterable[bytes],
    later: Mapping[str, Any],
    bad: Mapping[str, tuple[Any, list[str]]],
) -> dict[str, Row]:
    """The rows of these lines and of `bad` by their names, and as `again` that of another file's one record.

    Blank lines around them are no rows. The file is packed where its name ends so.
    """
    every = [*lines, *(line(record) for record, _ in bad.values())]
    content = b"".join(each + b"\n" for each in (b"", b"  ", b"\r", *every))
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    other = file.with_name("later.json")
    other.write_bytes(line(later))
    settings = Settings.model_validate({"raw": {"max_record_bytes": 5000}})
    rows = of_files(spark, source, [file, other], settings)
    assert len(rows) == len(every) + 1, "blank lines are no records"
    [again] = [row for row in rows if row.file.endswith(other.name)]
    named = by_name([row for row in rows if row is not again], bad)
    assert all(len(several) == 1 for several in named.values())
    return {"again": again, **{name: row for name, [row] in named.items()}}
