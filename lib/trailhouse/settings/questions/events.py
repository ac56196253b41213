"""Which events a question asks for: names, pages, conditions on fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from trailhouse.settings.questions.fields import FieldName
from trailhouse.settings.section import Section

Scalar = bool | int | Decimal | str
Operator = Literal[
    "is",
    "is_not",
    "contains",
    "not_contains",
    "matches",
    "above",
    "at_least",
    "below",
    "at_most",
    "is_set",
    "is_not_set",
]
_NUMERIC = ("above", "at_least", "below", "at_most")
_ALONE = ("is_set", "is_not_set")
_WORDS = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<=", "is": "=", "is_not": "!="}


class Filter(Section):
    """A condition on a field. Texts compare exactly, `contains` without regard to case; a list means any of.

    A field that is not set fulfils `is_not`, `not_contains` and `is_not_set`, and nothing else.
    """

    field: FieldName
    op: Operator = "is"
    value: Scalar | tuple[Scalar, ...] | None = None

    @property
    def values(self) -> tuple[Scalar, ...]:
        """What is compared with; empty for is_set and is_not_set."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def text(self) -> str:
        """The condition in a few words."""
        values = "|".join(_text(one) for one in self.values)
        return " ".join(part for part in (self.field, _WORDS.get(self.op, self.op), values) if part)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.value is None) != (self.op in _ALONE):
            raise ValueError(f"{self.op} takes {'no value' if self.op in _ALONE else 'a value'}")
        if self.op in _NUMERIC and not all(
            isinstance(one, int | Decimal) and not isinstance(one, bool) for one in self.values
        ):
            raise ValueError(f"{self.op} compares with a number")
        if self.op == "matches":
            for one in self.values:
                try:
                    re.compile(str(one))
                except re.error as error:
                    raise ValueError(f"no regular expression: {error}") from None
        return self


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Step(Section):
    """Events of a name, on a page, with all conditions of `where`; or any of several such.

    As a text: `order` is the event of that name, `/pricing` a view of that path, `*` any event.
    """

    event: str | None = Field(None, description="name of the event; none: any event")
    page_group: str | None = None
    properties: dict[str, str] = Field(
        default_factory=dict, description="property -> its value as text: short for conditions of where"
    )
    where: tuple[Filter, ...] = ()
    any_of: tuple[Step, ...] = Field((), description="any of these, with the conditions beside it")
    name: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given == "*":
            return {}
        if given.startswith("/"):
            path = {"field": "page_path", "value": given}
            views = [{"event": "page_view"}, {"event": "screen_view"}]
            return {"any_of": views, "where": [path], "name": given}
        return {"event": given}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A text or a mapping, as the validator takes them."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}

    @field_validator("event")
    @classmethod
    def _named(cls, event: str | None) -> str | None:
        if event is not None and not event.strip():
            raise ValueError("an event's name is not empty; leave the key out to mean any event")
        return event

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if self.any_of and self.event is not None:
            raise ValueError("give event or any_of, not both")
        return self

    @property
    def label(self) -> str:
        """What the step is called in a table."""
        if self.name:
            return self.name
        if self.any_of:
            return " or ".join(one.label for one in self.any_of)
        event = self.event or "any event"
        return f"{event} {self.page_group}" if self.page_group else event

    @property
    def text(self) -> str:
        """What it asks for, in a few words."""
        where = [f"page_group={self.page_group}"] if self.page_group is not None else []
        where += [f"{name}={value}" for name, value in sorted(self.properties.items())]
        where += [one.text for one in self.where]
        asked = " or ".join(one.text for one in self.any_of) or self.event or "any event"
        return asked + (f" [{', '.join(where)}]" if where else "")

    @property
    def event_names(self) -> frozenset[str] | None:
        """The names that its events can have; None: any."""
        if not self.any_of:
            return None if self.event is None else frozenset({self.event})
        each = [one.event_names for one in self.any_of]
        return None if None in each else frozenset().union(*(names for names in each if names is not None))

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its conditions read."""
        own = {one.field for one in self.where} | ({"page_group"} if self.page_group is not None else set())
        own |= {f"properties.{name}" for name in self.properties}
        return frozenset(own).union(*(one.fields for one in self.any_of))


def names_of(steps: Mapping[str, Step] | tuple[Step, ...]) -> frozenset[str] | None:
    """The event names that any of the steps can have; None: any."""
    each = [one.event_names for one in (steps.values() if isinstance(steps, Mapping) else steps)]
    return None if None in each else frozenset().union(*(names for names in each if names is not None))
