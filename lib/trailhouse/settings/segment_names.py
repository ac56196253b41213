"""Rules that name other segments: in which order they come, what versions they have, what they come to."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from trailhouse.errors import SettingsError

if TYPE_CHECKING:
    from trailhouse.settings.segments import Rule, Segment


def levels(rules: Mapping[str, Rule], where: Mapping[str, str] | None = None) -> list[tuple[str, ...]]:
    """The names of segments in levels: a segment comes after all that it names.

    SettingsError, with the key, for one that names a segment which is not there, or in the end itself.
    `where` says in which file each is declared.
    """
    asks = {name: rule.segments for name, rule in rules.items()}
    for name, others in asks.items():
        for other in others:
            if other not in rules:
                near = difflib.get_close_matches(other, rules, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}? " if near else ""
                told = f"no segment has this name; {hint}there are {', '.join(rules)}"
                raise _wrong(rules, where, name, other, told)
    order = TopologicalSorter(asks)
    try:
        order.prepare()
    except CycleError as error:
        name, other, *_ = circle = error.args[1][::-1]
        told = f"these go in a circle, {' > '.join(circle)}; name segments that do not ask for this one"
        raise _wrong(rules, where, name, other, told) from None
    found = []
    while order.is_active():
        found.append(order.get_ready())
        order.done(*found[-1])
    return found


def versions(rules: Mapping[str, Segment]) -> dict[str, str]:
    """The version of each: of its own rule, and of those of the segments that it names."""
    found: dict[str, str] = {}
    for name in (name for level in levels(rules) for name in level):
        others = [[other, found[other]] for other in rules[name].segments]
        found[name] = hashed([rules[name].version, others]) if others else rules[name].version
    return found


def written_out(rule: Rule, rules: Mapping[str, Rule]) -> Rule:
    """The rule with those of segments in the place of their names; a name that is not there stays."""
    if rule.segment is not None:
        return written_out(rules[rule.segment], rules) if rule.segment in rules else rule
    made = {"all": rule.all, "any": rule.any}
    parts: dict[str, Any] = {key: tuple(written_out(one, rules) for one in own) for key, own in made.items()}
    return rule.model_copy(update=parts | {"not_": rule.not_ and written_out(rule.not_, rules)})


def _wrong(
    rules: Mapping[str, Rule], where: Mapping[str, str] | None, name: str, other: str, told: str
) -> SettingsError:
    """What is wrong with the name of another segment, by its key."""
    key = next(key for key, found in _named(rules[name], f"rules.{name}") if found == other)
    file = (where or {}).get(name, "the settings")
    place = f"segments.{key}" if file == "the settings" else key
    return SettingsError(f"{file}: {place} = {other!r}: {told}")


def _named(rule: Rule, key: str) -> Iterator[tuple[str, str]]:
    """The segments that a rule names, with their keys."""
    if rule.segment is not None:
        yield f"{key}.segment", rule.segment
    for kind in ("all", "any"):
        for number, one in enumerate(getattr(rule, kind)):
            yield from _named(one, f"{key}.{kind}.{number}")
    if rule.not_ is not None:
        yield from _named(rule.not_, f"{key}.not")


def hashed(of: Any) -> str:
    """What a version is: another definition gives another one."""
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]
