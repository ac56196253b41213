"""Snowplow's enriched events, as TSV or as CSV with a header; docs/sources/snowplow.md."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import SourceError
from trailhouse.settings import Settings
from trailhouse.sources import (
    cast,
    recognise,
    snowplow_csv,
    snowplow_entities,
    snowplow_fields,
    snowplow_texts,
    snowplow_tsv,
)
from trailhouse.sources import snowplow_names as names
from trailhouse.sources.paths import literal

SUFFIXES = (*snowplow_csv.SUFFIXES, *snowplow_tsv.SUFFIXES)

_TIMES = {
    "client_time": "dvce_created_tstamp",
    "sent_time": "dvce_sent_tstamp",
    "received_time": "collector_tstamp",
}


def RECOGNISES(lines: Sequence[str]) -> bool:
    """Whether a file begins with a header of atomic columns, or with enriched events."""
    return snowplow_csv.recognises(lines) or snowplow_tsv.recognises(lines)


def read(spark: SparkSession, paths: Sequence[str], settings: Settings) -> DataFrame:
    """One row a record, of either shape: `raw`, `file`, `malformed` and `snowplow_cells.sorted_out`.

    The first lines of each file tell its shape, so that both may lie in one folder, and files of CSV
    may differ in columns and their order. Raises SourceError for a file that is of neither.
    """
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(paths, pool.map(lambda path: _header(spark, path), paths), strict=True))
    headers = {path: columns for path, columns in found.items() if columns is not None}
    tabbed = [path for path, columns in found.items() if columns is None]
    frames = [snowplow_csv.read(spark, headers)] if headers else []
    if tabbed:
        frames.append(snowplow_tsv.read(spark, tabbed, settings.raw.max_record_bytes))
    return reduce(DataFrame.unionByName, frames)


def _header(spark: SparkSession, path: str) -> tuple[str, ...] | None:
    """The columns that a file of CSV names; none where the file is TSV."""
    if path.endswith(snowplow_tsv.SUFFIXES):
        return None
    rows = spark.read.text(literal(path), lineSep="\n").limit(recognise.LINES).collect()
    lines = [row[0] for row in rows]
    if snowplow_csv.recognises(lines):
        return snowplow_csv.header(path, lines[0])
    # A pipeline leaves empty files behind; an empty CSV lacks its header.
    if snowplow_tsv.is_tabbed(lines) or not (lines or path.endswith(snowplow_csv.SUFFIXES)):
        return None
    missing = " and ".join(snowplow_csv.missing(lines))
    raise SourceError(
        f"{path}: its first line is no header of Snowplow's atomic columns, {missing} not found, "
        f"and no enriched event of {len(names.FIELDS)} fields with tabs between: move the file away"
    )


def parse(frame: DataFrame, settings: Settings) -> DataFrame:
    """Canonical columns of each record, with `reasons` where it is no event.

    Each step is a projection, so that what several columns need is computed once.
    """
    limit = settings.raw.max_record_bytes
    too_large = F.octet_length("raw") > limit
    # A large record is never looked into.
    unread = (
        F.when(too_large, F.lit(f"record larger than {limit} bytes"))
        .when(~F.is_valid_utf8(F.col("raw").cast("string")), F.lit("not UTF-8"))
        .otherwise(F.col("malformed"))
    )
    c = F.col("cells")
    times = {name: cast.time(c[cell]) for name, cell in _TIMES.items()}
    judged = frame.withColumns({"unread": unread, **times})
    valued = snowplow_texts.with_values(snowplow_texts.with_name(snowplow_entities.opened(judged)))
    complete = valued.withColumns(
        {
            "wrong": snowplow_fields.wrong(),
            "wrong_entities": snowplow_texts.wrong(),
            "entities_json": F.to_json("entities"),
        }
    )
    return complete.select(*[column.alias(name) for name, column in _columns(c).items()])


def _columns(c: Column) -> dict[str, Column]:
    return {
        "raw": F.col("raw"),
        "file": F.col("file"),
        "reasons": _reasons(c),
        "refused": F.lit(False),
        "event_id": cast.present(c["event_id"]),
        "content_hash": F.when(F.col("unread").isNull(), _content_hash(c)),
        **{name: F.col(name) for name in _TIMES},
        "event_name": F.col("event_name"),
        **snowplow_fields.columns(),
        "properties": snowplow_fields.properties(),
    }


def _content_hash(c: Column) -> Column:
    """Hash of what is filled, by name, without what tells of delivery: the same for either shape."""
    own = F.to_json(F.struct(*[c[name].alias(name) for name in sorted({*names.READ} - {*names.DELIVERY})]))
    return F.sha2(F.concat_ws("\x1f", own, "told", "others", "entities_json"), 256)


def _reasons(c: Column) -> Column:
    unread_times = cast.unread_times({cell: (c[cell], F.col(name)) for name, cell in _TIMES.items()})
    no_time = F.when(c["dvce_created_tstamp"].isNull(), F.lit("no time"))
    return F.when(F.col("unread").isNotNull(), F.array("unread")).otherwise(
        cast.texts([no_time, *unread_times])
    )
