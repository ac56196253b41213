"""Files whose records are lines: reading them with their bytes, and finding a line's number."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import IO, cast
from urllib.parse import unquote

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

_BOM = b"\xef\xbb\xbf"
_BATCH = 20_000


def literal(path: str) -> str:
    """The path for a reader that takes patterns, so that `[1]` in a file's name is no pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def read_lines(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """One row a line that is not blank: `raw` BINARY without the line's end, `file` STRING.

    Lines end with a line feed, with or without a carriage return before it; there is no limit to
    their length, so that what is too long can be counted.
    """
    # A Python list of files has no common folder, so no column comes of `dt=...` in their paths.
    lines = spark.read.text([literal(path) for path in paths], lineSep="\n")
    text = F.col("value")
    # Cut by bytes: trimming by characters would read past the end of a line that is not UTF-8.
    line = F.when(text.endswith("\r"), F.substring(text.cast("binary"), F.lit(1), F.octet_length(text) - 1))
    kept = lines.where((text != "\r") & (F.trim(text) != ""))
    return kept.select(
        F.coalesce(line, text.cast("binary")).alias("raw"), F.col("_metadata.file_path").alias("file")
    )


def line_numbers(spark: SparkSession, files: Sequence[str], hashes: DataFrame) -> DataFrame:
    """Where bad records stand: one row a `content_hash` with `file` and `line`, from 1.

    `hashes` has a column `content_hash`, the SHA-256 of the record's bytes; `files` are named as in the
    column `file`. Of several places the first by file name, then line, is given. Reads the files a
    second time, in Python: name only those that hold bad records.
    """
    found = (
        spark.read.format("binaryFile")
        .load([literal(unquote(file)) for file in files])
        .select("content", F.col("_metadata.file_path").alias("file"))
        .mapInArrow(_hashed_lines, "content_hash string, file string, line bigint")
    )
    wanted = found.join(
        F.broadcast(hashes.select("content_hash").distinct()), on="content_hash", how="left_semi"
    )
    first = F.min(F.struct("file", "line"))
    return wanted.groupBy("content_hash").agg(first.alias("at")).select("content_hash", "at.file", "at.line")


def _hashed_lines(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    for batch in batches:
        for content, file in zip(batch.column("content"), batch.column("file"), strict=True):
            yield from _of_file(content.as_py(), file.as_py())


def _of_file(content: bytes, file: str) -> Iterator[pa.RecordBatch]:
    hashes: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(_opened(content, file), start=1):
        record = (line.removeprefix(_BOM) if number == 1 else line).removesuffix(b"\n").removesuffix(b"\r")
        if not record.strip(b" "):
            continue
        hashes.append(hashlib.sha256(record).hexdigest())
        numbers.append(number)
        if len(hashes) == _BATCH:
            yield _batch(hashes, file, numbers)
            hashes, numbers = [], []
    yield _batch(hashes, file, numbers)


def _opened(content: bytes, file: str) -> IO[bytes]:
    if file.endswith(".gz"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=BytesIO(content)))
    if file.endswith(".bz2"):
        return cast("IO[bytes]", bz2.BZ2File(BytesIO(content)))
    return BytesIO(content)


def _batch(hashes: list[str], file: str, numbers: list[int]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "content_hash": pa.array(hashes, pa.string()),
            "file": pa.array([file] * len(hashes), pa.string()),
            "line": pa.array(numbers, pa.int64()),
        }
    )
