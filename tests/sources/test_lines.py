"""Lines with their bytes, and the numbers of bad ones, in plain and packed files."""

from __future__ import annotations

import bz2
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from trailhouse.sources.lines import line_numbers, read_lines

LINES = [b"one", b"", b"two \xff\r", b"   ", b"\xe2\r", b"one", "drei ä".encode()]
CONTENT = b"\xef\xbb\xbf" + b"\n".join(LINES)
PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".json": bytes,
    ".json.gz": gzip.compress,
    ".json.bz2": bz2.compress,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    # A folder that looks like a partition must not add a column.
    folder = tmp_path_factory.mktemp("lines") / "dt=2026-03-02"
    folder.mkdir()
    for suffix, pack in PACKED.items():
        (folder / f"part{suffix}").write_bytes(pack(CONTENT))
    return [str(folder / f"part{suffix}") for suffix in PACKED]


def test_a_record_is_its_bytes_without_byte_order_mark_and_line_end(
    spark: SparkSession, files: list[str]
) -> None:
    frame = read_lines(spark, files)
    assert frame.columns == ["raw", "file"]
    found: dict[str, list[bytes]] = {}
    for row in frame.collect():
        found.setdefault(Path(row.file).name, []).append(bytes(row.raw))
    expected = sorted([b"one", b"two \xff", b"\xe2", b"one", "drei ä".encode()])
    assert {name: sorted(records) for name, records in found.items()} == {
        f"part{suffix}": expected for suffix in PACKED
    }


def test_bad_lines_are_found_again_by_their_bytes_in_the_first_file_by_name(
    spark: SparkSession, files: list[str]
) -> None:
    wanted = {
        hashlib.sha256(record).hexdigest(): record for record in (b"one", b"two \xff", b"\xe2", b"absent")
    }
    hashes = spark.createDataFrame([(code,) for code in wanted], "content_hash string")
    found = line_numbers(spark, files, hashes).collect()
    # Blank lines count; of two equal lines the first is told.
    assert {wanted[row.content_hash]: row.line for row in found} == {b"one": 1, b"two \xff": 3, b"\xe2": 5}
    assert {Path(row.file).name for row in found} == {"part.json"}


def test_a_file_may_be_named_like_a_pattern_or_with_blanks(spark: SparkSession, tmp_path: Path) -> None:
    odd = tmp_path / "part [1] {a} 50% +é.json"
    odd.write_bytes(b"x\ny\n")
    (tmp_path / "part 1 a 50% +é.json").write_bytes(b"other\n")
    frame = read_lines(spark, [str(odd)])
    assert sorted(bytes(row.raw) for row in frame.collect()) == [b"x", b"y"]
    named = [row.file for row in frame.select("file").distinct().collect()]
    hashes = spark.createDataFrame([(hashlib.sha256(b"y").hexdigest(),)], "content_hash string")
    assert [row.line for row in line_numbers(spark, named, hashes).collect()] == [2]


def test_the_file_is_named_as_it_is_when_records_are_read(spark: SparkSession, files: list[str]) -> None:
    hashes = spark.createDataFrame([(hashlib.sha256(b"one").hexdigest(),)], "content_hash string")
    [row] = line_numbers(spark, files[:1], hashes).collect()
    assert {row.file} == {
        other.file for other in read_lines(spark, files[:1]).select("file").distinct().collect()
    }
