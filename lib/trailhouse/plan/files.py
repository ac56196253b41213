"""The tracking plan's files: YAML, events with a JSON Schema each; what is wrong is told by file and line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trailhouse.errors import PlanError
from trailhouse.plan.schemas import Location, flaws
from trailhouse.settings import PlannedEvent
from trailhouse.settings.io import sentence

_KEYS = ("owner", "description", "severity", "schema")


def read_plan(folder: str | Path) -> dict[str, PlannedEvent]:
    """Planned events by name, from every .yaml and .yml file directly in a folder.

    PlanError with a sentence for all that is wrong: file, line, event, what was found, what to do.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PlanError([f"tracking plan {folder} is no folder: name one with plan.path, or leave it empty"])
    files = sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml"))
    if not files:
        draft = f"draft a plan with python -m trailhouse plan --infer --out {folder}"
        raise PlanError([f"tracking plan {folder} holds no .yaml file: {draft}"])
    planned: dict[str, PlannedEvent] = {}
    homes: dict[str, Path] = {}
    wrong: list[str] = []
    for file in files:
        try:
            events = _events(file)
        except PlanError as error:
            wrong += error.problems
            continue
        for name, event in events.items():
            if name in homes:
                wrong.append(f"tracking plan {file}, event {name!r}: {homes[name]} has it, too: plan it once")
            homes[name], planned[name] = file, event
    if wrong:
        raise PlanError(wrong)
    return planned


def _events(file: Path) -> dict[str, PlannedEvent]:
    """The events of one file."""
    try:
        tree = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        told = f"{error.problem or error.context}: write YAML"
        raise PlanError([f"tracking plan {file}, line {line}: {told}"]) from None
    except (yaml.YAMLError, OSError, ValueError) as error:  # ValueError: text or a date that is none
        told = " ".join(str(error).split())
        raise PlanError([f"tracking plan {file}: {told}: write YAML in UTF-8"]) from None
    if not isinstance(content, dict) or set(content) != {"events"} or not isinstance(content["events"], dict):
        raise PlanError([f"tracking plan {file}, line 1: it must hold one key, events, with events by name"])
    wrong = [f"tracking plan {file}, line {line}: {told}" for line, told in _doubled(tree)]
    found = {}
    for name, given in content["events"].items():
        problems = list(_problems(name, given))
        for where, told in problems:
            line = _line(tree, ("events", name, *where))
            wrong.append(f"tracking plan {file}, line {line}, event {name!r}: {told}")
        if not problems:
            found[name] = PlannedEvent.model_validate(given or {})
    if wrong:
        raise PlanError(wrong)
    return found


def _problems(name: Any, given: Any) -> Iterator[tuple[Location, str]]:
    """What is wrong with one event's entry, and where in it."""
    if not isinstance(name, str):
        yield (), "the name is no text: put it in quotes"
        return
    if not isinstance(given, dict | None):
        yield (), f"found {type(given).__name__} where keys {', '.join(_KEYS)} belong"
        return
    given = given or {}
    for key in given:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, n=1, cutoff=0.5)
            hint = f", did you mean {near[0]}?" if near else f"; there are {', '.join(_KEYS)}"
            yield (key,), f"unknown key {key}{hint}"
    if "schema" in given:
        try:
            json.dumps(given["schema"], allow_nan=False)
            plain = all(isinstance(key, str) for key in _keys(given["schema"]))
        except (TypeError, ValueError):
            plain = False
        if not plain:
            yield ("schema",), "schema holds what JSON has not, such as a date: put it in quotes"
            return
        yield from ((("schema", *where), told) for where, told in flaws(given["schema"]))
    try:
        PlannedEvent.model_validate(
            {key: given[key] for key in ("owner", "description", "severity") if key in given}
        )
    except ValidationError as error:
        for one in error.errors():
            yield tuple(one["loc"]), sentence(dict(one), PlannedEvent)


def _keys(value: Any) -> Iterator[Any]:
    """The keys of all mappings inside of a value."""
    if isinstance(value, dict):
        yield from value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _keys(each)


def _doubled(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Keys given twice in one mapping, of which YAML would silently keep the last, with their lines."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"{key.value} is given twice: keep one"
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _doubled(value)


def _constructed(key: yaml.Node) -> Any:
    """A key as YAML reads it: `on` is true."""
    return yaml.SafeLoader("").construct_object(key, deep=True) if isinstance(key, yaml.ScalarNode) else None


def _line(node: yaml.Node | None, where: Sequence[Any]) -> int:
    """The line of the nearest thing on the way to a place, from 1."""
    line = 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if _constructed(key) == step]
            if not pairs:
                break
            key, node = pairs[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
