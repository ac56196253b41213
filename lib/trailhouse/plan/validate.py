"""Holds events to the tracking plan with jsonschema, in Arrow batches.

Validating takes about a tenth of a millisecond, so it is done once for each shape: names and types
of the properties, and the values of those alone whose rules look at values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from trailhouse.plan.paths import child, place
from trailhouse.plan.schemas import only_types, validator

if TYPE_CHECKING:  # Spark's Python workers import this module, and need no settings
    from trailhouse.settings import PlannedEvent

FOUND = (
    "event_name STRING, release STRING, property STRING, kind STRING,"
    " rows BIGINT, first_seen BIGINT, last_seen BIGINT"
)
"""What `judge_batches` gives, times in microseconds since 1970."""

_ARROW = pa.schema(
    [pa.field(name, pa.string()) for name in ("event_name", "release", "property", "kind")]
    + [pa.field(name, pa.int64()) for name in ("rows", "first_seen", "last_seen")]
)
_REMEMBERED = 50_000

Problem = tuple[str, str]
"""A place in the properties and a kind of `plan_violations`."""


def judge_batches(
    events: Mapping[str, PlannedEvent],
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """For mapInArrow over (event_name, release, event_time, properties) of planned events.

    Gives FOUND: the problems of each batch, counted; an event counts once for each of its problems.
    """
    rules = {name: event.rules for name, event in events.items()}

    def judged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge = Judge(rules)
        for batch in batches:
            yield _judged(judge, batch)

    return judged


def _judged(judge: Judge, batch: pa.RecordBatch) -> pa.RecordBatch:
    alike = (
        pa.Table.from_batches([batch])
        .group_by(["event_name", "release", "properties"])
        .aggregate([("event_time", "count"), ("event_time", "min"), ("event_time", "max")])
    )
    times = [alike[f"event_time_{which}"].cast(pa.int64()).to_pylist() for which in ("min", "max")]
    names, releases, texts = (alike[c].to_pylist() for c in ("event_name", "release", "properties"))
    counts = alike["event_time_count"].to_pylist()
    found: dict[tuple[str, str | None, str, str], tuple[int, int, int]] = {}
    for name, release, text, rows, first, last in zip(names, releases, texts, counts, *times, strict=True):
        for path, kind in judge.problems(name, text):
            key = (name, release, path, kind)
            before = found.get(key, (0, first, last))
            found[key] = (before[0] + rows, min(before[1], first), max(before[2], last))
    rows_found = [dict(zip(_ARROW.names, (*key, *counted), strict=True)) for key, counted in found.items()]
    return pa.RecordBatch.from_pylist(rows_found, schema=_ARROW)


@dataclass(frozen=True)
class _Rules:
    validator: Draft202012Validator
    # Properties whose rules look at values; None when the rules of the whole do.
    by_value: Callable[[str], bool] | None


class Judge:
    """The plan's rules, compiled when first needed, and what they said of shapes seen before."""

    def __init__(self, rules: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = rules
        self._rules: dict[str, _Rules] = {}
        self._known: dict[tuple[str, object], frozenset[Problem]] = {}

    def problems(self, event: str, text: str | None) -> frozenset[Problem]:
        """What the plan finds wrong in the properties (JSON, null for none) of a planned event."""
        if event not in self._rules:
            self._rules[event] = _compiled(self._schemas[event])
        rules = self._rules[event]
        try:
            document = {} if text is None else json.loads(text, object_pairs_hook=_once)
            key = (event, _key(document, text, rules.by_value))
        except (ValueError, RecursionError):
            return frozenset({("", "unreadable")})
        if not isinstance(document, dict):
            return frozenset({("", "unreadable")})
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            errors = rules.validator.iter_errors(document)
            self._known[key] = frozenset(problem for error in errors for problem in told(error))
        return self._known[key]


def told(error: ValidationError) -> Iterator[Problem]:
    """The places that an error of jsonschema speaks of, and its kind."""
    at = place(error.absolute_path)
    found = error.instance if isinstance(error.instance, dict) else {}
    match error.validator:
        case "type":
            yield at, "mistyped"
        case "required":
            yield from ((child(at, name), "missing") for name in error.validator_value if name not in found)
        case "additionalProperties":
            schema = error.schema if isinstance(error.schema, dict) else {}
            patterns = schema.get("patternProperties", {})
            for name in found.keys() - schema.get("properties", {}).keys():
                if not any(re.search(pattern, name) for pattern in patterns):
                    yield child(at, name), "unexpected"
        case "not" if error.validator_value == {}:  # nothing may stand there
            yield at, "unexpected"
        case "unevaluatedProperties" | "propertyNames":
            yield at, "unexpected"
        case "dependentRequired":
            yield at, "missing"
        case _:
            yield at, "invalid"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; ValueError for a name given twice, as the catalog calls it unreadable as well."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _compiled(schema: Mapping[str, Any]) -> _Rules:
    if set(schema) - {"type", "properties", "required", "additionalProperties", "title", "description"}:
        return _Rules(validator(schema), None)
    named = {name: not only_types(rules) for name, rules in schema.get("properties", {}).items()}
    others = not only_types(schema.get("additionalProperties", True))
    return _Rules(validator(schema), lambda name: named.get(name, others))


def _key(document: Any, text: str | None, by_value: Callable[[str], bool] | None) -> object:
    """What the rules see of a document."""
    if by_value is None or not isinstance(document, dict):
        return text
    return tuple(
        sorted(
            (name, json.dumps(value) if by_value(name) else _types(value)) for name, value in document.items()
        )
    )


def _types(value: Any) -> str:
    """Names and types inside of a value, as text; elements of an array without order and number."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{json.dumps(k)}:{_types(v)}" for k, v in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({_types(element) for element in value})) + "]"
    if isinstance(value, float):
        return "int" if value.is_integer() else "float"  # to JSON Schema 1.0 is an integer
    return type(value).__name__
