"""Snowplow's enriched events as its pipeline writes them: 131 fields a line between tabs, no header."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.sources import snowplow_names as names
from trailhouse.sources.lines import read_lines
from trailhouse.sources.snowplow_cells import sorted_out

SUFFIXES = (".tsv", ".tsv.gz", ".tsv.bz2")

_TAB = "\t"
_TIMES = ("collector_tstamp", "dvce_created_tstamp", "derived_tstamp")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?")


def recognises(lines: Sequence[str]) -> bool:
    """Whether most of the lines that are not blank are enriched events, and at least one is."""
    filled = [line for line in lines if line.strip()]
    found = sum(_is_enriched(line) for line in filled)
    return found > 0 and 2 * found > len(filled)


def _is_enriched(line: str) -> bool:
    fields = line.rstrip("\r").split(_TAB)
    if len(fields) != len(names.FIELDS):
        return False
    event = dict(zip(names.FIELDS, fields, strict=True))
    times = [event[name] for name in _TIMES if event[name]]
    return (
        (event["platform"] in names.PLATFORMS or event["event"] in names.KINDS)
        and event["collector_tstamp"] in times
        and all(_TIME.fullmatch(time) for time in times)
    )


def is_tabbed(lines: Sequence[str]) -> bool:
    """Whether a line among these has a tab, which neither CSV nor JSON need."""
    return any(_TAB in line for line in lines)


def read(spark: SparkSession, paths: Sequence[str], limit: int) -> DataFrame:
    """One row a line that is not blank: `raw`, `file`, `malformed` (not 131 fields), and `sorted_out`.

    A line of more bytes than `limit` is not split.
    """
    text = F.when(F.octet_length("raw") <= limit, F.col("raw").cast("string"))
    lines = read_lines(spark, paths).select("raw", "file", F.split(text, _TAB).alias("fields"))
    count = len(names.FIELDS)
    found = F.size("fields")
    malformed = F.when(found != count, F.concat(found.cast("string"), F.lit(f" fields instead of {count}")))
    given = {name: F.get("fields", F.lit(place)) for place, name in enumerate(names.FIELDS)}
    return lines.select("raw", "file", malformed.alias("malformed"), *sorted_out(given))
