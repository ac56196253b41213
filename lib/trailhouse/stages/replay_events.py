"""`replay_events`: recordings decoded into events, as far as the tracker sends none of the kind.

A recording of a window is decoded as one, in its order: which element was clicked is told by the full
snapshot before, in whichever chunk that came. So all of a window's are made again when one of its chunks
comes late. With who, where and by what device they are those of the event that brought their chunk.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import REPLAY_CHUNK, short_hash
from trailhouse.enrich import pages, urls
from trailhouse.replay.decode import NAMES, Recorded, decode
from trailhouse.replay.rrweb import Damaged, is_event, opened, whole
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.tables._shapes import BOX

_FACTS = (
    "chunk STRING, `index` STRING, at_us BIGINT, name STRING, url STRING, width INT, height INT, x INT, "
    "y INT, selector STRING, text STRING, tag STRING, href STRING, interactive BOOLEAN, pointer_told STRING, "
    "`offset` INT, form_told STRING, field STRING"
)
_ARROW = pa.schema(
    [
        *[(name, pa.string()) for name in ("chunk", "index")],
        ("at_us", pa.int64()),
        *[(name, pa.string()) for name in ("name", "url")],
        *[(name, pa.int32()) for name in ("width", "height", "x", "y")],
        *[(name, pa.string()) for name in ("selector", "text", "tag", "href")],
        ("interactive", pa.bool_()),
        ("pointer_told", pa.string()),
        ("offset", pa.int32()),
        *[(name, pa.string()) for name in ("form_told", "field")],
    ]
)
_ORDER = ("sequence", "first_us", "last_us")
_NOT_TOLD = (
    "sequence", "previous_id", "traits", "navigation_type", "document", "media", "search", "survey",
    "campaign", "experiments", "value", "currency", "consent", "properties", "client_time",
)  # fmt: skip
"""Columns of the chunk's event that say nothing of what was recorded."""


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a decoded event of a kind that the tracker does not send on that app's UTC day."""
    settings = context.settings
    table = TABLES["replay_events"]
    carriers = inputs["events"].where(F.col("event_name") == REPLAY_CHUNK)
    if not settings.replay.decode:
        return {table.name: table.select(carriers.where(F.lit(False)).select(*table.schema.names))}
    # Without a session of the tracker's a chunk is a recording of its own.
    session, tab = F.col("client_session_id"), F.coalesce("tab_id", F.lit(""))
    window = F.when(session.isNotNull(), F.concat(session, F.lit("\0"), tab)).otherwise(F.col("event_id"))
    chunks = inputs["replay_chunks"].select(
        window.alias("window"),
        "event_id",
        "sequence",
        F.unix_micros("first_time").alias("first_us"),
        F.unix_micros("last_time").alias("last_us"),
        "shift_us",
        "data",
    )
    decoded = chunks.groupBy("window").applyInArrow(_decoded, _FACTS)
    allowed = settings.privacy.query_parameters
    if allowed is not None:
        decoded = decoded.withColumns(
            {name: urls.keep_parameters(F.col(name), allowed) for name in ("url", "href")}
        )
    joined = decoded.join(carriers, on=F.col("chunk") == F.col("event_id"), how="inner")
    rows = _as_events(joined, settings)
    day = ("app_id", "event_date", "event_name")
    sent = inputs["events"].where(F.col("event_name").isin(*NAMES)).select(*day).distinct()
    same = [rows[name].eqNullSafe(sent[name]) for name in day]
    return {table.name: table.select(rows.join(F.broadcast(sent), on=same, how="left_anti"))}


def _decoded(window: pa.Table) -> pa.Table:
    """The rows of one window's chunks, decoded."""
    events = sorted(_events(window), key=lambda one: one[0])
    found = decode([one for _, one in events])
    columns = {name: [getattr(one, name.removesuffix("_told")) for one in found] for name in _ARROW.names}
    return pa.table(columns, schema=_ARROW)


def _events(window: pa.Table) -> Iterator[tuple[tuple[object, ...], Recorded]]:
    """The window's events, each once, with their place in its order."""
    chunks = sorted(
        window.to_pylist(),
        key=lambda row: (row["sequence"] is None, *(row[name] or 0 for name in _ORDER), row["event_id"]),
    )
    shift = min((row["shift_us"] for row in chunks), default=0)
    for number, row in enumerate(chunks):
        try:
            events = opened(row["data"])
        except Damaged:
            continue
        for index, event in enumerate(events):
            if not is_event(event):
                continue
            try:
                at = round(event["timestamp"] * 1000) + shift
                yield (at, number, index), Recorded(row["event_id"], index, at, whole(event))
            except Damaged:
                continue


def _as_events(rows: DataFrame, settings: Settings) -> DataFrame:
    """Decoded rows beside the events that brought them, as rows of `events`."""
    event_id = short_hash(F.lit("replay"), F.col("chunk"), F.col("index"))
    null = F.lit(None)
    kind = TABLES["replay_events"].schema
    untold = {name: null.cast(kind[name].dataType) for name in _NOT_TOLD}
    made = rows.withColumns(
        {
            **untold,
            "content_hash": short_hash(F.col("content_hash"), F.col("index")),
            "event_id": event_id,
            "event_name": F.col("name"),
            "event_time": F.timestamp_micros("at_us"),
            "viewport": F.when(
                F.col("width").isNotNull() & F.col("height").isNotNull(), F.struct("width", "height")
            ),
            "pointer": F.col("pointer_told"),
            "element": _element(),
            "scroll_offset": F.greatest(F.col("offset"), F.lit(0)),
            "form": F.when(F.col("name") == "form_change", F.struct(F.col("form_told").alias("id"), "field")),
            "flags": F.array().cast("array<string>"),
            "page": F.struct(
                F.col("url"),
                null.cast("string").alias("title"),
                null.cast("string").alias("referrer"),
                null.cast("string").alias("view_id"),
            ),
        }
    )
    placed = made.withColumns(
        {
            "event_key": F.xxhash64("event_id"),
            "event_date": F.to_date("event_time"),
            "url_host": urls.host(F.col("url")),
            "url_path": urls.path(F.col("url")),
        }
    )
    parts = pages.Parts(F.col("url_host"), F.col("url_path"))
    page = pages.page(F.col("page"), parts, F.col("event_name"), settings)
    return placed.withColumn("page", page).select(*kind.names)


def _element() -> Column:
    acted = F.col("name").isin("click", "mouse_move", "form_change")
    parts = [F.col(name) for name in ("selector", "text", "tag", "href", "interactive")]
    return F.when(acted, F.struct(*parts, F.lit(None).cast(BOX).alias("box"), F.col("x"), F.col("y")))


STAGE = Stage(
    name="replay_events",
    reads=("replay_chunks", "events"),
    writes=("replay_events",),
    transform=transform,
    optional=("replay_chunks",),
    pins={"events": "identities"},
    settings=("replay.decode", "events.page_groups", "privacy.query_parameters"),
    wanted=lambda settings: settings.replay.decode,
    checks=(
        Check(
            "replay_events",
            "of_known_kinds",
            "A recording is decoded into events of a few kinds.",
            condition="event_name IN (" + ", ".join(f"'{name}'" for name in NAMES) + ")",
        ),
    ),
)
