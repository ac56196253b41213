"""Settings of funnels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.fields import FieldName
from trailhouse.settings.section import Section

Preset = Literal["posthog", "mixpanel", "amplitude", "clickhouse"]
Mode = Literal["strict_order", "strict_deduplication", "strict_increase", "strict_once", "allow_reentry"]
Attribution = Literal["first_touch", "last_touch", "all"] | Annotated[int, Field(ge=1, le=30)]

PRESETS: Mapping[Preset, Mapping[str, Any]] = {
    "posthog": {"window": "14d", "on_exclusion": "leave_out"},
    "mixpanel": {"window": "7d", "attempt": "first"},
    "amplitude": {"resolution": "1s"},
    "clickhouse": {"reuse": True},
}
"""What each product does unless told otherwise; the rest is as in `Funnel` (docs/questions/funnels.md)."""


class FunnelStep(Step):
    """A step; `optional`: may be left out; `within`: the longest time since the step done before it."""

    optional: bool = False
    within: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_step(cls, given: Any) -> Any:
        plain = isinstance(given, Step) and not isinstance(given, FunnelStep)
        return dict(given) if plain else given


class Exclusion(Section):
    """An event that must not come between two steps: after `after` was done and before `before` is."""

    event: Step
    after: int = Field(1, ge=1, le=29, description="number of a step")
    before: int | None = Field(None, ge=2, le=30, description="number of a later step; none: the last")


class Funnel(Question):
    """Steps on the way to something. What is not given is as the preset says, else as here."""

    kind: ClassVar[str] = "funnel"
    positional: ClassVar[tuple[str, ...]] = ("steps",)

    preset: Preset | None = None
    steps: tuple[FunnelStep, ...] = Field(min_length=2, max_length=30)
    order: Literal["ordered", "strict", "unordered"] = "ordered"
    ties: Literal["any_order", "strict"] = Field("any_order", description="order of same-time events")
    window: Duration = Field(timedelta(days=14), description="from step 1, its end included")
    exclusions: tuple[Exclusion, ...] = Field((), max_length=30)
    on_exclusion: Literal["stop", "leave_out"] = Field(
        "stop", description="the attempt gets no further, or who made it is not counted at all"
    )
    hold_constant: tuple[FieldName, ...] = Field((), description="fields that are equal at all steps")
    count: Literal["units", "sessions", "totals"] = "units"
    attempt: Literal["furthest", "first"] = "furthest"
    attribution: Attribution = "first_touch"
    interval: Literal["none", "day", "week", "month"] = "none"
    reuse: bool = Field(False, description="whether one event may be several steps")
    resolution: Duration = Field(timedelta(0), description="times within one such span are the same time")
    modes: tuple[Mode, ...] = Field((), description="of ClickHouse's windowFunnel")

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        said = dict(given)
        if "breakdown" in said:  # the short form for one field
            one = said.pop("breakdown")
            if "breakdowns" in said:
                raise ValueError("give breakdown or breakdowns, not both")
            said |= {} if one is None else {"breakdowns": [one]}
        preset = said.get("preset")
        if isinstance(preset, str) and preset in PRESETS:
            said = {**PRESETS[preset], **said}  # type: ignore[index]
        modes = said.get("modes") or ()
        if isinstance(modes, list | tuple) and "strict_once" in modes:
            said["reuse"] = False
        return said

    @model_validator(mode="after")
    def _fits(self) -> Self:
        count = len(self.steps)
        for one in self.exclusions:
            if one.after >= (one.before or count) or (one.before or count) > count:
                raise ValueError(f"an exclusion lies between two of the {count} steps, the first one before")
        if self.steps[0].optional:
            raise ValueError("step 1 can not be optional: the attempt begins with it")
        if isinstance(self.attribution, int) and self.attribution > count:
            raise ValueError(f"attribution {self.attribution}: there are {count} steps")
        if self.modes and self.order != "ordered":
            raise ValueError("modes are for order: ordered")
        if "allow_reentry" in self.modes and "strict_order" not in self.modes:
            raise ValueError("allow_reentry goes with strict_order")
        if self.order == "unordered":
            self._any_order_fits()
        return self

    def _any_order_fits(self) -> None:
        asked = {
            "exclusions": bool(self.exclusions),
            "optional": any(step.optional for step in self.steps),
            "within": any(step.within is not None for step in self.steps),
            "reuse": self.reuse,
        }
        wrong = [name for name, given in asked.items() if given]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: only where steps have an order")
        if self._most_alike() > MOST_ALIKE:
            raise ValueError(
                f"in an unordered funnel at most {MOST_ALIKE} different steps may share an event's name, "
                "unless a condition with op `is` tells them apart"
            )

    def _most_alike(self) -> int:
        """How many different steps are joined by events that can be either."""
        asked = list({step.text: step for step in self.steps}.values())
        group = list(range(len(asked)))
        for i, one in enumerate(asked):
            for j in range(i):
                if group[i] != group[j] and not _apart(one, asked[j]):
                    group = [group[j] if each == group[i] else each for each in group]
        return max(group.count(each) for each in group)


MOST_ALIKE = 10
"""Different steps in any order that one event can be: who is which is tried by sets of them."""


def _apart(one: Step, other: Step) -> bool:
    """Whether no event can be both, as far as their names and conditions tell."""
    names, others = one.event_names, other.event_names
    if names is not None and others is not None and not names & others:
        return True
    if one.page_group is not None and other.page_group is not None and one.page_group != other.page_group:
        return True
    if any(other.properties.get(key, value) != value for key, value in one.properties.items()):
        return True
    asked = {(a.field, frozenset(map(str, a.values))) for a in one.where if a.op == "is"}
    against = [(b.field, frozenset(map(str, b.values))) for b in other.where if b.op == "is"]
    return any(field == name and not values & those for field, values in asked for name, those in against)
