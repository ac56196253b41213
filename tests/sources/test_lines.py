"""Lines with their bytes, and the numbers of bad ones, in plain and packed files."""

from __future__ import annotations

import bz2
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from trailhouse.errors import SourceError
from trailhouse.sources import lines
from trailhouse.sources.lines import line_numbers, read_lines, unreadable_named

LINES = [b"one", b"", b"two \xff\r", b"   ", b"\xe2\r", b"one", "drei ä".encode()]
CONTENT = b"\xef\xbb\xbf" + b"\n".join(LINES)


def zstd(content: bytes) -> bytes:
    """Packed as a stream, which does not tell its length beforehand."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


def zstd_in_frames(content: bytes) -> bytes:
    """Packed in two parts that follow each other, cut within a line."""
    middle = len(content) // 2
    return zstd(content[:middle]) + zstd(content[middle:])


PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".json": bytes,
    ".json.gz": gzip.compress,
    ".json.bz2": bz2.compress,
    ".json.zst": zstd,
    ".json.ZST": zstd_in_frames,
    ".json.zstd": lambda content: bytes(pa.Codec("zstd").compress(content)),
    ".json.gzip": gzip.compress,
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


def test_bad_lines_have_their_numbers_in_packed_files_too(spark: SparkSession, files: list[str]) -> None:
    # A line of each file's own, so that none hides another.
    marked = []
    for file, (suffix, pack) in zip(files, PACKED.items(), strict=True):
        path = Path(file).with_name(f"marked{suffix}")
        path.write_bytes(pack(CONTENT + b"\n" + suffix.encode()))
        marked.append(str(path))
    hashes = {hashlib.sha256(suffix.encode()).hexdigest(): suffix for suffix in PACKED}
    asked = spark.createDataFrame([(code,) for code in hashes], "content_hash string")
    found = line_numbers(spark, marked, asked).collect()
    assert {(hashes[row.content_hash], Path(row.file).name, row.line) for row in found} == {
        (suffix, f"marked{suffix}", len(LINES) + 1) for suffix in PACKED
    }


def test_lines_of_a_file_too_large_to_be_held_are_not_counted(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_COUNTED", len(CONTENT))
    large, small = tmp_path / "a.json", tmp_path / "b.json"
    large.write_bytes(CONTENT + b"\n")
    small.write_bytes(CONTENT)
    hashes = spark.createDataFrame([(hashlib.sha256(b"one").hexdigest(),)], "content_hash string")
    found = line_numbers(spark, [str(large), str(small)], hashes).collect()
    assert [(Path(row.file).name, row.line) for row in found] == [("b.json", 1)]


def test_a_long_line_of_a_packed_file_is_kept(spark: SparkSession, tmp_path: Path) -> None:
    long = b"x" * 20_000_000
    file = tmp_path / "long.json.zst"
    file.write_bytes(zstd(b"short\n" + long + b"\nlast"))
    found = [len(row.raw) for row in read_lines(spark, [str(file)]).collect()]
    assert found == [5, 20_000_000, 4]


@pytest.mark.parametrize("suffix", [".json.gz", ".json.zst"])
def test_half_a_packed_file_is_refused_by_name(spark: SparkSession, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"half [é]{suffix}"
    content = b"".join(hashlib.sha256(bytes([i % 256, i // 256])).hexdigest().encode() for i in range(9000))
    whole = PACKED[suffix](content.replace(b"00", b"\n"))
    file.write_bytes(whole[: len(whole) // 2])
    refused = pytest.raises(SourceError, match=rf"half \[é\]{suffix} cannot be read to its end")
    with refused as caught, unreadable_named():
        read_lines(spark, [str(file)]).collect()
    assert "\n" not in str(caught.value)
