"""`replay_chunks`: what recorders send as events, taken out of these and judged.

A recording comes in events `replay_chunk`, whose properties hold rrweb's events. They stay events, with time
and identifiers and without their payload, which lies in `replay_chunks` under the same id; so duplicates,
identity and sessions are decided once, for the event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from trailhouse.replay.rrweb import FULL_SNAPSHOT, Damaged, Event, packed, read
from trailhouse.settings import Settings
from trailhouse.tables import replay_chunks

PAYLOADS = ("$snapshot_data", "$snapshot_items", "rrweb_events", "events")
"""Properties that hold rrweb's events: an array of them, one alone, or the text of either."""
NUMBERS = ("chunk_index", "index", "sequence")
"""Properties that number the chunks of a recording."""
MASKED = "masked"
"""Property that says whether text was masked."""

PAYLOAD = (
    "STRUCT<properties: STRING, problem: STRING, events: INT, snapshots: INT, first_us: BIGINT, "
    "last_us: BIGINT, length: BIGINT, sequence: BIGINT, masked: BOOLEAN, data: BINARY>"
)
_NO_EVENTS = "replay chunk without rrweb events"
_NOT_RRWEB = "replay chunk not of rrweb events"
_OUT_OF_BOUNDS = "time out of bounds in a replay chunk"
_LARGEST = 2**63


def taken(prepared: DataFrame, denied: Column, settings: Settings) -> DataFrame:
    """Prepared rows of recordings with the payload taken out of `properties` into `replay` (PAYLOAD).

    One whose payload is none, or is not of rrweb events, is for quarantine: its `reasons` say so. Where
    consent is `denied` nothing is kept of the payload.
    """
    found = prepared.withColumn("replay", _payload(settings)(F.col("properties")))
    problem = F.col("replay.problem")
    kept = F.col("replay.data").isNotNull() & ~denied
    judged = found.withColumns(
        {
            "properties": F.col("replay.properties"),
            "reasons": F.when(problem.isNotNull(), F.array(problem)).otherwise(F.col("reasons")),
            "raw": F.when(problem.isNotNull(), F.col("raw")),
        }
    )
    return judged.withColumn("replay", F.when(kept, F.col("replay")))


def chunks(rows: DataFrame) -> DataFrame:
    """`replay_chunks` of rows of events that have a `replay`."""
    shift = F.coalesce(F.unix_micros("event_time") - F.unix_micros("client_time"), F.lit(0)).cast("bigint")
    told = rows.withColumn("shift_us", shift).withColumns(
        {
            "sequence": F.coalesce("sequence", "replay.sequence"),
            "first_time": F.timestamp_micros(F.col("replay.first_us") + F.col("shift_us")),
            "last_time": F.timestamp_micros(F.col("replay.last_us") + F.col("shift_us")),
            **{name: F.col(f"replay.{name}") for name in ("events", "snapshots", "length", "masked", "data")},
        }
    )
    return replay_chunks.TABLE.select(told.select(*replay_chunks.TABLE.schema.names))


def _payload(settings: Settings) -> Callable[[Column], Column]:
    earliest, latest = (_millis(day) for day in (settings.events.earliest, settings.events.latest))

    def each(texts: pd.Series) -> pd.DataFrame:
        return pd.DataFrame([parted(text, earliest, latest) for text in texts], columns=list(_NOTHING))

    return cast("Callable[[Column], Column]", cast("Any", pandas_udf)(each, PAYLOAD))


def _millis(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


_NOTHING: Mapping[str, Any] = {
    "properties": None,
    "problem": None,
    "events": None,
    "snapshots": None,
    "first_us": None,
    "last_us": None,
    "length": None,
    "sequence": None,
    "masked": None,
    "data": None,
}


def parted(properties: str | None, earliest: int, latest: int) -> dict[str, Any]:
    """The fields of PAYLOAD of an event's properties, JSON; times of rrweb lie in [earliest, latest), in ms.

    With a `problem`, all else is null.
    """
    try:
        given = json.loads(properties or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return {**_NOTHING, "problem": _NO_EVENTS}
    payloads = [given.pop(name) for name in PAYLOADS if given.get(name) is not None]
    if not payloads:
        return {**_NOTHING, "problem": _NO_EVENTS}
    try:
        events = [event for payload in payloads for event in _events(payload)]
    except Damaged:
        return {**_NOTHING, "problem": _NOT_RRWEB}
    times = [event["timestamp"] for event in events]
    if not all(earliest <= at < latest for at in times):
        return {**_NOTHING, "problem": _OUT_OF_BOUNDS}
    text = json.dumps(events, separators=(",", ":"))
    return {
        "properties": json.dumps(given, ensure_ascii=False, separators=(",", ":")) if given else None,
        "problem": None,
        "events": len(events),
        "snapshots": sum(event["type"] == FULL_SNAPSHOT for event in events),
        "first_us": round(min(times) * 1000),
        "last_us": round(max(times) * 1000),
        "length": len(text),
        "sequence": next((int(given[key]) for key in NUMBERS if _is_number(given.get(key))), None),
        "masked": given[MASKED] if isinstance(given.get(MASKED), bool) else None,
        "data": packed(events),
    }


def _events(payload: Any) -> list[Event]:
    """The rrweb events of a payload: JSON's own, or the text of it."""
    return read(payload if isinstance(payload, str) else json.dumps(payload))


def _is_number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and -_LARGEST <= value < _LARGEST
