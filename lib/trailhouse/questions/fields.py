"""Fields and conditions of questions as columns over `activity`, and what they need joined to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.settings import Filter, Step
from trailhouse.settings.questions.events import Scalar
from trailhouse.settings.questions.fields import EVENT_FIELDS

_JSON = "MAP<STRING, STRING>"
_TRAIT = "trait"
_DIFFERS = {"is_not": "is", "not_contains": "contains", "is_not_set": "is_set"}
"""Operator -> the one that it denies."""


def field(name: str) -> Column:
    """The value of a field (settings/questions/fields.py) in a row of `asked.rows`; null where not set.

    A property is the JSON scalar as text (`true`, `3`). What belongs to a session or a profile stands in the
    struct columns `session` and `profile`, traits in the struct of `traits`: a list is one text here.
    """
    if name in EVENT_FIELDS:
        return F.col(EVENT_FIELDS[name])
    prefix, _, rest = name.partition(".")
    # JSON as a map of texts: a path expression could not tell a name with a dot or a quote.
    if prefix == "properties":
        return F.try_element_at(F.from_json("properties", _JSON), F.lit(rest))
    if prefix == _TRAIT:
        return F.array_join(_values(name), ", ")
    return F.col(prefix)[rest]


def traits(names: Iterable[str], declared: Collection[str] | None) -> Column | None:
    """The struct `trait`, over a row of `profiles`, of those of the fields that are traits; None: none is.

    A trait is its values as texts (ARRAY<STRING>): those of a unique list, else one; a number without zeros
    at its end; null where the person has none. `declared` are the names of computed traits: what was told
    under such a name is not seen. Of other names both are looked for, in this order. None: the row is one of
    `accounts`, which have no computed traits.
    """
    wanted = sorted(name for name in set(names) if name.startswith(f"{_TRAIT}."))
    columns = [_trait(name.removeprefix(f"{_TRAIT}."), declared).alias(_key(name)) for name in wanted]
    return F.struct(*columns).alias(_TRAIT) if columns else None


def _trait(name: str, declared: Collection[str] | None) -> Column:
    text = F.try_element_at(F.from_json("traits", _JSON), F.lit(name))
    said = F.when(text.isNotNull(), F.array(text))
    if declared is None:
        return said
    entry = F.get(F.filter("computed_traits", lambda one: one["name"] == name), F.lit(0))
    one = F.coalesce(_number_text(entry["number"]), entry["text"])
    computed = F.coalesce(entry["list"], F.when(one.isNotNull(), F.array(one)))
    return computed if name in declared else F.coalesce(computed, said)


def _key(name: str) -> str:
    """The field's column in the struct: names of traits differ by their case, those of columns do not."""
    return f"of_{name.encode().hex()}"


def _values(name: str) -> Column:
    return F.col(_TRAIT)[_key(name)]


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
    op, of_trait = condition.op, condition.field.startswith(f"{_TRAIT}.")
    if op in _DIFFERS:
        other = condition.model_copy(update={"op": _DIFFERS[op]})
        return ~F.coalesce(_holds(other), F.lit(False))
    if op == "is_set":
        return (_values if of_trait else field)(condition.field).isNotNull()
    if of_trait:  # of a list it is enough that one value fulfils it
        return F.exists(_values(condition.field), lambda one: _fulfils(one, condition))
    return _fulfils(field(condition.field), condition)


def _fulfils(value: Column, condition: Filter) -> Column:
    is_money = F.startswith(F.typeof(value), F.lit("decimal"))
    text = F.when(is_money, _number_text(value)).otherwise(value.cast("STRING"))
    texts = [_text(one) for one in condition.values]
    match condition.op:
        case "is":
            # 2.50 is written 2.5, too.
            plain = [f"{one.normalize():f}" for one in condition.values if isinstance(one, Decimal)]
            return text.isin(*texts, *plain)
        case "contains":
            return _contains(text, texts)
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


def _number_text(number: Column) -> Column:
    """A number's text without the zeros at its end: `50`, `2.5`."""
    shorter = F.regexp_replace(number.cast("STRING"), r"(\.\d*?)0+$", "$1")
    return F.regexp_replace(shorter, r"\.$", "")


def _contains(text: Column, parts: Iterable[str]) -> Column:
    return _any(F.contains(F.lower(text), F.lit(part.lower())) for part in parts)


def _any(conditions: Iterable[Column]) -> Column:
    return reduce(Column.__or__, conditions)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
