"""Snowplow's atomic columns by their names, whichever file they come from: the row that its readers share."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.sources import snowplow_names as names

_DOCUMENTS = "array<struct<key:string,text:string>>"


def sorted_out(given: Mapping[str, Column], documents: Column | None = None) -> list[Column]:
    """The columns of a record that `snowplow.parse` reads, made of its text by column name; blank is null.

    `cells` (STRUCT of names.READ), `others`, `told`, `delivered` (JSON objects of further columns that hold
    something: what goes to properties, what a URL tells already, what tells of delivery),
    `contexts`, `derived_contexts`, `unstruct_event` (self-describing JSON) and `documents`,
    ARRAY<STRUCT<key, text>> of JSON that a loader has put into a column for each schema.
    """
    null = F.lit(None).cast("string")
    texts = {name: _text(name, column) for name, column in given.items()}
    known = {*names.READ, *names.TOLD, *names.DELIVERY, *names.DOCUMENTS}
    return [
        F.struct(*[texts.get(name, null).alias(name) for name in names.READ]).alias("cells"),
        _json(texts, texts.keys() - known).alias("others"),
        _json(texts, names.TOLD).alias("told"),
        _json(texts, {*names.DELIVERY} - {*names.READ}).alias("delivered"),
        *[texts.get(name, null).alias(name) for name in names.DOCUMENTS],
        (F.array() if documents is None else documents).cast(_DOCUMENTS).alias("documents"),
    ]


def _text(name: str, cell: Column) -> Column:
    text = F.nullif(cell, F.lit(""))
    if name in names.BOOLEANS:
        return F.coalesce(text.try_cast("boolean").cast("string"), text)
    return text


def _json(texts: Mapping[str, Column], chosen: Collection[str]) -> Column:
    """The chosen columns that are there, by name; to_json leaves out what is null."""
    found = [texts[name].alias(name) for name in sorted(chosen) if name in texts]
    return F.to_json(F.struct(*found)) if found else F.lit("{}")
