"""Raw formats: each module turns the records of one tracker into the same canonical event columns.

A source has two functions. `read` gives one row a record with its bytes; `parse` gives the canonical
columns of `events` as the tracker sent them, before privacy and enrichment, with
`reasons` (why the record is no event; empty: it is one) and `refused` (its consent says no). Columns that
few records tell, and that are made otherwise (`stages.events.TOLD`), may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

from pyspark.sql import DataFrame, SparkSession

from trailhouse.settings import Settings
from trailhouse.sources import (
    amplitude,
    ga4,
    mixpanel,
    posthog,
    segment,
    segment_warehouse,
    snowplow,
    trailhouse,
)
from trailhouse.sources.recognise import Recogniser


@dataclass(frozen=True)
class Source:
    """A raw format.

    `suffixes` end the names of its files. `read(spark, paths, settings)` takes file URLs and gives
    `raw` (the record's bytes), `file`, and what `parse` needs besides. `lines` tells that a record
    is a line (or a Parquet file's row as one), of which `parse` needs `raw` and `file` alone.
    `recognises` tells from the first lines of a file whether it is of this format. `retold` says that
    another export of a record may tell other ids or properties of it, as the tracker knows them by then;
    `own_device` that a record may tell its device besides its user agent.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[SparkSession, Sequence[str], Settings], DataFrame]
    parse: Callable[[DataFrame, Settings], DataFrame]
    lines: bool
    recognises: Recogniser
    retold: bool
    own_device: bool


def _source(
    name: str, module: ModuleType, *, lines: bool = True, retold: bool = False, own_device: bool = False
) -> Source:
    return Source(
        name, module.SUFFIXES, module.read, module.parse, lines, module.RECOGNISES, retold, own_device
    )


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        _source("segment", segment),
        _source("segment_warehouse", segment_warehouse),
        _source("posthog", posthog, retold=True),
        _source("amplitude", amplitude, retold=True),
        _source("mixpanel", mixpanel, retold=True),
        _source("ga4", ga4),
        _source("snowplow", snowplow, lines=False),
        _source("trailhouse", trailhouse, own_device=True),
    )
}


def recognised(lines: Sequence[str]) -> list[str]:
    """The names of the formats that the first lines of a file may be of."""
    return [name for name, source in SOURCES.items() if source.recognises(lines)]
