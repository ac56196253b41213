"""The presets that the settings choose, and what every rule says of a signal that it finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

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


def candidate(one: Chosen, size: Column, start: Column, end: Column, still: bool = False) -> Column:
    """STRUCT of FIELDS and `still`: what a rule found; start and end in microseconds.

    `still`: only if nothing was scrolled on that view.
    """
    return F.struct(
        F.lit(one.kind).alias("kind"),
        F.lit(one.rule.name).alias("preset"),
        F.lit(BY_NAME[one.kind].version).alias("rule_version"),
        F.lit(one.extra).alias("extra"),
        size.cast("INT").alias("size"),
        start.alias("start_at"),
        end.alias("end_at"),
        F.lit(still).alias("still"),
    )
