"""The presets that the settings choose, and what every rule says of a signal that it finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from trailhouse.settings import Signals
from trailhouse.signals.registry import BY_NAME


@dataclass(frozen=True)
class Chosen:
    """A preset to find; `extra`: it is not the first of its kind, which is the one that counts."""

    kind: str
    number: int
    rule: Any

    @property
    def extra(self) -> bool:
        """Whether it stands beside the one that counts."""
        return self.number > 0


def chosen(settings: Signals, kind: str) -> tuple[Chosen, ...]:
    """The presets of a kind that the settings name, in their order, with what the settings say of them."""
    found = []
    for number, name in enumerate(settings.presets(kind)):
        rule = BY_NAME[kind].preset(name)
        if kind == "thrashed_cursor":
            rule = replace(rule, count=settings.thrashed_turns)
        found.append(Chosen(kind, number, rule))
    return tuple(found)


FIELDS = ("kind", "preset", "rule_version", "extra", "size", "start_at", "end_at")
"""What every rule says of a signal that it finds; start and end in microseconds."""
