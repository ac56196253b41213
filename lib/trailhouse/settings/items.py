"""Settings of items: which events speak of which item, and how the next one is recommended."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions import Step
from trailhouse.settings.questions.fields import known_field
from trailhouse.settings.section import Section

_OF_OTHERS = ("session.", "profile.", "trait.")
_DAY = timedelta(days=1)


def _whole_days(value: timedelta) -> timedelta:
    if value < _DAY or value % _DAY:
        raise ValueError("interest is counted by whole days: give one day or more, such as 30d")
    return value


Days = Annotated[Duration, AfterValidator(_whole_days)]
"""A length of time of whole days, one at least."""


class ItemEvent(Section):
    """Events that are an interaction with an item, or with each item of a list."""

    event: Step
    item: str = Field(
        min_length=1, description="the field, or the key in the list's entries, of the item's id"
    )
    category: str | None = Field(None, description="the same of the item's category")
    list: str | None = Field(
        None, description="the property whose JSON list holds the items, such as products; else there is one"
    )
    pattern: str | None = Field(
        None, description="a regular expression whose first group is the item's id; no match, no interaction"
    )
    kind: Literal["view", "click", "cart", "order", "custom"] = "custom"
    weight: Decimal = Field(Decimal(1), gt=0, le=1000, decimal_places=3, description="against the others")

    @field_validator("pattern")
    @classmethod
    def _has_a_group(cls, value: str | None) -> str | None:
        try:
            groups = 1 if value is None else re.compile(value).groups
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        if not groups:
            raise ValueError(r"one group in brackets is the item's id, as in ^/products/(\d+)")
        return value

    @model_validator(mode="after")
    def _of_events(self) -> Self:
        named = [] if self.list else [name for name in (self.item, self.category) if name is not None]
        read = {*map(known_field, named)} | self.event.fields
        if others := sorted(name for name in read if name.startswith(_OF_OTHERS)):
            raise ValueError(f"an interaction is told by its event alone, not by {', '.join(others)}")
        return self


class Factors(Section):
    """Alternating least squares of implicit feedback, as of Spark ML."""

    rank: int = Field(8, ge=1, le=200)
    iterations: int = Field(10, ge=1, le=100)
    penalty: float = Field(0.1, gt=0)
    confidence: float = Field(10.0, gt=0, description="how much more an interaction says than none")
    seed: int = 7


class Items(Section):
    events: tuple[ItemEvent, ...] = Field((), description="an event counts for the first that it matches")
    half_life: Days = Field(timedelta(days=30), description="an interaction so much older counts half")
    horizon: Days = Field(timedelta(days=365), description="older interactions count no more")
    top: int = Field(5, ge=1, le=100, description="categories, and items, that a profile lists")
    recommended: int = Field(10, ge=1, le=100, description="next items a person, and those that are judged")
    together: Days = Field(
        timedelta(days=7), description="items of one person within this time, or in one session, go together"
    )
    support: int = Field(3, ge=1, description="persons of two items from which on they go together")
    test: Days = Field(timedelta(days=28), description="the last days, by which models are judged")
    enough: int = Field(30, ge=2, description="persons from which on a model is judged")
    training_persons: int = Field(100_000, ge=100, description="persons that models learn from at most")
    catalogue: int = Field(5_000, ge=1, description="items that may be recommended: the most popular")
    als: Factors = Factors()

    @model_validator(mode="after")
    def _longer_than_the_test(self) -> Self:
        if self.horizon <= self.test:
            raise ValueError("horizon is to be longer than test: models learn from what is before the test")
        return self
