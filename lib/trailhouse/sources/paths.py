"""Raw files by their names: what a name's end tells, and names for readers that take patterns."""

from __future__ import annotations

import re

PACKED = (".gz", ".gzip", ".bz2", ".zst", ".zstd")
"""Ends of the names of packed files that Spark's text reader opens by itself."""
PARQUET = ".parquet"


def is_parquet(path: str) -> bool:
    """Whether the name is that of a Parquet file."""
    return path.lower().endswith(PARQUET)


def literal(path: str) -> str:
    """The path for a reader that takes patterns, so that `[1]` in a file's name is no pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)
