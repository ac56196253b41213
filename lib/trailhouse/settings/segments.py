"""Settings of segments: named rules over what persons are like and what they did.

A rule is one of

- `all: [...]`, `any: [...]`, `not: ...` of other rules;
- `field` with `op` and `value`: a condition on a field of the profile or a trait;
- `did` (`at_least`, `at_most`, `exactly` so many times; `first_ever`: the first one alone counts) and
  `did_not`, a step of the questions each;
- `used`, the name of a declared feature, with what `did` takes: it stands for `did` of any of its uses;
- `in_sequence`, several steps in this order, from the first to the last within `window`, events of one
  time in any order, or (`ties: strict`) in that of the tie-break;
- `segment`, the name of another segment: its members;

`did`, `did_not` and `in_sequence` `within` so many days up to the day that is asked about, or from `from_day`
to `to_day`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from trailhouse.durations import Duration
from trailhouse.errors import SettingsError
from trailhouse.settings.features import Feature
from trailhouse.settings.io import check_files, sentence
from trailhouse.settings.questions import Questions
from trailhouse.settings.questions.events import Filter, Operator, Scalar, Step
from trailhouse.settings.questions.fields import FieldName, not_of_unit
from trailhouse.settings.section import Day, Section
from trailhouse.settings.segment_names import hashed, levels

_DAY = timedelta(days=1)
_DAYS = ("within", "from_day", "to_day")
_TAKES: Mapping[str, tuple[str, ...]] = {
    "all": (),
    "any": (),
    "not": (),
    "field": ("op", "value"),
    "did": ("at_least", "at_most", "exactly", "first_ever", *_DAYS),
    "used": ("at_least", "at_most", "exactly", "first_ever", *_DAYS),
    "did_not": _DAYS,
    "in_sequence": ("window", "ties", *_DAYS),
    "segment": (),
}
"""What a rule can be, and the keys that each takes besides."""


class Rule(Section):
    """One of the kinds of the module's text, which for each person and day holds or does not."""

    all: tuple[Rule, ...] = Field((), description="each of these holds")
    any: tuple[Rule, ...] = Field((), description="at least one of these holds")
    not_: Rule | None = Field(None, alias="not", description="this does not hold")
    field: FieldName | None = Field(None, description="a field of the profile, or a trait")
    op: Operator = "is"
    value: Scalar | tuple[Scalar, ...] | None = None
    did: Step | None = None
    used: str | None = Field(None, description="the name of a declared feature")
    did_not: Step | None = None
    in_sequence: tuple[Step, ...] = Field((), description="2 to 30 steps")
    segment: str | None = Field(None, description="the name of another segment, whose members these are")
    at_least: int | None = Field(None, ge=1, description="times; without any number of times: 1")
    at_most: int | None = Field(None, ge=0, description="times; alone it holds for those who never did, too")
    exactly: int | None = Field(None, ge=0, description="times")
    first_ever: bool = Field(False, description="only the first one of all counts")
    window: Duration | None = Field(None, description="from the first step to the last at most")
    ties: Literal["any_order", "strict"] = Field("any_order", description="order of same-time events")
    within: Duration | None = Field(None, description="the last so many days, the day asked about included")
    from_day: Day | None = None
    to_day: Day | None = None

    @field_validator("field")
    @classmethod
    def _of_persons(cls, field: str | None) -> str | None:
        if field is not None and not field.startswith(("profile.", "trait.")):
            raise ValueError(
                "a person has profile.NAME and trait.NAME; conditions on events stand in a step's `where`"
            )
        if field is not None and (told := not_of_unit(field, "person")):
            raise ValueError(told)
        return field

    @field_validator("within")
    @classmethod
    def _whole_days(cls, within: timedelta | None) -> timedelta | None:
        if within is not None and (within % _DAY or not within):
            raise ValueError("days are counted whole, such as 7d or 30d")
        return within

    @model_validator(mode="after")
    def _one_kind(self) -> Rule:
        given = {key for key in self._given() if key != "description"}
        kinds = sorted(given & _TAKES.keys())
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            raise ValueError(f"a rule is one of {', '.join(_TAKES)}; found {found}")
        for key in sorted(given - {*kinds, *_TAKES[kinds[0]]}):
            takers = " or ".join(kind for kind, keys in _TAKES.items() if key in keys)
            raise ValueError(f"{key} belongs to {takers}, not to {kinds[0]}")
        self._fit_times()
        if self.in_sequence and not 2 <= len(self.in_sequence) <= 30:
            raise ValueError(f"in_sequence takes 2 to 30 steps, not {len(self.in_sequence)}")
        if self.field is not None:
            _condition(self)
        for name in sorted({name for step in self.steps for name in step.fields}):
            if told := not_of_unit(name, "person"):
                raise ValueError(f"{name}: {told}")
        return self

    def _given(self) -> Iterator[str]:
        for name, field in type(self).model_fields.items():
            # What is null or false was left out: an override may take a key of a file away.
            value = getattr(self, name)
            if name in self.model_fields_set and value is not None and value is not False and value != ():
                yield field.alias or name

    def _fit_times(self) -> None:
        if self.exactly is not None and (self.at_least, self.at_most) != (None, None):
            raise ValueError("give exactly, or at_least and at_most, not both")
        if self.at_least and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least} is more than at_most {self.at_most}")
        if self.first_ever and self.times != (1, None):
            raise ValueError("there is one first_ever: leave the number of times out")
        if self.within and (self.from_day or self.to_day):
            raise ValueError("give within, or from_day and to_day, not both")
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise ValueError(f"from_day {self.from_day} comes after to_day {self.to_day}: swap them")

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(key for key in self._given() if key in _TAKES)

    @property
    def condition(self) -> Filter:
        """What a rule of the kind `field` asks of the profile."""
        return _condition(self)

    @property
    def times(self) -> tuple[int, int | None]:
        """How often the step was done, at least and at most."""
        if self.did_not is not None:
            return 0, 0
        if self.exactly is not None:
            return self.exactly, self.exactly
        return self.at_least or (1 if self.at_most is None else 0), self.at_most

    @property
    def days(self) -> int | None:
        """`within` as a number of days."""
        return None if self.within is None else self.within // _DAY

    @property
    def parts(self) -> tuple[Rule, ...]:
        """The rules that it is made of; none for those over a profile, events or a segment."""
        return self.all or self.any or ((self.not_,) if self.not_ else ())

    @property
    def leaves(self) -> tuple[Rule, ...]:
        """Every rule in it that is not made of others."""
        return tuple(leaf for part in self.parts for leaf in part.leaves) or (self,)

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of other segments in it, each once."""
        return tuple(dict.fromkeys(leaf.segment for leaf in self.leaves if leaf.segment is not None))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that it names itself."""
        return tuple(one for one in (self.did, self.did_not, *self.in_sequence) if one is not None)

    @property
    def text(self) -> str:
        """The rule in words."""
        match self.kind:
            case "all" | "any" as kind:
                word = " and " if kind == "all" else " or "
                return word.join(f"({one.text})" if len(one.parts) > 1 else one.text for one in self.parts)
            case "not":
                return f"not ({self.parts[0].text})"
            case "field":
                return self.condition.text
            case "segment":
                return f"in segment {self.segment}"
            case "did_not":
                done = f"did not {self.steps[0].text}"
            case "in_sequence":
                done = f"did {', then '.join(one.text for one in self.steps)}"
                done += f" in {_length(self.window)}" if self.window else ""
                done += ", same-time events by the tie-break" if self.ties == "strict" else ""
            case _:
                done = f"did {self.steps[0].text}{_often(*self.times)}"
                done += " for the first time" if self.first_ever else ""
        return done + self._when()

    def _when(self) -> str:
        if self.within:
            return f" within {self.days}d"
        return "".join(
            f" {word} {day}" for word, day in (("from", self.from_day), ("until", self.to_day)) if day
        )


