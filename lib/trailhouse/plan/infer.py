"""A first tracking plan from the catalog: what was sent so far, told as rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from trailhouse.plan.paths import ELEMENT, is_cut, steps

SHARED = "several_sources"
"""The draft's name for events that more than one source sends."""

HEAD = """\
# Drafted from event_catalog by `python -m trailhouse plan --infer`: what was sent so far,
# not what ought to be.
# Name owners, describe the events, and loosen what only happened to be so. Rules: docs/tracking-plan.md
"""


@dataclass
class _Node:
    """What is known of one place: events by type and format, what it holds."""

    filled: int = 0
    types: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    formats: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    members: dict[str, _Node] = field(default_factory=dict)
    elements: _Node | None = None
    # Whether names may stand here that the catalog does not tell.
    open: bool = False

    def inside(self, step: str) -> _Node:
        if step == ELEMENT:
            self.elements = self.elements or _Node()
            return self.elements
        return self.members.setdefault(step, _Node())


def drafts(catalog: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The content of a plan's files by their names, a file a source, from rows of `event_catalog`.

    A property that all events have is required, one that was not seen is not allowed, unless the
    catalog left places out. No value of an event is in it.
    """
    sources: dict[str, set[str]] = defaultdict(set)
    events: dict[str, _Node] = defaultdict(_Node)
    for row in catalog:
        if row["kind"] not in ("event", "property"):
            continue
        sources[row["event_name"]].add(row["source"])
        root = events[row["event_name"]]
        if row["kind"] == "event":
            root.open = root.open or bool(row["left_out"])
        _add(root, row)
    files: dict[str, dict[str, Any]] = defaultdict(lambda: {"events": {}})
    for name in sorted(events):
        own = sources[name]
        file = next(iter(own)) if len(own) == 1 else SHARED
        entry = {"owner": "", "description": "", "severity": "warn", "schema": _root(events[name])}
        files[file]["events"][name] = entry
    return dict(files)


def as_yaml(draft: Mapping[str, Any]) -> str:
    """A draft as the text of its file."""
    return HEAD + yaml.safe_dump(dict(draft), sort_keys=False, allow_unicode=True, width=100)


def _add(root: _Node, row: Mapping[str, Any]) -> None:
    node = root
    for step in steps(row["path"]):
        if step != ELEMENT and is_cut(step):
            node.open = True  # its own spelling is not known
            return
        node = node.inside(step)
    node.filled += row["filled"]
    for kept, given in ((node.types, row["types"]), (node.formats, row["formats"])):
        for each in given:
            kept[each["type"]] += each["rows"]


def _root(node: _Node) -> dict[str, Any]:
    """The schema of an event's properties; an event without any stands for an empty object."""
    events = sum(node.types.values())
    return {"type": "object", **_members(node, events, closed=not node.open, is_open=node.open)}


def _schema(node: _Node, exact: bool, is_open: bool) -> dict[str, Any]:
    """`exact`: no array lies above, so that events and objects are one count."""
    types = sorted(node.types)
    if "number" in types and "integer" in types:
        types.remove("integer")
    found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    if "string" in types and list(node.formats.values()) == [node.types["string"]]:
        found["format"] = next(iter(node.formats))
    if "object" in types:
        # An object without known members may lie at the catalog's depth: what it holds is not known.
        closed = bool(node.members) and not (node.open or is_open)
        found |= _members(node, node.types["object"] if exact else 0, closed=closed, is_open=is_open)
    if "array" in types and node.elements:
        found["items"] = _schema(node.elements, exact=False, is_open=is_open)
    return found


def _members(node: _Node, parents: int, *, closed: bool, is_open: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if node.members:
        found["properties"] = {
            name: _schema(member, bool(parents), is_open) for name, member in sorted(node.members.items())
        }
    required = [name for name, member in sorted(node.members.items()) if 0 < parents == member.filled]
    if required:
        found["required"] = required
    if closed:
        found["additionalProperties"] = False
    return found
