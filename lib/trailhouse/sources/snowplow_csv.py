"""Snowplow's atomic columns as CSV with a header, as loaders' tables are exported."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.sources import snowplow_names as names
from trailhouse.sources.paths import literal
from trailhouse.sources.recognise import csv_header
from trailhouse.sources.snowplow_cells import sorted_out

SUFFIXES = (".csv", ".csv.gz", ".csv.bz2")

NEEDED = ("collector_tstamp", "event_id")
recognises = csv_header(*NEEDED)

_BYTES = "ISO-8859-1"
_MALFORMED = "_malformed_record"
_CSV = {"quote": '"', "escape": '"'}
_VERSION = re.compile(r"_(\d+)_\d+_\d+$")


def missing(lines: Sequence[str]) -> list[str]:
    """The columns that a header must have and the first line has not."""
    return [name for name in NEEDED if not csv_header(name)(lines)]


def header(path: str, line: str) -> tuple[str, ...]:
    """Its columns' names in lower case. Raises SourceError, with `path`, where one stands there twice."""
    found = next(csv.reader([line.rstrip("\r")]), [])
    columns = tuple(name.strip().lower() for name in found)
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise SourceError(f"{path}: its header names twice: {', '.join(doubled)}")
    return columns


def read(spark: SparkSession, headers: dict[str, tuple[str, ...]]) -> DataFrame:
    """One row a record of these files, each with its header: `raw`, `file`, `malformed`, and `sorted_out`.

    `raw` is the record as a CSV writer writes it again; that of a `malformed` one (too few or too many
    fields: the text says so) is its own.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for path, columns in headers.items():
        groups.setdefault(columns, []).append(path)
    frames = [_read_group(spark, files, columns) for columns, files in sorted(groups.items())]
    return reduce(DataFrame.unionByName, frames)


def _read_group(spark: SparkSession, files: list[str], columns: tuple[str, ...]) -> DataFrame:
    # Read as Latin-1, each byte is a character, so the bytes are found again and judged as UTF-8 later.
    frame = spark.read.csv(
        [literal(file) for file in files],
        schema=", ".join(f"`{name}` STRING" for name in (*columns, _MALFORMED)),
        header=True,
        multiLine=True,
        encoding=_BYTES,
        columnNameOfCorruptRecord=_MALFORMED,
        **_CSV,
    )
    cells = {name: F.col(f"`{name}`") for name in columns}
    written = F.to_csv(F.struct(*cells.values()), _CSV)
    texts = {name: F.encode(cell, _BYTES).cast("string") for name, cell in cells.items()}
    keys = {name: _key(name) for name in columns if name.startswith(tuple(names.DOCUMENTS.values()))}
    entries = [
        F.struct(F.lit(key).alias("key"), F.nullif(texts[name], F.lit("")).alias("text"))
        for name, key in sorted(keys.items())
    ]
    documents = F.filter(F.array(*entries), lambda e: e["text"].isNotNull()) if entries else None
    plain = {name: text for name, text in texts.items() if name not in keys}
    return frame.select(
        F.encode(F.coalesce(F.col(_MALFORMED), written), _BYTES).alias("raw"),
        F.col("_metadata.file_path").alias("file"),
        F.when(F.col(_MALFORMED).isNotNull(), F.lit("number of fields differs from the header")).alias(
            "malformed"
        ),
        *sorted_out(plain, documents),
    )


def _key(column: str) -> str:
    """The column's schema up to its model, which is all that the names of some loaders tell."""
    return _VERSION.sub(r"_\1", column)
