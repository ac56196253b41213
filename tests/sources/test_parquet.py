"""Parquet files as lines of JSON: every type and shape, and files that are none; one Spark query for all."""

from __future__ import annotations

import base64
import json
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from tests.sources.reading import of_files
from tests.sources.samples import DELIVERED
from trailhouse.errors import SourceError
from trailhouse.sources.lines import line_numbers, read_lines, unreadable_named

TEN = 1772445600_000000
"""Ten o'clock in microseconds."""
TYPES = pa.table(
    {
        "zoned": pa.array([TEN, None], pa.timestamp("us", tz="Europe/Berlin")),
        "local": pa.array([TEN + 1, None], pa.timestamp("us")),
        # As pandas writes times.
        "nanoseconds": pa.array([TEN * 1000 + 1999, None], pa.timestamp("ns", tz="UTC")),
        "milliseconds": pa.array([TEN // 1000, None], pa.timestamp("ms", tz="UTC")),
        "day": pa.array([date(2026, 3, 2), None]),
        "old_day": pa.array([date(1500, 1, 1), None]),
        "price": pa.array([Decimal("1.500"), None], pa.decimal128(20, 3)),
        "long": pa.array([2**63 - 1, None]),
        "unsigned": pa.array([2**64 - 1, None], pa.uint64()),
        "share": pa.array([0.25, None]),
        "flag": pa.array([True, None]),
        "text_as_bytes": pa.array(["né".encode(), None]),
        "bytes": pa.array([b"\xff\x00", None]),
        "list": pa.array([[{"key": "a", "value": {"i": 1, "s": None, "b": b"x"}}], []]),
        "map": pa.array([[("k", b"\xff")], None], pa.map_(pa.string(), pa.binary())),
        "object": pa.array(['{"a": 1.50, "b": [1, {"c": null}]}', "{no object}"]),
        "objects": pa.array(['[{"a": 1}]', '["no", "objects"]']),
        'dotted.na`me "é': pa.array(["x", None]),
        "_metadata": pa.array(["a column, too", None]),
        "nothing": pa.nulls(2),
    }
)
FIRST: dict[str, Any] = {
    "zoned": "2026-03-02T10:00:00.000000Z",
    "local": "2026-03-02T10:00:00.000001",
    "nanoseconds": "2026-03-02T10:00:00.000001Z",
    "milliseconds": "2026-03-02T10:00:00.000000Z",
    "day": "2026-03-02",
    "old_day": "1500-01-01",
    "price": 1.5,
    "long": 2**63 - 1,
    "unsigned": 2**64 - 1,
    "share": 0.25,
    "flag": True,
    "text_as_bytes": "né",
    "bytes": base64.b64encode(b"\xff\x00").decode(),
    "list": [{"key": "a", "value": {"i": 1, "b": "x"}}],
    "map": {"k": base64.b64encode(b"\xff").decode()},
    "object": {"a": 1.5, "b": [1, {"c": None}]},
    "objects": [{"a": 1}],
    'dotted.na`me "é': "x",
    "_metadata": "a column, too",
}
SECOND = {"list": [], "object": "{no object}", "objects": '["no", "objects"]'}


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """The lines of several files, by the files' names."""
    root = tmp_path_factory.mktemp("parquet")
    # Folders that look like partitions must not add a column.
    one, other = root / "dt=2026-03-02", root / "dt=2026-03-03"
    one.mkdir()
    other.mkdir()
    files = [one / "types [1] {a} 50% +é.parquet", one / "a.parquet", other / "b.PARQUET", one / "c.json"]
    pq.write_table(TYPES, files[0])
    pq.write_table(pa.table({"event": ["x", "y"], "count": [1, 2]}), files[1], row_group_size=1)
    pq.write_table(pa.table({"event": ["z"], "count": ["many"], "more": [None]}), files[2])
    files[3].write_bytes(b'{"event": "line"}\n')
    (one / "types 1 a 50% +é.parquet").write_bytes(b"not asked for")
    found: dict[str, list[bytes]] = {}
    for row in read_lines(spark, [str(file) for file in files]).collect():
        found.setdefault(Path(unquote(row.file)).name, []).append(bytes(row.raw))
    return found


def test_a_row_is_the_object_of_its_columns_without_nulls(read: dict[str, list[bytes]]) -> None:
    first, second = (json.loads(line) for line in read["types [1] {a} 50% +é.parquet"])
    assert first == FIRST
    assert second == SECOND


def test_json_in_a_column_of_text_is_kept_to_the_letter(read: dict[str, list[bytes]]) -> None:
    assert b'"object":{"a": 1.50, "b": [1, {"c": null}]}' in read["types [1] {a} 50% +é.parquet"][0]


def test_files_of_other_columns_and_types_keep_theirs_beside_lines(read: dict[str, list[bytes]]) -> None:
    lines = {name: sorted(map(json.loads, found), key=str) for name, found in read.items()}
    assert lines["a.parquet"] == [{"event": "x", "count": 1}, {"event": "y", "count": 2}]
    assert lines["b.PARQUET"] == [{"event": "z", "count": "many"}]
    assert lines["c.json"] == [{"event": "line"}]


def test_a_batch_export_of_posthog_is_read_like_its_lines(spark: SparkSession, tmp_path: Path) -> None:
    record = DELIVERED["posthog"]
    moment = {"timestamp": TEN, "created_at": TEN + 2_000_000}
    times = {key: pa.array([value], pa.timestamp("us", tz="UTC")) for key, value in moment.items()}
    rest = {key: [record[key]] for key in ("uuid", "event", "team_id", "distinct_id")}
    as_text = pa.array([json.dumps(record["properties"])])
    (tmp_path / "lines.jsonl").write_text(json.dumps(record) + "\n")
    pq.write_table(pa.table({**rest, **times, "properties": as_text}), tmp_path / "text.parquet")
    pq.write_table(
        pa.table({**rest, **times, "properties": [record["properties"]]}), tmp_path / "struct.parquet"
    )
    files = [tmp_path / name for name in ("lines.jsonl", "text.parquet", "struct.parquet")]

    def told(row: Row) -> dict[str, Any]:
        # The hash is of the text, in which blanks differ.
        return {
            key: value
            for key, value in row.asDict(recursive=True).items()
            if key not in ("file", "content_hash")
        }

    rows = of_files(spark, "posthog", files)
    assert len(rows) == 3
    assert told(rows[0])["reasons"] == []
    assert told(rows[0]) == told(rows[1]) == told(rows[2])


def test_what_is_computed_from_mixed_files_is_planned_once(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({"event": ["x"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"event": [1]}), tmp_path / "b.parquet")
    (tmp_path / "c.json").write_bytes(b"{}\n")
    frame = read_lines(spark, [str(tmp_path / name) for name in ("a.parquet", "b.parquet", "c.json")])
    plan = (
        frame.select(F.soundex(F.col("raw").cast("string")).alias("s"))._jdf.queryExecution().optimizedPlan()
    )
    assert plan.toString().count("soundex(") == 1


def test_a_row_that_is_no_event_has_no_line(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1]}), file)
    hashes = spark.createDataFrame([("of a row",)], "content_hash string")
    assert line_numbers(spark, [file.as_uri()], hashes).collect() == []


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cut.parquet", lambda whole: whole[:-30]),
        ("text.parquet", lambda whole: b"no table at all\n" * 9),
        ("empty.parquet", lambda whole: b""),
        ("start.parquet", lambda whole: whole[:4]),
    ],
)
def test_a_file_that_is_no_whole_parquet_is_refused_by_name(
    spark: SparkSession, tmp_path: Path, name: str, make: Any
) -> None:
    good, bad = tmp_path / "good.parquet", tmp_path / name
    pq.write_table(pa.table({"event": ["x"]}), good)
    bad.write_bytes(make(good.read_bytes()))
    with pytest.raises(SourceError, match=rf"{bad} cannot be read as Parquet") as caught:
        read_lines(spark, [str(good), str(bad)])
    assert "\n" not in str(caught.value)


def test_columns_that_cannot_be_read_are_told_with_their_file(spark: SparkSession, tmp_path: Path) -> None:
    twice, clock = tmp_path / "twice.parquet", tmp_path / "clock.parquet"
    pq.write_table(pa.table({"event": ["x"], "Event": ["y"]}), twice)
    pq.write_table(pa.table({"at": [time(10)]}), clock)
    with pytest.raises(
        SourceError, match=rf"{twice} has columns that cannot be read: .*event.* already exists"
    ):
        read_lines(spark, [str(twice)])
    with pytest.raises(SourceError, match=rf"{clock} has columns that cannot be read: .*TIME"):
        read_lines(spark, [str(clock)])


def test_a_file_that_is_damaged_within_is_refused_by_name(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "damaged é.parquet"
    pq.write_table(pa.table({"event": [f"event {i}" for i in range(20_000)]}), file)
    content = bytearray(file.read_bytes())
    content[1000:9000] = bytes(8000)
    file.write_bytes(content)
    with (
        pytest.raises(SourceError, match=r"damaged é\.parquet cannot be read to its end"),
        unreadable_named(),
    ):
        read_lines(spark, [str(file)]).collect()
