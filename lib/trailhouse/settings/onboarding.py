"""Settings of onboarding: which funnel it is, where its steps take place, which trials it is held against."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from trailhouse.errors import SettingsError
from trailhouse.settings.questions import Funnel, Questions, Trials
from trailhouse.settings.section import Section


class StepPlace(Section):
    """Where a step is done."""

    step: str = Field(description="name of a step of the funnel")
    page_group: str
    element: str = Field(
        min_length=1, description="selector of what has to be clicked, as the tracker writes it"
    )


class Onboarding(Section):
    name: str = Field(min_length=1)
    funnel: str = Field(description="name of one of questions.funnels: its steps are those of onboarding")
    trials: str | None = Field(
        None, description="name of one of questions.trials; its unit is the one that is counted"
    )
    places: tuple[StepPlace, ...] = ()


T = TypeVar("T")


def _once(given: tuple[Onboarding, ...]) -> tuple[Onboarding, ...]:
    names = [one.name for one in given]
    if len({*names}) < len(names):
        raise ValueError("names of onboardings must be unique")
    for one in given:
        steps = [place.step for place in one.places]
        if len({*steps}) < len(steps):
            raise ValueError(f"{one.name}: a step takes place on one page")
    return given


Onboardings = Annotated[tuple[Onboarding, ...], AfterValidator(_once)]
"""Onboardings of different names."""


def asked_of(one: Onboarding, questions: Questions) -> tuple[Funnel, Trials | None]:
    """The funnel, counted by the trials' unit, and the trials; SettingsError for what is not declared."""
    where = f"onboarding {one.name}"
    funnel = _named(f"{where}: funnel", one.funnel, {each.name: each for each in questions.funnels})
    if funnel.order == "unordered" or funnel.count != "units":
        raise SettingsError(f"{where}: funnel {one.funnel} must have ordered steps and count units")
    for place in one.places:
        _named(f"{where}: step", place.step, {step.label: step for step in funnel.steps[1:]})
    if one.trials is None:
        return funnel, None
    trials = _named(f"{where}: trials", one.trials, {each.name: each for each in questions.trials})
    return funnel.model_copy(update={"unit": trials.unit}), trials


def require_asked(onboardings: Sequence[Onboarding], questions: Questions) -> None:
    """SettingsError when one names a funnel, step or trials that is not declared."""
    for one in onboardings:
        asked_of(one, questions)


def _named(what: str, name: str, among: Mapping[str, T]) -> T:
    if name in among:
        return among[name]
    near = difflib.get_close_matches(name, among, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(among) or 'none'}"
    raise SettingsError(f"{what} {name!r} is not declared; {hint}")
