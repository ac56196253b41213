"""`replay_chunks`: what recorders send as events, taken out of these and judged.

A recording comes in events `replay_chunk`, whose properties hold rrweb's events. They stay events, with time
and identifiers and without their payload, which lies in `replay_chunks` under the same id; so duplicates,
identity and sessions are decided once, for the event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from trailhouse.replay.rrweb import FULL_SNAPSHOT, Damaged, Event, TooLarge, packed, read, text_of
from trailhouse.settings import Settings
from trailhouse.tables import replay_chunks

PAYLOADS = ("$snapshot_data", "$snapshot_items", "rrweb_events", "events")
"""Properties that hold rrweb's events: an array of them, one alone, or the text of either."""
REFERENCE = "rrweb_path"
"""Property that names a file of rrweb's events instead, JSON, packed with gzip or not."""
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


def too_large(most: int) -> str:
    """Why a chunk of more bytes than this is none."""
    return f"replay chunk larger than {most} bytes"


def reference() -> Column:
    """The file that a prepared row of a recording names; null where it holds its events itself."""
    return F.get_json_object("properties", f"$.{REFERENCE}")


def taken(prepared: DataFrame, denied: Column, settings: Settings) -> DataFrame:
    """Prepared rows of recordings with the payload taken out of `properties` into `replay` (PAYLOAD).

    Beside them `content`, the bytes of the file that a row names, and `unread`, why there are none.
    One whose payload is none, or is not of rrweb events, is for quarantine: its `reasons` say so. Where
    consent is `denied` nothing is kept of the payload.
    """
    payload = _payload(settings)(F.col("properties"), F.col("content"), F.col("unread"))
    found = prepared.withColumn("replay", payload).drop("content", "unread")
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


def _payload(settings: Settings) -> Callable[[Column, Column, Column], Column]:
    rules = Rules(
        _millis(settings.events.earliest), _millis(settings.events.latest), settings.replay.max_chunk
    )

    def each(texts: pd.Series, contents: pd.Series, unread: pd.Series) -> pd.DataFrame:
        rows = zip(texts, contents, unread, strict=True)
        return pd.DataFrame([parted(*row, rules) for row in rows], columns=list(_NOTHING))

    return cast("Callable[[Column, Column, Column], Column]", cast("Any", pandas_udf)(each, PAYLOAD))


@dataclass(frozen=True)
class Rules:
    """What a chunk is held to: times of rrweb in [earliest, latest), in ms; bytes of a file's events."""

    earliest: int
    latest: int
    most: int


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


def parted(properties: str | None, content: bytes | None, unread: str | None, rules: Rules) -> dict[str, Any]:
    """The fields of PAYLOAD of an event's properties, JSON, and of the file that they name.

    `unread` says why there is no `content` of such a file. With a `problem`, all else is null.
    """
    if unread is not None:
        return {**_NOTHING, "problem": unread}
    try:
        given = json.loads(properties or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return {**_NOTHING, "problem": _NO_EVENTS}
    payloads = [given.pop(name) for name in PAYLOADS if given.get(name) is not None]
    if content is not None:
        try:
            payloads.append(text_of(content, rules.most))
        except TooLarge:
            return {**_NOTHING, "problem": too_large(rules.most)}
        except Damaged:
            return {**_NOTHING, "problem": _NOT_RRWEB}
    if not payloads:
        return {**_NOTHING, "problem": _NO_EVENTS}
    try:
        events = [event for payload in payloads for event in _events(payload)]
    except Damaged:
        return {**_NOTHING, "problem": _NOT_RRWEB}
    times = [event["timestamp"] for event in events]
    if not all(rules.earliest <= at < rules.latest for at in times):
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
