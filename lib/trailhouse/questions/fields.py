"""Fields and conditions of questions as columns over `activity`, and what they need joined to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.settings import Filter, Step
from trailhouse.settings.questions.events import Scalar
from trailhouse.settings.questions.fields import EVENT_FIELDS

UNKNOWN = "unknown"
_JSON = "MAP<STRING, STRING>"


def field(name: str) -> Column:
    """The value of a field (settings/questions/fields.py) in a row of `asked.rows`; null where not set.

    A property is the JSON scalar as text (`true`, `3`). What belongs to a session or a profile stands in the
    struct columns `session` and `profile`.
    """
    if name in EVENT_FIELDS:
        return F.col(EVENT_FIELDS[name])
    prefix, _, rest = name.partition(".")
    # JSON as a map of texts: a path expression could not tell a name with a dot or a quote.
    if prefix == "properties":
        return F.try_element_at(F.from_json("properties", _JSON), F.lit(rest))
    if prefix == "trait":
        return F.try_element_at(F.from_json("profile.traits", _JSON), F.lit(rest))
    return F.col(prefix)[rest]


def fields_of(steps: Iterable[Step], filters: Iterable[Filter] = ()) -> frozenset[str]:
    """The fields that steps and conditions read."""
    return frozenset(one.field for one in filters).union(*(step.fields for step in steps))


def value_of(name: str) -> Column:
    """A field's value as the text of a breakdown; 'unknown' where it is not set."""
    return F.coalesce(field(name).cast("STRING"), F.lit(UNKNOWN))


def holds(condition: Filter) -> Column:
    """Whether a row fulfils the condition; never null."""
    return F.coalesce(_holds(condition), F.lit(False))


def all_hold(conditions: Iterable[Filter]) -> Column:
    """Whether a row fulfils each of the conditions; never null."""
    return reduce(Column.__and__, map(holds, conditions), F.lit(True))


def matches(step: Step) -> Column:
    """Whether a row of activity is this step; never null."""
    asked = F.lit(True) if step.event is None else F.col("event_name") == step.event
    if step.any_of:
        asked = reduce(Column.__or__, map(matches, step.any_of))
    if step.page_group is not None:
        asked = asked & (F.col("page_group") == step.page_group)
    for name, value in step.properties.items():
        asked = asked & (field(f"properties.{name}") == value)
    return F.coalesce(asked & all_hold(step.where), F.lit(False))


def _holds(condition: Filter) -> Column:
    value, texts = field(condition.field), [_text(one) for one in condition.values]
    text = value.cast("STRING")
    match condition.op:
        case "is_set":
            return value.isNotNull()
        case "is_not_set":
            return value.isNull()
        case "is":
            return text.isin(*texts)
        case "is_not":
            return ~F.coalesce(text.isin(*texts), F.lit(False))
        case "contains":
            return _contains(text, texts)
        case "not_contains":
            return ~F.coalesce(_contains(text, texts), F.lit(False))
        case "matches":
            return _any(F.rlike(text, F.lit(one)) for one in texts)
    number = value.try_cast("DOUBLE")
    numbers = [F.lit(float(one)) for one in condition.values]
    compare = {
        "above": Column.__gt__,
        "at_least": Column.__ge__,
        "below": Column.__lt__,
        "at_most": Column.__le__,
    }[condition.op]
    return _any(compare(number, one) for one in numbers)


def _contains(text: Column, parts: Iterable[str]) -> Column:
    return _any(F.contains(F.lower(text), F.lit(part.lower())) for part in parts)


def _any(conditions: Iterable[Column]) -> Column:
    return reduce(Column.__or__, conditions)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
