"""JSON Schemas of the plan: whether one is sound, and what it looks at."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    "additionalProperties", "items", "contains", "not", "if", "then", "else", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_NOTES = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format")
_FURTHER = (
    "$schema", "$id", "$anchor", "$dynamicAnchor", "$defs", "$comment", "then", "else",
    "minContains", "maxContains", "contentEncoding", "contentMediaType", "contentSchema",
)  # fmt: skip
_TYPE_RULES = {
    "type",
    "properties",
    "patternProperties",
    "required",
    "additionalProperties",
    "items",
    "$comment",
}

Location = tuple[str | int, ...]


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """The rules of a sound schema. Nothing outside of it is looked up, on the network least of all."""
    return Draft202012Validator(_placed(schema), registry=Registry())


def _placed(schema: Any) -> Any:
    """A schema with `not: {}` for a member's `false`, of which jsonschema does not tell the place."""
    if not isinstance(schema, Mapping):
        return schema
    found = dict(schema)
    for keyword in _MAPS:
        if keyword in schema:
            inner = schema[keyword].items()
            found[keyword] = {name: {"not": {}} if one is False else _placed(one) for name, one in inner}
    found |= {keyword: [_placed(one) for one in schema[keyword]] for keyword in _LISTS if keyword in schema}
    found |= {keyword: _placed(schema[keyword]) for keyword in _SINGLE if keyword in schema}
    return found


def flaws(schema: Any) -> Iterator[tuple[Location, str]]:
    """What is wrong with a schema of an event's properties: where in it, and a sentence's end."""
    meta = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    if not isinstance(schema, Mapping):
        yield (), f"schema is {_short(schema)}, not a mapping of JSON Schema's keywords"
        return
    if schema.get("$schema", DRAFT) != DRAFT:
        yield ("$schema",), f"$schema is {_short(schema['$schema'])}: only {DRAFT} is read"
        return
    if error := best_match(meta.iter_errors(schema)):
        where = tuple(error.absolute_path)
        yield where, f"{'.'.join(map(str, ('schema', *where)))} is {_short(error.instance)}: {_reason(error)}"
        return
    yield from _unknown(schema)
    broken = list(_references(schema))
    yield from broken
    if not broken:
        yield from _endless(schema)


def only_types(schema: Any) -> bool:
    """Whether names and types alone, no value, decide what a schema says; True for true and false."""
    if not isinstance(schema, Mapping):
        return True
    known = _TYPE_RULES | set(_NOTES)
    return set(schema) <= known and all(only_types(inner) for _, inner in subschemas(schema))


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[Location, Any]]:
    """The schemas directly inside of one, each with its place in it."""
    for keyword in _MAPS:
        yield from (((keyword, name), inner) for name, inner in schema.get(keyword, {}).items())
    for keyword in _LISTS:
        yield from (((keyword, number), inner) for number, inner in enumerate(schema.get(keyword, ())))
    yield from (((keyword,), schema[keyword]) for keyword in _SINGLE if keyword in schema)


def _all(schema: Any, at: Location = ()) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    if isinstance(schema, Mapping):
        yield at, schema
        for where, inner in subschemas(schema):
            yield from _all(inner, (*at, *where))


def _unknown(schema: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """JSON Schema ignores a keyword that it does not know, and with it a rule that was misspelled."""
    known = {*Draft202012Validator.VALIDATORS, *_NOTES, *_FURTHER}
    for at, inner in _all(schema):
        for keyword in inner:
            if keyword not in known and not keyword.startswith("x-"):
                near = difflib.get_close_matches(keyword, sorted(known), n=1, cutoff=0.6)
                hint = f", did you mean {near[0]}?" if near else ": own ones begin with x-"
                yield (*at, keyword), f"{_short(keyword)} is no keyword of JSON Schema{hint}"


def _references(schema: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    resource = DRAFT202012.create_resource(dict(schema))
    resolver = Registry().with_resource("", resource).resolver()
    for at, inner in _all(schema):
        for keyword in ("$ref", "$dynamicRef"):
            target = inner.get(keyword)
            if target is None:
                continue
            try:
                if not target.startswith("#"):
                    raise LookupError
                resolver.lookup(target)
            except (LookupError, Unresolvable):
                told = (
                    f"{keyword} {_short(target)} leads nowhere: name a part of this schema, as #/$defs/name"
                )
                yield (*at, keyword), told


def _endless(schema: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    try:
        validator(schema).is_valid({})
    except RecursionError:
        yield (), "schema refers to itself without end: let a $ref lead to another part"


def _reason(error: Any) -> str:
    """jsonschema's words, without the value that they begin with."""
    if list(error.absolute_path)[-1:] == ["type"]:
        return "a type is array, boolean, integer, null, number, object or string, or a list of these"
    text = str(error.message)
    value = repr(error.instance)
    return text[len(value) :].strip() if text.startswith(value) else text


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