_R = TypeVar("_R", bound=Rule)


class Segment(Rule):
    """A rule with words about what it is for."""

    description: str = ""

    @property
    def version(self) -> str:
        """A hash of the rule: another rule has another version. Those of segments in it: `versions`."""
        return hashed(self.model_dump(mode="json", exclude={"description"}))


class Discover(Section):
    enabled: bool = Field(
        False, description="look for segments that nobody declared; a fit, which takes time"
    )
    most: int = Field(8, ge=2, le=20, description="segments to try for at most")
    stability: float = Field(
        0.8, ge=0, le=1, description="how equally two halves of the persons must split all (adjusted Rand)"
    )
    from_persons: int = Field(100, ge=10, description="none are looked for among fewer persons")


class Segments(Section):
    path: str = Field("", description="YAML file of segments, or folder of such; empty: none")
    rules: dict[str, Segment] = Field(default_factory=dict, description="name -> rule")
    discover: Discover = Discover()

    @field_validator("rules")
    @classmethod
    def _named(cls, rules: dict[str, Segment]) -> dict[str, Segment]:
        for name in rules:
            if not 0 < len(name) <= 100 or name != name.strip():
                raise ValueError(
                    f"the name {name[:100]!r} must have 1 to 100 characters, no blank at its ends"
                )
        return rules


