"""Settings of profiles: traits that are computed from events by declared rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from trailhouse.errors import SettingsError
from trailhouse.settings.questions import Question, Step
from trailhouse.settings.questions.fields import FieldName, fields_in
from trailhouse.settings.section import Section

_OF_OTHERS = ("session.", "profile.", "trait.")


class Trait(Section):
    """A trait of persons, from their events up to a day."""

    name: str = Field(min_length=1, max_length=100)
    kind: Literal["count", "sum", "first", "last", "most_frequent", "unique_list"]
    event: Step
    field: FieldName | None = Field(
        None, description="of the event; events without it do not count. Only a count needs none"
    )
    limit: int = Field(100, ge=1, le=10_000, description="values of a unique_list, the least ones")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.field is None and self.kind != "count":
            raise ValueError(f"{self.kind} takes a field")
        read = self.event.fields | ({self.field} if self.field else set())
        if others := sorted(name for name in read if name.startswith(_OF_OTHERS)):
            raise ValueError(f"a trait is made of events alone, not of {', '.join(others)}")
        if self.kind == "sum" and self.field == "value" and not self._of_one_currency:
            raise ValueError(
                "amounts are summed in one currency: give event.where one for the field currency"
            )
        return self

    @property
    def _of_one_currency(self) -> bool:
        return any(
            one.field == "currency" and one.op == "is" and len(one.values) == 1 for one in self.event.where
        )


class Profiles(Section):
    favourites: int = Field(3, ge=1, le=20, description="pages and hours that a profile lists")
    plan: str = Field("plan", min_length=1, description="the trait that tells an account's plan")
    traits: tuple[Trait, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of the declared traits."""
        return frozenset(one.name for one in self.traits)

    @field_validator("traits")
    @classmethod
    def _names_once(cls, traits: tuple[Trait, ...]) -> tuple[Trait, ...]:
        names = [one.name for one in traits]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"trait names must be unique, found twice: {', '.join(doubled)}")
        return traits


def require_of_accounts(questions: Iterable[Question], profiles: Profiles) -> None:
    """Raises SettingsError for a question about accounts that asks for a trait computed of persons."""
    for one in questions:
        for key, name in fields_in(one) if one.unit == "account" else ():
            if name.startswith("trait.") and name.removeprefix("trait.") in profiles.names:
                raise SettingsError(
                    f"the question {one.name}: {key} = {name}: profiles.traits computes it of persons; "
                    "accounts have the traits that group events tell, and profile.NAME"
                )
