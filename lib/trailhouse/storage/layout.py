"""How a table's rows lie in files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.contract import Table
from trailhouse.errors import StorageError
from trailhouse.sql import literal, quoted

_FILE = 32 * 2**20
"""Bytes of staged rows that are worth a file, and so a task, of their own."""
_UNKNOWN = 2**60


def table_properties(table: Table) -> dict[str, str]:
    """Delta's own properties of a table of this contract."""
    # Statistics on every column cost more than writing it.
    # Of a flag or a list there is nothing to skip by, and Delta refuses to try.
    without = {c.name for c in table.columns if c.type.startswith(("BOOLEAN", "ARRAY", "MAP", "STRUCT"))}
    wanted = table.stats or table.grain
    stats = [name for name in wanted if name not in table.partition_by and name not in without]
    found = {"delta.dataSkippingStatsColumns": ",".join(stats)} if stats else {}
    if table.name == "events":
        found["delta.enableChangeDataFeed"] = "true"
    return found


def predicate(table: Table, partitions: list[tuple[Any, ...]]) -> str:
    """SQL that holds for the rows of these partitions; StorageError for a table of several such columns."""
    if len(table.partition_by) != 1:
        raise StorageError(f"{table.name}: tables are partitioned by one column at most")
    name = quoted(table.partition_by[0])
    kind = table.column(table.partition_by[0]).type
    values = ", ".join(f"CAST({literal(str(key))} AS {kind})" for (key,) in partitions)
    return f"{name} IN ({values})"


def laid_out(table: Table, frame: DataFrame, size: int = 0) -> DataFrame:
    """One file a partition where that is small, more where it is large; rows in the table's order.

    `size`: about how many bytes `frame` has, where that is known.
    """
    names = [F.col(name) for name in table.partition_by]
    files = max(1, size // _FILE)
    if names and (files == 1 or not _has_one_value(frame, table.partition_by)):
        spread = frame.hint("rebalance", *names)
    else:
        spread = frame.coalesce(files)
    # By the partition first, as the writer would else sort by that again.
    return spread.sortWithinPartitions(*names, *table.sort_by) if table.sort_by else spread


def bytes_of(frame: DataFrame) -> int:
    """About how large the files are that `frame` is read from; 0 for rows of which Spark does not know."""
    size = int(frame._jdf.queryExecution().analyzed().stats().sizeInBytes())
    # What Spark knows nothing of it takes for endless.
    return size if size < _UNKNOWN else 0


def _has_one_value(frame: DataFrame, names: Sequence[str]) -> bool:
    return len(frame.select(*map(quoted, names)).distinct().take(2)) == 1