def with_uses(given: Segments, features: Mapping[str, Feature]) -> Segments:
    """The section with the uses of features in the place of their names; SettingsError for an unknown one."""
    rules = {name: _spelt(rule, f"segments.rules.{name}", features) for name, rule in given.rules.items()}
    return given.model_copy(update={"rules": rules})


def _spelt(rule: _R, key: str, features: Mapping[str, Feature]) -> _R:
    update: dict[str, Any] = {
        kind: tuple(_spelt(one, f"{key}.{kind}.{n}", features) for n, one in enumerate(getattr(rule, kind)))
        for kind in ("all", "any")
        if getattr(rule, kind)
    }
    if rule.not_ is not None:
        update["not_"] = _spelt(rule.not_, f"{key}.not", features)
    if rule.used is not None:
        if rule.used not in features:
            near = difflib.get_close_matches(rule.used, features, n=1, cutoff=0.5)
            there = f"did you mean {near[0]}?" if near else f"there are {', '.join(features) or 'none'}"
            raise SettingsError(f"{key}.used = {rule.used!r}: no feature of this name is declared; {there}")
        update |= {"used": None, "did": Step(any_of=features[rule.used].uses, name=rule.used)}
    return rule.model_copy(update=update) if update else rule


class _Declared(Section):
    """What a file of segments holds."""

    rules: dict[str, Segment]


def with_segments(given: Segments, settings: Sequence[Path]) -> Segments:
    """The section with the rules of the files that `path` names.

    A relative path is looked for beside the settings first. SettingsError names the file and key of what is
    wrong, both files of a name that is declared twice, or the key of a segment's name that stands for none.
    """
    rules, where = dict(given.rules), dict.fromkeys(given.rules, "the settings")
    for file in _files(given.path, settings):
        for name, rule in _read(file).items():
            if name in where:
                raise SettingsError(f"{file}: the segment {name} is declared in {where[name]}, too")
            where[name], rules[name] = str(file), rule
    levels(rules, where)
    return given.model_copy(update={"rules": rules})


def require_declared(questions: Questions, segments: Segments) -> None:
    """Raises SettingsError for a question about a segment that nobody declared, with the nearest name."""
    for one in questions.all:
        if one.segment is not None and one.segment not in segments.rules:
            near = difflib.get_close_matches(one.segment, segments.rules, n=1, cutoff=0.5)
            there = f"did you mean {near[0]}?" if near else f"there are {', '.join(segments.rules) or 'none'}"
            raise SettingsError(f"the question {one.name} asks for the segment {one.segment}: {there}")


def _files(path: str, settings: Sequence[Path]) -> list[Path]:
    if not path:
        return []
    beside = [file.parent / path for file in settings]
    found = next((one for one in (*beside, Path(path)) if one.exists()), None)
    if found is None:
        raise SettingsError(f"segments.path: {path} is there neither beside the settings nor from here")
    return sorted({*found.glob("*.yaml"), *found.glob("*.yml")}) if found.is_dir() else [found]


def _read(file: Path) -> Mapping[str, Segment]:
    check_files([file])
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {"rules": {}}
        return Segments(rules=_Declared.model_validate(content).rules).rules
    except ValidationError as error:
        told = "; ".join(sentence(dict(one), _Declared) for one in error.errors())
        raise SettingsError(f"{file}: {told}") from None


def _condition(rule: Rule) -> Filter:
    try:
        return Filter(field=rule.field or "", op=rule.op, value=rule.value)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None


def _often(low: int, high: int | None) -> str:
    if high is None:
        return f" at least {low} times" if low > 1 else ""
    if low == high:
        return f" {low} times"
    return f" {low} to {high} times" if low else f" at most {high} times"


def _length(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
