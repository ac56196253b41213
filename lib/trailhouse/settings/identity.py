"""Settings of identities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from trailhouse.settings.section import Section


class IdentifierType(Section):
    unique: bool = False
    limit: int | None = Field(None, ge=1)
    lower: bool = False
    digits: bool = Field(
        False, description="keep digits alone, and a plus sign before them: telephone numbers"
    )
    trait: str | None = Field(
        None, min_length=1, description="trait of identify events that holds it, such as crm_id or company.id"
    )


_IDENTIFIER_TYPES = {
    "user_id": IdentifierType(unique=True),
    "anonymous_id": IdentifierType(),
    "email": IdentifierType(limit=5, lower=True),
}


class Identity(Section):
    engine: Literal["auto", "graphframes", "local"] = "auto"
    shared: Literal["separate", "last_user"] = Field(
        "separate", description="whose an event is that only a shared identifier names"
    )
    local_limit: int = Field(5_000_000, ge=0, description="links up to which auto takes the local engine")
    types: dict[str, IdentifierType] = Field(default_factory=lambda: dict(_IDENTIFIER_TYPES))
    blocked: tuple[str, ...] = ()
    hub_unique: int = Field(100, ge=2)
    hub_any: int = Field(1000, ge=2)
    largest: int = Field(
        200_000, ge=1, description="links up to which a component that breaks a rule is taken apart"
    )

    @field_validator("types", mode="before")
    @classmethod
    def _over_defaults(cls, value: Any) -> Any:
        """What is declared goes over the defaults one by one: a limit for email leaves user_id unique."""
        if not isinstance(value, Mapping):
            return value
        known = {name: rules.model_dump() for name, rules in _IDENTIFIER_TYPES.items()}
        given = {
            name: {**known.get(str(name), {}), **rules} if isinstance(rules, Mapping) else rules
            for name, rules in value.items()
        }
        return {**known, **given}

    @property
    def unique(self) -> list[str]:
        """The types of which a person holds one value."""
        return sorted(name for name, rules in self.types.items() if rules.unique)

    def of(self, id_type: str) -> IdentifierType:
        """The rules of a type; a type that is not declared may hold five values a person."""
        return self.types.get(id_type, IdentifierType(limit=5))
