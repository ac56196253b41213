"""Identifiers and times between a terminal and the tables: read as people type them, told as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity.constraints import Identifier
from trailhouse.identity.normalise import is_blocked, normalised
from trailhouse.settings import Settings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Typed:
    """An identifier as the tables spell it; `blocked`: its value names nobody."""

    identifier: Identifier
    blocked: bool


def typed(spark: SparkSession, texts: Sequence[str], settings: Settings) -> list[Typed]:
    """What `TYPE:VALUE` texts name, in their order; IdentityError for one that is not of this form.

    The type ends at the first colon; values are normalised as those of events are.
    """
    parts = []
    for text in texts:
        id_type, colon, value = text.partition(":")
        if not (id_type.strip() and colon):
            raise IdentityError(f"{text!r} is no identifier: write TYPE:VALUE, such as user_id:u1")
        parts.append((id_type.strip(), value))
    if not parts:
        return []
    known = normalised(F.col("id_type"), F.col("id_value"), settings)
    rows = spark.createDataFrame(parts, "id_type string, id_value string").select(
        "id_type", known.alias("id_value"), is_blocked(known, settings).alias("blocked")
    )
    return [Typed(Identifier(row.id_type, row.id_value), row.blocked) for row in rows.collect()]


def plain(text: str) -> str:
    """Foreign text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def told(one: Identifier) -> str:
    """An identifier as `TYPE:VALUE`, plain."""
    return plain(f"{one.id_type}:{one.id_value}")


def micros(name: str) -> Column:
    """A timestamp column as microseconds since 1970: Python would turn it to the zone of this computer."""
    return F.unix_micros(name).alias(name)


def instant(since_epoch: int) -> datetime:
    """`micros` as a time, UTC."""
    return _EPOCH + timedelta(microseconds=since_epoch)


def clock(at: datetime) -> str:
    """A time to the second, as lines tell it."""
    return f"{at:%Y-%m-%d %H:%M:%S}"
