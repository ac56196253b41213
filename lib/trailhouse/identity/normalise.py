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

# Spark's own trim takes off spaces alone; a tab or a no-break space is as invisible.
_INVISIBLE = (
    " \t\n\x0b\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


def _trimmed(value: Column) -> Column:
    return F.trim(value, F.lit(_INVISIBLE))


def normalised(id_type: Column, value: Column, settings: Settings) -> Column:
    """The value trimmed, and in lower case or as digits where its type says so; null stays null.

    Idempotent: a normalised value is its own normal form.
    """
    types = settings.identity.types.items()
    trimmed = _trimmed(value)
    forms = {
        F.lower: [name for name, rules in types if rules.lower],
        _digits: [name for name, rules in types if rules.digits],
    }
    found = trimmed
    for form, names in forms.items():
        if names:
            found = F.when(id_type.isin(names), form(trimmed)).otherwise(found)
    return found


def _digits(value: Column) -> Column:
    """The digits, after a plus sign if the value begins with one."""
    plus = F.when(value.startswith("+"), F.lit("+")).otherwise(F.lit(""))
    return F.concat(plus, F.regexp_replace(value, "[^0-9]", ""))


def folded(value: Column) -> Column:
    """A value as the list of blocked ones spells it."""
    return F.lower(_trimmed(value))


def is_blocked(value: Column, settings: Settings) -> Column:
    """Whether a value, trimmed and case-folded, names nobody; false for null, which is no value at all.

    Blocked are blank values, values of zeros and dashes alone, those of `BLOCKED`, and the
    project's own list `identity.blocked`.
    """
    own = {word.strip().lower() for word in settings.identity.blocked}
    written = folded(value)
    nothing_else = F.translate(written, "0-", "") == ""  # Blank, or zeros and dashes alone.
    blocked = nothing_else | written.isin(sorted({*BLOCKED, *own}))
    return F.coalesce(blocked, F.lit(False))
