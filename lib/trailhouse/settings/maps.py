"""Settings of the maps of pages, and the key elements that are watched on them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, field_validator

from trailhouse.durations import Duration
from trailhouse.errors import SettingsError
from trailhouse.settings.io import sentence
from trailhouse.settings.questions.events import Step
from trailhouse.settings.section import Section


class Maps(Section):
    dwell_cap: Duration = Field(
        timedelta(seconds=10), description="a pointer that rests longer at one place counts so long"
    )


class KeyElement(Section):
    name: str = Field(min_length=1)
    page_group: str
    selector: str = Field(min_length=1, description="as the tracker writes it")
    order: int | None = Field(
        None, ge=1, description="its place in the order in which people should notice the page's elements"
    )
    outcome: Step | None = Field(
        None, description="what a click on it is to lead to: with it the element is a task, too"
    )
    task: str | None = Field(
        None,
        description="its views are told apart by whether this task was done or failed; none: any of tasks",
    )
    time_limit: Duration = Field(
        timedelta(minutes=30), description="of that task: from the click to the outcome"
    )


class Elements(Section):
    path: str = Field("", description="YAML file of key elements, conf/elements.yaml; empty: those of key")
    seen_for: Duration = Field(timedelta(seconds=1), description="so long in sight: seen")
    focused_for: Duration = Field(
        timedelta(milliseconds=500), description="so long below the pointer: focused"
    )
    key: tuple[KeyElement, ...] = ()

    @field_validator("key")
    @classmethod
    def _once(cls, key: tuple[KeyElement, ...]) -> tuple[KeyElement, ...]:
        """A name stands for one element of a page, and a selector has one name there."""
        for what in ("name", "selector"):
            named = [(one.page_group, getattr(one, what)) for one in key]
            doubled = sorted({f"{word} of {page}" for page, word in named if named.count((page, word)) > 1})
            if doubled:
                raise ValueError(
                    f"a {what} can be declared once on a page, found twice: {', '.join(doubled)}"
                )
        return key


class _Declared(Section):
    """What the file of key elements holds."""

    elements: tuple[KeyElement, ...]


def with_key_elements(given: Elements) -> Elements:
    """The section with the elements of the file that `path` names; SettingsError for what is wrong in it."""
    if not given.path:
        return given
    if given.key:
        raise SettingsError("elements.key and elements.path are both set: declare key elements in one place")
    where = f"key elements {given.path}"
    try:
        content = yaml.safe_load(Path(given.path).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{where}, line {line}: {error.problem or error.context}") from None
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise SettingsError(f"{where}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{where} must hold one key, elements, with a list of name, page_group, selector")
    try:
        declared = _Declared.model_validate(content)
        return Elements.model_validate({**given.model_dump(exclude={"key"}), "key": declared.elements})
    except ValidationError as error:
        told = "; ".join(sentence(dict(one), _Declared) for one in error.errors())
        raise SettingsError(f"{where}: {told}") from None
