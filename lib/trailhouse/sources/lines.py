"""Files whose records are lines of text: reading them with their bytes, and finding a line's number."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from io import BufferedReader, BytesIO
from typing import IO, cast
from urllib.parse import unquote

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import UnreadableFileError
from trailhouse.files import store_failure
from trailhouse.sources.parquet import read_rows
from trailhouse.sources.paths import is_parquet, literal

_UNREADABLE = re.compile(r"\[FAILED_READ_FILE[^\]]*\][^\n]*? reading file (.+?)\.\s+SQLSTATE")
_BOM = b"\xef\xbb\xbf"
_BATCH = 20_000
_COUNTED = 256 * 1024 * 1024
"""Bytes of the largest file that lines are counted in: it is held in memory whole."""
_LOCAL = {
    # Hadoop's own for a local disk looks for checksums, and stumbles over a colon in a file's name.
    "fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "fs.file.impl.disable.cache": "true",
}


def read_lines(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """One row a line that is not blank: `raw` BINARY without the line's end, `file` STRING.

    Lines end with a line feed, with or without a carriage return before it; there is no limit to
    their length, so that what is too long can be counted. A Parquet file's rows are lines of JSON. Raises
    SourceError for a Parquet file that is none.
    """
    tables = [path for path in paths if is_parquet(path)]
    texts = [path for path in paths if not is_parquet(path)]
    frames = [_text_lines(spark, texts)] if texts else []
    frames += read_rows(spark, tables) if tables else []
    if len(frames) == 1:
        return frames[0]
    # What is computed from the rows would be moved into each part of the union, and planned and compiled
    # for each; a filter that passes all, and that the optimizer takes for no function of the row, stops it.
    return reduce(DataFrame.unionByName, frames).where(F.spark_partition_id() >= 0)


def _text_lines(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    # A Python list of files has no common folder, so no column comes of `dt=...` in their paths.
    lines = spark.read.options(**_LOCAL).text([literal(path) for path in paths], lineSep="\n")
    text = F.col("value")
    # Cut by bytes: trimming by characters would read past the end of a line that is not UTF-8.
    line = F.when(text.endswith("\r"), F.substring(text.cast("binary"), F.lit(1), F.octet_length(text) - 1))
    kept = lines.where((text != "\r") & (F.trim(text) != ""))
    return kept.select(
        F.coalesce(line, text.cast("binary")).alias("raw"), F.col("_metadata.file_path").alias("file")
    )


@contextmanager
def unreadable_named() -> Iterator[None]:
    """Raise UnreadableFileError with the file's name where Spark finds one that it cannot read to its end."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        found = _UNREADABLE.search(str(error))
        if found is None or store_failure(error):
            raise
        raise UnreadableFileError(
            f"{unquote(found[1])} cannot be read to its end: it is cut, damaged or not what its name says;"
            " replace it, or take it out of the folder"
        ) from None


def line_numbers(spark: SparkSession, files: Sequence[str], hashes: DataFrame) -> DataFrame:
    """Where bad records stand: one row a `content_hash` with `file` and `line`, from 1.

    `hashes` has a column `content_hash`, the SHA-256 of the record's bytes; `files` are named as in the
    column `file`. Of several places the first by file name, then line, is given; Parquet files have no
    lines, and those of a file larger than 256 MiB are not counted. Reads the files a second time, in
    Python: name only those that hold bad records.
    """
    texts = [literal(unquote(file)) for file in files if not is_parquet(file)]
    if not texts:
        return spark.createDataFrame([], "content_hash string, file string, line bigint")
    found = (
        spark.read.format("binaryFile")
        .options(**_LOCAL)
        .load(texts)
        .where(F.col("length") <= _COUNTED)
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
    name = file.lower()
    if name.endswith((".gz", ".gzip")):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=BytesIO(content)))
    if name.endswith(".bz2"):
        return cast("IO[bytes]", bz2.BZ2File(BytesIO(content)))
    if name.endswith((".zst", ".zstd")):
        packed = pa.CompressedInputStream(pa.BufferReader(content), "zstd")
        return cast("IO[bytes]", BufferedReader(packed))
    return BytesIO(content)


def _batch(hashes: list[str], file: str, numbers: list[int]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "content_hash": pa.array(hashes, pa.string()),
            "file": pa.array([file] * len(hashes), pa.string()),
            "line": pa.array(numbers, pa.int64()),
        }
    )
