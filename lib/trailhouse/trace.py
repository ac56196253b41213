"""From an event back to its raw line: `python -m trailhouse origin EVENT_ID`.

`event_origins` names the file; the line is found by reading that one file again, with the source that
read it, when somebody asks (docs/decisions/011-lines-on-demand.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Row
from pyspark.sql import functions as F

from trailhouse.errors import StorageError
from trailhouse.files import reason
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES
from trailhouse.sources.lines import line_numbers
from trailhouse.storage import Lake


@dataclass(frozen=True)
class Place:
    """A record in its file: its bytes, and whether it won; `line` from 1, None where the format has no lines.

    Of records that are equal byte by byte the first is told.
    """

    line: int | None
    raw: bytes
    won: bool


@dataclass(frozen=True)
class Origin:
    """Where an event came from; `places` are the file's records of its id, the one that won first."""

    event_id: str
    source: str
    file: str
    run_id: str
    batch: int
    places: tuple[Place, ...]


def origin(lake: Lake, settings: Settings, event_id: str) -> Origin:
    """The file, line and run of an event.

    StorageError, one sentence, when there is no such event, its origin was never written, its file
    is gone, or the file does not hold it any more.
    """
    event = _row(lake, "events", event_id)
    if event is None:
        raise StorageError(f"lake {lake.root} has no event {event_id!r}: is the id complete?")
    known = _row(lake, "event_origins", event_id) if lake.exists("event_origins") else None
    if known is None:
        raise StorageError(
            f"the origin of event {event_id!r} is not known: run the events job once with --rebuild, "
            "which finds origins that are missing"
        )
    path = unquote(known.file)
    if not lake.files.reachable(path):
        raise StorageError(f"event {event_id!r} came from {path}, which is not there any more")
    try:
        places = _places(lake, settings, event, known.file)
    except (Py4JJavaError, PySparkException) as error:
        raise StorageError(
            f"event {event_id!r} came from {path}, which cannot be read: {reason(error)}"
        ) from None
    if not any(place.won for place in places):
        raise StorageError(
            f"event {event_id!r} came from {path}, which does not hold its record any more: "
            "the file was changed after it was read"
        )
    return Origin(event_id, event.source, path, known.run_id, known.batch, tuple(places))


def told(found: Origin, *, show: bool = False) -> list[str]:
    """The origin as lines for a terminal; with `show` also the records, what is not plain text escaped."""
    lines = [
        f"event  {_plain(found.event_id)}",
        f"file   {_plain(found.file)}",
        f"run    {found.run_id}, batch {found.batch}, source {found.source}",
    ]
    for place in found.places:
        where = "no line numbers in this format" if place.line is None else str(place.line)
        lines.append(f"line   {where}" + ("" if place.won else " (of the same id, and not the one kept)"))
        if show:
            lines.append(f"       {_plain(place.raw.decode(errors='backslashreplace'))}")
    return lines


def _plain(text: str) -> str:
    """Foreign text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _row(lake: Lake, table: str, event_id: str) -> Row | None:
    return lake.read(table).where(F.col("event_id") == event_id).first()


def _places(lake: Lake, settings: Settings, event: Row, file: str) -> list[Place]:
    """The file's records of an event's id; the one that won has the published row's content and times."""
    source = SOURCES[event.source]
    parsed = source.parse(source.read(lake.spark, [unquote(file)], settings), settings)
    won = (
        F.col("content_hash").eqNullSafe(F.lit(event.content_hash))
        & F.col("received_time").eqNullSafe(F.lit(event.received_time))
        & F.col("sent_time").eqNullSafe(F.lit(event.sent_time))
    )
    records = (
        parsed.where(F.coalesce("event_id", "content_hash") == event.event_id)
        .select(F.sha2("raw", 256).alias("content_hash"), "raw", won.alias("won"))
        .drop_duplicates(["content_hash"])
        .collect()
    )
    lines: dict[str, int] = {}
    if source.lines and records:
        hashes = lake.spark.createDataFrame([(row.content_hash,) for row in records], "content_hash STRING")
        lines = {row.content_hash: row.line for row in line_numbers(lake.spark, [file], hashes).collect()}
    places = [Place(lines.get(row.content_hash), bytes(row.raw), row.won) for row in records]
    return sorted(places, key=lambda place: (not place.won, place.line or 0))
