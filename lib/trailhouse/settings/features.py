"""Settings of features: parts of a product with names, and what is their use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from trailhouse.errors import SettingsError
from trailhouse.settings.io import check_files, sentence
from trailhouse.settings.questions.events import Filter, Step
from trailhouse.settings.questions.fields import FieldName, not_of_unit
from trailhouse.settings.section import Section

_OF_OTHERS = ("session.", "profile.", "trait.")
ASKING = (
    *("i wish", "i'd like", "i would like", "we would like", "would be nice", "would be great", "would love"),
    *("please add", "you add", "there was a way", "there were a way", "is there a way", "is there any way"),
    *("feature request", "missing", "lacks", "lacking", "should support", "should be able to", "no option"),
    *("why can't i", "not possible to", "no way to"),
)
"""Words and phrases by which an English text asks for something."""


def _others(steps: Sequence[Step]) -> list[str]:
    """The fields that steps read of sessions and profiles."""
    return sorted(name for step in steps for name in step.fields if name.startswith(_OF_OTHERS))


class Feature(Section):
    """A feature: each event that is any of `use`, or a click on one of its elements, is one use of it."""

    description: str = ""
    use: tuple[Step, ...] = Field((), description="events and pages that are its use, as steps of questions")
    selectors: tuple[str, ...] = Field((), description="elements, as the tracker writes them: clicks are use")
    texts: tuple[str, ...] = Field((), description="texts of elements: clicks on them are use")
    exposed: tuple[Step, ...] = Field(
        (),
        description="where it is offered; none: the pages on which its elements appear, without elements: "
        "everybody's visits",
    )

    @field_validator("selectors", "texts")
    @classmethod
    def _not_blank(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if any(not one.strip() for one in values):
            raise ValueError("a selector or text is not empty")
        return values

    @model_validator(mode="after")
    def _fits(self) -> Feature:
        if not (self.use or self.selectors or self.texts):
            raise ValueError("a feature needs its use: give use, selectors or texts")
        if others := _others((*self.use, *self.exposed)):
            raise ValueError(f"use and exposure are told by events alone, not by {', '.join(others)}")
        return self

    @property
    def uses(self) -> tuple[Step, ...]:
        """What is its use, clicks on its elements among it."""
        return (*self.use, *self._on_elements("click"))

    @property
    def shown(self) -> tuple[Step, ...]:
        """Events that tell on which page its elements appear; none where exposure is declared."""
        return () if self.exposed else (*self._on_elements("click"), *self._on_elements("mouse_move"))

    @property
    def for_everybody(self) -> bool:
        """Whether it is offered to whoever comes."""
        return not (self.exposed or self.selectors or self.texts)

    @property
    def text(self) -> str:
        """What it is, in one line."""
        offered = " or ".join(one.text for one in self.exposed)
        if not offered:
            offered = "every visit" if self.for_everybody else "the pages of its elements"
        return f"use: {' or '.join(one.text for one in self.uses)}; offered by {offered}"

    def _on_elements(self, event: str) -> tuple[Step, ...]:
        fields = (("selector", self.selectors), ("element_text", self.texts))
        return tuple(
            Step(event=event, where=(Filter(field=name, value=values),)) for name, values in fields if values
        )


class Features(Section):
    path: str = Field("", description="YAML file of features, conf/features.yaml; empty: those of declared")
    declared: dict[str, Feature] = Field(default_factory=dict, description="name -> feature")
    breakdowns: tuple[FieldName, ...] = Field(
        (), description="profile.NAME and trait.NAME: use is told by these, too"
    )
    among: Step | None = Field(
        None, description="only people who ever did this count, such as to sign up; none: everybody"
    )
    asks: tuple[str, ...] = Field(
        (), description="themes of the codebook whose texts ask for something that is not there"
    )
    asking: tuple[str, ...] = Field(ASKING, description="words by which any text asks for something")
    weeks: int = Field(
        4, ge=1, le=26, description="weeks after the first one in which retention is looked at"
    )

    @field_validator("declared")
    @classmethod
    def _named(cls, declared: dict[str, Feature]) -> dict[str, Feature]:
        for name in declared:
            if not 0 < len(name) <= 100 or name != name.strip():
                raise ValueError(
                    f"the name {name[:100]!r} must have 1 to 100 characters, no blank at its ends"
                )
        return declared

    @field_validator("asking")
    @classmethod
    def _words(cls, asking: tuple[str, ...]) -> tuple[str, ...]:
        if any(not one.strip(" *") for one in asking):
            raise ValueError("words that ask need a letter each")
        return asking

    @field_validator("among")
    @classmethod
    def _of_events(cls, among: Step | None) -> Step | None:
        if among is not None and (others := _others((among,))):
            raise ValueError(f"people are told by events alone, not by {', '.join(others)}")
        return among

    @field_validator("breakdowns")
    @classmethod
    def _of_persons(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not name.startswith(("profile.", "trait.")):
                raise ValueError(f"{name}: use is broken down by profile.NAME and trait.NAME")
            if told := not_of_unit(name, "person"):
                raise ValueError(told)
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"named twice: {', '.join(doubled)}")
        return names


class _Declared(Section):
    """What a file of features holds."""

    features: dict[str, Feature]


def with_features(given: Features, settings: Sequence[Path]) -> Features:
    """The section with the features of the file that `path` names.

    A relative path is looked for beside the settings first. SettingsError names the file, the key, what was
    found and what is allowed.
    """
    if not given.path:
        return given
    if given.declared:
        raise SettingsError("features.declared and features.path are both set: declare features in one place")
    places = [*(file.parent / given.path for file in settings), Path(given.path)]
    file = next((one for one in places if one.is_file()), None)
    if file is None:
        raise SettingsError(f"features.path: {given.path} is there neither beside the settings nor from here")
    check_files([file])
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {"features": {}}
        declared = Features(declared=_Declared.model_validate(content).features).declared
    except ValidationError as error:
        told = "; ".join(sentence(dict(one), _Declared) for one in error.errors())
        raise SettingsError(f"{file}: {told}") from None
    return given.model_copy(update={"declared": declared})
