"""How an identifier's value is written, and which values name nobody.

Both functions work on values as any source sends them, so that links, identities and the look-up of
an event's person agree on what one identifier is.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.settings import Settings

BLOCKED = (
    "-1",
    "null",
    "none",
    "nil",
    "undefined",
    "nan",
    "true",
    "false",
    "anonymous",
    "guest",
    "test",
    "id",
    "email",
    "distinct_id",
    "distinctid",
    "not_authenticated",
    "unknown",
    "n/a",
    "[object object]",
)
"""Values, in lower case, that trackers send when they know of nobody; blank and zeros come on top."""

_ZEROS = "^[0-]+$"
# Spark's own trim takes off spaces alone; a tab or a no-break space is as invisible.
_EDGES = r"(?U)^\s+|\s+$"


def _trimmed(value: Column) -> Column:
    return F.regexp_replace(value, _EDGES, "")


def normalised(id_type: Column, value: Column, settings: Settings) -> Column:
    """The value trimmed, and in lower case where its type says so; null stays null.

    Idempotent: a normalised value is its own normal form.
    """
    lowered = [name for name, rules in settings.identity.types.items() if rules.lower]
    trimmed = _trimmed(value)
    return F.when(id_type.isin(lowered), F.lower(trimmed)).otherwise(trimmed)


def is_blocked(value: Column, settings: Settings) -> Column:
    """Whether a value, trimmed and case-folded, names nobody; false for null, which is no value at all.

    Blocked are blank values, values of zeros and dashes alone, those of `BLOCKED`, and the
    project's own list `identity.blocked`.
    """
    own = {word.strip().lower() for word in settings.identity.blocked}
    folded = F.lower(_trimmed(value))
    blocked = (folded == "") | folded.rlike(_ZEROS) | folded.isin(sorted({*BLOCKED, *own}))
    return F.coalesce(blocked, F.lit(False))
