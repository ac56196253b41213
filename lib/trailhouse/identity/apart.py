"""Takes over-merged components apart on the cluster, each as a whole by `constraints.resolve`.

1. Links are put together by component and sorted; a task goes through its components one after the
   other, a row at a time only here. A group of Spark's own for each would cost milliseconds apiece.
2. A component of more links than `largest` would not fit a task: none of its links joins anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.identity.constraints import Identifier, Link, Rules, Said, resolve
from trailhouse.identity.overrides import Overrides
from trailhouse.identity.persons import LINK
from trailhouse.settings import Settings

RESOLVED = (
    "type_a string, value_a string, type_b string, value_b string, first_micros bigint, "
    "reason string, detail string, person string"
)
"""Rows of two kinds. An identifier has type_a, value_a, person (a text), and detail where it is shared;
a refused link has LINK, first_micros, reason and detail."""

_SCHEMA = pa.schema(
    [
        (name, pa.int64() if kind == "bigint" else pa.string())
        for name, kind in (part.split() for part in RESOLVED.split(", "))
    ]
)
_BATCH = 10_000
Row = tuple[object, ...]


def resolved(links: DataFrame, settings: Settings, overrides: Overrides) -> DataFrame:
    """What becomes of the links and identifiers of components (`persons.links_of`): RESOLVED."""
    rules, said, largest = Rules.of(settings.identity), overrides.said(), settings.identity.largest

    def take_apart(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = ([column.to_pylist() for column in batch] for batch in batches)
        rows = (row for batch in columns for row in zip(*batch, strict=True))
        found: list[Row] = []
        for _, component in groupby(rows, key=lambda row: row[0]):
            found += _of_component([Link(Identifier(*r[1:3]), Identifier(*r[3:5]), r[5]) for r in component])
            if len(found) >= _BATCH:
                yield _batch(found)
                found = []
        yield _batch(found)

    def _of_component(component: list[Link]) -> Iterator[Row]:
        members = {end for link in component for end in link[:2]}
        # 2.
        if len(component) > largest:
            yield from ((*one, None, None, None, None, None, _key(one)) for one in members)
            yield from ((*a, *b, at, "size", None, None) for a, b, at in component)
            return
        about = Said(
            *(frozenset(pair for pair in pairs if members >= {*pair}) for pairs in (said.always, said.never))
        )
        # What is only said, and shown by no event, has no time.
        result = resolve([link for link in component if link.first_seen is not None], rules, about)
        for one, person in result.persons.items():
            yield *one, None, None, None, None, result.shared.get(one), _key(person)
        for (a, b, at), reason, detail in result.refused:
            yield *a, *b, at, reason, detail, None

    # 1. Whole numbers pass to Python unchanged; instants would get a zone.
    sorted_rows = (
        links.select("component", *LINK, F.unix_micros("first_seen").alias("first_micros"))
        .repartition("component")
        .sortWithinPartitions("component")
    )
    return sorted_rows.mapInArrow(take_apart, RESOLVED)


def _batch(rows: list[Row]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )


def _key(one: Identifier) -> str:
    return f"{one.id_type}\0{one.id_value}"
