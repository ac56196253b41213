"""What every section of the settings is made of."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from trailhouse.credentials import place

Place = Annotated[str, AfterValidator(place)]
"""A path or URL, without credentials."""


def _day(value: Any) -> date | None:
    """A day as people write it; YAML makes a number of 20260302, and a date of 2026-03-02."""
    try:
        return None if value is None else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("this is no day, such as 2026-03-02") from None


Day = Annotated[date, BeforeValidator(_day)]


class Section(BaseModel):
    """A part of the settings: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
